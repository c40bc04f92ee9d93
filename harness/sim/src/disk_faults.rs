//! What the nemesis does to simulated disks, and how nodes fare with them.

use std::collections::BTreeSet;

use tribunal_cluster::{Cause, NodeHold};
use tribunal_history::{
    DiskFault, Fault, FaultFamily, FaultId, FaultKind, FileSystem, NodeId, NodeState, Seed,
};
use tribunal_nodes::Core;

use crate::disk::{self, Armed, CrashMode, Strike, SyncFailure};
use crate::disk_trouble::kind_of;
use crate::keyed::Key;
use crate::world::World;

/// The planted bug of whoever restarts a node.
const WARM_RESTART: &str = "wal.warm_restart";

/// What stops a node at the call it strikes.
const STOPPING: [disk::FaultKind; 4] = [
    disk::FaultKind::ReadError,
    disk::FaultKind::WriteError,
    disk::FaultKind::NoSpace,
    disk::FaultKind::SyncError,
];

impl<C: Core> World<'_, C> {
    /// The fault, with those nodes only whose disks may be given it, and why the others may not.
    /// What is beyond every claim is done only when it is named, and a fault of that family is.
    pub(crate) fn permitted(&mut self, fault: &Fault) -> (Fault, Vec<String>) {
        let FaultKind::Disk(disk) = fault.kind else { return (fault.clone(), Vec::new()) };
        if disk.family() == FaultFamily::DiskLoss {
            self.atlas.go_beyond();
        }
        let mut refused = Vec::new();
        let mut fault = fault.clone();
        fault.nodes.retain(|node| {
            let trouble = &self.seats[node.slot()].trouble;
            if trouble.is_swapped() || (disk == DiskFault::Swap && trouble.is_active()) {
                refused.push(format!("{node} is spared: it is under a fault of its disk"));
                return false;
            }
            let permit = kind_of(disk).map(|kind| self.atlas.permit(*node, kind));
            if let Some(Err(refusal)) = permit {
                refused.push(format!("{node} is spared: {refusal}"));
                return false;
            }
            true
        });
        if disk == DiskFault::Swap && fault.nodes.len() < 2 {
            refused.push("there is nobody to swap with".to_owned());
            fault.nodes.clear();
        }
        (fault, refused)
    }

    /// Installs a fault on one node's disk; says what was done.
    pub(crate) fn install_disk(&mut self, id: FaultId, slot: usize, fault: DiskFault) -> String {
        self.count_strikes(slot);
        let now = self.now;
        let seat = &mut self.seats[slot];
        let node = seat.node;
        let key = Key { place: slot as u64, life: id.0.into(), at: now, ordinal: 0 };
        let key = self.keys.disk(key);
        let image = (fault == DiskFault::Rollback).then(|| seat.disk_mut().image());
        let capacity = match fault {
            DiskFault::NoSpace { room } => Some(seat.disk_mut().used().saturating_add(room)),
            _ => None,
        };
        let active = seat.trouble.begin(id, fault, key);
        (active.image, active.capacity) = (image, capacity);
        self.bound(slot);
        match fault {
            DiskFault::ReadError
            | DiskFault::StaleRead
            | DiskFault::BitRot { .. }
            | DiskFault::Wipe => self.stop_for(slot),
            _ => {}
        }
        let words = match fault {
            DiskFault::BitRot { bits } => self.rot(slot, bits, key),
            DiskFault::Wipe => {
                let disk = self.seats[slot].disk_mut();
                let bytes = disk.used();
                disk.wipe();
                format!("{node}: {bytes} bytes wiped")
            }
            _ => {
                if let Some(armed) = armed(fault, key) {
                    self.seats[slot].disk_mut().arm(armed);
                }
                format!("{node}: {fault}")
            }
        };
        self.start_if_free(slot);
        words
    }

    /// Gives each of these nodes the disk of the next one.
    pub(crate) fn swap_disks(&mut self, fault: &Fault) -> String {
        for node in &fault.nodes {
            let slot = node.slot();
            let place = slot as u64;
            let key = Key { place, life: fault.id.0.into(), at: self.now, ordinal: 0 };
            let key = self.keys.disk(key);
            self.seats[slot].trouble.begin(fault.id, DiskFault::Swap, key);
        }
        self.rotate_disks(&fault.nodes, false);
        fault.nodes.iter().for_each(|node| self.start_if_free(node.slot()));
        let names: Vec<_> = fault.nodes.iter().map(NodeId::to_string).collect();
        format!("{} have the disks of each other", names.join(", "))
    }

    /// Gives disks around, one place on or one back; none of these nodes runs then.
    fn rotate_disks(&mut self, nodes: &[NodeId], back: bool) {
        for node in nodes {
            self.stop_for(node.slot());
        }
        let mut disks: Vec<_> =
            nodes.iter().map(|node| self.seats[node.slot()].disk.take()).collect();
        if back {
            disks.rotate_right(1);
        } else {
            disks.rotate_left(1);
        }
        for (node, disk) in nodes.iter().zip(disks) {
            self.seats[node.slot()].disk = disk;
            self.recount(node.slot());
        }
    }

    /// Ends a node's process, so that it reads its disk again.
    fn stop_for(&mut self, slot: usize) {
        if self.seats[slot].host.is_some() {
            self.end(slot, false);
            let words = "ended for a fault of its disk".to_owned();
            self.say(slot, NodeState::Down, Cause::Asked, words);
        }
    }

    /// Starts a node that nothing holds down.
    fn start_if_free(&mut self, slot: usize) {
        if self.seats[slot].hold == NodeHold::Free {
            self.start(slot);
        }
    }

    fn rot(&mut self, slot: usize, bits: u32, key: Seed) -> String {
        let seat = &mut self.seats[slot];
        let (node, disk) = (seat.node, seat.disk_mut());
        let mut random = key.random();
        let settled: Vec<(String, u64)> = disk
            .files()
            .filter(|file| file.settled_len > 0)
            .map(|file| (file.name.to_owned(), file.settled_len))
            .collect();
        let Some((name, len)) = random.pick(&settled) else {
            return format!("{node} has nothing on its disk that was written behind");
        };
        let flipped = disk.rot(name, 0..*len, u64::from(bits), &mut random);
        format!("{node}: {flipped} bits of {name} flipped")
    }

    /// Bounds a disk as the faults in force do.
    fn bound(&mut self, slot: usize) {
        let seat = &mut self.seats[slot];
        let capacity = seat.trouble.capacity();
        seat.disk_mut().set_capacity(capacity);
    }

    /// Takes a fault from its disks; gives what it did, in words, and whether it was anything.
    pub(crate) fn heal_disks(&mut self, fault: &Fault) -> (String, bool) {
        let mut words = Vec::new();
        let mut met = 0;
        if fault.kind == FaultKind::Disk(DiskFault::Swap) {
            self.rotate_disks(&fault.nodes, true);
        }
        for node in &fault.nodes {
            let (times, said) = self.heal_disk(fault.id, node.slot());
            met += times;
            words.push(format!("{node}: {said}"));
        }
        (words.join("; "), met > 0)
    }

    fn heal_disk(&mut self, id: FaultId, slot: usize) -> (u64, String) {
        self.count_strikes(slot);
        let seat = &mut self.seats[slot];
        let Some(mut active) = seat.trouble.end(id) else { return (0, "not in force".into()) };
        seat.disk_mut().disarm_of(active.key);
        let mut met = seat.trouble.since(&active);
        let mut said = told(active.fault, met);
        self.bound(slot);
        match (active.fault, active.image.take()) {
            (DiskFault::BitRot { .. }, _) => {
                let mended = self.seats[slot].disk_mut().mend();
                said = format!("{said}, {mended} bytes as they were");
            }
            (DiskFault::Rollback, Some(image)) => {
                let before = self.durable_bytes(slot);
                self.power_off_for(slot);
                self.seats[slot].disk_mut().restore(&image);
                let after = self.durable_bytes(slot);
                met = u64::from(before != after);
                said = format!("back to {after} durable bytes from {before}");
            }
            // What was called durable and is not shows when the page cache is gone.
            (
                DiskFault::LyingSync
                | DiskFault::LostWrite { .. }
                | DiskFault::MisdirectedWrite { .. },
                _,
            ) if met > 0 => self.power_off_for(slot),
            _ => {}
        }
        let seat = &mut self.seats[slot];
        seat.trouble.is_lost |= met > 0 && active.fault.family() == FaultFamily::DiskLoss;
        if !seat.trouble.may_be_damaged() {
            self.atlas.replaced(seat.node);
        }
        if !self.seats[slot].trouble.is_active() {
            self.seats[slot].trouble.stopped = false;
        }
        self.start_if_free(slot);
        (met, said)
    }

    /// Bytes on the device, of all files.
    fn durable_bytes(&mut self, slot: usize) -> u64 {
        self.seats[slot].disk_mut().files().map(|file| file.durable_len).sum()
    }

    fn power_off_for(&mut self, slot: usize) {
        let ran = self.seats[slot].host.is_some();
        self.power_off(slot);
        if ran {
            let words = "lost power for a fault of its disk".to_owned();
            self.say(slot, NodeState::Down, Cause::Asked, words);
        }
    }

    /// The machine loses power, whether the node runs or not.
    pub(crate) fn power_off(&mut self, slot: usize) {
        if self.seats[slot].host.is_some() {
            self.end(slot, true);
            return;
        }
        let seat = &mut self.seats[slot];
        let (place, life) = (slot as u64, seat.life.into());
        let mut random = self.keys.crash(Key { place, life, at: self.now, ordinal: 1 });
        seat.disk_mut().crash(&mut random, CrashMode::Torn);
    }

    fn count_strikes(&mut self, slot: usize) -> BTreeSet<disk::FaultKind> {
        let seat = &mut self.seats[slot];
        let struck = seat.disk_mut().take_struck();
        seat.trouble.count(struck)
    }

    /// A node's process ended by itself at a call that its machine died in, at a fault of its disk,
    /// or for no reason of ours. What stopped over a failed sync loses power, or it would read from
    /// the page cache what the device does not have. One that stopped over its disk did as it
    /// should, for the nemesis struck it.
    pub(crate) fn stopped(&mut self, slot: usize, reason: String) {
        if self.seats[slot].disk_mut().is_gone() {
            return self.crashed(slot);
        }
        let struck = self.count_strikes(slot);
        self.end(slot, self.must_lose_power(&struck));
        self.say_stopped(slot, &struck, reason);
    }

    /// A node refused to start on what its disk holds, or on what its disk did.
    pub(crate) fn refused(&mut self, slot: usize, reason: String) {
        if self.seats[slot].disk_mut().is_gone() {
            return self.crashed(slot);
        }
        let struck = self.count_strikes(slot);
        if self.must_lose_power(&struck) {
            self.power_off(slot);
        }
        self.seats[slot].trouble.refused();
        self.say_stopped(slot, &struck, reason);
    }

    fn must_lose_power(&self, struck: &BTreeSet<disk::FaultKind>) -> bool {
        let warm = self.options.config.bugs.has(WARM_RESTART);
        struck.contains(&disk::FaultKind::SyncError) && !warm
    }

    fn say_stopped(&mut self, slot: usize, struck: &BTreeSet<disk::FaultKind>, reason: String) {
        let node = self.seats[slot].node;
        let damaged = self.atlas.is_damaged(node);
        let foreign = self.seats[slot].trouble.is_swapped();
        if !damaged && !foreign && !STOPPING.iter().any(|kind| struck.contains(kind)) {
            return self.say(slot, NodeState::Down, Cause::Unasked, reason);
        }
        if damaged {
            self.atlas.noticed(node);
        }
        self.seats[slot].trouble.stopped = true;
        let words = format!("stopped over a fault of its disk: {reason}");
        self.say(slot, NodeState::Down, Cause::Asked, words);
        self.healed_node(node, "does not start on its disk");
    }
}

/// What waits for a call of the disk, if anything does.
fn armed(fault: DiskFault, key: Seed) -> Option<Armed> {
    let (strike, skip, times) = match fault {
        DiskFault::SyncError { file_system, again, skip } => {
            let failure = match file_system {
                FileSystem::Ext4 => SyncFailure::Ext4,
                FileSystem::Xfs => SyncFailure::Xfs,
                FileSystem::Btrfs => SyncFailure::Btrfs,
            };
            (Strike::SyncError { failure, again }, skip, 1)
        }
        DiskFault::WriteError { skip } => (Strike::WriteError, skip, 1),
        DiskFault::ReadError => (Strike::ReadError, 0, u64::MAX),
        DiskFault::LyingSync => (Strike::LyingSync, 0, u64::MAX),
        DiskFault::LostWrite { skip } => (Strike::LostWrite, skip, 1),
        DiskFault::MisdirectedWrite { skip } => (Strike::MisdirectedWrite, skip, 1),
        DiskFault::StaleRead => (Strike::StaleRead, 0, 1),
        DiskFault::NoSpace { .. }
        | DiskFault::Slow { .. }
        | DiskFault::BitRot { .. }
        | DiskFault::Rollback
        | DiskFault::Wipe
        | DiskFault::Swap => return None,
    };
    Some(Armed { skip: skip.into(), times, ..Armed::once(strike, key) })
}

/// How often a fault took effect, in words.
fn told(fault: DiskFault, times: u64) -> String {
    match (fault, times) {
        (DiskFault::BitRot { .. }, 0) => "it did not stop over what rotted".into(),
        (DiskFault::BitRot { .. }, _) => "it refused what rotted".into(),
        (DiskFault::Swap, 0) => "it was not started on the foreign disk".into(),
        (DiskFault::Swap, _) => "it refused the foreign disk".into(),
        (DiskFault::Wipe, _) => "it began from nothing".into(),
        (_, 0) => "nothing was struck".into(),
        (DiskFault::Slow { .. }, times) => format!("{times} syncs slower"),
        (_, 1) => "struck once".into(),
        (_, times) => format!("struck {times} times"),
    }
}
