//! Nodes that die at one of their calls.

use tribunal_cluster::{Cause, NodeHold};
use tribunal_history::{CrashPoint, Fault, FaultId, NodeState};
use tribunal_nodes::Core;

use crate::disk;
use crate::world::World;

/// At which call a node is to die.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlannedCrash {
    point: CrashPoint,
    /// Messages left until then; of calls of the disk, which counts them itself, all of them.
    sends_left: u32,
    /// Whether it counts: a disk has one count for each kind of call, and the last fault has it.
    is_counted: bool,
    /// Whether it has died there, and stays down until the heal.
    pub(crate) is_met: bool,
}

impl<C: Core> World<'_, C> {
    /// From now on the node's calls are counted. Of several faults that count calls of its disk the
    /// last is in force.
    pub(crate) fn plan_crash(&mut self, id: FaultId, slot: usize, point: CrashPoint, count: u32) {
        let seat = &mut self.seats[slot];
        if let Some(on_disk) = on_disk(point) {
            let others = seat.crashes.values_mut().filter(|crash| crash.point == point);
            others.for_each(|crash| crash.is_counted = false);
            seat.disk_mut().crash_at(on_disk, count.into());
        }
        seat.crashes
            .insert(id, PlannedCrash { point, sends_left: count, is_counted: true, is_met: false });
    }

    /// Another disk is in this node: it counts the calls at which the node is to die.
    pub(crate) fn recount(&mut self, slot: usize) {
        let seat = &mut self.seats[slot];
        for point in [disk::CrashPoint::Write, disk::CrashPoint::Sync] {
            seat.disk_mut().crash_at(point, 0);
        }
        let unmet =
            seat.crashes.values().copied().filter(|crash| crash.is_counted && !crash.is_met);
        for PlannedCrash { point, sends_left, .. } in unmet.collect::<Vec<_>>() {
            if let Some(point) = on_disk(point) {
                seat.disk_mut().crash_at(point, sends_left.into());
            }
        }
    }

    /// Counts a message; whether the node dies behind it.
    pub(crate) fn dies_at_send(&mut self, slot: usize) -> bool {
        let mut dies = false;
        let crashes = self.seats[slot].crashes.values_mut();
        for crash in crashes.filter(|crash| crash.point == CrashPoint::Send && crash.sends_left > 0)
        {
            crash.sends_left -= 1;
            dies |= crash.sends_left == 0;
        }
        dies
    }

    /// The machine died at the call that was counted.
    pub(crate) fn crashed(&mut self, slot: usize) {
        let at = self.seats[slot].disk_mut().gone_at();
        self.power_off(slot);
        let mut words = String::from("lost power");
        for crash in self.seats[slot].crashes.values_mut() {
            let is_it = match on_disk(crash.point) {
                None => at.is_none() && crash.sends_left == 0,
                point => at == point && crash.is_counted,
            };
            if is_it && !crash.is_met {
                crash.is_met = true;
                words = format!("lost power at a {}", crash.point);
            }
        }
        self.say(slot, NodeState::Down, Cause::Asked, words);
        let node = self.seats[slot].node;
        self.healed_node(node, "died again");
    }

    /// Nodes die at no call any more, and those that did start; gives what came of it.
    pub(crate) fn cancel_crash(&mut self, fault: &Fault) -> (String, bool) {
        let mut dead = Vec::new();
        for node in &fault.nodes {
            let seat = &mut self.seats[node.slot()];
            let Some(crash) = seat.crashes.remove(&fault.id) else { continue };
            if crash.is_met {
                dead.push(node.to_string());
            } else if let Some(point) = on_disk(crash.point)
                && crash.is_counted
            {
                // Another fault that counts the same calls has its turn, from now on.
                let next =
                    seat.crashes.values_mut().rfind(|it| it.point == crash.point && !it.is_met);
                let count = next.map_or(0, |next| {
                    next.is_counted = true;
                    next.sends_left
                });
                seat.disk_mut().crash_at(point, count.into());
            }
            if seat.hold == NodeHold::Free {
                self.start(node.slot());
            }
        }
        match dead.len() {
            0 => ("nobody came to that call".into(), false),
            _ => (format!("{} died there", dead.join(", ")), true),
        }
    }
}

/// As the disk calls it; `None` for what no disk counts.
const fn on_disk(point: CrashPoint) -> Option<disk::CrashPoint> {
    match point {
        CrashPoint::Write => Some(disk::CrashPoint::Write),
        CrashPoint::Sync => Some(disk::CrashPoint::Sync),
        CrashPoint::Send => None,
    }
}
