//! Who leads, and who led when.

use tribunal_cluster::Report;
use tribunal_history::{Nanos, NodeId, NodeRole, NodeState, Note, Role, Roles};

/// The most intervals kept; more changes of leader than that are counted.
const INTERVALS_MAX: usize = 100_000;

/// A stretch of time in which one node led one term, as far as the controller knew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaderInterval {
    /// Who led.
    pub node: NodeId,
    /// In which term.
    pub term: u64,
    /// From when.
    pub from: Nanos,
    /// Until when; `None` if it leads still.
    pub until: Option<Nanos>,
}

/// Folds what nodes say and what becomes of them into who leads. Pure.
///
/// The leader is the running claimant of the highest term. All of it is belief: a note may be late
/// or lost, so nothing but the choice of targets and what a report draws may rest on it.
#[derive(Clone, Debug)]
pub struct RoleBook {
    roles: Roles,
    /// Who leads which term now.
    leads: Option<(NodeId, u64)>,
    intervals: Vec<LeaderInterval>,
    dropped: u64,
}

impl RoleBook {
    /// A book that knows nothing of any of `nodes` nodes.
    pub fn new(nodes: u16) -> RoleBook {
        RoleBook { roles: Roles::unknown(nodes), leads: None, intervals: Vec::new(), dropped: 0 }
    }

    /// Takes in a report; those that say nothing of roles are passed over. O(nodes).
    pub fn fold(&mut self, now: Nanos, report: &Report) {
        match report {
            Report::Note { node, note: Note::Role { role, term } } => {
                self.said(now, *node, *role, *term);
            }
            Report::Node { node, state, .. } => self.became(now, *node, *state),
            Report::Roles(observed) => self.observed(now, observed),
            _ => {}
        }
    }

    /// A node said which role it plays from now on.
    pub fn said(&mut self, now: Nanos, node: NodeId, role: Role, term: u64) {
        if let Some(known) = self.entry(node) {
            known.role = Some(role);
            known.term = term;
            self.turn(now);
        }
    }

    /// A node changed state. One that is down or starting has no role; a paused one keeps what it
    /// had, but does not lead while it is paused.
    pub fn became(&mut self, now: Nanos, node: NodeId, state: NodeState) {
        if let Some(known) = self.entry(node) {
            known.up = state == NodeState::Running;
            if matches!(state, NodeState::Down | NodeState::Starting) {
                known.role = None;
            }
            self.turn(now);
        }
    }

    /// Every node was asked; one that did not answer has no known role.
    pub fn observed(&mut self, now: Nanos, observed: &Roles) {
        for answer in &observed.nodes {
            if let Some(known) = self.entry(answer.node) {
                *known = *answer;
            }
        }
        self.turn(now);
    }

    /// What is known now.
    pub const fn roles(&self) -> &Roles {
        &self.roles
    }

    /// Who led when, in order; at most 100,000 stretches.
    pub fn intervals(&self) -> &[LeaderInterval] {
        &self.intervals
    }

    /// How many stretches there were beyond the most that are kept.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    fn entry(&mut self, node: NodeId) -> Option<&mut NodeRole> {
        self.roles.nodes.iter_mut().find(|known| known.node == node)
    }

    /// Ends the stretch of a leader that leads no more, and begins the next one's.
    fn turn(&mut self, now: Nanos) {
        let leader = self.roles.leader();
        let entry = self.roles.nodes.iter().find(|known| Some(known.node) == leader);
        let leads = entry.map(|known| (known.node, known.term));
        if leads == self.leads {
            return;
        }
        self.leads = leads;
        if let Some(open) = self.intervals.last_mut().filter(|last| last.until.is_none()) {
            open.until = Some(now);
        }
        let Some((node, term)) = leads else { return };
        if self.intervals.len() < INTERVALS_MAX {
            self.intervals.push(LeaderInterval { node, term, from: now, until: None });
        } else {
            self.dropped += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(node: u16, term: u64, from: u64, until: Option<u64>) -> LeaderInterval {
        LeaderInterval { node: NodeId(node), term, from: Nanos(from), until: until.map(Nanos) }
    }

    fn note(node: u16, role: Role, term: u64) -> Report {
        Report::Note { node: NodeId(node), note: Note::Role { role, term } }
    }

    fn state(node: u16, state: NodeState) -> Report {
        let cause = tribunal_cluster::Cause::Asked;
        Report::Node { node: NodeId(node), state, cause, detail: String::new() }
    }

    #[test]
    fn the_running_claimant_of_the_highest_term_leads() {
        let mut book = RoleBook::new(3);
        let reports = [
            (1, state(1, NodeState::Running)),
            (1, state(2, NodeState::Running)),
            (2, note(1, Role::Leader, 1)),
            // A second claimant of an older term changes nothing; of a newer one, everything.
            (3, note(2, Role::Leader, 0)),
            (4, note(2, Role::Leader, 5)),
            (5, state(2, NodeState::Paused)),
            (6, state(2, NodeState::Running)),
            (7, state(2, NodeState::Down)),
            (8, note(1, Role::Follower, 5)),
            (9, state(9, NodeState::Running)),
            (9, note(0, Role::Leader, 99)),
        ];
        for (time, report) in &reports {
            book.fold(Nanos(*time), report);
        }
        assert_eq!(book.roles().leader(), None);
        assert_eq!(
            book.intervals(),
            [
                interval(1, 1, 2, Some(4)),
                interval(2, 5, 4, Some(5)),
                interval(1, 1, 5, Some(6)),
                interval(2, 5, 6, Some(7)),
                interval(1, 1, 7, Some(8)),
            ]
        );
        assert_eq!(book.dropped(), 0);
    }

    #[test]
    fn an_observation_replaces_what_was_believed() {
        let mut book = RoleBook::new(2);
        book.fold(Nanos(1), &state(1, NodeState::Running));
        book.fold(Nanos(1), &note(1, Role::Leader, 3));
        let silent = NodeRole { node: NodeId(1), role: None, term: 0, up: true };
        let leader = NodeRole { node: NodeId(2), role: Some(Role::Leader), term: 4, up: true };
        book.fold(Nanos(2), &Report::Roles(Roles { nodes: vec![silent, leader] }));
        assert_eq!(book.roles().leader(), Some(NodeId(2)));
        assert_eq!(book.intervals(), [interval(1, 3, 1, Some(2)), interval(2, 4, 2, None)]);
    }
}
