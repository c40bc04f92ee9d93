//! The invariants of a replicated log, watched after every event of every node.
//!
//! Figure 3 of Ongaro and Ousterhout, *In Search of an Understandable Consensus Algorithm* (2014),
//! and what goes without saying there: terms, commits and applied indices never go back. Costs a
//! few comparisons for each event, a word or two for each entry, and for each leader what it was
//! elected with and nobody had committed.

mod led;

use tribunal_history::{NodeId, Note};

use self::led::Led;
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
            self.elected((node, life), log)?;
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

    fn elected(
        &mut self,
        (node, life): (NodeId, u32),
        log: &dyn ReplicatedLog,
    ) -> Result<(), (Invariant, String)> {
        let term = log.term();
        let place = match self.leaders.binary_search_by_key(&term, |known| known.term) {
            Ok(place) if self.leaders[place].is(node, life) => return Ok(()),
            Ok(place) => {
                let known = self.leaders[place].node;
                let again = if known == node { " once more after its restart" } else { "" };
                let words = format!("{known} and {node}{again} lead term {term}");
                return Err((Invariant::ElectionSafety, words));
            }
            Err(place) => place,
        };
        // The latest of what was committed in earlier terms: all before it hangs on its digest.
        let earlier = self.committed.iter().enumerate().rev().find_map(|(index, committed)| {
            let committed = committed.filter(|committed| committed.by < term)?;
            Some((index as u64, committed))
        });
        let mut held = 0;
        if let Some((index, committed)) = earlier {
            let has = match log.entry(index) {
                Some(own) => own == (committed.term, committed.digest),
                None => index < log.compacted(),
            };
            if !has {
                let words =
                    format!("{node} leads term {term} without entry {index}, which is committed");
                return Err((Invariant::LeaderCompleteness, words));
            }
            held = index;
        }
        self.leaders.insert(place, Led::elected((node, life), log, held));
        Ok(())
    }

    fn commits(
        &mut self,
        node: NodeId,
        compared: u64,
        log: &dyn ReplicatedLog,
    ) -> Result<(), (Invariant, String)> {
        let first = compared.max(log.compacted().saturating_sub(1)) + 1;
        let by = log.term();
        let mut newest = None;
        for index in first..=log.committed() {
            let Some((term, digest)) = log.entry(index) else { continue };
            let at = index as usize;
            if self.committed.len() <= at {
                self.committed.resize(at + 1, None);
            }
            match &mut self.committed[at] {
                Some(known) if (known.term, known.digest) != (term, digest) => {
                    let words = format!("{node} committed another entry at index {index}");
                    return Err((Invariant::StateMachineSafety, words));
                }
                Some(known) if known.by <= by => continue,
                Some(known) => known.by = by,
                slot => *slot = Some(Committed { term, digest, by }),
            }
            newest = Some((index, (term, digest)));
        }
        newest.map_or(Ok(()), |(index, entry)| self.complete(node, by, index, entry))
    }

    /// Leader completeness, where a commit in the term `by` comes to light after elections for
    /// later terms: mostly there were none. All before the entry hangs on its digest.
    fn complete(
        &mut self,
        node: NodeId,
        by: u64,
        index: u64,
        entry: (u64, u64),
    ) -> Result<(), (Invariant, String)> {
        for led in self.leaders.iter_mut().rev().take_while(|led| led.term >= by) {
            let has = led.had(index, entry);
            if !has && led.term > by {
                let Led { node: leader, term, .. } = led;
                let words = format!(
                    "{leader} was elected for term {term} without entry {index}, which {node} \
                     committed in term {by}"
                );
                return Err((Invariant::LeaderCompleteness, words));
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
mod tests;
