//! The checkers by name, as `--model` takes them.

use crate::{
    AppendList, Checker, Counter, FencedLock, FetchAndAdd, IdGenerator, Linearizable, Log,
    MultiRegister, Mutex, Semaphore, Set, Versioned,
};

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
    Named {
        name: "append-list",
        about: "linearizable lists that only grow: append, read",
        make: || Box::new(Linearizable::new(AppendList)),
    },
    Named {
        name: "versioned",
        about: "linearizable registers that say their revision: read, write, cas by revision",
        make: || Box::new(Linearizable::new(Versioned)),
    },
    Named {
        name: "log-linearizable",
        about: "linearizable logs: send, which answers the offset, poll from an offset",
        make: || Box::new(Linearizable::new(Log)),
    },
    Named {
        name: "fetch-add",
        about: "linearizable numbers: fetch-add, which answers what it was, read",
        make: || Box::new(Linearizable::new(FetchAndAdd)),
    },
    Named {
        name: "set-linearizable",
        about: "linearizable sets: add, remove, contains, read",
        make: || Box::new(Linearizable::new(Set::new())),
    },
    Named {
        name: "counter-linearizable",
        about: "linearizable counters: add any number, read",
        make: || Box::new(Linearizable::new(Counter)),
    },
    Named {
        name: "id-generator",
        about: "ids of which no two are alike: generate",
        make: || Box::new(Linearizable::new(IdGenerator::new())),
    },
    Named {
        name: "mutex",
        about: "locks with one holder, the process: acquire, release",
        make: || Box::new(Linearizable::new(Mutex::new())),
    },
    Named {
        name: "reentrant-mutex",
        about: "the same, and the holder may acquire again, as often as it likes",
        make: || Box::new(Linearizable::new(Mutex::reentrant(u32::MAX))),
    },
    Named {
        name: "fenced-lock",
        about: "locks whose acquire answers a token, greater than all before",
        make: || Box::new(Linearizable::new(FencedLock)),
    },
    Named {
        name: "semaphore",
        about: "semaphores of one permit, which is a lock that anybody may release",
        make: || Box::new(Linearizable::new(Semaphore::new(1))),
    },
    Named {
        name: "multi-register",
        about: "transactions of reads and writes on several registers, each at one moment: txn",
        make: || Box::new(Linearizable::new(MultiRegister::new())),
    },
];

/// The checker of this name.
pub fn find_checker(name: &str) -> Option<&'static Named> {
    CHECKERS.iter().find(|named| named.name == name)
}
