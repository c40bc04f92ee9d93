//! Disks that misbehave under a whole run: what Raft claims to survive it survives, and what it
//! does not claim is told.

mod rig;

use rig::{Outcome, Trial, assert_clean, run};
use tribunal_history::{FaultFamily, FaultRecord, NodeEvent, NodeState};
use tribunal_sim::{Transport, Weather};

const SURVIVABLE: &[&str] = &[
    "disk",
    "disk:fsync-fails",
    "disk:write-error",
    "disk:read-error",
    "disk:no-space",
    "disk:slow",
    "disk:rot",
];
const BEYOND: &[&str] = &[
    "disk:lying-sync",
    "disk:lost-write",
    "disk:misdirected-write",
    "disk:stale-read",
    "disk:rollback",
];

fn under(nemesis: &'static str, seed: u64) -> Trial {
    Trial { nemesis, secs: 40, ..Trial::new(seed) }
}

fn effective(outcome: &Outcome) -> usize {
    outcome.simulated.record.faults.iter().filter(|fault| fault.is_effective()).count()
}

#[test]
fn what_is_survivable_strikes_and_is_survived() {
    for nemesis in SURVIVABLE {
        let mut struck = 0;
        for seed in 0..4 {
            let trial = under(nemesis, seed);
            let outcome = run(&trial);
            assert_clean(&trial, &outcome);
            assert_eq!(outcome.summary.effective, [FaultFamily::Disk]);
            struck += effective(&outcome);
        }
        assert!(struck >= 12, "{nemesis} struck {struck} times");
    }
}

#[test]
fn it_is_survived_together_with_everything_else() {
    for seed in 0..4 {
        let nemesis = "partition,kill,pause,clock,power,packet,disk";
        // Streams are not harmed by packets that come twice or overtake.
        let weather = Weather::CALM.over(Transport::Datagram);
        let trial = Trial { secs: 120, weather, ..under(nemesis, seed) };
        assert_clean(&trial, &run(&trial));
    }
}

/// The node stops over the error and stays down until the heal: nobody blames it.
#[test]
fn a_node_that_stops_over_its_disk_is_down_until_the_heal() {
    let outcome = run(&under("disk:fsync-fails", 1));
    let record = &outcome.simulated.record;
    let stopped = record.node_events.iter().filter_map(|event| match event {
        NodeEvent::State { time, node, state: NodeState::Down, asked, detail } => {
            assert!(asked, "{detail}");
            Some((*time, *node))
        }
        _ => None,
    });
    let mut count = 0;
    for (time, node) in stopped {
        count += 1;
        let covers = |fault: &&FaultRecord| {
            fault.installed.is_some_and(|installed| installed <= time)
                && fault.healed.is_some_and(|healed| healed >= time)
        };
        let fault = record.faults.iter().find(covers).expect("a fault stopped it");
        let up = record.node_events.iter().find_map(|event| match event {
            NodeEvent::State { time: at, node: who, state: NodeState::Running, .. }
                if *who == node && *at > time =>
            {
                Some(*at)
            }
            _ => None,
        });
        let lasts = fault.planned.lasts.unwrap();
        assert!(up.is_some_and(|up| up >= fault.installed.unwrap() + lasts), "{fault:?}");
    }
    assert!(count > 0);
}

/// Nothing is promised then, and the run says so: the family is outside the claim.
#[test]
fn what_is_beyond_the_claim_is_recorded_as_such() {
    let claim = (tribunal_systems::find("raft").unwrap().claim)();
    for nemesis in BEYOND {
        let mut struck = 0;
        for seed in 0..6 {
            let outcome = run(&under(nemesis, seed));
            assert_eq!(outcome.simulated.problem, None);
            let effective = &outcome.summary.effective;
            if !effective.is_empty() {
                assert_eq!(*effective, [FaultFamily::DiskLoss]);
                assert!(claim.rung(effective).is_none());
                struck += 1;
            }
        }
        assert!(struck >= 3, "{nemesis} struck in {struck} runs");
    }
}

#[test]
fn equal_seeds_give_equal_disks() {
    for nemesis in SURVIVABLE.iter().chain(BEYOND) {
        let trace = |seed| run(&Trial { secs: 20, ..under(nemesis, seed) }).simulated.trace;
        assert_eq!(trace(3), trace(3), "{nemesis}");
    }
}
