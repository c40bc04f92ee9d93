//! The checkers by name, as `--model` takes them.

use crate::{Checker, Linearizable};

/// A checker and its name.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The name, as `register`.
    pub name: &'static str,
    /// What it judges, in one line.
    pub about: &'static str,
    /// Makes it.
    pub make: fn() -> Box<dyn Checker>,
}

/// Every checker that judges a history on its own: first the models of linearizability, then the
/// others.
pub const CHECKERS: &[Named] = &[
    Named {
        name: "register",
        about: "linearizable registers: read, write, cas",
        make: || Box::new(Linearizable::register()),
    },
    Named {
        name: "cas-register",
        about: "the same, under the name it has elsewhere",
        make: || Box::new(Linearizable::register()),
    },
    Named {
        name: "kv",
        about: "linearizable keys of a map: get, put, append, delete, cas",
        make: || Box::new(Linearizable::kv()),
    },
];

/// The checker of this name.
pub fn find_checker(name: &str) -> Option<&'static Named> {
    CHECKERS.iter().find(|named| named.name == name)
}
