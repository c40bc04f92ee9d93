//! How fast the simulator is: simulated seconds for each second of wall time, of five Raft nodes
//! under all faults, with invariants and checking. Beside it, as many messages through turmoil.

#[path = "../tests/rig/mod.rs"]
mod rig;

mod peer;

use std::time::{Duration, Instant};

use peer::{Carrier, Pace, pass};
use rig::{Outcome, Trial, run};
use tribunal_history::Verdict;

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
    let mut messages = 0;
    let mut own = 0.0;
    for rate in RATES {
        let nemesis = "partition,kill,pause,clock,power,disk";
        let trial = Trial { rate, secs, nemesis, ..Trial::new(1) };
        let began = now();
        let Outcome { simulated, summary, verdict, findings } = run(&trial);
        let wall = began.elapsed().as_secs_f64();
        assert_eq!(simulated.problem, None);
        assert_eq!(simulated.violation, None);
        assert_eq!(verdict, Verdict::Valid, "{findings:?}");
        let ended = simulated.ended.as_secs_f64();
        println!(
            "| {rate} | {ended:.1} s | {wall:.3} s | {:.0} | {} | {:.0} | {:.0} |",
            ended / wall,
            simulated.events,
            wall * 1e9 / simulated.events as f64,
            simulated.messages as f64 / wall,
        );
        eprintln!("{verdict}, {} operations ok", summary.counts.ok);
        (messages, own) = (simulated.messages, simulated.messages as f64 / wall);
    }
    beside_turmoil(messages, own, secs);
}

/// As many messages as the last run passed between its nodes, through turmoil: in about the same
/// simulated time, and in as little as it takes.
fn beside_turmoil(messages: u64, own: f64, secs: u64) {
    println!("\n| turmoil | messages | simulated | wall | messages a second | ratio |");
    println!("|---|---:|---:|---:|---:|---:|");
    println!("| (the simulator) | {messages} | | | {own:.0} | |");
    // Twenty messages a round: each of five hosts to the four others.
    let every = Duration::from_secs(secs).mul_f64(20.0 / messages.max(1) as f64);
    let dense = Pace { every: Duration::from_millis(1), burst: 16 };
    let same = Pace { every, burst: 1 };
    for (name, carrier, pace) in [
        ("TCP, same pace", Carrier::Tcp, same),
        ("TCP, as fast as it goes", Carrier::Tcp, dense),
        ("UDP, same pace", Carrier::Udp, same),
        ("UDP, as fast as it goes", Carrier::Udp, dense),
    ] {
        let began = now();
        let (arrived, simulated) = pass(messages, carrier, pace);
        let wall = began.elapsed().as_secs_f64();
        let rate = arrived as f64 / wall;
        let simulated = simulated.as_secs_f64();
        println!(
            "| {name} | {arrived} | {simulated:.1} s | {wall:.3} s | {rate:.0} | {:.1} |",
            own / rate
        );
    }
}
