//! The real store under faults of the disk: it stops, or refuses, or (where nothing is claimed)
//! goes back in time; it never holds what it was not given.

use tribunal_nodes::WriteOp;
use tribunal_nodes::store::{RecordStore, StoreError};

use super::store::{AnyStore, Found, Held, Node, aim, mode, segment};
use super::*;

fn key(random: &mut Random) -> Seed {
    Seed(random.bits())
}

fn failure(random: &mut Random) -> SyncFailure {
    *random.pick(&[SyncFailure::Ext4, SyncFailure::Xfs, SyncFailure::Btrfs]).unwrap()
}

/// What loses nothing durable.
fn arm_survivable(node: &mut Node, random: &mut Random) {
    let strike = match random.below(4) {
        0 => Strike::ReadError,
        1 => Strike::WriteError,
        2 => Strike::SyncError { failure: failure(random), again: random.chance(1, 2) },
        _ => {
            let room = node.disk.used() + random.below(20_000);
            return node.disk.set_capacity(Some(room));
        }
    };
    let skip = random.below(if strike == Strike::ReadError { 2 } else { 20 });
    node.disk.arm(Armed { skip, times: 1 + random.below(3), ..Armed::once(strike, key(random)) });
}

/// After a failed sync the machine restarts, not only the process: this is what makes it
/// survivable.
#[test]
fn errors_stop_the_store_and_lose_nothing() {
    let (mut refused, mut struck) = (0, 0);
    for seed in 0..150 {
        let mut random = Seed(seed).child("errors").random();
        let mut node = Node::new(segment(&mut random), false);
        for _ in 0..100 {
            if random.chance(1, 2) {
                arm_survivable(&mut node, &mut random);
            }
            if random.chance(1, 2) {
                aim(&mut node.disk, &mut random);
            }
            match node.live(&mut random, 20) {
                Found::Whole => {}
                Found::Older => unreachable!("only what was durable counts"),
                Found::Refused(StoreError::Disk(_)) => refused += 1,
                Found::Refused(error) => panic!("an error is not damage: {error}"),
            }
            struck += node.disk.struck_total();
            node.disk.disarm();
            node.disk.set_capacity(None);
            let cold = kinds(&node.disk).contains(&FaultKind::SyncError);
            let mode = if cold { CrashMode::Torn } else { mode(&mut random) };
            node.disk.crash(&mut random, mode);
        }
    }
    assert!(refused > 200 && struck > 2_000, "{refused} {struck}");
}

/// Rot before the last write: the store does not open, or what rotted was of no use any more.
#[test]
fn rot_is_refused_and_never_read() {
    let (mut refused, mut harmless) = (0, 0);
    for seed in 0..3_000 {
        let mut random = Seed(seed).child("rot").random();
        let mut node = Node::new(segment(&mut random), false);
        for _ in 0..=random.below(4) {
            assert!(matches!(node.live(&mut random, 30), Found::Whole));
            let mode = mode(&mut random);
            node.disk.crash(&mut random, mode);
        }
        let settled: Vec<_> = node
            .disk
            .files()
            .filter(|file| file.settled_len > 0)
            .map(|file| (file.name.to_owned(), file.settled_len))
            .collect();
        let Some((name, len)) = random.pick(&settled).cloned() else { continue };
        let bits = 1 + random.below(20);
        assert!(node.disk.rot(&name, 0..len, bits, &mut random) > 0);
        assert_eq!(node.disk.struck().last().unwrap().kind, FaultKind::BitRot);
        match node.live(&mut random, 0) {
            Found::Refused(StoreError::Disk(error)) => panic!("{error}"),
            Found::Refused(_) => refused += 1,
            // Left over from before a checkpoint, or healed by the sync of a dirty block.
            Found::Whole => harmless += 1,
            Found::Older => unreachable!("only what was durable counts"),
        }
    }
    assert!(refused > 2_000 && harmless < 400, "{refused} {harmless}");
}

/// What no protocol of this kind survives. The store may go back in time, and it may refuse; what
/// it gives is still something it held once.
#[test]
fn beyond_claims_the_store_goes_back_but_invents_nothing() {
    let kinds = [Strike::LyingSync, Strike::LostWrite, Strike::MisdirectedWrite, Strike::StaleRead];
    for (number, strike) in (0..).zip(kinds) {
        let (mut refused, mut older) = (0, 0);
        for seed in 0..300 {
            let mut random = Seed(seed).child_at("beyond", number).random();
            let mut node = Node::new(segment(&mut random), true);
            for _ in 0..20 {
                if random.chance(1, 3) {
                    let skip = random.below(if strike == Strike::StaleRead { 2 } else { 12 });
                    let armed = Armed::once(strike, key(&mut random));
                    node.disk.arm(Armed { skip, ..armed });
                }
                match node.live(&mut random, 15) {
                    Found::Whole => {}
                    Found::Older => older += 1,
                    Found::Refused(_) => {
                        refused += 1;
                        break;
                    }
                }
                let mode = mode(&mut random);
                node.disk.crash(&mut random, mode);
            }
        }
        assert!(refused > 50 && older > 0, "{strike:?} {refused} {older}");
    }
}

#[test]
fn a_rollback_and_tail_rot_go_unnoticed() {
    let (mut rolled_back, mut cut) = (0, 0);
    for seed in 0..200 {
        let mut random = Seed(seed).child("back").random();
        let mut node = Node::new(segment(&mut random), true);
        node.live(&mut random, 20);
        let image = node.disk.image();
        for _ in 0..3 {
            node.disk.crash(&mut random, CrashMode::LoseUnsynced);
            node.live(&mut random, 20);
        }
        let mut rotten = node.clone();
        node.disk.restore(&image);
        rolled_back += u32::from(matches!(node.live(&mut random, 0), Found::Older));

        rotten.disk.crash(&mut random, CrashMode::LoseUnsynced);
        let tail = rotten.disk.files().find(|file| file.settled_len < file.durable_len);
        let Some(region) = tail.map(|file| (file.name.to_owned(), file.settled_len..file.len))
        else {
            continue;
        };
        rotten.disk.rot(&region.0, region.1, 1, &mut random);
        cut += u32::from(matches!(rotten.live(&mut random, 0), Found::Older));
    }
    assert!(rolled_back > 100 && cut > 50, "{rolled_back} {cut}");
}

/// The store's sync when it opens is no help against a page cache that passes for clean.
#[test]
fn a_warm_restart_after_a_failed_sync_loses_what_recovery_showed() {
    for (failure, survives) in
        [(SyncFailure::Ext4, false), (SyncFailure::Xfs, false), (SyncFailure::Btrfs, true)]
    {
        let mut disk = SimDisk::new();
        let (mut store, _) = RecordStore::<_, Vec<u8>>::open(&mut disk).unwrap();
        store.write(&[WriteOp::Record(b"a vote".to_vec())]).unwrap();
        let armed = Armed::once(Strike::SyncError { failure, again: false }, Seed(1));
        store.store_mut().disk_mut().arm(armed);
        store.sync().unwrap_err();
        disk.crash(&mut random(0), CrashMode::Kill);
        let shown = AnyStore::open(&mut disk, None).unwrap().1;
        assert_eq!(shown.records.is_empty(), survives, "{failure:?}");
        cut_power(&mut disk);
        let left = AnyStore::open(&mut disk, None).unwrap().1;
        assert_eq!(left, Held::default());
        assert_eq!(left == shown, survives, "{failure:?}");
    }
}
