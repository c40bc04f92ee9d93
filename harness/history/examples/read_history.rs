//! Reads a history and says how much is in it, how fast it was read and in how much memory.
//!
//! ```text
//! cargo run --release -p tribunal-history --example read_history -- FILE [keyed] [lenient]
//! ```

use std::fs::File;
use std::time::Instant;

use tribunal_history::reading::{ReadOptions, read};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let flags: Vec<String> = std::env::args().skip(1).collect();
    let path = flags.first().ok_or("which file?")?;
    let has = |flag: &str| flags[1..].iter().any(|word| word == flag);
    let options =
        ReadOptions { keyed: has("keyed"), lenient: has("lenient"), ..ReadOptions::default() };
    let (file, began) = (File::open(path)?, Instant::now());
    let megabytes = file.metadata()?.len() as f64 / 1e6;
    let parsed = read(file, &options)?;
    let seconds = began.elapsed().as_secs_f64();
    let events = parsed.history.len();
    println!("{events} events in {seconds:.2} s: {:.0} MB/s", megabytes / seconds);
    println!("history {:.0} MB", parsed.history.bytes() as f64 / 1e6);
    for line in parsed.warnings.iter().chain(&parsed.notes.words(events)) {
        println!("{line}");
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    for line in status.lines().filter(|line| line.starts_with("VmHWM")) {
        println!("{line}");
    }
    Ok(())
}
