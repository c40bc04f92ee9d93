//! The cores there are.

use tribunal_history::Mark;

use crate::bugs::{ACK_BEFORE_FSYNC, BUGS, NO_SESSIONS};
use crate::raft::Raft;
use crate::single::Single;
use crate::{CoreInfo, CoreVisitor};

/// Every core, by name.
pub const CORES: &[CoreInfo] = &[
    CoreInfo {
        name: "raft",
        about: "Raft with pre-vote, check-quorum, ReadIndex, sessions and snapshots",
        bugs: BUGS,
        marks: Mark::ALL,
    },
    CoreInfo {
        name: "single",
        about: "one node and its disk: the control",
        bugs: &[NO_SESSIONS, ACK_BEFORE_FSYNC],
        marks: &[
            Mark::Compacted,
            Mark::DuplicateAnswered,
            Mark::SessionDropped,
            Mark::TornTailRepaired,
        ],
    },
];

/// Does what `visitor` does with the core of this name; `None` if [`CORES`] has no such name.
pub fn visit<V: CoreVisitor>(name: &str, visitor: V) -> Option<V::Out> {
    match name {
        "raft" => Some(visitor.visit::<Raft>()),
        "single" => Some(visitor.visit::<Single>()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Core;

    struct Nothing;

    impl CoreVisitor for Nothing {
        type Out = ();
        fn visit<C: Core>(self) {}
    }

    #[test]
    fn every_listed_core_can_be_visited_and_no_other() {
        for core in CORES {
            assert!(visit(core.name, Nothing).is_some(), "{}", core.name);
        }
        assert!(visit("paxos", Nothing).is_none());
    }

    #[test]
    fn every_bug_is_listed_once() {
        let mut names: Vec<_> = crate::BUGS.iter().map(|bug| bug.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), crate::BUGS.len());
    }
}
