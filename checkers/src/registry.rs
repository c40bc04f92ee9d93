//! The checkers by name, as `--model` takes them.

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
    Named {
        name: "sequential",
        about: "one order of all operations that keeps each process's own",
        make: || Box::new(SequentialConsistency),
    },
    Named {
        name: "sequential-per-key",
        about: "the same of every key by itself",
        make: || Box::new(PerKeySequential),
    },
    Named {
        name: "causal",
        about: "reads see what came before what they saw",
        make: || Box::new(CausalConsistency::causal()),
    },
    Named {
        name: "causal-convergence",
        about: "the same, and concurrent writes end in one order",
        make: || Box::new(CausalConsistency::convergent()),
    },
    Named {
        name: "pram",
        about: "each process sees every other's writes in their order",
        make: || Box::new(Pram),
    },
    Named {
        name: "session",
        about: "read your writes, monotonic reads and writes, writes follow reads",
        make: || Box::new(SessionGuarantees),
    },
    Named {
        name: "regular",
        about: "reads see the last write that ended, or one under way",
        make: || Box::new(Regular),
    },
    Named {
        name: "staleness",
        about: "how old what was read is, in time and in versions",
        make: || Box::new(BoundedStaleness::measured()),
    },
    Named {
        name: "convergence",
        about: "in the end everybody reads the same",
        make: || Box::new(Convergence::at_once()),
    },
    Named {
        name: "set",
        about: "Jepsen's set: what was added is in the final read",
        make: || Box::new(accounting::Set),
    },
    Named {
        name: "set-full",
        about: "Jepsen's set-full: when each element was there, lost, stale or twice",
        make: || Box::new(accounting::SetFull::new()),
    },
    Named {
        name: "set-full-linearizable",
        about: "the same, and no read is stale",
        make: || Box::new(accounting::SetFull::linearizable()),
    },
    Named {
        name: "total-queue",
        about: "Jepsen's total-queue: what goes in comes out once",
        make: || Box::new(accounting::TotalQueue::exactly_once()),
    },
    Named {
        name: "unique-ids",
        about: "no id is given twice",
        make: || Box::new(accounting::UniqueIds),
    },
    Named {
        name: "counter",
        about: "Jepsen's counter: every read lies between what was and may have been added",
        make: || Box::new(accounting::CounterBounds),
    },
    Named {
        name: "pn-counter",
        about: "final reads of a counter are a sum of what was and may have been added",
        make: || Box::new(accounting::PnCounter),
    },
    Named {
        name: "long-fork",
        about: "no two reads see two writes in opposite orders",
        make: || Box::new(accounting::LongFork::new()),
    },
    Named {
        name: "bank",
        about: "transfers keep the total, and no balance is negative",
        make: || Box::new(accounting::Bank::new()),
    },
    Named {
        name: "bank-negative",
        about: "the same with debts allowed",
        make: || Box::new(accounting::Bank::new().allow_negative()),
    },
    Named {
        name: "log",
        about: "messages of a log are neither lost nor seen twice or out of order",
        make: || Box::new(accounting::Log::new()),
    },
];

/// The checker of this name.
pub fn find_checker(name: &str) -> Option<&'static Named> {
    CHECKERS.iter().find(|named| named.name == name)
}

#[cfg(test)]
mod tests {
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
}
