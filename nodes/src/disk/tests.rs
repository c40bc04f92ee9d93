use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use tribunal_history::Seed;

use super::*;

const FILES: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
enum Step {
    Append(usize, Vec<u8>),
    Sync(usize),
    Truncate(usize, u64),
    Rename(usize, usize),
    Remove(usize),
    SyncDir,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let file = 0..FILES.len();
    let step = prop_oneof![
        4 => (file.clone(), prop::collection::vec(any::<u8>(), 0..9))
            .prop_map(|(file, bytes)| Step::Append(file, bytes)),
        2 => file.clone().prop_map(Step::Sync),
        1 => (file.clone(), 0..12_u64).prop_map(|(file, len)| Step::Truncate(file, len)),
        1 => (file.clone(), file.clone())
            .prop_filter("another name", |(from, to)| from != to)
            .prop_map(|(from, to)| Step::Rename(from, to)),
        1 => file.prop_map(Step::Remove),
        2 => Just(Step::SyncDir),
    ];
    prop::collection::vec(step, 0..40)
}

fn apply(disk: &mut dyn Disk, step: &Step) -> bool {
    let done = match step {
        Step::Append(file, bytes) => disk.append(FILES[*file], bytes),
        Step::Sync(file) => disk.sync(FILES[*file]),
        Step::Truncate(file, len) => disk.truncate(FILES[*file], *len),
        Step::Rename(from, to) => disk.rename(FILES[*from], FILES[*to]),
        Step::Remove(file) => disk.remove(FILES[*file]),
        Step::SyncDir => disk.sync_dir(),
    };
    done.is_ok()
}

fn content(disk: &mut dyn Disk) -> Vec<(String, Vec<u8>)> {
    let names = disk.list().unwrap();
    names
        .into_iter()
        .map(|name| {
            let bytes = disk.read(&name).unwrap();
            assert_eq!(disk.len(&name).unwrap(), Some(bytes.len() as u64));
            (name, bytes)
        })
        .collect()
}

proptest! {
    /// Three disks, one behaviour: the same steps succeed and show the same content.
    #[test]
    fn all_disks_show_the_same(steps in steps()) {
        let directory = tempfile::tempdir().unwrap();
        let mut memory = MemoryDisk::new();
        let mut real = RealDisk::new(directory.path().join("data")).unwrap();
        let mut lossy = LossyDisk::new(MemoryDisk::new()).unwrap();
        for step in &steps {
            let done = apply(&mut memory, step);
            prop_assert_eq!(apply(&mut real, step), done, "{:?}", step);
            prop_assert_eq!(apply(&mut lossy, step), done, "{:?}", step);
        }
        let expected = content(&mut memory);
        prop_assert_eq!(&content(&mut real), &expected);
        prop_assert_eq!(&content(&mut lossy), &expected);
    }

    /// What a killed process leaves below a lossy disk is what a crash of a disk in memory leaves.
    #[test]
    fn a_lossy_disk_loses_what_a_crash_loses(steps in steps()) {
        let mut memory = MemoryDisk::new();
        let mut lossy = LossyDisk::new(MemoryDisk::new()).unwrap();
        for step in &steps {
            apply(&mut memory, step);
            apply(&mut lossy, step);
        }
        memory.crash();
        prop_assert_eq!(content(&mut lossy.into_below()), content(&mut memory));
    }

    /// After writing through nothing is lost, whenever it happened.
    #[test]
    fn written_through_nothing_is_lost(before in steps(), after in steps()) {
        let mut memory = MemoryDisk::new();
        let mut lossy = LossyDisk::new(MemoryDisk::new()).unwrap();
        for step in &before {
            apply(&mut memory, step);
            apply(&mut lossy, step);
        }
        lossy.write_through().unwrap();
        prop_assert_eq!(lossy.unsynced(), 0);
        for step in &after {
            prop_assert_eq!(apply(&mut lossy, step), apply(&mut memory, step));
        }
        prop_assert_eq!(content(&mut lossy.into_below()), content(&mut memory));
    }

    /// A torn crash keeps every synced byte of a file that was never truncated.
    #[test]
    fn a_torn_crash_keeps_what_was_synced(
        synced in prop::collection::vec(any::<u8>(), 0..2_000),
        lost in prop::collection::vec(any::<u8>(), 0..3_000),
        seed in any::<u64>(),
    ) {
        let mut disk = MemoryDisk::new();
        disk.append("a", &synced).unwrap();
        disk.sync("a").unwrap();
        disk.sync_dir().unwrap();
        disk.append("a", &lost).unwrap();
        prop_assert_eq!(disk.unsynced(), lost.len() as u64);
        disk.crash_torn(&mut Seed(seed).random());
        let left = disk.read("a").unwrap();
        prop_assert_eq!(&left[..synced.len()], &synced);
        prop_assert!(left.len() <= synced.len() + lost.len());
    }
}

#[test]
fn a_name_is_durable_only_after_the_directory_is_synced() {
    let mut disk = MemoryDisk::new();
    disk.append("a", b"kept").unwrap();
    disk.sync("a").unwrap();
    disk.crash();
    assert!(disk.list().unwrap().is_empty());
    disk.append("a", b"kept").unwrap();
    disk.sync("a").unwrap();
    disk.sync_dir().unwrap();
    disk.append("a", b" lost").unwrap();
    disk.crash();
    assert_eq!(disk.read("a").unwrap(), b"kept");
}

#[test]
fn a_failing_disk_fails_until_the_crash_and_takes_half_of_an_append() {
    let mut disk = MemoryDisk::new();
    disk.fail_at(2);
    disk.append("a", b"1234").unwrap();
    let error = disk.append("a", b"5678").unwrap_err();
    assert_eq!(error.to_string(), "cannot append to a: the disk was made to fail here");
    assert!(disk.sync("a").is_err());
    assert!(disk.append("a", b"9").is_err());
    disk.crash_torn(&mut Seed(3).random());
    disk.append("b", b"again").unwrap();
}

#[test]
fn held_back_bytes_are_counted() {
    let mut disk = LossyDisk::new(MemoryDisk::new()).unwrap();
    disk.append("a", b"12345").unwrap();
    disk.sync("a").unwrap();
    assert_eq!(disk.unsynced(), 5, "a file without a durable name would be lost whole");
    disk.sync_dir().unwrap();
    assert_eq!(disk.unsynced(), 0);
    disk.append("a", b"67").unwrap();
    assert_eq!(disk.unsynced(), 2);
    assert_eq!(disk.write_through().unwrap(), 2);
    disk.append("a", b"8").unwrap();
    assert_eq!(disk.into_below().read("a").unwrap(), b"12345678");
}

#[test]
fn a_disk_can_be_shared() {
    let shared = Arc::new(Mutex::new(MemoryDisk::new()));
    let mut handle = Arc::clone(&shared);
    handle.append("a", b"x").unwrap();
    assert_eq!(shared.lock().unwrap().unsynced(), 1);
}
