//! The checkers by name, as `--model` takes them.

use crate::{Checker, FifoQueue, Linearizable, PriorityQueue, Stack, UnorderedQueue};

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
        name: "fifo-queue",
        about: "linearizable queues: enqueue, dequeue, peek, drain; first in, first out",
        make: || Box::new(Linearizable::new(FifoQueue::new())),
    },
    Named {
        name: "queue-linearizable",
        about: "the same, under the name it has elsewhere",
        make: || Box::new(Linearizable::new(FifoQueue::new())),
    },
    Named {
        name: "unordered-queue",
        about: "linearizable bags: enqueue, dequeue, peek, drain; any first",
        make: || Box::new(Linearizable::new(UnorderedQueue::new())),
    },
    Named {
        name: "stack",
        about: "linearizable stacks: push, pop, peek; last in, first out",
        make: || Box::new(Linearizable::new(Stack::new())),
    },
    Named {
        name: "priority-queue",
        about: "linearizable priority queues of integers: enqueue, dequeue, peek, drain",
        make: || Box::new(Linearizable::new(PriorityQueue::new())),
    },
];

/// The checker of this name.
pub fn find_checker(name: &str) -> Option<&'static Named> {
    CHECKERS.iter().find(|named| named.name == name)
}
