//! The nemesis: what goes wrong, when, and to whom.
//!
//! Everything here is pure. [`Spec`] is what `--nemesis` says, [`generate`] makes a schedule of it
//! from the seed, [`validate`] judges one that was written by hand, [`resolve`] turns a planned
//! fault's intentions into names when it is due, and [`RoleBook`] knows who leads. The engine
//! commands, clusters install.

mod clique;
mod disks;
mod form;
mod generate;
mod medium;
mod nemeses;
mod pace;
mod packets;
mod reach;
mod resolve;
mod ring;
mod role_book;
mod shapes;
mod skip;
mod spec;
mod survivable;
mod swizzle;
mod validate;

pub use generate::{GenerateOptions, generate};
pub use medium::Medium;
pub use nemeses::{NEMESES, NemesisInfo};
pub use reach::Reach;
pub use resolve::{Resolved, resolve};
pub use role_book::{LeaderInterval, RoleBook};
pub use skip::Skip;
pub use spec::{Spec, SpecError, describe};
pub use survivable::survivable;
pub use validate::{ScheduleError, family_of, validate};
