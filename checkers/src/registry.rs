//! The checkers by name, as `--model` takes them, and which of them a history tells.

mod form;
mod shape;

pub use form::Form;
pub use shape::Shape;

use std::collections::BTreeSet;

use tribunal_history::{Call, History};

use crate::accounting;
use crate::{
    AppendList, BoundedStaleness, CausalConsistency, Checker, Convergence, Counter, FencedLock,
    FetchAndAdd, FifoQueue, IdGenerator, Linearizable, Log, MultiRegister, Mutex, PerKeySequential,
    Pram, PriorityQueue, Regular, Semaphore, SequentialConsistency, SessionGuarantees, Set, Stack,
    UnorderedQueue, Versioned,
};

/// A checker and its name.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The name, as `register`.
    pub name: &'static str,
    /// What it judges, in one line.
    pub about: &'static str,
    /// What the operations that it judges look like. None if it is another name of a checker, which
    /// has them.
    pub operations: &'static [Form],
    /// Checkers that judge operations of the same looks, and are meant only where somebody says so:
    /// their objects are used less, or they promise something else.
    pub rather_than: &'static [&'static str],
    /// Makes it.
    pub make: fn() -> Box<dyn Checker>,
}

impl Named {
    /// Whether it has all these functions.
    pub fn knows(&self, functions: &BTreeSet<&str>) -> bool {
        let has = |name: &&str| self.operations.iter().any(|form| form.function == *name);
        functions.iter().all(has)
    }

    /// Whether all these operations of a history look like its own.
    /// O(operations and the lengths of their values).
    pub fn fits(&self, calls: &[Call], history: &History) -> bool {
        let is_own = |call: &Call| self.operations.iter().any(|form| form.fits(call, history));
        calls.iter().all(is_own)
    }
}

/// What a map may be besides: its values may come with revisions, and it may promise less.
const BESIDES_MAP: &[&str] = &[
    "versioned",
    "sequential",
    "sequential-per-key",
    "causal",
    "causal-convergence",
    "pram",
    "session",
    "regular",
    "staleness",
    "convergence",
];

/// The same of a register, and a map is one as well.
const BESIDES_REGISTER: &[&str] = &[
    "kv",
    "versioned",
    "sequential",
    "sequential-per-key",
    "causal",
    "causal-convergence",
    "pram",
    "session",
    "regular",
    "staleness",
    "convergence",
];

/// Every checker that judges a history on its own: first the models of linearizability, then the
/// others.
pub const CHECKERS: &[Named] = &[
    Named {
        name: "register",
        about: "linearizable registers: read, write, cas",
        operations: form::REGISTER,
        rather_than: BESIDES_REGISTER,
        make: || Box::new(Linearizable::register()),
    },
    Named {
        name: "cas-register",
        about: "the same, under the name it has elsewhere",
        operations: &[],
        rather_than: &[],
        make: || Box::new(Linearizable::register()),
    },
    Named {
        name: "kv",
        about: "linearizable keys of a map: get, put, append, delete, cas",
        operations: form::MAP,
        rather_than: BESIDES_MAP,
        make: || Box::new(Linearizable::kv()),
    },
    Named {
        name: "append-list",
        about: "linearizable lists that only grow: append, read",
        operations: form::APPEND_LIST,
        rather_than: &[],
        make: || Box::new(Linearizable::new(AppendList)),
    },
    Named {
        name: "versioned",
        about: "linearizable registers that say their revision: read, write, cas by revision",
        operations: form::VERSIONED,
        rather_than: &[],
        make: || Box::new(Linearizable::new(Versioned)),
    },
    Named {
        name: "log-linearizable",
        about: "linearizable logs: send, which answers the offset, poll from an offset",
        operations: form::OFFSETS,
        rather_than: &[],
        make: || Box::new(Linearizable::new(Log)),
    },
    Named {
        name: "fetch-add",
        about: "linearizable numbers: fetch-add, which answers what it was, read",
        operations: form::FETCH_ADD,
        rather_than: &[],
        make: || Box::new(Linearizable::new(FetchAndAdd)),
    },
    Named {
        name: "fifo-queue",
        about: "linearizable queues: enqueue, dequeue, peek, drain; first in, first out",
        operations: form::QUEUE,
        rather_than: &[],
        make: || Box::new(Linearizable::new(FifoQueue::new())),
    },
    Named {
        name: "queue-linearizable",
        about: "the same, under the name it has elsewhere",
        operations: &[],
        rather_than: &[],
        make: || Box::new(Linearizable::new(FifoQueue::new())),
    },
    Named {
        name: "unordered-queue",
        about: "linearizable bags: enqueue, dequeue, peek, drain; any first",
        operations: form::QUEUE,
        rather_than: &[],
        make: || Box::new(Linearizable::new(UnorderedQueue::new())),
    },
    Named {
        name: "stack",
        about: "linearizable stacks: push, pop, peek; last in, first out",
        operations: form::STACK,
        rather_than: &[],
        make: || Box::new(Linearizable::new(Stack::new())),
    },
    Named {
        name: "priority-queue",
        about: "linearizable priority queues of integers: enqueue, dequeue, peek, drain",
        operations: form::NUMBER_QUEUE,
        rather_than: &[],
        make: || Box::new(Linearizable::new(PriorityQueue::new())),
    },
    Named {
        name: "set-linearizable",
        about: "linearizable sets: add, remove, contains, read",
        operations: form::SET,
        rather_than: &[],
        make: || Box::new(Linearizable::new(Set::new())),
    },
    Named {
        name: "counter-linearizable",
        about: "linearizable counters: add any number, read",
        operations: form::COUNTER,
        rather_than: &[],
        make: || Box::new(Linearizable::new(Counter)),
    },
    Named {
        name: "id-generator",
        about: "ids of which no two are alike: generate",
        operations: form::IDS,
        rather_than: &[],
        make: || Box::new(Linearizable::new(IdGenerator::new())),
    },
    Named {
        name: "mutex",
        about: "locks with one holder, the process: acquire, release",
        operations: form::LOCK,
        rather_than: &["reentrant-mutex", "semaphore"],
        make: || Box::new(Linearizable::new(Mutex::new())),
    },
    Named {
        name: "reentrant-mutex",
        about: "the same, and the holder may acquire again, as often as it likes",
        operations: form::LOCK,
        rather_than: &[],
        make: || Box::new(Linearizable::new(Mutex::reentrant(u32::MAX))),
    },
    Named {
        name: "fenced-lock",
        about: "locks whose acquire answers a token, greater than all before",
        operations: form::FENCED_LOCK,
        rather_than: &[],
        make: || Box::new(Linearizable::new(FencedLock)),
    },
    Named {
        name: "semaphore",
        about: "semaphores of one permit, which is a lock that anybody may release",
        operations: form::PERMIT,
        rather_than: &[],
        make: || Box::new(Linearizable::new(Semaphore::new(1))),
    },
    Named {
        name: "multi-register",
        about: "transactions of reads and writes on several registers, each at one moment: txn",
        operations: form::TRANSACTIONS,
        rather_than: &[],
        make: || Box::new(Linearizable::new(MultiRegister::new())),
    },
    Named {
        name: "sequential",
        about: "one order of all operations that keeps each process's own",
        operations: form::CELLS,
        rather_than: &[],
        make: || Box::new(SequentialConsistency),
    },
    Named {
        name: "sequential-per-key",
        about: "the same of every key by itself",
        operations: form::CELLS,
        rather_than: &[],
        make: || Box::new(PerKeySequential),
    },
    Named {
        name: "causal",
        about: "reads see what came before what they saw",
        operations: form::CELLS,
        rather_than: &[],
        make: || Box::new(CausalConsistency::causal()),
    },
    Named {
        name: "causal-convergence",
        about: "the same, and concurrent writes end in one order",
        operations: form::CELLS,
        rather_than: &[],
        make: || Box::new(CausalConsistency::convergent()),
    },
    Named {
        name: "pram",
        about: "each process sees every other's writes in their order",
        operations: form::CELLS,
        rather_than: &[],
        make: || Box::new(Pram),
    },
    Named {
        name: "session",
        about: "read your writes, monotonic reads and writes, writes follow reads",
        operations: form::CELLS,
        rather_than: &[],
        make: || Box::new(SessionGuarantees),
    },
    Named {
        name: "regular",
        about: "reads see the last write that ended, or one under way",
        operations: form::CELLS,
        rather_than: &[],
        make: || Box::new(Regular),
    },
    Named {
        name: "staleness",
        about: "how old what was read is, in time and in versions",
        operations: form::CELLS,
        rather_than: &[],
        make: || Box::new(BoundedStaleness::measured()),
    },
    Named {
        name: "convergence",
        about: "in the end everybody reads the same",
        operations: form::CELLS,
        rather_than: &[],
        make: || Box::new(Convergence::at_once()),
    },
    Named {
        name: "set",
        about: "Jepsen's set: what was added is in the final read",
        operations: form::GROWING_SET,
        rather_than: &[],
        make: || Box::new(accounting::Set),
    },
    Named {
        name: "set-full",
        about: "Jepsen's set-full: when each element was there, lost, stale or twice",
        operations: form::GROWING_SET,
        rather_than: &[],
        make: || Box::new(accounting::SetFull::new()),
    },
    Named {
        name: "set-full-linearizable",
        about: "the same, and no read is stale",
        operations: form::GROWING_SET,
        rather_than: &[],
        make: || Box::new(accounting::SetFull::linearizable()),
    },
    Named {
        name: "total-queue",
        about: "Jepsen's total-queue: what goes in comes out once",
        operations: form::TOTAL_QUEUE,
        rather_than: &[],
        make: || Box::new(accounting::TotalQueue::exactly_once()),
    },
    Named {
        name: "unique-ids",
        about: "no id is given twice",
        operations: form::IDS,
        rather_than: &["id-generator"],
        make: || Box::new(accounting::UniqueIds),
    },
    Named {
        name: "counter",
        about: "Jepsen's counter: every read lies between what was and may have been added",
        operations: form::COUNTER,
        rather_than: &["counter-linearizable", "pn-counter"],
        make: || Box::new(accounting::CounterBounds),
    },
    Named {
        name: "pn-counter",
        about: "final reads of a counter are a sum of what was and may have been added",
        operations: form::COUNTER,
        rather_than: &[],
        make: || Box::new(accounting::PnCounter),
    },
    Named {
        name: "long-fork",
        about: "no two reads see two writes in opposite orders",
        operations: form::FORKS,
        rather_than: &[],
        make: || Box::new(accounting::LongFork::new()),
    },
    Named {
        name: "bank",
        about: "transfers keep the total, and no balance is negative",
        operations: form::BANK,
        rather_than: &[],
        make: || Box::new(accounting::Bank::new()),
    },
    Named {
        name: "bank-negative",
        about: "the same with debts allowed",
        operations: form::BANK,
        rather_than: &[],
        make: || Box::new(accounting::Bank::new().allow_negative()),
    },
    Named {
        name: "log",
        about: "messages of a log are neither lost nor seen twice or out of order",
        operations: form::LOG,
        rather_than: &[],
        make: || Box::new(accounting::Log::new()),
    },
];

/// The checker of this name.
pub fn find_checker(name: &str) -> Option<&'static Named> {
    CHECKERS.iter().find(|named| named.name == name)
}

#[cfg(test)]
mod tests {
    use tribunal_history::Function;

    use super::*;

    #[test]
    fn every_name_is_there_once_and_is_made() {
        for (place, named) in CHECKERS.iter().enumerate() {
            let first = CHECKERS.iter().position(|other| other.name == named.name);
            assert_eq!(first, Some(place), "{} twice", named.name);
            assert!(!(named.make)().name().is_empty());
        }
        assert!(find_checker("nonsense").is_none());
    }

    #[test]
    fn every_checker_has_its_operations_or_is_another_name() {
        for named in CHECKERS {
            let is_name = named.about == "the same, under the name it has elsewhere";
            assert_eq!(named.operations.is_empty(), is_name, "{}", named.name);
            for other in named.rather_than {
                let other = find_checker(other).unwrap_or_else(|| panic!("no checker {other}"));
                let shares = |form: &&Form| {
                    other.operations.iter().any(|theirs| theirs.function == form.function)
                };
                assert!(named.operations.iter().any(|form| shares(&form)), "{}", other.name);
            }
        }
    }

    #[test]
    fn functions_are_spelt_as_histories_spell_them() {
        const FOREIGN: [&str; 4] = ["assign", "subscribe", "crash", "debug-topic-partitions"];
        let forms = CHECKERS.iter().flat_map(|named| named.operations);
        for Form { function, .. } in forms {
            let is_known = Function::from_name(function).is_some() || FOREIGN.contains(function);
            assert!(is_known, "{function}");
        }
    }
}
