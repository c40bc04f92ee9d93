//! JUnit XML, so that a dashboard shows *which* property failed.
//!
//! A violation is a `failure`; whatever leaves a run without a verdict is an `error`. Nothing is ever
//! `skipped`: a test that did not mean enough must not look green.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use tribunal_history::{Check, Finding, Nanos, Plan, Point, Record, RunLine, Trial, Verdict};

use crate::batch::{Batch, Gap, cell, cell_of};
use crate::fault_view::fault_views;
use crate::run_line::{finding, gate, harness, slug};
use crate::standing::Standing;
use crate::summary::{Summary, worst};
use crate::text::clean;

/// Most test cases of one run.
const CASES_MAX: usize = 64;
/// Most suites of one file.
pub(crate) const SUITES_MAX: usize = 2_000;
/// Most lines that explain one failure.
const LINES_MAX: usize = 80;
/// Most characters of such a line.
const LINE_MAX: usize = 300;

/// One run as a JUnit file: a suite with a test case for each property, gate and health check.
/// Bounded, well-formed whatever the system under test wrote, and the same for the same run.
pub fn junit(trial: &Trial, record: &Record) -> String {
    let mut suite = TestSuite::new(safe(&suite_name(&trial.plan)));
    let class = class_name(&trial.plan.workload, &trial.plan.nemesis);
    let ended = trial.phases.iter().filter_map(|span| span.ended).max();
    head(&mut suite, &trial.started, ended);
    let seed = trial.plan.seed.to_string();
    let version = trial.environment.facts.iter().find(|(name, _)| name == "tribunal");
    for (name, value) in [
        ("run", trial.run_id.as_str()),
        ("seed", &seed),
        ("system", &trial.plan.system),
        ("bugs", &trial.plan.bugs.names().join(",")),
        ("tribunal", version.map_or("", |(_, version)| version)),
    ] {
        property(&mut suite, name, value);
    }
    let telling = worst(trial);
    let mut cases: Vec<TestCase> = trial
        .findings
        .iter()
        .map(|it| {
            let is_telling = telling.is_some_and(|worst| std::ptr::eq(worst, it));
            case(&class, &finding(it), &explanation(trial, it, is_telling))
        })
        .collect();
    cases.extend(trial.gates.iter().map(|check| case(&class, &gate(check), &repeat(trial))));
    cases.extend(trial.health.iter().map(|check| health(&class, check)));
    cases.extend(harness(trial).map(|point| case(&class, &point, &repeat(trial))));
    if !cases.iter().any(is_red) && Standing::of(trial) != Standing::Valid {
        let summary = Summary::new(trial, record, &fault_views(trial, record));
        cases.push(undecided(&class, &summary.sentence, &repeat(trial)));
    }
    add_bounded(&mut suite, cases);
    file("tribunal", [suite])
}

/// Many runs as a JUnit file: a suite for each, those that failed first; before them one that tells
/// what is missing, if something is. Bounded.
pub fn batch_junit(batch: &Batch) -> String {
    let runs = batch.worst_first();
    let gap = batch.gap.iter().map(gap_suite);
    let together = together_suite(batch);
    let suites =
        gap.chain(together).chain(runs.iter().take(SUITES_MAX).map(|run| line_suite(&run.line)));
    let mut suites: Vec<TestSuite> = suites.collect();
    let rest = runs.len().saturating_sub(SUITES_MAX);
    if let (Some(last), true) = (suites.last_mut(), rest > 0) {
        last.set_system_out(format!("{rest} more runs are left out of this file"));
    }
    file(&batch.title, suites)
}

/// Runs that are only counted, and what all had to try together.
fn together_suite(batch: &Batch) -> Option<TestSuite> {
    if batch.passed.runs == 0 && batch.coverage.is_empty() {
        return None;
    }
    let mut suite = TestSuite::new("together");
    if batch.passed.runs > 0 {
        let name = format!("{} runs that are only counted", batch.passed.runs);
        suite.add_test_case(case("together", &plain(&name), &[]));
    }
    for row in batch.coverage.iter().take(SUITES_MAX) {
        let mut point = plain(&row.name);
        if row.passed == Some(false) {
            point.verdict = Verdict::Unknown;
            point.kind = "gate".into();
            let words = [row.figure.as_str(), &row.remedy].into_iter().filter(|it| !it.is_empty());
            point.words = clean(&words.collect::<Vec<_>>().join(": "), 300);
        }
        suite.add_test_case(case("together", &point, &[]));
    }
    Some(suite)
}

fn gap_suite(gap: &Gap) -> TestSuite {
    let mut suite = TestSuite::new("batch");
    let point = Point {
        name: "every run was made".into(),
        verdict: Verdict::Unknown,
        kind: if gap.is_failure { "harness-error" } else { "unknown" }.into(),
        words: gap.words(),
    };
    suite.add_test_case(case("batch", &point, &[]));
    suite
}

fn line_suite(line: &RunLine) -> TestSuite {
    let mut suite = TestSuite::new(safe(&format!("{} seed {}", cell(line), line.seed)));
    let class = class_name(&line.workload, &line.nemesis);
    head(&mut suite, &line.started, Some(line.duration));
    let seed = line.seed.to_string();
    for (name, value) in [
        ("run", line.run_id.as_str()),
        ("seed", &seed),
        ("system", &line.system),
        ("bugs", &line.bugs.join(",")),
        ("report", line.report.as_deref().unwrap_or("")),
        ("tribunal", &line.version),
    ] {
        property(&mut suite, name, value);
    }
    let mut lines = line.words.clone();
    lines.push(format!("repeat: {}", line.repeat));
    let mut cases: Vec<TestCase> =
        line.points.iter().map(|point| case(&class, point, &lines)).collect();
    if !cases.iter().any(is_red) && Standing::of_line(line) != Standing::Valid {
        cases.push(undecided(&class, &line.sentence, &lines));
    }
    if cases.is_empty() {
        cases.push(case(&class, &plain("verdict"), &[]));
    }
    add_bounded(&mut suite, cases);
    suite
}

fn suite_name(plan: &Plan) -> String {
    cell_of([&plan.workload, &plan.nemesis, &plan.cluster, &plan.system], plan.bugs.names())
}

/// As `register.partition_kill`.
fn class_name(workload: &str, nemesis: &str) -> String {
    let nemesis = slug(&clean(nemesis, 100)).replace('-', "_");
    safe(&format!("{}.{nemesis}", slug(&clean(workload, 60)).replace('-', "_")))
}

fn head(suite: &mut TestSuite, started: &str, took: Option<Nanos>) {
    if let Ok(started) = chrono::DateTime::parse_from_rfc3339(started) {
        suite.set_timestamp(started);
    }
    if let Some(took) = took {
        suite.set_time(took.to_duration());
    }
}

fn property(suite: &mut TestSuite, name: &str, value: &str) {
    if !value.is_empty() {
        suite.add_property((name, safe(&clean(value, LINE_MAX)).as_str()));
    }
}

fn case(class: &str, point: &Point, lines: &[String]) -> TestCase {
    let kind = match point.verdict {
        Verdict::Valid => None,
        Verdict::Unknown => Some(NonSuccessKind::Error),
        Verdict::Invalid => Some(NonSuccessKind::Failure),
    };
    let mut status = kind.map_or_else(TestCaseStatus::success, TestCaseStatus::non_success);
    if kind.is_some() {
        let mut text: Vec<String> =
            lines.iter().take(LINES_MAX).map(|line| clean(line, LINE_MAX * 4)).collect();
        if lines.len() > LINES_MAX {
            text.push(format!("({} more lines are left out)", lines.len() - LINES_MAX));
        }
        status.set_type(safe(&point.kind));
        status.set_message(safe(&point.words));
        status.set_description(safe(&text.join("\n")));
    }
    let mut case = TestCase::new(safe(&point.name), status);
    case.set_classname(class);
    case
}

fn plain(name: &str) -> Point {
    Point { name: name.into(), verdict: Verdict::Valid, kind: String::new(), words: String::new() }
}

/// A health check. One that failed does not decide the verdict: it is told, and stays green.
fn health(class: &str, check: &Check) -> TestCase {
    let mut case = case(class, &plain(&format!("health: {}", clean(&check.name, 100))), &[]);
    if check.passed == Some(false) {
        let words = format!("warning: {}; {}", check.figure, check.remedy);
        case.set_system_out(safe(&clean(&words, LINE_MAX)));
    }
    case
}

/// What makes a run red that neither a property nor a gate does.
fn undecided(class: &str, sentence: &str, lines: &[String]) -> TestCase {
    let point = Point {
        name: "verdict".into(),
        verdict: Verdict::Unknown,
        kind: "unknown".into(),
        words: sentence.into(),
    };
    case(class, &point, lines)
}

fn explanation(trial: &Trial, finding: &Finding, is_telling: bool) -> Vec<String> {
    let witness = finding.witness.as_ref().filter(|_| is_telling);
    let words = witness.map(|witness| witness.words.clone()).unwrap_or_default();
    [words, finding.details.clone(), repeat(trial)].concat()
}

fn repeat(trial: &Trial) -> Vec<String> {
    trial.commands.iter().take(1).map(|(_, command)| format!("repeat: {command}")).collect()
}

fn is_red(case: &TestCase) -> bool {
    matches!(case.status, TestCaseStatus::NonSuccess { .. })
}

fn add_bounded(suite: &mut TestSuite, mut cases: Vec<TestCase>) {
    let rest = cases.len().saturating_sub(CASES_MAX);
    if rest > 0 {
        // What failed stays.
        cases.sort_by_key(|case| !is_red(case));
        cases.truncate(CASES_MAX);
        suite.set_system_out(format!("{rest} more test cases are left out"));
    }
    suite.add_test_cases(cases);
}

fn file(name: &str, suites: impl IntoIterator<Item = TestSuite>) -> String {
    let mut report = Report::new(safe(&clean(name, 200)));
    report.add_test_suites(suites);
    let took = report.test_suites.iter().filter_map(|suite| suite.time).sum();
    report.set_time(took);
    report.to_string().expect("invariant: a report is written to memory")
}

/// Without the characters XML 1.0 forbids, beside those the writer strips itself.
fn safe(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).collect()
}
