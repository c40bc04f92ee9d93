//! The properties of the paper's figure 3, checked after every event.

use std::collections::{BTreeMap, BTreeSet};

use tribunal_history::{Mark, NodeId, Note, Role};
use tribunal_nodes::raft::{Position, Raft};

/// What was seen so far, and what it rules out.
#[derive(Default)]
pub(crate) struct Invariants {
    /// Who led each term, in which incarnation.
    leaders: BTreeMap<u64, (NodeId, u64)>,
    /// The whole log that each term's leader was elected with; nothing where it was compacted.
    elected_with: BTreeMap<u64, Vec<Option<Position>>>,
    /// The digest of every (index, term) ever appended anywhere.
    appended: BTreeMap<(u64, u64), u64>,
    /// What was committed at each index, and the lowest term in which somebody said so.
    committed: BTreeMap<u64, (Position, u64)>,
    /// Term and commit of each node in its incarnation.
    last: BTreeMap<NodeId, (u64, u64, u64)>,
    /// Up to where each node's commits were compared, in its incarnation.
    compared: BTreeMap<NodeId, (u64, u64)>,
    /// Marks reached.
    pub(crate) marks: BTreeSet<Mark>,
}

impl Invariants {
    /// Takes in what a node said in one event.
    pub(crate) fn after_event(
        &mut self,
        node: NodeId,
        incarnation: u64,
        core: &Raft,
        notes: &[Note],
    ) -> Result<(), String> {
        self.monotonic(node, incarnation, core)?;
        for note in notes {
            match *note {
                Note::Role { role: Role::Leader, term } => {
                    self.election(node, incarnation, term, core)?;
                }
                Note::Appended { index, term, digest } => {
                    let known = *self.appended.entry((index, term)).or_insert(digest);
                    if known != digest {
                        return Err(format!("log matching: two logs at {index} of term {term}"));
                    }
                }
                Note::Mark(mark) => {
                    self.marks.insert(mark);
                }
                Note::Role { .. } | Note::Committed { .. } | Note::Applied { .. } => {}
            }
        }
        self.commits(node, incarnation, core)
    }

    fn monotonic(&mut self, node: NodeId, incarnation: u64, core: &Raft) -> Result<(), String> {
        let now = (incarnation, core.term(), core.committed());
        let before = self.last.insert(node, now).unwrap_or_default();
        if before.0 == incarnation && (now.1 < before.1 || now.2 < before.2) {
            return Err(format!("{node} went back from {before:?} to {now:?}"));
        }
        Ok(())
    }

    fn election(
        &mut self,
        node: NodeId,
        incarnation: u64,
        term: u64,
        core: &Raft,
    ) -> Result<(), String> {
        let leader = *self.leaders.entry(term).or_insert((node, incarnation));
        if leader != (node, incarnation) {
            return Err(format!("election safety: {leader:?} and {node} lead term {term}"));
        }
        let log = (0..=core.last_index()).map(|index| core.position(index)).collect();
        self.elected_with.insert(term, log);
        let earlier = self.committed.iter().rev().find(|(_, (_, by))| *by < term);
        let Some((index, (position, _))) = earlier else { return Ok(()) };
        let is_there = match core.position(*index) {
            Some(own) => own == *position,
            None => *index < core.compacted(),
        };
        if is_there {
            Ok(())
        } else {
            Err(format!("leader completeness: {node} leads term {term} without entry {index}"))
        }
    }

    /// State machine safety: one entry for each index, on every node.
    fn commits(&mut self, node: NodeId, incarnation: u64, core: &Raft) -> Result<(), String> {
        let before = self.compared.insert(node, (incarnation, core.committed()));
        let known = before.filter(|before| before.0 == incarnation).map_or(0, |before| before.1);
        for index in known + 1..=core.committed() {
            let Some(position) = core.position(index) else { continue };
            let entry = self.committed.entry(index).or_insert((position, core.term()));
            if entry.0 != position {
                return Err(format!("state machine safety: {node} committed another {index}"));
            }
            entry.1 = entry.1.min(core.term());
            self.late(index)?;
        }
        Ok(())
    }

    /// Leader completeness, where the election came first: every leader of a later term had it.
    fn late(&self, index: u64) -> Result<(), String> {
        let (position, by) = self.committed[&index];
        for (term, log) in self.elected_with.range(by + 1..) {
            let lacks = match log.get(index as usize) {
                Some(own) => own.is_some_and(|own| own != position),
                None => true,
            };
            if lacks {
                return Err(format!("leader completeness: term {term} began without {index}"));
            }
        }
        Ok(())
    }
}
