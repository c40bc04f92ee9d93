//! What the nemesis does to a simulated cluster.

use std::collections::BTreeSet;

use tribunal_cluster::{NodeHold, Report, Transition};
use tribunal_history::{
    ClockKind, DiskFault, Fault, FaultId, FaultKind, Injection, Link, LinkEnd, LinkFault, NodeId,
    NodeReading,
};
use tribunal_nodes::Core;

use crate::lane::Traffic;
use crate::world::World;

/// A heal that waits for nodes to be ready.
pub(crate) struct Healing {
    nodes: BTreeSet<NodeId>,
    /// What the fault did, where that is known already.
    text: Option<String>,
    effective: Option<bool>,
}

/// What a fault did, in words, and whether it met anything.
pub(crate) struct Done {
    pub(crate) words: Vec<String>,
    pub(crate) effective: Option<bool>,
    pub(crate) readings: Vec<NodeReading>,
}

impl<C: Core> World<'_, C> {
    pub(crate) fn install(&mut self, fault: &Fault) {
        self.trace.mix(u64::from(fault.id.0) << 8 | 1);
        let (fault, refused) = self.permitted(fault);
        if !refused.is_empty() && fault.nodes.is_empty() {
            let (injection, readings) = (Injection::Skipped(refused.join("; ")), Vec::new());
            return self.tell(Report::Fault { id: fault.id, injection, readings, effective: None });
        }
        let fault = &fault;
        let transitions = self.holds.install(fault);
        let mut done = Done { words: refused, effective: None, readings: Vec::new() };
        if let FaultKind::Link(_) = fault.kind {
            self.before.insert(fault.id, self.traffic(&fault.links));
            done.words.push(named(&fault.links));
        }
        let mut did = false;
        for transition in &transitions {
            match *transition {
                Transition::Link { link, to, .. } => self.change_lane(self.lane_of(link), to),
                Transition::Node { node, to, .. } => {
                    let (words, effective) = self.change_hold(node.slot(), to);
                    did |= effective;
                    done.words.push(words);
                }
                Transition::Clock { .. } => {}
            }
        }
        match fault.kind {
            FaultKind::Kill | FaultKind::Pause | FaultKind::Power => done.effective = Some(did),
            FaultKind::Suspend => {
                self.install_clocks(fault, ClockKind::Monotonic, &mut done);
                done.effective = Some(did);
            }
            FaultKind::ClockJump { clock, .. }
            | FaultKind::ClockDrift { clock, .. }
            | FaultKind::ClockFreeze { clock } => self.install_clocks(fault, clock, &mut done),
            FaultKind::ClockStrobe { .. } => {
                self.install_clocks(fault, ClockKind::Wall, &mut done);
            }
            FaultKind::CrashAt { point, count } => {
                for node in &fault.nodes {
                    self.plan_crash(fault.id, node.slot(), point, count);
                    done.words.push(format!("{node} dies at {point} {count}"));
                }
            }
            FaultKind::Disk(DiskFault::Swap) => done.words.push(self.swap_disks(fault)),
            FaultKind::Disk(disk) => {
                for node in &fault.nodes {
                    done.words.push(self.install_disk(fault.id, node.slot(), disk));
                }
            }
            FaultKind::Link(_) => {}
        }
        let text =
            if done.words.is_empty() { "nothing changed".into() } else { done.words.join("; ") };
        let Done { effective, readings, .. } = done;
        let injection = Injection::Installed(text);
        self.tell(Report::Fault { id: fault.id, injection, readings, effective });
    }

    pub(crate) fn heal(&mut self, id: FaultId) {
        self.trace.mix(u64::from(id.0) << 8 | 2);
        let Some(fault) = self.holds.get(id).cloned() else {
            let injection = Injection::Skipped("it is not in force".into());
            return self.tell(Report::Healed { id, injection, effective: None });
        };
        let met = self.before.remove(&id).map(|before| self.traffic(&fault.links).since(before));
        let transitions = self.holds.heal(id);
        let mut starting = BTreeSet::new();
        for transition in &transitions {
            match *transition {
                Transition::Link { link, to, .. } => self.change_lane(self.lane_of(link), to),
                Transition::Node { node, to, .. } => {
                    self.change_hold(node.slot(), to);
                    if to == NodeHold::Free && self.seats[node.slot()].is_starting {
                        starting.insert(node);
                    }
                }
                Transition::Clock { .. } => {}
            }
        }
        let mut told = (None, None);
        if fault.kind.clock().is_some()
            && let Some(jumps) = self.heal_clocks(&fault)
        {
            told = (Some(format!("{jumps} jumps")), Some(jumps > 0));
        }
        let of_nodes = match fault.kind {
            FaultKind::Disk(_) => Some(self.heal_disks(&fault)),
            FaultKind::CrashAt { .. } => Some(self.cancel_crash(&fault)),
            _ => None,
        };
        if let Some((text, effective)) = of_nodes {
            told = (Some(text), Some(effective));
            let is_starting = |node: &&NodeId| self.seats[node.slot()].is_starting;
            starting.extend(fault.nodes.iter().filter(is_starting));
        }
        if !starting.is_empty() {
            let (text, effective) = told;
            self.healing.insert(id, Healing { nodes: starting, text, effective });
            return;
        }
        let (text, effective) = match (fault.kind, met) {
            (FaultKind::Link(kind), Some(met)) => (evidence(met), Some(touched(kind, met) > 0)),
            _ => (told.0.unwrap_or_else(|| "healed".to_owned()), told.1),
        };
        self.tell(Report::Healed { id, injection: Injection::Installed(text), effective });
    }

    /// A node is ready, or will not be: heals that waited for it may be done.
    pub(crate) fn healed_node(&mut self, node: NodeId, what: &str) {
        let mut done = Vec::new();
        for (id, waiting) in &mut self.healing {
            waiting.nodes.remove(&node);
            if waiting.nodes.is_empty() {
                done.push(*id);
            }
        }
        for id in done {
            let Some(Healing { text, effective, .. }) = self.healing.remove(&id) else { continue };
            let ready = format!("{node} {what}");
            let text = text.map_or_else(|| ready.clone(), |text| format!("{text}; {ready}"));
            self.tell(Report::Healed { id, injection: Injection::Installed(text), effective });
        }
    }

    fn lane_of(&self, link: Link) -> usize {
        let node = |end: LinkEnd| match end {
            LinkEnd::Harness => None,
            LinkEnd::Node(node) => Some(node),
        };
        self.lane(node(link.from), node(link.to))
    }

    fn traffic(&self, links: &[Link]) -> Traffic {
        let mut total = Traffic::default();
        for link in links {
            total.add(self.lanes[self.lane_of(*link)].traffic);
        }
        total
    }
}

/// `2 links: n1→n2, n2→n1`, of many only the first.
fn named(links: &[Link]) -> String {
    tribunal_cluster::named_links(links)
}

fn touched(kind: LinkFault, met: Traffic) -> u64 {
    match kind {
        LinkFault::Packet(_) => met.harmed + met.damaged + met.replayed,
        _ => met.stopped + met.swallowed,
    }
}

fn evidence(met: Traffic) -> String {
    let figures = [
        (met.stopped, "packets stopped"),
        (met.harmed, "packets delayed, lost or doubled"),
        (met.damaged, "packets damaged, and seen to be"),
        (met.replayed, "old packets once more"),
        (met.swallowed, "replies swallowed"),
        (met.passed, "packets passed"),
    ];
    let words: Vec<String> = figures
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if words.is_empty() { "nothing was sent meanwhile".into() } else { words.join(", ") }
}
