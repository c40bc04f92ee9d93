//! The disk as a store sees it when nothing is wrong, its counts, its capacity and its images.

use proptest::prelude::*;
use tribunal_nodes::MemoryDisk;

use super::*;

#[test]
fn files_are_read_as_they_were_written() {
    let mut disk = SimDisk::new();
    let whole = bytes(&mut random(1), 3 * BLOCK_BYTES + 100);
    for part in whole.chunks(999) {
        disk.append("a", part).unwrap();
        disk.sync("a").unwrap();
    }
    assert_eq!(disk.read("a").unwrap(), whole);
    disk.sync_dir().unwrap();
    cut_power(&mut disk);
    assert_eq!(disk.read("a").unwrap(), whole);
    assert_eq!(disk.len("b").unwrap(), None);
    assert_eq!(disk.read("b").unwrap_err().source.kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn calls_bytes_and_syncs_are_counted_since_boot() {
    let mut disk = SimDisk::new();
    disk.append("a", &[1; 100]).unwrap();
    disk.append("a", &[1; 20]).unwrap();
    disk.sync("a").unwrap();
    disk.append("a", &[1; 5]).unwrap();
    disk.sync("a").unwrap();
    disk.sync("a").unwrap();
    disk.sync_dir().unwrap();
    disk.read("a").unwrap();
    let counts = DiskCounts {
        operations: 8,
        reads: 1,
        read_bytes: 125,
        writes: 3,
        written_bytes: 125,
        syncs: 4,
        synced_bytes: 125,
    };
    assert_eq!(disk.counts(), counts);
    cut_power(&mut disk);
    assert_eq!(disk.counts(), DiskCounts::default());
}

#[test]
fn a_full_disk_takes_what_fits() {
    let mut disk = with_file("a", &[7; 90]);
    disk.set_capacity(Some(100));
    let error = disk.append("a", &[8; 30]).unwrap_err();
    assert_eq!(error.source.kind(), std::io::ErrorKind::StorageFull);
    assert_eq!(disk.len("a").unwrap(), Some(100));
    assert!(disk.append("b", &[1]).is_err());
    assert_eq!(kinds(&disk), [FaultKind::NoSpace, FaultKind::NoSpace]);
    assert_eq!(disk.struck()[0].amount, 20);
    disk.truncate("a", 50).unwrap();
    disk.append("b", &[1; 50]).unwrap();
    disk.remove("a").unwrap();
    assert!(disk.append("b", &[1; 1]).is_err(), "a removal frees room when it is durable");
    disk.sync_dir().unwrap();
    disk.append("b", &[1; 50]).unwrap();
    assert_eq!(disk.used(), 100);
    disk.set_capacity(None);
    disk.append("b", &[1; 500]).unwrap();
    cut_power(&mut disk);
    assert_eq!(disk.used(), 0, "the content of b was never synced");
}

#[test]
fn an_image_is_what_was_durable_then() {
    let first = bytes(&mut random(1), 5_000);
    let mut disk = with_file("a", &first);
    disk.append("a", b"unsynced").unwrap();
    let image = disk.image();
    put(&mut disk, "a", &[3; 9_000]);
    put(&mut disk, "b", b"later");
    let later = disk.image();
    disk.restore(&image);
    assert_eq!(content(&mut disk), [("a".to_owned(), first.clone())]);
    assert_eq!(disk.unsynced(), 0);
    // It goes on from there, and the image stays what it was.
    put(&mut disk, "a", b" and on");
    put(&mut disk, "c", b"new");
    disk.restore(&image);
    assert_eq!(content(&mut disk), [("a".to_owned(), first)]);
    disk.restore(&later);
    assert_eq!(disk.list().unwrap(), ["a", "b"]);
    disk.wipe();
    assert!(disk.list().unwrap().is_empty());
    assert_eq!(disk.used(), 0);
    let rollback = FaultKind::Rollback;
    assert_eq!(kinds(&disk), [rollback, rollback, rollback, FaultKind::Wipe]);
}

#[test]
fn an_image_serves_on_another_disk() {
    let image = with_file("a", b"one").image();
    let mut other = SimDisk::new();
    other.restore(&image);
    put(&mut other, "b", b"two");
    cut_power(&mut other);
    let expected = [("a".to_owned(), b"one".to_vec()), ("b".to_owned(), b"two".to_vec())];
    assert_eq!(content(&mut other), expected);
}

#[test]
fn the_log_of_faults_is_bounded() {
    let mut disk = SimDisk::new();
    (0..STRUCK_KEPT + 10).for_each(|_| disk.wipe());
    assert_eq!(disk.struck().len(), STRUCK_KEPT);
    assert_eq!(disk.take_struck().len(), STRUCK_KEPT);
    disk.wipe();
    assert_eq!(disk.struck().len(), 1);
    assert_eq!(disk.struck_total(), STRUCK_KEPT as u64 + 11);
}

#[derive(Clone, Debug)]
enum Step {
    Append(usize, Vec<u8>),
    Sync(usize),
    Truncate(usize, u64),
    Rename(usize, usize),
    Remove(usize),
    SyncDir,
    Crash,
}

const FILES: [&str; 3] = ["a", "b", "c"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let file = 0..FILES.len();
    let step = prop_oneof![
        6 => (file.clone(), prop::collection::vec(any::<u8>(), 0..5_000))
            .prop_map(|(file, bytes)| Step::Append(file, bytes)),
        3 => file.clone().prop_map(Step::Sync),
        2 => (file.clone(), 0..9_000_u64).prop_map(|(file, len)| Step::Truncate(file, len)),
        1 => (file.clone(), file.clone())
            .prop_filter("another name", |(from, to)| from != to)
            .prop_map(|(from, to)| Step::Rename(from, to)),
        1 => file.prop_map(Step::Remove),
        2 => Just(Step::SyncDir),
        1 => Just(Step::Crash),
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
        Step::Crash => Ok(()),
    };
    done.is_ok()
}

proptest! {
    /// Against the small disk in memory: the same steps succeed, show the same, and leave the same
    /// when nothing unsynced survives.
    #[test]
    fn it_agrees_with_the_disk_in_memory(steps in steps()) {
        let mut memory = MemoryDisk::new();
        let mut disk = SimDisk::new();
        for step in &steps {
            prop_assert_eq!(apply(&mut disk, step), apply(&mut memory, step), "{:?}", step);
            if matches!(step, Step::Crash) {
                memory.crash();
                cut_power(&mut disk);
            }
            prop_assert_eq!(disk.list().unwrap(), memory.list().unwrap());
            for name in memory.list().unwrap() {
                prop_assert_eq!(disk.read(&name).unwrap(), memory.read(&name).unwrap());
                prop_assert_eq!(disk.len(&name).unwrap(), memory.len(&name).unwrap());
            }
            prop_assert_eq!(disk.unsynced(), memory.unsynced());
        }
        prop_assert_eq!(disk.struck().iter().filter(|s| s.kind != FaultKind::PowerCut).count(), 0);
    }
}
