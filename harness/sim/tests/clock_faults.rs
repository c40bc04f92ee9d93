//! Clocks that strobe, stand still, are suspended or leap under a whole run.

mod rig;

use rig::{Trial, assert_clean, run};
use tribunal_history::{FaultFamily, PlannedKind};

const NAMES: &[&str] = &["clock:strobe", "clock:freeze", "clock:suspend", "clock:leap"];

fn under(nemesis: &'static str, seed: u64) -> Trial {
    Trial { nemesis, secs: 40, ..Trial::new(seed) }
}

#[test]
fn clocks_do_what_they_do_and_nothing_breaks() {
    for nemesis in NAMES {
        for seed in 0..6 {
            let trial = under(nemesis, seed);
            let outcome = run(&trial);
            assert_clean(&trial, &outcome);
            assert_eq!(outcome.summary.effective, [FaultFamily::Clock]);
            let faults = &outcome.simulated.record.faults;
            assert!(faults.iter().all(|fault| fault.is_effective()), "{faults:#?}");
        }
    }
}

#[test]
fn every_clock_fault_at_once_beside_kills_is_survived() {
    for seed in 0..4 {
        let nemesis = "clock,clock:strobe,clock:freeze,clock:suspend,clock:leap,kill,power";
        let trial = Trial { secs: 100, ..under(nemesis, seed) };
        assert_clean(&trial, &run(&trial));
    }
}

#[test]
fn a_strobe_jumps_as_often_as_its_period_says() {
    let mut seen = 0;
    for seed in 0..6 {
        for fault in run(&under("clock:strobe", seed)).simulated.record.faults {
            let PlannedKind::ClockStrobe { period, .. } = fault.planned.kind else { continue };
            let lasted = fault.healed.unwrap().since(fault.installed.unwrap());
            let words = fault.healing.unwrap().text().to_owned();
            let jumps: u64 = words.split(' ').next().unwrap().parse().expect("a number of jumps");
            let nodes = fault.resolved.unwrap().nodes.len() as u64;
            let times = lasted.0 / period.0;
            assert!(jumps >= times * nodes / 2 && jumps <= (times + 2) * nodes, "{words} {times}");
            seen += 1;
        }
    }
    assert!(seen > 10);
}

#[test]
fn equal_seeds_give_equal_clocks() {
    for nemesis in NAMES {
        let trace = |seed| run(&Trial { secs: 20, ..under(nemesis, seed) }).simulated.trace;
        assert_eq!(trace(3), trace(3), "{nemesis}");
    }
}
