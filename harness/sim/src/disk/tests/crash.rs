//! Each thing a crash may keep or lose happens, and nothing synced is touched.

use super::*;

/// A crash of one durable block and three and a half unsynced ones, for each of many seeds.
fn crashes(mode: CrashMode) -> Vec<(Vec<u8>, Vec<u8>, CrashReport)> {
    let whole = bytes(&mut random(5), 4 * BLOCK_BYTES + BLOCK_BYTES / 2);
    let mut disk = with_file("a", &whole[..BLOCK_BYTES]);
    disk.append("a", &whole[BLOCK_BYTES..]).unwrap();
    (0..1_000)
        .map(|seed| {
            let mut disk = disk.clone();
            let report = disk.crash(&mut random(seed), mode);
            (whole.clone(), disk.read("a").unwrap(), report)
        })
        .collect()
}

/// For each block within the length: whether it is whole, or nothing but zeros, or neither.
fn blocks(whole: &[u8], left: &[u8]) -> Vec<Option<bool>> {
    let fate = |(written, found): (&[u8], &[u8])| {
        let written = &written[..found.len()];
        if written == found {
            Some(true)
        } else {
            found.iter().all(|byte| *byte == 0).then_some(false)
        }
    };
    whole.chunks(BLOCK_BYTES).zip(left.chunks(BLOCK_BYTES)).map(fate).collect()
}

#[test]
fn any_subset_of_blocks_survives() {
    let mut seen = std::collections::BTreeSet::new();
    let mut lengths = std::collections::BTreeSet::new();
    for (whole, left, report) in crashes(CrashMode::Subset) {
        assert_eq!(left[..BLOCK_BYTES], whole[..BLOCK_BYTES]);
        let fates = blocks(&whole, &left);
        assert!(fates.iter().all(Option::is_some), "no block is torn");
        if fates.len() == 5 {
            seen.insert(fates.iter().map(|fate| *fate == Some(true)).collect::<Vec<_>>());
        }
        lengths.insert(left.len());
        assert_eq!(report.blocks_kept + report.blocks_lost, 4);
        assert_eq!(report.blocks_torn, 0);
        assert_eq!(report.unsynced_bytes, whole.len() as u64 - BLOCK_BYTES as u64);
        assert_eq!(report.acknowledged_lost, 0);
    }
    assert_eq!(seen.len(), 16, "each subset of four blocks");
    assert!(lengths.contains(&BLOCK_BYTES));
    assert!(lengths.len() > 20, "and lengths between");
}

#[test]
fn a_block_is_torn_at_sectors() {
    let mut torn = 0;
    let mut not_prefix = 0;
    for (whole, left, report) in crashes(CrashMode::Torn) {
        assert_eq!(left[..BLOCK_BYTES], whole[..BLOCK_BYTES]);
        let sectors = whole.chunks(SECTOR_BYTES).zip(left.chunks(SECTOR_BYTES));
        let whole_or_none: Vec<bool> = sectors
            .map(|(written, found)| {
                let kept = &written[..found.len()] == found;
                assert!(kept || found.iter().all(|byte| *byte == 0), "sectors are atomic");
                kept
            })
            .collect();
        let fates = blocks(&whole, &left);
        torn += usize::from(fates.contains(&None));
        not_prefix += usize::from(whole_or_none.windows(2).any(|pair| pair == [false, true]));
        assert_eq!(report.blocks_kept + report.blocks_lost + report.blocks_torn, 4);
        if left.len() == whole.len() {
            let (mixed, zeros) = (None, Some(false));
            let count = |fate| fates.iter().filter(|found| **found == fate).count() as u64;
            assert_eq!((report.blocks_torn, report.blocks_lost), (count(mixed), count(zeros)));
        }
    }
    assert!(torn > 250 && not_prefix > 250, "{torn} {not_prefix}");
}

#[test]
fn a_killed_process_loses_nothing_and_a_later_power_cut_does() {
    let mut disk = with_file("a", b"synced");
    disk.append("a", b" not").unwrap();
    disk.append("b", b"new").unwrap();
    disk.remove("a").unwrap();
    disk.append("a", b"another").unwrap();
    let before = content(&mut disk);
    let report = disk.crash(&mut random(0), CrashMode::Kill);
    assert_eq!((report.blocks_lost, report.names_lost, report.unsynced_bytes), (0, 0, 10));
    assert_eq!(content(&mut disk), before);
    assert_eq!(cut_power(&mut disk).names_lost, 3);
    assert_eq!(content(&mut disk), [("a".to_owned(), b"synced".to_vec())]);
    assert_eq!(disk.last_crash().unwrap().mode, CrashMode::LoseUnsynced);
}

#[test]
fn names_keep_a_prefix_of_their_changes() {
    let mut disk = with_file("a", b"a");
    for name in ["b", "c"] {
        disk.append(name, name.as_bytes()).unwrap();
        disk.sync(name).unwrap();
    }
    disk.rename("b", "a").unwrap();
    disk.remove("c").unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let mut disk = disk.clone();
        let report = disk.crash(&mut random(seed), CrashMode::Subset);
        let left = content(&mut disk);
        let shown: Vec<_> = left
            .iter()
            .map(|(name, bytes)| format!("{name}={}", String::from_utf8_lossy(bytes)))
            .collect();
        seen.insert((report.names_lost, shown.join(" ")));
    }
    let expected = [(0, "a=b"), (1, "a=b c=c"), (2, "a=a b=b c=c"), (3, "a=a b=b"), (4, "a=a")];
    let seen: Vec<_> = seen.iter().map(|(lost, names)| (*lost, names.as_str())).collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_cut_that_was_not_synced_may_or_may_not_have_happened() {
    let whole = bytes(&mut random(1), 2 * BLOCK_BYTES);
    let mut disk = with_file("a", &whole);
    disk.truncate("a", 5_000).unwrap();
    let mut lengths = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let mut disk = disk.clone();
        disk.crash(&mut random(seed), CrashMode::Torn);
        let left = disk.read("a").unwrap();
        assert_eq!(left[..5_000], whole[..5_000]);
        lengths.insert(left.len());
    }
    assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [5_000, 2 * BLOCK_BYTES]);
}

#[test]
fn the_machine_dies_at_the_call_it_was_told() {
    for (point, number) in [(CrashPoint::Write, 2), (CrashPoint::Sync, 1)] {
        let mut disk = SimDisk::new();
        disk.crash_at(point, number);
        disk.append("a", b"one").unwrap();
        let second = disk.append("a", b"two");
        assert_eq!(second.is_err(), point == CrashPoint::Write);
        assert!(disk.sync("a").is_err());
        assert!(disk.is_gone());
        assert!(disk.read("a").is_err() && disk.list().is_err() && disk.len("a").is_err());
        disk.crash(&mut random(1), CrashMode::Kill);
        assert!(!disk.is_gone());
        assert_eq!(disk.read("a").unwrap(), b"onetwo", "the call may have taken effect");
        disk.sync("a").unwrap();
    }
}

#[test]
fn a_sync_in_which_the_machine_dies_may_have_been_done_in_part() {
    let whole = bytes(&mut random(1), 2 * BLOCK_BYTES);
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let mut disk = with_file("a", b"");
        disk.append("a", &whole).unwrap();
        disk.crash_at(CrashPoint::Sync, 1);
        assert!(disk.sync("a").is_err());
        disk.crash(&mut random(seed), CrashMode::Subset);
        let left = disk.read("a").unwrap();
        seen.insert(blocks(&whole, &left).iter().filter(|fate| **fate == Some(true)).count());
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn equal_draws_give_equal_crashes() {
    let crash = |seed| {
        let mut disk = with_file("a", &[1; 5_000]);
        disk.append("a", &[2; 20_000]).unwrap();
        disk.append("b", &[3; 9_000]).unwrap();
        let report = disk.crash(&mut random(seed), CrashMode::Torn);
        (content(&mut disk), report)
    };
    assert_eq!(crash(7), crash(7));
    assert!((0..20).any(|seed| crash(seed) != crash(7)));
}
