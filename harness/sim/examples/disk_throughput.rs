//! How fast the simulated disk is beside the disk in memory: appends with a sync every few.
//!
//! `cargo run --release -p tribunal-sim --example disk_throughput`

#![expect(clippy::disallowed_methods, reason = "it measures the machine's time")]

use std::time::Instant;

use tribunal_nodes::store::RecordStore;
use tribunal_nodes::{Disk, MemoryDisk, WriteOp};
use tribunal_sim::disk::SimDisk;

const APPENDS: usize = 1_000_000;
const SYNC_EVERY: usize = 10;
/// A new file as often as a store begins a new segment.
const FILE_EVERY: usize = 40_000;

fn appends(mut disk: impl Disk) -> f64 {
    let bytes = [7; 100];
    let begun = Instant::now();
    let mut name = String::new();
    for number in 0..APPENDS {
        if number % FILE_EVERY == 0 {
            name = format!("log-00000000-{:08}", number / FILE_EVERY);
        }
        disk.append(&name, &bytes).expect("a healthy disk");
        if (number + 1) % SYNC_EVERY == 0 {
            disk.sync(&name).expect("a healthy disk");
        }
    }
    begun.elapsed().as_secs_f64()
}

fn records(disk: impl Disk) -> f64 {
    let begun = Instant::now();
    let (mut store, _) = RecordStore::open(disk).expect("an empty disk");
    for number in 0..APPENDS {
        store.write(&[WriteOp::Record(vec![7_u8; 70])]).expect("a healthy disk");
        if (number + 1) % SYNC_EVERY == 0 {
            store.sync().expect("a healthy disk");
        }
    }
    begun.elapsed().as_secs_f64()
}

fn main() {
    println!("{APPENDS} appends of 100 bytes, a sync every {SYNC_EVERY}; seconds, three times");
    for _ in 0..3 {
        println!(
            "appends: memory {:.3}, simulated {:.3}; under a store: memory {:.3}, simulated {:.3}",
            appends(MemoryDisk::new()),
            appends(SimDisk::new()),
            records(MemoryDisk::new()),
            records(SimDisk::new()),
        );
    }
}
