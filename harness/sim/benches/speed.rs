//! How fast the simulator is: simulated seconds for each second of wall time, of five Raft nodes
//! under all faults, with invariants and checking.

#[path = "../tests/rig/mod.rs"]
mod rig;

use std::time::Instant;

use rig::{Outcome, Trial, run};

/// Operations a second.
const RATES: [u64; 2] = [25, 500];

/// The one clock of a benchmark.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
fn now() -> Instant {
    Instant::now()
}

fn main() {
    // `cargo test` runs benchmarks once, to see that they work.
    let secs = if std::env::args().any(|arg| arg == "--bench") { 60 } else { 5 };
    println!(
        "| operations a second | simulated | wall | times real | events | ns an event | messages a second |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|");
    for rate in RATES {
        let nemesis = "partition,kill,pause,clock,power";
        let trial = Trial { rate, secs, nemesis, ..Trial::new(1) };
        let began = now();
        let Outcome { simulated, summary, verdict, findings } = run(&trial);
        let wall = began.elapsed().as_secs_f64();
        assert_eq!(simulated.problem, None);
        assert!(findings.iter().all(|words| !words.is_empty()), "{findings:?}");
        let ended = simulated.ended.as_secs_f64();
        println!(
            "| {rate} | {ended:.1} s | {wall:.3} s | {:.0} | {} | {:.0} | {:.0} |",
            ended / wall,
            simulated.events,
            wall * 1e9 / simulated.events as f64,
            simulated.messages as f64 / wall,
        );
        eprintln!("{verdict}, {} operations ok", summary.counts.ok);
    }
}
