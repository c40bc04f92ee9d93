//! Raft under deterministic weather: the correct core stays clean, every planted bug is found.

mod rig;

use std::collections::BTreeSet;

use rig::{Outcome, Setup, Template, run};
use tribunal_history::{BugSet, Mark, Nanos, NodeId, Seed};
use tribunal_nodes::{BUGS, Config};

/// A cluster whose logs are compacted often and whose snapshots travel in many pieces.
fn config(count: u16) -> Config {
    Config {
        compact_entries: 24,
        chunk_bytes: 200,
        batch_entries: 8,
        sessions: 12,
        ..Config::new(NodeId::all(count).collect())
    }
}

fn setup(seed: u64, config: Config, template: Template) -> Setup {
    Setup { seed: Seed(seed), config, template, load_ms: 7_000, clients: template.clients() }
}

fn assert_clean(seed: u64, outcome: &Outcome) {
    assert_eq!(outcome.violation, None, "seed {seed}: {outcome:?}");
    assert!(outcome.ok > 0, "seed {seed}: {outcome:?}");
}

#[test]
fn the_correct_core_is_clean_in_any_weather() {
    let (mut marks, mut steps, mut ok, mut undecided) = (BTreeSet::new(), 0, 0, 0);
    for seed in 0..240 {
        let count = [3, 5, 3, 4, 9, 2, 7, 1][seed as usize % 8];
        let outcome = run(setup(seed, config(count), Template::Storm));
        assert_clean(seed, &outcome);
        marks.extend(outcome.marks);
        steps += outcome.steps;
        ok += outcome.ok;
        undecided += outcome.undecided;
    }
    println!("240 seeds, {steps} steps, {ok} operations ok, {undecided} keys undecided");
    let missed: Vec<_> = Mark::ALL.iter().filter(|mark| !marks.contains(mark)).collect();
    assert!(missed.is_empty(), "never reached: {missed:?}");
    assert!(undecided < 24, "{undecided} keys were not decided");
}

/// Elections in quick succession, and one entry to a message, so that entries of different terms
/// travel apart.
fn hasty(config: Config) -> Config {
    Config {
        batch_entries: 1,
        heartbeat: Nanos::from_millis(40),
        election_min: Nanos::from_millis(150),
        election_max: Nanos::from_millis(300),
        ..config
    }
}

#[test]
fn the_correct_core_is_clean_in_every_special_weather() {
    for template in Template::ALL {
        for seed in 0..40 {
            let config = config(if seed % 4 < 2 { 3 } else { 5 });
            let config = if seed % 2 == 0 { config } else { hasty(config) };
            let outcome = run(setup(seed, config, template));
            assert_clean(seed, &outcome);
        }
    }
}

/// A planted bug with the weather and the configuration that bring it out.
struct Canary {
    bug: &'static str,
    template: Template,
    config: Config,
    /// Seeds within which it must be found.
    seeds: u64,
}

impl Canary {
    fn new(bug: &'static str, template: Template, count: u16, seeds: u64) -> Canary {
        Canary { bug, template, config: config(count), seeds }
    }

    /// With [`hasty`] elections.
    fn in_haste(mut self) -> Canary {
        self.config = hasty(self.config);
        self
    }

    /// The bug is found, and the core without it is clean under the very same weather and seeds.
    fn sings(self) {
        let bugs = BugSet::new([self.bug], BUGS).unwrap();
        let mut steps = 0;
        let mut found = None;
        for seed in 0..self.seeds {
            let config = Config { bugs: bugs.clone(), ..self.config.clone() };
            let outcome = run(setup(seed, config, self.template));
            steps += outcome.steps;
            found = outcome.violation.map(|violation| (seed, outcome.steps, violation));
            if found.is_some() {
                break;
            }
        }
        let (seed, last, violation) =
            found.unwrap_or_else(|| panic!("{} not found in {} seeds", self.bug, self.seeds));
        let (bug, tried) = (self.bug, seed + 1);
        println!("{bug}: {tried} seeds, {steps} steps ({last} in the last): {violation}");
        for seed in 0..tried.max(10) {
            assert_clean(seed, &run(setup(seed, self.config.clone(), self.template)));
        }
    }
}

#[test]
fn a_leader_that_reads_alone_is_found() {
    Canary::new("read.local_leader", Template::IsolateLeader, 3, 20).sings();
}

#[test]
fn commands_applied_twice_are_found() {
    Canary::new("session.none", Template::LoseReply, 3, 20).sings();
}

#[test]
fn answers_before_the_sync_are_found() {
    Canary::new("wal.ack_before_fsync", Template::PowerMajority, 3, 40).sings();
}

#[test]
fn forgotten_votes_are_found() {
    Canary::new("vote.no_persist", Template::RestartStorm, 3, 200).in_haste().sings();
}

#[test]
fn figure_8_is_found() {
    let canary = Canary::new("commit.prior_term_by_count", Template::LeaderKillCycle, 5, 200);
    canary.in_haste().sings();
}

#[test]
fn equal_seeds_give_equal_runs() {
    let trace = |seed| run(setup(seed, config(3), Template::Storm)).trace;
    assert_eq!(trace(5), trace(5));
    assert_ne!(trace(5), trace(6));
}
