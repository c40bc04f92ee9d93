use super::*;

const KEY: Seed = Seed(11);

fn once(strike: Strike) -> Armed {
    Armed::once(strike, KEY)
}

fn number(error: tribunal_nodes::DiskError) -> Option<i32> {
    error.source.raw_os_error()
}

#[test]
fn the_nth_call_of_a_kind_and_name_is_struck() {
    let mut disk = with_file("log-1", &[1; 10]);
    put(&mut disk, "other", &[2; 10]);
    disk.arm(Armed { files: "log-", skip: 1, times: 2, ..once(Strike::ReadError) });
    let mut read = |name| disk.read(name).map_err(number);
    assert!(read("log-1").is_ok(), "skipped");
    assert!(read("other").is_ok(), "another name");
    assert_eq!(read("log-1"), Err(Some(5)));
    assert_eq!(read("log-1"), Err(Some(5)));
    assert!(read("log-1").is_ok());
    assert!(disk.armed().is_empty());
    assert_eq!(kinds(&disk), [FaultKind::ReadError; 2]);
}

#[test]
fn a_window_lasts_until_it_is_disarmed() {
    let mut disk = with_file("a", b"");
    disk.arm(Armed { times: u64::MAX, ..once(Strike::WriteError) });
    let mut taken = std::collections::BTreeSet::new();
    for _ in 0..100 {
        let before = disk.len("a").unwrap().unwrap();
        assert!(disk.append("a", &[1; 10]).is_err());
        taken.insert(disk.len("a").unwrap().unwrap() - before);
    }
    assert_eq!(taken.len(), 10, "each decides for itself");
    assert!(disk.truncate("a", 0).is_err());
    assert!(disk.rename("a", "b").is_err() && disk.remove("a").is_err());
    assert_eq!(disk.list().unwrap(), ["a"]);
    disk.disarm();
    disk.append("a", b"x").unwrap();
}

#[test]
fn a_failed_append_takes_a_part() {
    let mut taken = std::collections::BTreeSet::new();
    for seed in 0..100 {
        let mut disk = with_file("a", b"");
        disk.arm(Armed::once(Strike::WriteError, Seed(seed)));
        assert_eq!(number(disk.append("a", &[1; 10]).unwrap_err()), Some(5));
        taken.insert(disk.len("a").unwrap().unwrap());
    }
    assert_eq!(taken.into_iter().collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
}

/// A failed sync over one durable and two unsynced blocks.
fn failed_sync(failure: SyncFailure, again: bool) -> (SimDisk, Vec<u8>) {
    let whole = bytes(&mut random(3), 3 * BLOCK_BYTES);
    let mut disk = with_file("a", &whole[..BLOCK_BYTES + 10]);
    disk.append("a", &whole[BLOCK_BYTES + 10..]).unwrap();
    disk.arm(once(Strike::SyncError { failure, again }));
    assert_eq!(number(disk.sync("a").unwrap_err()), Some(5));
    (disk, whole)
}

#[test]
fn ext4_and_xfs_show_what_a_failed_sync_did_not_write() {
    for (failure, len) in
        [(SyncFailure::Ext4, 3 * BLOCK_BYTES), (SyncFailure::Xfs, BLOCK_BYTES + 10)]
    {
        let (mut disk, whole) = failed_sync(failure, false);
        assert_eq!(disk.read("a").unwrap(), whole, "{failure:?}");
        assert_eq!(disk.unsynced(), 0, "it passes for clean");
        disk.sync("a").unwrap();
        assert_eq!(disk.read("a").unwrap(), whole);
        let report = cut_power(&mut disk);
        assert_eq!(report.acknowledged_lost, 0, "nobody was told that it is durable");
        let mut expected = whole[..BLOCK_BYTES + 10].to_vec();
        expected.resize(len, 0);
        assert_eq!(disk.read("a").unwrap(), expected, "{failure:?}");
        assert_eq!(kinds(&disk), [FaultKind::SyncError]);
    }
}

#[test]
fn btrfs_takes_back_what_a_failed_sync_did_not_write() {
    let (mut disk, whole) = failed_sync(SyncFailure::Btrfs, false);
    assert_eq!(disk.read("a").unwrap(), whole[..BLOCK_BYTES + 10]);
    disk.sync("a").unwrap();
    assert_eq!(disk.crash(&mut random(0), CrashMode::Kill).blocks_shown_unwritten, 0);
    cut_power(&mut disk);
    assert_eq!(disk.read("a").unwrap(), whole[..BLOCK_BYTES + 10]);

    // A cut is taken back too.
    disk.truncate("a", 100).unwrap();
    disk.append("a", b"other").unwrap();
    disk.arm(once(Strike::SyncError { failure: SyncFailure::Btrfs, again: false }));
    assert!(disk.sync("a").is_err());
    assert_eq!(disk.read("a").unwrap(), whole[..BLOCK_BYTES + 10]);
}

#[test]
fn an_error_is_reported_once_or_twice() {
    for (again, errors) in [(false, 0), (true, 1)] {
        let (mut disk, _) = failed_sync(SyncFailure::Xfs, again);
        let found = (0..3).filter(|_| disk.sync("a").is_err()).count();
        assert_eq!(found, errors);
    }
}

/// What is appended to a block of a failed sync takes the whole block along; the blocks between
/// stay lost.
#[test]
fn a_later_sync_leaves_a_hole() {
    let (mut disk, whole) = failed_sync(SyncFailure::Xfs, false);
    disk.truncate("a", 3 * BLOCK_BYTES as u64 - 10).unwrap();
    put(&mut disk, "a", &[9; 10]);
    let mut shown = whole.clone();
    shown[3 * BLOCK_BYTES - 10..].fill(9);
    assert_eq!(disk.read("a").unwrap(), shown);
    cut_power(&mut disk);
    let mut left = shown;
    left[BLOCK_BYTES + 10..2 * BLOCK_BYTES].fill(0);
    assert_eq!(disk.read("a").unwrap(), left);
}

#[test]
fn dropping_the_cache_shows_the_device() {
    let (mut disk, whole) = failed_sync(SyncFailure::Ext4, false);
    disk.append("a", b"dirty").unwrap();
    disk.drop_caches();
    let mut expected = whole[..BLOCK_BYTES + 10].to_vec();
    expected.resize(3 * BLOCK_BYTES, 0);
    expected.extend_from_slice(b"dirty");
    assert_eq!(disk.read("a").unwrap(), expected);
}

#[test]
fn a_warm_restart_is_told() {
    let (mut disk, whole) = failed_sync(SyncFailure::Ext4, false);
    let report = disk.crash(&mut random(0), CrashMode::Kill);
    assert_eq!(report.blocks_shown_unwritten, 2);
    assert_eq!(disk.read("a").unwrap(), whole);
    assert_eq!(kinds(&disk), [FaultKind::SyncError, FaultKind::WarmRestart]);
}

#[test]
fn what_is_cut_off_is_not_missed() {
    let (mut disk, whole) = failed_sync(SyncFailure::Ext4, false);
    disk.truncate("a", BLOCK_BYTES as u64).unwrap();
    let report = disk.crash(&mut random(0), CrashMode::Kill);
    assert_eq!(report.blocks_shown_unwritten, 0);
    disk.sync("a").unwrap();
    cut_power(&mut disk);
    assert_eq!(disk.read("a").unwrap(), whole[..BLOCK_BYTES]);
}

#[test]
fn a_directory_that_cannot_be_synced_is_read_only() {
    let mut disk = with_file("a", b"a");
    disk.append("b", b"b").unwrap();
    disk.arm(once(Strike::SyncError { failure: SyncFailure::Ext4, again: false }));
    assert!(disk.sync_dir().is_err());
    assert_eq!(number(disk.append("a", b"x").unwrap_err()), Some(30));
    assert_eq!(number(disk.sync_dir().unwrap_err()), Some(30));
    disk.crash(&mut random(0), CrashMode::Kill);
    assert_eq!(disk.read("b").unwrap(), b"b");
    assert!(disk.append("a", b"x").is_err(), "the machine did not restart");
    cut_power(&mut disk);
    assert_eq!(disk.list().unwrap(), ["a"]);
    disk.append("a", b"x").unwrap();
}

#[test]
fn a_lying_sync_is_found_out_by_a_power_cut() {
    let mut disk = with_file("a", b"true ");
    disk.append("a", b"lie").unwrap();
    disk.arm(once(Strike::LyingSync));
    disk.sync("a").unwrap();
    let mut honest = disk.clone();
    assert_eq!(cut_power(&mut disk).acknowledged_lost, 1);
    assert_eq!(disk.read("a").unwrap(), b"true ");
    assert_eq!(kinds(&disk), [FaultKind::LyingSync, FaultKind::PowerCut]);
    honest.sync("a").unwrap();
    assert_eq!(cut_power(&mut honest).acknowledged_lost, 0);
    assert_eq!(honest.read("a").unwrap(), b"true lie");

    honest.remove("a").unwrap();
    honest.arm(once(Strike::LyingSync));
    honest.sync_dir().unwrap();
    assert_eq!(cut_power(&mut honest).acknowledged_lost, 1);
    assert_eq!(honest.list().unwrap(), ["a"]);
}

#[test]
fn a_lost_write_is_acknowledged_and_not_there() {
    let whole = bytes(&mut random(3), 3 * BLOCK_BYTES);
    let mut lost = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let mut disk = SimDisk::new();
        disk.arm(Armed::once(Strike::LostWrite, Seed(seed)));
        put(&mut disk, "a", &whole);
        disk.sync("a").unwrap();
        assert_eq!(disk.read("a").unwrap(), whole);
        assert_eq!(cut_power(&mut disk).acknowledged_lost, 1);
        let left = disk.read("a").unwrap();
        let gone: Vec<_> = (0..3)
            .filter(|block| left[block * BLOCK_BYTES] != whole[block * BLOCK_BYTES])
            .collect();
        assert_eq!(gone.len(), 1);
        lost.extend(gone);
    }
    assert_eq!(lost.len(), 3, "any block");
}

#[test]
fn a_strike_of_one_block_waits_for_one() {
    let mut disk = with_file("a", b"x");
    disk.arm(once(Strike::LostWrite));
    disk.sync("a").unwrap();
    assert_eq!(disk.armed().len(), 1, "there was nothing to lose");
    put(&mut disk, "a", b"y");
    assert!(disk.armed().is_empty());
}

#[test]
fn a_misdirected_write_lands_in_place_of_another() {
    let old = bytes(&mut random(1), 2 * BLOCK_BYTES);
    let new = bytes(&mut random(2), BLOCK_BYTES);
    let mut victims = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let mut disk = with_file("old", &old);
        disk.append("new", &old[..BLOCK_BYTES]).unwrap();
        disk.sync("new").unwrap();
        disk.append("new", &new).unwrap();
        disk.arm(Armed::once(Strike::MisdirectedWrite, Seed(seed)));
        disk.sync("new").unwrap();
        disk.sync_dir().unwrap();
        assert_eq!(disk.read("old").unwrap(), old, "the cache still has it");
        assert_eq!(cut_power(&mut disk).acknowledged_lost, 2);
        let (left_old, left_new) = (disk.read("old").unwrap(), disk.read("new").unwrap());
        assert_eq!(left_new[BLOCK_BYTES..], [0; BLOCK_BYTES], "not where it belongs");
        let blocks = left_old.chunks(BLOCK_BYTES).chain(left_new.chunks(BLOCK_BYTES));
        let landed: Vec<_> = blocks.enumerate().filter(|(_, block)| *block == new).collect();
        assert_eq!(landed.len(), 1);
        victims.insert(landed[0].0);
    }
    assert_eq!(victims.into_iter().collect::<Vec<_>>(), [0, 1, 2], "of this and the other file");
}

#[test]
fn a_stale_read_gives_the_version_before() {
    let mut disk = with_file("a", b"first ");
    put(&mut disk, "a", b"second");
    disk.arm(once(Strike::StaleRead));
    assert_eq!(disk.read("a").unwrap(), b"first \0\0\0\0\0\0");
    assert_eq!(disk.read("a").unwrap(), b"first second");
    disk.truncate("a", 2).unwrap();
    disk.append("a", b"xx").unwrap();
    disk.sync("a").unwrap();
    disk.arm(once(Strike::StaleRead));
    assert_eq!(disk.read("a").unwrap(), b"firs");
    cut_power(&mut disk);
    disk.arm(once(Strike::StaleRead));
    assert_eq!(disk.read("a").unwrap(), b"firs", "after a crash too");
    assert_eq!(kinds(&disk), [FaultKind::StaleRead; 3]);
}

#[test]
fn bits_flip_in_the_region_and_stay() {
    let whole = bytes(&mut random(1), 9_000);
    let mut disk = with_file("a", &whole[..8_000]);
    put(&mut disk, "a", &whole[8_000..]);
    assert_eq!(disk.files().next().unwrap().settled_len, 8_000);
    assert_eq!(disk.rot("a", 100..200, 5, &mut random(4)), 5);
    let differs = |disk: &mut SimDisk| {
        let left = disk.read("a").unwrap();
        let bits = left.iter().zip(&whole).map(|(left, whole)| (left ^ whole).count_ones());
        let places: Vec<usize> = (0..whole.len()).filter(|at| left[*at] != whole[*at]).collect();
        (bits.sum::<u32>(), places)
    };
    let (bits, places) = differs(&mut disk);
    assert_eq!(bits, 5);
    assert!(places.iter().all(|at| (100..200).contains(at)));
    cut_power(&mut disk);
    assert_eq!(differs(&mut disk).0, 5);
    assert_eq!(disk.rot("a", 8_999..20_000, 100, &mut random(4)), 8, "every bit there is");
    assert_eq!(disk.rot("a", 9_000..9_001, 1, &mut random(4)), 0);
    assert_eq!(disk.rot("b", 0..1, 1, &mut random(4)), 0);
    assert_eq!(kinds(&disk), [FaultKind::BitRot, FaultKind::TailRot]);
}

#[test]
fn rot_under_a_dirty_block_is_healed_by_its_sync() {
    let mut disk = with_file("a", &[1; 100]);
    disk.append("a", &[1; 100]).unwrap();
    assert_eq!(disk.rot("a", 0..100, 9, &mut random(1)), 9);
    let mut lost = disk.clone();
    cut_power(&mut lost);
    assert_ne!(lost.read("a").unwrap(), [1; 100]);
    disk.sync("a").unwrap();
    cut_power(&mut disk);
    assert_eq!(disk.read("a").unwrap(), [1; 200]);
}

#[test]
fn what_was_renamed_is_settled() {
    let mut disk = SimDisk::new();
    disk.append("tmp", &[1; 100]).unwrap();
    disk.sync("tmp").unwrap();
    assert_eq!(disk.files().next().unwrap().settled_len, 0);
    disk.rename("tmp", "a").unwrap();
    disk.sync_dir().unwrap();
    assert_eq!(disk.files().next().unwrap().settled_len, 100);
}

/// What rotted and was not written since is as it was; what was written since stays.
#[test]
fn what_rotted_can_be_mended() {
    for seed in 0..200 {
        let mut random = random(seed);
        let whole = bytes(&mut random, 2 * BLOCK_BYTES);
        let mut disk = with_file("a", &whole);
        put(&mut disk, "b", &[1; 10]);
        let bits = 1 + random.below(40);
        assert_eq!(disk.rot("a", 0..whole.len() as u64, bits, &mut random), bits);
        assert_ne!(disk.read("a").unwrap(), whole);
        let expected = match seed % 3 {
            // Nothing happens meanwhile.
            0 => whole.clone(),
            // It grows, and the machine restarts.
            1 => {
                put(&mut disk, "a", &[7; 10]);
                cut_power(&mut disk);
                [&whole[..], &[7; 10]].concat()
            }
            // It is cut, and other content comes in place of what rotted.
            _ => {
                disk.truncate("a", 10).unwrap();
                put(&mut disk, "a", &[7; 100]);
                let kept = disk.read("a").unwrap();
                disk.mend();
                assert_eq!(disk.read("a").unwrap()[10..], kept[10..]);
                continue;
            }
        };
        assert!(disk.mend() > 0);
        assert_eq!(disk.read("a").unwrap(), expected);
        cut_power(&mut disk);
        assert_eq!(disk.read("a").unwrap(), expected);
        assert_eq!(disk.mend(), 0, "once");
    }
}

#[test]
fn strikes_are_taken_back_by_their_key_and_a_wiped_disk_is_nobodys() {
    let mut disk = with_file("a", b"x");
    disk.arm(Armed { times: u64::MAX, ..once(Strike::ReadError) });
    disk.arm(Armed { times: u64::MAX, ..Armed::once(Strike::WriteError, Seed(12)) });
    disk.disarm_of(KEY);
    assert!(disk.read("a").is_ok() && disk.append("a", b"y").is_err());
    disk.set_owner(tribunal_history::NodeId(2));
    let image = disk.image();
    disk.restore(&image);
    assert_eq!(disk.owner(), Some(tribunal_history::NodeId(2)));
    disk.wipe();
    assert_eq!((disk.owner(), disk.used()), (None, 0));
}
