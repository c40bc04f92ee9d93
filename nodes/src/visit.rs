//! One registry of cores.

use tribunal_history::{BugInfo, Mark};

use crate::Core;

/// Something to be done with a core's type: run it, simulate it, check it.
pub trait CoreVisitor {
    /// What comes out.
    type Out;

    /// Does it with this core.
    fn visit<C: Core>(self) -> Self::Out;
}

/// A core the registry knows.
#[derive(Clone, Copy, Debug)]
pub struct CoreInfo {
    /// Its name, as `--system` takes it.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// Bugs that can be planted in it.
    pub bugs: &'static [BugInfo],
    /// What it says of itself when it gets there: every mark that it can reach.
    pub marks: &'static [Mark],
}
