//! What the nemesis does to the clocks of simulated nodes.

use std::collections::BTreeMap;

use tribunal_history::{ClockKind, Fault, FaultId, FaultKind, Nanos, NodeId, NodeReading};
use tribunal_nodes::{ClockFault, Core, DRIFT_PPM_MAX, DRIFT_PPM_MIN};

use crate::event::What;
use crate::faults::Done;
use crate::host::Host;
use crate::world::World;

/// A wall clock that jumps to and fro: on which nodes, and in which of their lives, it is off now.
#[derive(Debug, Default)]
pub(crate) struct Strobe {
    off: BTreeMap<NodeId, u32>,
    is_off: bool,
    jumps: u64,
}

impl<C: Core> World<'_, C> {
    /// Changes clocks as a fault that was just taken in wants it.
    pub(crate) fn install_clocks(&mut self, fault: &Fault, clock: ClockKind, done: &mut Done) {
        let mut moved = false;
        if let FaultKind::ClockStrobe { .. } = fault.kind {
            self.strobes.insert(fault.id, Strobe::default());
        }
        for node in &fault.nodes {
            let change = match fault.kind {
                FaultKind::ClockJump { by_ns, .. } => ClockFault::Jump { clock, by_ns },
                // Its first jump is an event of its own.
                FaultKind::ClockStrobe { .. } => continue,
                _ => self.rate(*node, clock),
            };
            let (now, seat) = (self.now, &mut self.seats[node.slot()]);
            let Some(host) = &mut seat.host else {
                done.words.push(format!("{node} is down and would start with it"));
                continue;
            };
            let before_ns = shown(host, clock, now);
            match host.change_clock(now, change) {
                Ok(()) => {
                    let after_ns = shown(host, clock, now);
                    moved = true;
                    done.words.push(format!("{node} {clock} clock off by {after_ns:+} ns"));
                    done.readings.push(NodeReading { node: *node, before_ns, after_ns });
                }
                Err(reason) => done.words.push(format!("{node}: {reason}")),
            }
            self.rearm(node.slot());
        }
        if let FaultKind::ClockStrobe { .. } = fault.kind {
            return self.strobe(fault.id);
        }
        done.effective = Some(moved);
    }

    /// The rate that all faults in force give a clock: rates add up, and one that stands still
    /// stands still.
    fn rate(&self, node: NodeId, clock: ClockKind) -> ClockFault {
        if self.holds.is_frozen(node, clock) {
            return ClockFault::Freeze { clock };
        }
        let ppm = self.holds.clock(node, clock).ppm.clamp(DRIFT_PPM_MIN, DRIFT_PPM_MAX);
        ClockFault::Drift { clock, ppm }
    }

    /// A strobing clock jumps, and will again; nothing if its fault was healed.
    pub(crate) fn strobe(&mut self, id: FaultId) {
        let Some(fault) = self.holds.get(id).cloned() else { return };
        let FaultKind::ClockStrobe { by_ns, period } = fault.kind else { return };
        let Some(strobe) = self.strobes.get_mut(&id) else { return };
        strobe.is_off = !strobe.is_off;
        for node in &fault.nodes {
            let seat = &mut self.seats[node.slot()];
            let was_off = strobe.off.remove(node) == Some(seat.life);
            let Some(host) = &mut seat.host else { continue };
            let by_ns = match (strobe.is_off, was_off) {
                (true, _) => by_ns,
                (false, true) => by_ns.saturating_neg(),
                (false, false) => continue,
            };
            let jump = ClockFault::Jump { clock: ClockKind::Wall, by_ns };
            if host.change_clock(self.now, jump).is_ok() {
                strobe.jumps += 1;
                if strobe.is_off {
                    strobe.off.insert(*node, seat.life);
                }
            }
        }
        self.later(period, What::Strobe { id });
    }

    /// Takes a fault of clocks back and puts those still in force on again; gives how often a
    /// clock that strobed jumped.
    pub(crate) fn heal_clocks(&mut self, fault: &Fault) -> Option<u64> {
        let jumps = self.strobes.remove(&fault.id).map(|strobe| strobe.jumps);
        for node in &fault.nodes {
            self.set_clocks(*node);
            self.rearm(node.slot());
        }
        jumps
    }

    /// Sets a node's clocks as the faults in force want them, and nothing else.
    pub(crate) fn set_clocks(&mut self, node: NodeId) {
        let still = self.holds.clocks(node);
        let clocks = [ClockKind::Wall, ClockKind::Monotonic];
        let frozen = clocks.into_iter().filter(|clock| self.holds.is_frozen(node, *clock));
        let Some(host) = &mut self.seats[node.slot()].host else { return };
        host.heal_clocks(self.now, &still);
        for clock in frozen {
            // Standing still is never refused.
            let _ = host.change_clock(self.now, ClockFault::Freeze { clock });
        }
        // Its wall clock is as fixed faults want it: a strobe has it off again from its next jump.
        for strobe in self.strobes.values_mut() {
            strobe.off.remove(&node);
        }
    }

    /// The queue looks at a node's timers by its changed clock.
    fn rearm(&mut self, slot: usize) {
        self.seats[slot].timer_at = None;
        self.arm(slot);
    }
}

fn shown<C: Core>(host: &Host<C>, clock: ClockKind, now: Nanos) -> i64 {
    match clock {
        ClockKind::Wall => host.offsets(now).wall_ns,
        ClockKind::Monotonic => host.offsets(now).monotonic_ns,
    }
}
