//! The invariants of a replicated log, watched after every event of every node.
//!
//! Figure 3 of Ongaro and Ousterhout, *In Search of an Understandable Consensus Algorithm* (2014),
//! and what goes without saying there: terms, commits and applied indices never go back. Costs a
//! few comparisons for each event and a word or two for each entry.

use tribunal_history::{NodeId, Note};

use crate::ReplicatedLog;

/// What was violated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// At most one leader for each term.
    ElectionSafety,
    /// A leader never changes or removes what is in its log.
    LeaderAppendOnly,
    /// Two logs with the same term at the same index are equal up to there.
    LogMatching,
    /// What is committed in a term is in the logs of the leaders of all later terms.
    LeaderCompleteness,
    /// No two nodes commit different entries at one index.
    StateMachineSafety,
    /// Terms, commits and applied indices of one process never go back.
    Monotonicity,
    /// What was damaged on its way is not taken for a message.
    FrameIntegrity,
}

impl Invariant {
    /// Its name, as a finding's class.
    pub const fn as_str(self) -> &'static str {
        match self {
            Invariant::ElectionSafety => "election safety",
            Invariant::LeaderAppendOnly => "leader append-only",
            Invariant::LogMatching => "log matching",
            Invariant::LeaderCompleteness => "leader completeness",
            Invariant::StateMachineSafety => "state machine safety",
            Invariant::Monotonicity => "monotonicity",
            Invariant::FrameIntegrity => "frame integrity",
        }
    }
}

/// Who led a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Led {
    term: u64,
    node: NodeId,
    life: u32,
}

/// What was committed at an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Committed {
    term: u64,
    digest: u64,
    /// The lowest term in which a node said so.
    by: u64,
}

/// A node as it was after its last event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Last {
    life: u32,
    term: u64,
    committed: u64,
    applied: u64,
    leads: bool,
    last_index: u64,
    digest: u64,
    /// Up to where its commits were compared.
    compared: u64,
}

/// What was seen so far, and what it rules out.
///
/// Equal values rule out the same, whatever the order in which it was seen: a model checker keeps
/// one with each state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Invariants {
    /// In order of terms.
    leaders: Vec<Led>,
    /// What was ever appended at each index: (term, digest), in order of terms.
    appended: Vec<Vec<(u64, u64)>>,
    /// By index, from 1; `None` where it was compacted before it could be compared.
    committed: Vec<Option<Committed>>,
    /// By slot.
    last: Vec<Last>,
}

impl Invariants {
    /// Takes in what a node did in one event: `node` in its `life`-th process, its log after the
    /// event, what it noted in it.
    ///
    /// # Errors
    /// The invariant that does not hold, with what was seen.
    ///
    /// # Panics
    /// If the node's id is 0, which no node has.
    pub fn after_event(
        &mut self,
        (node, life): (NodeId, u32),
        log: &dyn ReplicatedLog,
        notes: &[Note],
    ) -> Result<(), (Invariant, String)> {
        if self.last.len() <= node.slot() {
            self.last.resize(node.slot() + 1, Last::default());
        }
        let before = self.last[node.slot()];
        let same_life = before.life == life;
        if same_life {
            monotonic(node, before, log)?;
        }
        for note in notes {
            if let Note::Appended { index, term, digest } = *note {
                self.append(index, term, digest)?;
            }
        }
        let leads = log.leads();
        if leads && !(same_life && before.leads && before.term == log.term()) {
            self.elected(Led { term: log.term(), node, life }, log)?;
        }
        let compared = if same_life { before.compared } else { 0 };
        self.commits(node, compared, log)?;
        let last_index = log.last_index();
        let digest = if leads { log.entry(last_index).map_or(0, |entry| entry.1) } else { 0 };
        self.last[node.slot()] = Last {
            life,
            term: log.term(),
            committed: log.committed(),
            applied: log.applied(),
            leads,
            last_index,
            digest,
            compared: log.committed(),
        };
        Ok(())
    }

    fn append(&mut self, index: u64, term: u64, digest: u64) -> Result<(), (Invariant, String)> {
        let at = index as usize;
        if self.appended.len() <= at {
            self.appended.resize(at + 1, Vec::new());
        }
        let known = &mut self.appended[at];
        match known.binary_search_by_key(&term, |known| known.0) {
            Ok(place) if known[place].1 != digest => Err((
                Invariant::LogMatching,
                format!("two logs differ at or before index {index} of term {term}"),
            )),
            Ok(_) => Ok(()),
            Err(place) => {
                known.insert(place, (term, digest));
                Ok(())
            }
        }
    }

    fn elected(&mut self, led: Led, log: &dyn ReplicatedLog) -> Result<(), (Invariant, String)> {
        match self.leaders.binary_search_by_key(&led.term, |known| known.term) {
            Ok(place) if self.leaders[place] != led => {
                let Led { term, node, .. } = self.leaders[place];
                let again = if node == led.node { " once more after its restart" } else { "" };
                let words = format!("{node} and {}{again} lead term {term}", led.node);
                return Err((Invariant::ElectionSafety, words));
            }
            Ok(_) => {}
            Err(place) => self.leaders.insert(place, led),
        }
        // The latest of what was committed in earlier terms: all before it hangs on its digest.
        let earlier = self.committed.iter().enumerate().rev().find_map(|(index, committed)| {
            let committed = committed.filter(|committed| committed.by < led.term)?;
            Some((index as u64, committed))
        });
        let Some((index, committed)) = earlier else { return Ok(()) };
        let has = match log.entry(index) {
            Some(own) => own == (committed.term, committed.digest),
            None => index < log.compacted(),
        };
        if has {
            return Ok(());
        }
        let Led { node, term, .. } = led;
        let words = format!("{node} leads term {term} without entry {index}, which is committed");
        Err((Invariant::LeaderCompleteness, words))
    }

    fn commits(
        &mut self,
        node: NodeId,
        compared: u64,
        log: &dyn ReplicatedLog,
    ) -> Result<(), (Invariant, String)> {
        let first = compared.max(log.compacted().saturating_sub(1)) + 1;
        for index in first..=log.committed() {
            let Some((term, digest)) = log.entry(index) else { continue };
            let at = index as usize;
            if self.committed.len() <= at {
                self.committed.resize(at + 1, None);
            }
            let by = log.term();
            match &mut self.committed[at] {
                Some(known) if (known.term, known.digest) != (term, digest) => {
                    let words = format!("{node} committed another entry at index {index}");
                    return Err((Invariant::StateMachineSafety, words));
                }
                Some(known) => known.by = known.by.min(by),
                slot => *slot = Some(Committed { term, digest, by }),
            }
        }
        Ok(())
    }
}

/// What never goes back while a process lives; and a leader's log, which only grows.
fn monotonic(
    node: NodeId,
    before: Last,
    log: &dyn ReplicatedLog,
) -> Result<(), (Invariant, String)> {
    let figures = [
        ("term", before.term, log.term()),
        ("commit index", before.committed, log.committed()),
        ("applied index", before.applied, log.applied()),
    ];
    for (what, was, is) in figures {
        if is < was {
            let words = format!("the {what} of {node} went back from {was} to {is}");
            return Err((Invariant::Monotonicity, words));
        }
    }
    if before.leads && log.leads() && before.term == log.term() {
        let kept = match log.entry(before.last_index) {
            Some((_, digest)) => digest == before.digest,
            None => before.last_index == 0 || before.last_index < log.compacted(),
        };
        if !kept {
            let words =
                format!("{node} changed its log at index {} while it led", before.last_index);
            return Err((Invariant::LeaderAppendOnly, words));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log told by its entries: (term, digest), from index 1.
    #[derive(Clone, Default)]
    struct Told {
        term: u64,
        leads: bool,
        committed: u64,
        entries: Vec<(u64, u64)>,
    }

    impl ReplicatedLog for Told {
        fn term(&self) -> u64 {
            self.term
        }
        fn leads(&self) -> bool {
            self.leads
        }
        fn committed(&self) -> u64 {
            self.committed
        }
        fn applied(&self) -> u64 {
            self.committed
        }
        fn compacted(&self) -> u64 {
            0
        }
        fn last_index(&self) -> u64 {
            self.entries.len() as u64
        }
        fn entry(&self, index: u64) -> Option<(u64, u64)> {
            self.entries.get((index as usize).checked_sub(1)?).copied()
        }
    }

    const N1: (NodeId, u32) = (NodeId(1), 1);
    const N2: (NodeId, u32) = (NodeId(2), 1);

    fn broken(steps: &[((NodeId, u32), Told)]) -> Option<Invariant> {
        let mut invariants = Invariants::default();
        steps.iter().find_map(|(who, log)| {
            let appended: Vec<Note> = (1..)
                .zip(&log.entries)
                .map(|(index, (term, digest))| Note::Appended {
                    index,
                    term: *term,
                    digest: *digest,
                })
                .collect();
            invariants.after_event(*who, log, &appended).err().map(|(invariant, _)| invariant)
        })
    }

    fn log(term: u64, leads: bool, committed: u64, entries: &[(u64, u64)]) -> Told {
        Told { term, leads, committed, entries: entries.to_vec() }
    }

    #[test]
    fn two_leaders_of_one_term() {
        let leader = log(2, true, 0, &[]);
        assert_eq!(broken(&[(N1, leader.clone()), (N1, leader.clone())]), None);
        assert_eq!(
            broken(&[(N1, leader.clone()), (N2, leader.clone())]),
            Some(Invariant::ElectionSafety)
        );
        let again = (NodeId(1), 2);
        assert_eq!(
            broken(&[(N1, leader.clone()), (again, leader)]),
            Some(Invariant::ElectionSafety)
        );
    }

    #[test]
    fn a_leader_that_cuts_its_log() {
        let long = log(2, true, 0, &[(1, 7), (2, 8)]);
        let short = log(2, true, 0, &[(1, 7)]);
        assert_eq!(broken(&[(N1, long.clone()), (N1, short)]), Some(Invariant::LeaderAppendOnly));
        let follower = log(3, false, 0, &[(1, 7)]);
        assert_eq!(broken(&[(N1, long), (N1, follower)]), None);
    }

    #[test]
    fn logs_that_part_below_an_equal_entry() {
        let one = log(2, false, 0, &[(1, 7), (2, 8)]);
        let other = log(2, false, 0, &[(1, 7), (2, 9)]);
        assert_eq!(broken(&[(N1, one), (N2, other)]), Some(Invariant::LogMatching));
    }

    #[test]
    fn a_leader_without_what_is_committed() {
        let old = log(2, true, 2, &[(1, 7), (2, 8)]);
        let new = log(3, true, 0, &[(1, 7)]);
        assert_eq!(broken(&[(N1, old.clone()), (N2, new)]), Some(Invariant::LeaderCompleteness));
        let whole = log(3, true, 0, &[(1, 7), (2, 8), (3, 9)]);
        assert_eq!(broken(&[(N1, old), (N2, whole)]), None);
    }

    #[test]
    fn different_commits_at_one_index() {
        let one = log(2, false, 1, &[(1, 7)]);
        let other = log(2, false, 1, &[(2, 8)]);
        assert_eq!(broken(&[(N1, one), (N2, other)]), Some(Invariant::StateMachineSafety));
    }

    #[test]
    fn what_goes_back_in_one_life_and_not_with_the_next() {
        let far = log(3, false, 1, &[(1, 7)]);
        let back = log(2, false, 0, &[(1, 7)]);
        assert_eq!(broken(&[(N1, far.clone()), (N1, back.clone())]), Some(Invariant::Monotonicity));
        assert_eq!(broken(&[(N1, far), ((NodeId(1), 2), back)]), None);
    }
}
