//! What the nemesis does to a world: cuts, crashes, pauses, clock faults, and their end.

use tribunal_history::{NodeId, Role};
use tribunal_nodes::ClockFault;
use tribunal_nodes::raft::Message;

use super::host::Host;
use super::keyed::keyed;
use super::weather::{Fates, MS, Move};
use super::world::{What, World};

/// Events that wait for a paused node at most; further messages and requests are lost.
const LATE_MAX: usize = 1_024;

/// How long a node that goes on takes for each event that waited.
const CATCH_UP: u64 = MS / 100;

/// More than there are connections and devices of one node.
const SOURCES: u64 = 64;

/// What waits for a paused node.
pub(super) struct Late {
    /// Which pause it is.
    pause: u64,
    waiting: Vec<What>,
}

impl World {
    pub(super) fn nemesis(&mut self) {
        if self.is_healed {
            return;
        }
        let mut random = keyed(self.setup.seed, "nemesis", &[self.now]);
        let nodes = self.setup.config.nodes.clone();
        let next = self.setup.template.next(&mut random, &nodes, self.leader());
        self.make(next);
        let pause = self.setup.template.pause_ms(&mut random) * MS;
        self.after(pause, What::Nemesis);
    }

    fn make(&mut self, next: Move) {
        match next {
            Move::Nothing => {}
            Move::All(moves) => moves.into_iter().for_each(|next| self.make(next)),
            Move::Cut(links) => self.cut_links(links),
            Move::Power(victims) => {
                self.cut_links(Vec::new());
                for (node, back) in victims {
                    self.stop(node, back * MS, true);
                }
            }
            Move::Kill(victims) => {
                for (node, back) in victims {
                    self.stop(node, back * MS, false);
                }
            }
            Move::Pause(node, lasts) => self.pause(node, lasts * MS),
            Move::Clock(node, fault) => self.change_clock(node, Some(fault)),
        }
    }

    /// Cuts these links and no others. Every other time a cut link holds what is on it, and gives
    /// it out at the next change, as a proxy does; else it is lost.
    fn cut_links(&mut self, links: Vec<(NodeId, NodeId)>) {
        let mut random = keyed(self.setup.seed, "cut", &[self.now]);
        self.cut = links.into_iter().collect();
        self.is_holding = random.chance(1, 2);
        let mut order: Vec<u64> = (0..SOURCES).collect();
        random.shuffle(&mut order);
        let mut held = std::mem::take(&mut self.held);
        held.sort_by_key(|what| order[source(what) % order.len()]);
        for (position, what) in (0..).zip(held) {
            self.after(position * CATCH_UP, what);
        }
    }

    /// A message on a cut link.
    pub(super) fn hold_on_link(&mut self, what: What) {
        if self.is_holding && self.held.len() < LATE_MAX {
            self.held.push(what);
        }
    }

    pub(super) fn heal(&mut self) {
        self.is_healed = true;
        self.cut_links(Vec::new());
        self.fates = Fates::CALM;
        for node in self.setup.config.nodes.clone() {
            if let Some(late) = self.paused.get(&node) {
                let pause = late.pause;
                self.resume(node, pause);
            }
            self.change_clock(node, None);
            self.after(0, What::Start(node));
        }
    }

    /// Keeps what comes for a paused node until it goes on; gives back everything else.
    pub(super) fn hold_if_paused(&mut self, what: What) -> Option<What> {
        let Some(late) = addressee(&what).and_then(|node| self.paused.get_mut(&node)) else {
            return Some(what);
        };
        // A node's own timers and syncs are few and never lost.
        let is_own = matches!(what, What::Timer { .. } | What::Sync { .. });
        if is_own || late.waiting.len() < LATE_MAX {
            late.waiting.push(what);
        }
        None
    }

    fn pause(&mut self, node: NodeId, lasts: u64) {
        if self.hosts[&node].0.is_none() || self.paused.contains_key(&node) {
            return;
        }
        self.pauses += 1;
        let pause = self.pauses;
        self.paused.insert(node, Late { pause, waiting: Vec::new() });
        self.after(lasts, What::Resume { node, pause });
    }

    /// What waited is handled in order of each source; which source goes first is anybody's guess,
    /// but a process often looks at its timers before its sockets.
    pub(super) fn resume(&mut self, node: NodeId, pause: u64) {
        if self.paused.get(&node).is_none_or(|late| late.pause != pause) {
            return;
        }
        let Some(late) = self.paused.remove(&node) else { return };
        let mut random = keyed(self.setup.seed, "resume", &[u64::from(node.0), self.now]);
        let mut order: Vec<u64> = (0..SOURCES).collect();
        random.shuffle(&mut order);
        let mut waiting = late.waiting;
        if random.chance(1, 2) {
            waiting.sort_by_key(|what| order[source(what) % order.len()]);
        }
        for (position, what) in (0..).zip(waiting) {
            self.after(position * CATCH_UP, what);
        }
    }

    fn change_clock(&mut self, node: NodeId, fault: Option<ClockFault>) {
        let unheard = self.with_host(node, |host: &mut Host, (now, _), wants| {
            host.change_clock(now, fault, wants);
            Vec::new()
        });
        unheard.expect("a clock fault is no event");
    }

    /// Ends a node's process; it comes back later. With `power` it loses what is not synced.
    pub(super) fn stop(&mut self, node: NodeId, back: u64, power: bool) {
        let slot = self.hosts.get_mut(&node).expect("every node has a slot");
        let Some(host) = slot.0.take() else { return };
        let mut random = keyed(self.setup.seed, "power", &[u64::from(node.0), slot.1, self.now]);
        let disk = if power { host.lose_power(&mut random) } else { host.killed() };
        self.disks.insert(node, disk);
        self.paused.remove(&node);
        self.after(back, What::Start(node));
    }

    /// A node may lose power just after it took part in an election.
    pub(super) fn cut_after_vote(&mut self, node: NodeId, incarnation: u64, message: &Message) {
        let mut random = keyed(self.setup.seed, "vote", &[u64::from(node.0), self.now]);
        let is_vote =
            matches!(message, Message::Vote { .. } | Message::VoteReply { granted: true, .. });
        if is_vote && random.chance(self.fates.vote_cuts, 1_000) {
            let longest = if random.chance(1, 2) { 3 } else { self.fates.sync_ms };
            let wait = random.between(0, longest * 1_000) * MS / 1_000;
            self.after(wait, What::PowerCut { node, incarnation });
        }
    }

    fn leader(&self) -> Option<NodeId> {
        self.hosts
            .iter()
            .filter_map(|(node, (host, _))| Some((*node, host.as_ref()?)))
            .filter(|(_, host)| host.core.role() == Role::Leader)
            .max_by_key(|(_, host)| host.core.term())
            .map(|(node, _)| node)
    }
}

/// The node that handles it.
fn addressee(what: &What) -> Option<NodeId> {
    match what {
        What::Message { to: node, .. }
        | What::Timer { node, .. }
        | What::Sync { node, .. }
        | What::Request { node, .. } => Some(*node),
        _ => None,
    }
}

/// The connection or device that it comes from.
fn source(what: &What) -> usize {
    match what {
        What::Timer { .. } => 0,
        What::Sync { .. } => 1,
        What::Message { from, .. } => 2 + usize::from(from.0),
        What::Request { client, .. } => 32 + client,
        _ => 63,
    }
}
