//! Raft in the simulator: clean where it is correct, found out where it is not.

mod rig;

use rig::{Trial, assert_clean, run};

#[test]
fn a_run_without_faults_is_valid() {
    let trial = Trial { nemesis: "none", secs: 5, ..Trial::new(1) };
    let outcome = run(&trial);
    assert_clean(&trial, &outcome);
    assert!(outcome.summary.counts.ok > 800, "{:?}", outcome.summary.counts);
    assert_eq!(outcome.summary.counts.info, 0);
}

#[test]
fn the_default_run_is_valid() {
    for seed in 0..20 {
        let trial = Trial::new(seed);
        assert_clean(&trial, &run(&trial));
    }
}

#[test]
fn equal_seeds_give_equal_runs() {
    let trace = |seed| run(&Trial::new(seed)).simulated.trace;
    assert_eq!(trace(3), trace(3));
    assert_ne!(trace(3), trace(4));
}
