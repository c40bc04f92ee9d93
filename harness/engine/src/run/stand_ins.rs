//! Who takes whose part where a run is played with nodes that lead at other times.
//!
//! A run that is written down names nodes, because of what they were then. Where it is played anew
//! other nodes lead. Nodes are alike, so whoever leads takes the part of the one that led then, and
//! the other way round; operations and faults follow.

use tribunal_history::{Link, LinkEnd, Nanos, NodeId, PlannedFault, Targets};
use tribunal_nemesis::LeaderInterval;

/// How much earlier than in the first run a leader may come to take the part of that one's next.
const EARLY: Nanos = Nanos::from_millis(500);

/// Which node takes the part of which.
#[derive(Clone, Debug)]
pub(super) struct StandIns {
    /// Who led from when on, since the load began, in order; in the first run.
    leaders: Vec<(Nanos, NodeId)>,
    /// Who plays each node, in order.
    parts: Vec<NodeId>,
    /// How many changes of leader were looked at.
    seen: usize,
}

impl StandIns {
    /// At first everybody plays themselves.
    pub(super) fn new(leaders: Vec<(Nanos, NodeId)>, nodes: u16) -> StandIns {
        StandIns { leaders, parts: NodeId::all(nodes).collect(), seen: 0 }
    }

    /// Takes in who has come to lead since the last look.
    pub(super) fn look(&mut self, load: Option<Nanos>, intervals: &[LeaderInterval]) {
        while let Some(interval) = intervals.get(self.seen) {
            self.seen += 1;
            let at = load.map_or(Nanos::ZERO, |load| interval.from.since(load));
            self.leads(at, interval.node);
        }
    }

    /// A node leads from now on: it plays the one that led at that time, or is about to.
    fn leads(&mut self, at: Nanos, node: NodeId) {
        let due = self.leaders.iter().rev().find(|(from, _)| *from <= at + EARLY);
        let Some((_, then)) = due.or(self.leaders.first()) else { return };
        let other = self.parts.iter().position(|part| *part == node);
        if let Some(other) = other.filter(|_| then.slot() < self.parts.len()) {
            self.parts.swap(then.slot(), other);
        }
    }

    /// Who plays this node.
    pub(super) fn of(&self, node: NodeId) -> NodeId {
        self.parts.get(node.slot()).copied().unwrap_or(node)
    }

    /// The same fault, on those who play its targets.
    pub(super) fn of_fault(&self, planned: &PlannedFault) -> PlannedFault {
        let end = |end: LinkEnd| match end {
            LinkEnd::Node(node) => LinkEnd::Node(self.of(node)),
            LinkEnd::Harness => LinkEnd::Harness,
        };
        let link = |link: &Link| Link { from: end(link.from), to: end(link.to) };
        let targets = match &planned.targets {
            Targets::Nodes(nodes) => {
                Targets::Nodes(nodes.iter().map(|node| self.of(*node)).collect())
            }
            Targets::Links(links) => Targets::Links(links.iter().map(link).collect()),
            meant => meant.clone(),
        };
        PlannedFault { targets, ..planned.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tribunal_history::{At, FaultFamily, FaultId, PlannedKind};

    fn leads(node: u16, from: u64) -> LeaderInterval {
        let from = Nanos::from_millis(from);
        LeaderInterval { node: NodeId(node), term: from.0, from, until: None }
    }

    fn stand_ins() -> StandIns {
        // n3 led from 0.7 s on, n5 from 3 s on.
        let leaders = [(700, 3), (3_000, 5)];
        let leaders = leaders.map(|(at, node)| (Nanos::from_millis(at), NodeId(node)));
        StandIns::new(leaders.into(), 5)
    }

    fn parts(stand_ins: &StandIns) -> [u16; 5] {
        [1, 2, 3, 4, 5].map(|node| stand_ins.of(NodeId(node)).0)
    }

    #[test]
    fn whoever_leads_plays_the_one_that_led() {
        let mut stand_ins = stand_ins();
        let load = Some(Nanos::from_millis(100));
        assert_eq!(parts(&stand_ins), [1, 2, 3, 4, 5]);
        stand_ins.look(load, &[leads(1, 900)]);
        assert_eq!(parts(&stand_ins), [3, 2, 1, 4, 5]);
        // The next leader comes a little earlier than then: n1 goes on as n3, which led before.
        let both = [leads(1, 900), leads(2, 2_700)];
        stand_ins.look(load, &both);
        assert_eq!(parts(&stand_ins), [3, 5, 1, 4, 2]);
        stand_ins.look(load, &both);
        assert_eq!(parts(&stand_ins), [3, 5, 1, 4, 2], "each change counts once");
    }

    #[test]
    fn a_leader_before_the_first_plays_the_first() {
        let mut stand_ins = stand_ins();
        stand_ins.look(None, &[leads(4, 50)]);
        assert_eq!(parts(&stand_ins), [1, 2, 4, 3, 5]);
        let mut nobody = StandIns::new(Vec::new(), 5);
        nobody.look(None, &[leads(4, 50)]);
        assert_eq!(parts(&nobody), [1, 2, 3, 4, 5]);
        assert_eq!(nobody.of(NodeId(9)), NodeId(9));
    }

    #[test]
    fn faults_follow() {
        let mut stand_ins = stand_ins();
        stand_ins.look(None, &[leads(1, 900)]);
        let fault = |targets| PlannedFault {
            id: FaultId(1),
            family: FaultFamily::Kill,
            kind: PlannedKind::Kill,
            targets,
            at: At::Time(Nanos::ZERO),
            lasts: None,
        };
        let played = |targets| stand_ins.of_fault(&fault(targets)).targets;
        let nodes = Targets::Nodes(vec![NodeId(3), NodeId(4)]);
        assert_eq!(played(nodes), Targets::Nodes(vec![NodeId(1), NodeId(4)]));
        let links = vec![Link::between(NodeId(3), NodeId(1)), Link::replies(NodeId(3))];
        let others = vec![Link::between(NodeId(1), NodeId(3)), Link::replies(NodeId(1))];
        assert_eq!(played(Targets::Links(links)), Targets::Links(others));
        assert_eq!(played(Targets::Leader), Targets::Leader, "an intention is resolved as always");
    }
}
