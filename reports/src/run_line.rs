//! A run as one line: the words of its report, few enough to keep for ever.

use tribunal_history::{
    Check, EventKind, Finding, Nanos, Point, Record, RunLine, RunState, Trial, Verdict,
};

use crate::fault_view::{Fate, fault_views};
use crate::standing::Standing;
use crate::summary::{Summary, worst};
use crate::text::clean;

/// Most points of a line.
const POINTS_MAX: usize = 24;
/// Most lines of an explanation.
const WORDS_MAX: usize = 24;
/// Most characters of a sentence that came from outside.
const SENTENCE_MAX: usize = 240;
/// Most characters of a name.
const NAME_MAX: usize = 100;
/// Most planted bugs that are named.
const BUGS_MAX: usize = 8;
/// Most characters of a command.
const COMMAND_MAX: usize = 2_000;

/// What a line says that neither trial nor record do.
#[derive(Clone, Debug, Default)]
pub struct Ending {
    /// The exit code of the run alone.
    pub exit: u8,
    /// How long it took.
    pub duration: Nanos,
    /// The batch it belongs to.
    pub batch: Option<String>,
    /// The command that repeats it.
    pub repeat: String,
    /// Its report, relative to the store; `None` if the folder is not kept.
    pub report: Option<String>,
    /// The program's version.
    pub version: String,
}

/// The run as a line of `runs.jsonl`: a few KiB whatever the run holds, and without characters that
/// hide or reorder others. O(events).
pub fn run_line(trial: &Trial, record: &Record, ending: Ending) -> RunLine {
    let faults = fault_views(trial, record);
    let summary = Summary::new(trial, record, &faults);
    let plan = &trial.plan;
    let count =
        |kind| record.history.events().iter().filter(|event| event.kind == kind).count() as u64;
    let installed = faults.iter().filter(|fault| fault.fate == Fate::Installed).count();
    RunLine {
        tribunal_run: RunLine::VERSION,
        run_id: clean(&trial.run_id, NAME_MAX),
        batch: ending.batch,
        started: clean(&trial.started, 40),
        version: ending.version,
        system: clean(&plan.system, NAME_MAX),
        workload: clean(&plan.workload, NAME_MAX),
        nemesis: clean(&plan.nemesis, NAME_MAX),
        cluster: clean(&plan.cluster, NAME_MAX),
        nodes: plan.nodes,
        concurrency: plan.concurrency,
        rate: plan.rate,
        time_limit: plan.time_limit,
        bugs: plan.bugs.names().iter().take(BUGS_MAX).map(|it| clean(it, 60)).collect(),
        seed: plan.seed,
        verdict: trial.verdict,
        state: trial.state,
        exit: ending.exit,
        duration: ending.duration,
        ok: count(EventKind::Ok),
        fail: count(EventKind::Fail),
        info: count(EventKind::Info),
        faults_planned: plan.schedule.faults.len() as u64,
        faults_installed: installed as u64,
        sentence: sentence(trial, summary),
        points: points(trial),
        words: words(trial),
        repeat: clean(&ending.repeat, COMMAND_MAX),
        report: ending.report,
    }
}

/// The headline; of a broken harness what broke, which the headline leaves to the next line. Of an
/// interrupted run first that it was: its figures mean less.
fn sentence(trial: &Trial, summary: Summary) -> String {
    match (summary.standing, &trial.harness_error) {
        (Standing::HarnessError, Some(error)) => clean(error, SENTENCE_MAX),
        _ if trial.state == RunState::Interrupted => format!("interrupted: {}", summary.sentence),
        _ => summary.sentence,
    }
}

fn points(trial: &Trial) -> Vec<Point> {
    let findings = trial.findings.iter().map(finding);
    let gates = trial.gates.iter().filter(|gate| gate.passed == Some(false)).map(gate);
    let mut points: Vec<Point> = findings.chain(gates).chain(harness(trial)).collect();
    // A stable sort: equals stay in the checkers' order.
    points.sort_by_key(|point| std::cmp::Reverse(point.verdict));
    points.truncate(POINTS_MAX);
    points
}

/// A finding as a point.
pub(crate) fn finding(finding: &Finding) -> Point {
    let (checker, subject) = (clean(&finding.checker, 60), clean(&finding.subject, 60));
    let is_plain = finding.verdict == Verdict::Valid;
    let what = match finding.verdict {
        Verdict::Valid => String::new(),
        Verdict::Unknown => "unknown".into(),
        Verdict::Invalid if finding.anomaly.is_empty() => "violated".into(),
        Verdict::Invalid => slug(&clean(&finding.anomaly, 60)),
    };
    Point {
        name: if is_plain || subject.is_empty() {
            checker.clone()
        } else {
            format!("{checker}: {subject}")
        },
        verdict: finding.verdict,
        kind: if is_plain { String::new() } else { format!("{}/{what}", slug(&checker)) },
        words: if is_plain { String::new() } else { clean(&finding.summary, SENTENCE_MAX) },
    }
}

/// A gate as a point: one that failed makes the run unknown.
pub(crate) fn gate(check: &Check) -> Point {
    let failed = check.passed == Some(false);
    let remedy =
        if check.remedy.is_empty() { String::new() } else { format!("; {}", check.remedy) };
    let words = if failed { format!("{}{remedy}", check.figure) } else { String::new() };
    Point {
        name: format!("gate: {}", clean(&check.name, NAME_MAX)),
        verdict: if failed { Verdict::Unknown } else { Verdict::Valid },
        kind: if failed { "gate".into() } else { String::new() },
        words: clean(&words, SENTENCE_MAX),
    }
}

/// The harness as a point, where it broke.
pub(crate) fn harness(trial: &Trial) -> Option<Point> {
    let broken = trial.state == RunState::HarnessError || trial.harness_error.is_some();
    let error = trial.harness_error.as_deref().unwrap_or("nothing says how it broke");
    broken.then(|| Point {
        name: "harness".into(),
        verdict: Verdict::Unknown,
        kind: "harness-error".into(),
        words: clean(error, SENTENCE_MAX),
    })
}

fn words(trial: &Trial) -> Vec<String> {
    let witness = worst(trial).and_then(|finding| finding.witness.as_ref());
    let lines = witness.map(|witness| witness.words.as_slice()).unwrap_or_default();
    let mut words: Vec<String> =
        lines.iter().take(WORDS_MAX).map(|line| clean(line, SENTENCE_MAX)).collect();
    let rest = lines.len().saturating_sub(WORDS_MAX);
    if rest > 0 {
        words.push(format!("({rest} more lines are left out)"));
    }
    words
}

/// A name as identifiers have it: `stale read` becomes `stale-read`.
pub(crate) fn slug(text: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "._".contains(c) { c } else { '-' };
    text.chars().map(plain).collect()
}
