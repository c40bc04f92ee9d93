mod atlas;
mod behaviour;
mod crash;
mod faults;
mod model;
mod store;
mod store_faults;

use tribunal_history::{Random, Seed};
use tribunal_nodes::Disk;

use super::*;

fn random(seed: u64) -> Random {
    Seed(seed).random()
}

/// Bytes that are never zero, so that a hole shows.
fn bytes(random: &mut Random, len: usize) -> Vec<u8> {
    (0..len).map(|_| random.bits() as u8 | 1).collect()
}

/// A disk with one synced file of this content, its name durable.
fn with_file(name: &str, content: &[u8]) -> SimDisk {
    let mut disk = SimDisk::new();
    put(&mut disk, name, content);
    disk
}

/// Appends, and makes it durable.
fn put(disk: &mut SimDisk, name: &str, content: &[u8]) {
    disk.append(name, content).unwrap();
    disk.sync(name).unwrap();
    disk.sync_dir().unwrap();
}

/// A power cut that keeps nothing unsynced.
fn cut_power(disk: &mut SimDisk) -> CrashReport {
    disk.crash(&mut random(0), CrashMode::LoseUnsynced)
}

fn content(disk: &mut SimDisk) -> Vec<(String, Vec<u8>)> {
    let names = disk.list().unwrap();
    let read = |name: String| {
        let bytes = disk.read(&name).unwrap();
        assert_eq!(disk.len(&name).unwrap(), Some(bytes.len() as u64));
        (name, bytes)
    };
    names.into_iter().map(read).collect()
}

fn kinds(disk: &SimDisk) -> Vec<FaultKind> {
    disk.struck().iter().map(|struck| struck.kind).collect()
}
