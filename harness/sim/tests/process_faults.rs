//! Nodes that die at chosen calls, restart in turn, or come back to the wrong disk.

mod rig;

use rig::{Outcome, Trial, assert_clean, run};
use tribunal_history::{
    At, DiskFault, FaultFamily, FaultId, FaultKind, FileSystem, Nanos, PlannedFault, PlannedKind,
    Schedule, Seed, Targets, Verdict,
};
use tribunal_nemesis::{GenerateOptions, generate};

const BUG: Option<&str> = Some("wal.ack_before_fsync");

fn under(nemesis: &'static str, seed: u64) -> Trial {
    Trial { nemesis, secs: 30, ..Trial::new(seed) }
}

#[test]
fn nodes_die_at_their_calls_and_nothing_breaks() {
    for (nemesis, family) in [
        ("rolling-restart", FaultFamily::Kill),
        ("crash-at-write", FaultFamily::Power),
        ("crash-at-sync", FaultFamily::Power),
        ("crash-at-send", FaultFamily::Power),
        ("swap-disks", FaultFamily::Disk),
    ] {
        for seed in 0..6 {
            let trial = under(nemesis, seed);
            let outcome = run(&trial);
            assert_clean(&trial, &outcome);
            assert_eq!(outcome.summary.effective, [family], "{nemesis}");
        }
    }
}

#[test]
fn a_rolling_restart_goes_around() {
    let outcome = run(&under("rolling-restart", 1));
    let faults = &outcome.simulated.record.faults;
    let nodes: Vec<u16> =
        faults.iter().map(|fault| fault.resolved.as_ref().unwrap().nodes[0].0).collect();
    assert!(nodes.len() >= 10, "{nodes:?}");
    assert!((1..=5).cycle().zip(&nodes).all(|(wanted, node)| wanted == *node), "{nodes:?}");
}

#[test]
fn acknowledging_before_a_sync_is_found_by_crashes_at_calls() {
    let found = (0..12).filter(|seed| {
        let outcome = run(&Trial { bug: BUG, ..under("crash-at-sync", *seed) });
        outcome.verdict == Verdict::Invalid || outcome.simulated.violation.is_some()
    });
    let found = found.count();
    assert!(found >= 1, "in {found} of 12 runs");
}

#[test]
fn a_failed_sync_finds_what_was_acknowledged_before_it() {
    let planned = |number: u32| PlannedFault {
        id: FaultId(number),
        family: FaultFamily::Disk,
        kind: PlannedKind::Disk(DiskFault::SyncError {
            file_system: FileSystem::Ext4,
            again: false,
            skip: 0,
        }),
        targets: Targets::MajorityWithLeader,
        at: At::Time(Nanos::from_secs(u64::from(number) * 4)),
        lasts: Some(Nanos::from_millis(1_500)),
    };
    let schedule = Some(Schedule::new((0..7).map(planned).collect()));
    for (bug, least, most) in [(None, 0, 0), (BUG, 1, 8)] {
        let found = (0..8).filter(|seed| {
            let schedule = schedule.clone();
            let outcome = run(&Trial { bug, schedule, ..under("disk:fsync-fails", *seed) });
            assert_eq!(outcome.summary.effective, [FaultFamily::Disk]);
            outcome.verdict == Verdict::Invalid || outcome.simulated.violation.is_some()
        });
        let found = found.count();
        assert!((least..=most).contains(&found), "{bug:?} in {found} of 8 runs");
    }
}

/// What recovery shows then is not on the device, and shows as a hole or a lost entry later.
#[test]
fn a_warm_restart_after_a_failed_sync_is_found() {
    let found = (0..12).filter(|seed| {
        let bug = Some("wal.warm_restart");
        let outcome = run(&Trial { bug, ..under("disk:fsync-fails", *seed) });
        outcome.verdict == Verdict::Invalid || outcome.simulated.violation.is_some()
    });
    let found = found.count();
    assert!(found >= 6, "in {found} of 12 runs");
}

/// A member that has forgotten its vote and log and does not know is no member: nothing is
/// promised, and the run says so.
#[test]
fn a_wiped_node_is_beyond_the_claim() {
    let claim = (tribunal_systems::find("raft").unwrap().claim)();
    let nemesis = "wipe,partition,restart-storm";
    let spec = nemesis.parse().unwrap();
    let options = GenerateOptions { overlap: true, ..GenerateOptions::default() };
    let mut broken = 0;
    for seed in 0..12 {
        let schedule = Some(generate(&spec, Seed(seed), Nanos::from_secs(60), &options));
        let trial = Trial { secs: 60, nodes: 3, schedule, ..under(nemesis, seed) };
        let outcome = run(&trial);
        assert_eq!(outcome.simulated.problem, None);
        assert!(outcome.summary.effective.contains(&FaultFamily::DiskLoss));
        assert!(claim.rung(&outcome.summary.effective).is_none());
        broken += usize::from(outcome.simulated.violation.is_some());
        let wiped = outcome.simulated.record.faults.iter().filter(|fault| {
            let kind = fault.resolved.as_ref().map(|fault| fault.kind);
            matches!(kind, Some(FaultKind::Disk(_))) && fault.is_effective()
        });
        assert!(wiped.count() >= 1);
    }
    assert!(broken > 0, "two votes in a term, or an entry that a majority forgot");
}

#[test]
fn equal_seeds_give_equal_runs() {
    for nemesis in ["crash-at-write", "crash-at-sync", "crash-at-send", "swap-disks", "wipe"] {
        let trace = |seed| run(&Trial { secs: 20, ..under(nemesis, seed) }).simulated.trace;
        assert_eq!(trace(3), trace(3), "{nemesis}");
    }
}

/// What is counted are the calls of a node, whatever disk is in it: who dies at one starts again.
#[test]
fn disks_are_swapped_while_calls_are_counted() {
    let spec = "crash-at-write,crash-at-sync,swap-disks".parse().expect("known names");
    for seed in 0..60 {
        let interval = Some(Nanos::from_millis(500));
        let options = GenerateOptions { overlap: true, interval, ..GenerateOptions::default() };
        let load = Nanos::from_secs(10);
        let schedule = Some(generate(&spec, Seed(seed), load, &options));
        let trial = Trial { secs: 10, schedule, ..under("crash-at-write", seed) };
        let Outcome { simulated, summary, .. } = run(&trial);
        assert_eq!(simulated.violation, None, "{seed}");
        let recovered = summary.gates.iter().find(|it| it.name.starts_with("every node ok"));
        let recovered = recovered.expect("it is asked");
        assert_eq!(recovered.passed, Some(true), "seed {seed}: {}", recovered.figure);
    }
}
