//! What each node was doing, as intervals.

use tribunal_history::{Nanos, NodeEvent, NodeId, NodeState, Note, Record, Role};

use crate::text::counted;

/// Most nodes drawn.
pub(crate) const NODES_MAX: u16 = 15;

/// From and to.
pub(crate) type Span = (Nanos, Nanos);

/// The intervals of one node, each list in order of time.
pub(crate) struct NodeLane {
    pub(crate) node: NodeId,
    pub(crate) starting: Vec<Span>,
    pub(crate) running: Vec<Span>,
    pub(crate) paused: Vec<Span>,
    pub(crate) down: Vec<Span>,
    /// While it said that it leads.
    pub(crate) leading: Vec<Span>,
    /// Whether any change of state was recorded.
    pub(crate) known: bool,
}

impl NodeLane {
    /// Of a node of which nothing is known.
    pub(crate) fn empty(node: NodeId) -> NodeLane {
        NodeLane {
            node,
            starting: Vec::new(),
            running: Vec::new(),
            paused: Vec::new(),
            down: Vec::new(),
            leading: Vec::new(),
            known: false,
        }
    }

    /// The lane in words, as `n2: down once, 8.20 s in all; led twice`.
    pub(crate) fn words(&self) -> String {
        if !self.known && self.leading.is_empty() {
            return format!("{}: no change was recorded", self.node);
        }
        let mut parts = Vec::new();
        for (spans, word) in [(&self.down, "down"), (&self.paused, "paused")] {
            if !spans.is_empty() {
                let all = spans.iter().fold(Nanos::ZERO, |sum, span| sum + span.1.since(span.0));
                let times = counted(spans.len() as u64, "time", "times");
                parts.push(format!("{word} {times}, {all} in all"));
            }
        }
        if !self.leading.is_empty() {
            let times = counted(self.leading.len() as u64, "time", "times");
            parts.push(format!("said it leads {times}"));
        }
        if parts.is_empty() {
            parts.push("up throughout".into());
        }
        format!("{}: {}", self.node, parts.join("; "))
    }
}

/// The lanes of the first [`NODES_MAX`] of `nodes` nodes, until `end`. O(nodes · events).
pub(crate) fn node_lanes(record: &Record, nodes: u16, end: Nanos) -> Vec<NodeLane> {
    NodeId::all(nodes.min(NODES_MAX)).map(|node| lane(record, node, end)).collect()
}

fn lane(record: &Record, node: NodeId, end: Nanos) -> NodeLane {
    let mut lane = NodeLane::empty(node);
    let mut current: Option<(Nanos, NodeState)> = None;
    let mut leads: Option<Nanos> = None;
    for event in &record.node_events {
        match event {
            NodeEvent::State { time, node: whose, state, .. } if *whose == node => {
                let before = current.or_else(|| Some((Nanos::ZERO, implied_before(*state)?)));
                lane.close(before, *time);
                current = Some((*time, *state));
                lane.known = true;
                if *state == NodeState::Down {
                    lane.leading.extend(leads.take().map(|from| (from, *time)));
                }
            }
            NodeEvent::Note { time, node: whose, note: Note::Role { role, .. } }
                if *whose == node =>
            {
                match (role, leads) {
                    (Role::Leader, None) => leads = Some(*time),
                    (Role::Leader, Some(_)) | (_, None) => {}
                    (_, Some(from)) => {
                        lane.leading.push((from, *time));
                        leads = None;
                    }
                }
            }
            NodeEvent::State { .. } | NodeEvent::Note { .. } => {}
        }
    }
    lane.close(current, end);
    lane.leading.extend(leads.map(|from| (from, end.max(from))));
    lane
}

/// What a node must have been before its first recorded change.
const fn implied_before(state: NodeState) -> Option<NodeState> {
    match state {
        NodeState::Down | NodeState::Paused => Some(NodeState::Running),
        NodeState::Starting | NodeState::Running => None,
    }
}

impl NodeLane {
    fn close(&mut self, span: Option<(Nanos, NodeState)>, until: Nanos) {
        let Some((from, state)) = span else { return };
        let spans = match state {
            NodeState::Starting => &mut self.starting,
            NodeState::Running => &mut self.running,
            NodeState::Paused => &mut self.paused,
            NodeState::Down => &mut self.down,
        };
        spans.push((from, until.max(from)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_ends_what_it_ends() {
        let (node, at) = (NodeId(1), Nanos::from_secs);
        let state = |time, state| NodeEvent::State {
            time,
            node,
            state,
            asked: true,
            detail: String::new(),
        };
        let role = |time, role| NodeEvent::Note { time, node, note: Note::Role { role, term: 1 } };
        let record = Record {
            node_events: vec![
                role(at(1), Role::Leader),
                state(at(5), NodeState::Down),
                state(at(7), NodeState::Running),
            ],
            ..Record::default()
        };
        let lanes = node_lanes(&record, 1, at(10));
        assert_eq!(lanes[0].leading, [(at(1), at(5))]);
        assert_eq!(lanes[0].running, [(at(0), at(5)), (at(7), at(10))]);
        assert_eq!(lanes[0].down, [(at(5), at(7))]);
        assert_eq!(lanes[0].words(), "n1: down 1 time, 2.00 s in all; said it leads 1 time");
    }
}
