//! Links that lose in bursts, flip bits, repeat what is old, or are clogged under a whole run.

mod rig;

use rig::{Trial, assert_clean, run};
use tribunal_history::{FaultFamily, FaultRecord};
use tribunal_sim::{Transport, Weather};

const NAMES: &[(&str, FaultFamily)] = &[
    ("packet:burst-loss", FaultFamily::Packet),
    ("packet:corrupt", FaultFamily::Packet),
    ("packet:replay", FaultFamily::Packet),
    ("client-packet", FaultFamily::Client),
    ("client-packet:corrupt", FaultFamily::Client),
    ("clog", FaultFamily::Partition),
    ("swizzle-clog", FaultFamily::Partition),
];

fn under(nemesis: &'static str, seed: u64, transport: Transport) -> Trial {
    Trial { nemesis, secs: 40, weather: Weather::CALM.over(transport), ..Trial::new(seed) }
}

fn healed(fault: &FaultRecord) -> &str {
    fault.healing.as_ref().map_or("", |healing| healing.text())
}

#[test]
fn links_do_as_they_are_told_and_nothing_breaks() {
    for (nemesis, family) in NAMES {
        let mut said = String::new();
        for seed in 0..4 {
            for transport in [Transport::Stream, Transport::Datagram] {
                let trial = under(nemesis, seed, transport);
                let outcome = run(&trial);
                assert_clean(&trial, &outcome);
                assert_eq!(outcome.summary.effective, [*family], "{nemesis}");
                said.extend(outcome.simulated.record.faults.iter().map(healed));
            }
        }
        let word = match *nemesis {
            "packet:burst-loss" => "lost",
            "client-packet" => "packets delayed",
            "packet:corrupt" | "client-packet:corrupt" => "packets damaged, and seen to be",
            "packet:replay" => "old packets once more",
            _ => "packets stopped",
        };
        assert!(said.contains(word), "{nemesis}: {said}");
    }
}

#[test]
fn old_messages_beside_restarts_and_elections_are_of_no_use() {
    for seed in 0..4 {
        for transport in [Transport::Stream, Transport::Datagram] {
            let nemesis = "packet:replay,restart-storm,isolate-leader";
            let trial = Trial { secs: 60, ..under(nemesis, seed, transport) };
            assert_clean(&trial, &run(&trial));
        }
    }
}

#[test]
fn equal_seeds_give_equal_links() {
    for (nemesis, _) in NAMES {
        let trial = Trial { secs: 20, ..under(nemesis, 3, Transport::Stream) };
        assert_eq!(run(&trial).simulated.trace, run(&trial).simulated.trace, "{nemesis}");
    }
}
