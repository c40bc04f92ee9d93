//! The active faults and what they amount to.

use std::collections::{BTreeMap, BTreeSet};

use tribunal_history::{ClockKind, Fault, FaultId, FaultKind, Link, NodeId};

use super::{LinkState, NodeHold, Transition};
use crate::ClockOffset;

const CLOCKS: [ClockKind; 2] = [ClockKind::Wall, ClockKind::Monotonic];

/// The active faults, and what they amount to for each link, node and clock.
///
/// What is in force is a function of the *set* of active faults: it does not depend on the order in
/// which they came, and when all are healed nothing is left. Asking costs time linear in the active
/// faults and their targets.
#[derive(Clone, Debug, Default)]
pub struct Holds {
    active: BTreeMap<FaultId, Fault>,
}

impl Holds {
    /// No fault at all.
    pub fn new() -> Holds {
        Holds::default()
    }

    /// Takes a fault in and returns what changes by it: links first, then nodes, then clocks, each
    /// in order. A fault whose id is active already replaces that one.
    pub fn install(&mut self, fault: &Fault) -> Vec<Transition> {
        let mut touched = Touched::by(fault);
        if let Some(old) = self.active.get(&fault.id) {
            touched.add(old);
        }
        let before = self.clone();
        self.active.insert(fault.id, fault.clone());
        touched.changes(&before, self)
    }

    /// Takes a fault out and returns what changes by it; nothing if it was not active.
    pub fn heal(&mut self, id: FaultId) -> Vec<Transition> {
        let before = self.clone();
        match self.active.remove(&id) {
            Some(fault) => Touched::by(&fault).changes(&before, self),
            None => Vec::new(),
        }
    }

    /// The active fault of this id.
    pub fn get(&self, id: FaultId) -> Option<&Fault> {
        self.active.get(&id)
    }

    /// The active faults, in order of id.
    pub fn active(&self) -> impl Iterator<Item = &Fault> {
        self.active.values()
    }

    /// What is in force on a link.
    pub fn link(&self, link: Link) -> LinkState {
        self.active.values().filter(|fault| fault.links.contains(&link)).fold(
            LinkState::default(),
            |state, fault| match fault.kind {
                FaultKind::Link(kind) => state.merge(LinkState::under(kind)),
                _ => state,
            },
        )
    }

    /// What holds a node.
    pub fn node(&self, node: NodeId) -> NodeHold {
        self.active
            .values()
            .filter(|fault| fault.nodes.contains(&node))
            .map(|fault| NodeHold::under(fault.kind))
            .max()
            .unwrap_or_default()
    }

    /// How far a clock is off: jumps add up, and so do rates. Saturates. Not of what strobes or
    /// stands still, which no fixed offset and rate can say.
    pub fn clock(&self, node: NodeId, clock: ClockKind) -> ClockOffset {
        let mut total = ClockOffset { clock, offset_ns: 0, ppm: 0 };
        // Summed wide and narrowed once: saturating in between would depend on the order.
        let (mut offset_ns, mut ppm) = (0_i128, 0_i64);
        for fault in self.active.values().filter(|fault| fault.nodes.contains(&node)) {
            match fault.kind {
                FaultKind::ClockJump { clock: which, by_ns } if which == clock => {
                    offset_ns += i128::from(by_ns);
                }
                FaultKind::ClockDrift { clock: which, ppm: rate } if which == clock => {
                    ppm += i64::from(rate);
                }
                _ => {}
            }
        }
        total.offset_ns = narrow(offset_ns);
        total.ppm = i32::try_from(ppm).unwrap_or(if ppm < 0 { i32::MIN } else { i32::MAX });
        total
    }

    /// Whether a clock stands still: any active fault that freezes it is enough.
    pub fn is_frozen(&self, node: NodeId, clock: ClockKind) -> bool {
        let mut mine = self.active.values().filter(|fault| fault.nodes.contains(&node));
        mine.any(|fault| fault.kind.freezes() == Some(clock))
    }

    /// The clocks of a node that are off, for a node that is started now.
    pub fn clocks(&self, node: NodeId) -> Vec<ClockOffset> {
        CLOCKS
            .iter()
            .map(|clock| self.clock(node, *clock))
            .filter(|clock| clock.offset_ns != 0 || clock.ppm != 0)
            .collect()
    }
}

fn narrow(wide: i128) -> i64 {
    i64::try_from(wide).unwrap_or(if wide < 0 { i64::MIN } else { i64::MAX })
}

/// Everything that a change of some faults may touch.
struct Touched {
    links: BTreeSet<Link>,
    nodes: BTreeSet<NodeId>,
}

impl Touched {
    fn by(fault: &Fault) -> Touched {
        let mut touched = Touched { links: BTreeSet::new(), nodes: BTreeSet::new() };
        touched.add(fault);
        touched
    }

    fn add(&mut self, fault: &Fault) {
        self.links.extend(&fault.links);
        self.nodes.extend(&fault.nodes);
    }

    fn changes(&self, before: &Holds, after: &Holds) -> Vec<Transition> {
        let links = self.links.iter().filter_map(|link| {
            let (from, to) = (before.link(*link), after.link(*link));
            (from != to).then_some(Transition::Link { link: *link, from, to })
        });
        let nodes = self.nodes.iter().filter_map(|node| {
            let (from, to) = (before.node(*node), after.node(*node));
            (from != to).then_some(Transition::Node { node: *node, from, to })
        });
        let clocks = self.nodes.iter().flat_map(|node| {
            CLOCKS.iter().filter_map(|clock| {
                let (from, to) = (before.clock(*node, *clock), after.clock(*node, *clock));
                (from != to).then_some(Transition::Clock { node: *node, from, to })
            })
        });
        links.chain(nodes).chain(clocks).collect()
    }
}
