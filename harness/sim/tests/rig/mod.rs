//! A whole run in the simulator: plan, interpreter, nodes, checkers.

use std::collections::BTreeMap;

use tribunal_checkers::Budget;
use tribunal_engine::{Run, RunOptions, RunSummary};
use tribunal_history::{BugSet, Nanos, NodeId, Plan, Schedule, Seed, Verdict};
use tribunal_nemesis::{GenerateOptions, Medium, Spec, generate};
use tribunal_nodes::{BUGS, Config};
use tribunal_sim::{NoWatch, SimOptions, Simulated, Weather, simulate};
use tribunal_systems::Kind;
use tribunal_workloads::GeneratorOptions;

/// What a test wants to run.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    pub(crate) seed: u64,
    pub(crate) nodes: u16,
    pub(crate) workload: &'static str,
    pub(crate) nemesis: &'static str,
    pub(crate) bug: Option<&'static str>,
    pub(crate) rate: u64,
    pub(crate) secs: u64,
    pub(crate) weather: Weather,
    pub(crate) config: fn(&mut Config),
    /// In place of what the nemesis draws.
    pub(crate) schedule: Option<Schedule>,
}

impl Trial {
    pub(crate) fn new(seed: u64) -> Trial {
        Trial {
            seed,
            nodes: 5,
            workload: "register",
            nemesis: "partition,kill",
            bug: None,
            rate: 200,
            secs: 20,
            weather: Weather::CALM,
            config: |_| {},
            schedule: None,
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) simulated: Simulated,
    pub(crate) summary: RunSummary,
    pub(crate) verdict: Verdict,
    pub(crate) findings: Vec<String>,
}

/// That nothing was found, and that the run meant something.
#[allow(dead_code, reason = "not every file of tests judges so")]
pub(crate) fn assert_clean(trial: &Trial, outcome: &Outcome) {
    let Outcome { simulated, summary, verdict, findings } = outcome;
    assert_eq!(simulated.problem, None, "{trial:?}");
    assert_eq!(simulated.violation, None, "{trial:?}");
    assert_eq!(summary.harness_error, None, "{trial:?}");
    assert_eq!(*verdict, Verdict::Valid, "{trial:?}: {findings:?}");
    let failed: Vec<_> = summary.gates.iter().filter(|gate| gate.passed == Some(false)).collect();
    assert!(failed.is_empty(), "{trial:?}: {failed:?} {:#?}", simulated.record.faults);
}

pub(crate) fn run(trial: &Trial) -> Outcome {
    let (mut run, options) = prepare(trial);
    let simulated = simulate(options, &mut run, &mut NoWatch).expect("a known core");
    let workload = tribunal_workloads::find(trial.workload).expect("a known workload");
    let findings: Vec<_> = (workload.checkers)()
        .iter()
        .flat_map(|checker| checker.check(&simulated.record, &Budget::DEFAULT))
        .collect();
    let verdict = findings.iter().map(|finding| finding.verdict).collect();
    let findings = findings.iter().map(|finding| finding.summary.clone()).collect();
    Outcome { summary: run.summary(), simulated, verdict, findings }
}

pub(crate) fn prepare(trial: &Trial) -> (Run, SimOptions) {
    let plan = plan(trial);
    let system = tribunal_systems::find("raft").expect("a known system");
    let workload = tribunal_workloads::find(trial.workload).expect("a known workload");
    let generator = GeneratorOptions::read(plan.seed, plan.concurrency, &plan.options).unwrap();
    let Kind::Nodes { client, .. } = system.kind else { panic!("it has nodes") };
    let mut config = Config::new(NodeId::all(plan.nodes).collect());
    config.bugs = plan.bugs.clone();
    (trial.config)(&mut config);
    let options = SimOptions {
        core: "raft",
        config,
        client,
        seed: plan.seed,
        weather: trial.weather,
        rough: None,
        wall: Nanos::from_secs(1_767_225_600),
        limit: Nanos::from_secs(3_600),
        window: None,
        noting: None,
    };
    let run = Run::new(RunOptions {
        plan,
        generator: (workload.generator)(&generator),
        start_nodes: true,
        required: workload.required.to_vec(),
        unsupported: BTreeMap::new(),
        leaders: Vec::new(),
    });
    (run, options)
}

fn plan(trial: &Trial) -> Plan {
    let time_limit = Nanos::from_secs(trial.secs);
    let spec: Spec = trial.nemesis.parse().expect("a known nemesis");
    let options = GenerateOptions { medium: Medium::Packets, ..GenerateOptions::default() };
    Plan {
        tribunal_plan: Plan::VERSION,
        system: "raft".into(),
        options: BTreeMap::new(),
        bugs: BugSet::new(trial.bug, BUGS).expect("a known bug"),
        workload: trial.workload.into(),
        nemesis: trial.nemesis.into(),
        cluster: "sim".into(),
        nodes: trial.nodes,
        concurrency: 10,
        rate: trial.rate,
        time_limit,
        operation_timeout: Nanos::from_secs(1),
        recovery_limit: Nanos::from_secs(30),
        seed: Seed(trial.seed),
        schedule: trial
            .schedule
            .clone()
            .unwrap_or_else(|| generate(&spec, Seed(trial.seed), time_limit, &options)),
        script: None,
    }
}
