//! After the run: judging, writing, and the last lines on the terminal.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tribunal_checkers::Budget;
use tribunal_cluster::ClusterError;
use tribunal_engine::{Driven, RunFolder, Sighting, Tried, judge, log_matches};
use tribunal_history::{
    At, Cost, FaultFamily, Finding, Nanos, Phase, PlannedFault, Record, RunState, Trial, Verdict,
};
use tribunal_reports::{Style, junit, render_html, summary_markdown, terminal};
use tribunal_workloads::Workload;

use super::Done;
use crate::args::{Cli, Format};
use crate::exit::{Exit, Failure};
use crate::output;

/// Longest time all checkers together may take.
const CHECK_LIMIT: Duration = Duration::from_secs(60);
/// Characters of a nemesis in a file's name.
const NEMESIS_CHARS_MAX: usize = 100;
/// A scheduling gap longer than this may have paused nodes as well: half the smallest timeout.
const GAP_LIMIT: Nanos = Nanos::from_millis(250);

/// Judges a run, writes everything that is left to write, and renders its report.
pub(super) fn conclude(
    trial: Trial,
    folder: &RunFolder,
    workload: &'static Workload,
    mut driven: Driven,
    wishes: &AtomicU32,
) -> Done {
    driven.record.log_matches = log_matches(folder);
    let (trial, record) = judged(trial, workload, driven, wishes);
    save(trial, record, folder)
}

/// Judges a run.
pub(super) fn judged(
    mut trial: Trial,
    workload: &'static Workload,
    driven: Driven,
    wishes: &AtomicU32,
) -> (Trial, Record) {
    let record = driven.record;
    let summary = driven.summary;
    trial.phases = summary.phases;
    trial.health = [driven.health, summary.health].concat();
    trial.exits = summary.exits;
    trial.logs = driven.logs;
    trial.environment.facts.extend(driven.facts);
    trial.timings = driven.timings;
    let errors: Vec<String> =
        summary.harness_error.into_iter().chain(driven.harness_errors).collect();
    trial.harness_error = (!errors.is_empty()).then(|| errors.join("; "));
    trial.state = match (&trial.harness_error, summary.interrupted || driven.cut_short) {
        (Some(_), _) => RunState::HarnessError,
        (None, true) => RunState::Interrupted,
        (None, false) => RunState::Finished,
    };
    trial.gates = summary.gates;
    let began = trial.phases.iter().any(|span| span.phase == Phase::Load);
    // Where nothing was tried there is nothing to judge.
    if began && !driven.cut_short {
        let mut effective = summary.effective;
        let gap = driven.longest_gap > GAP_LIMIT && driven.has_nodes;
        if gap && !effective.contains(&FaultFamily::Pause) {
            effective.push(FaultFamily::Pause);
        }
        pronounce(&mut trial, &record, workload, &effective, wishes);
        add_findings(&mut trial, driven.findings, &effective);
        if let Some(finding) = contradicted(&trial.findings, driven.violation.as_ref()) {
            trial.findings.push(finding);
            trial.verdict = trial.verdict.max(Verdict::Unknown);
        }
    }
    (trial, record)
}

/// Lets the checkers judge, and merges what they and the gates say.
///
/// One more wish to end, on top of those the run has heard, stops the checkers as well.
fn pronounce(
    trial: &mut Trial,
    record: &Record,
    workload: &Workload,
    effective: &[FaultFamily],
    wishes: &AtomicU32,
) {
    let began = Instant::now();
    let heard = wishes.load(Ordering::Relaxed);
    let stop = || began.elapsed() > CHECK_LIMIT || wishes.load(Ordering::Relaxed) > heard;
    let budget = Budget { stop: &stop, ..Budget::DEFAULT };
    let gates = std::mem::take(&mut trial.gates);
    let checkers = (workload.checkers)();
    let tried = Tried { claim: &trial.claim, effective, planted: !trial.plan.bugs.is_empty() };
    let judgement = judge(record, &checkers, &budget, tried, gates);
    trial.findings = judgement.findings;
    trial.gates = judgement.gates;
    trial.verdict = judgement.verdict;
    if trial.state == RunState::HarnessError {
        trial.verdict = trial.verdict.max(Verdict::Unknown);
    }
    trial.timings.push(("check".into(), began.elapsed().into()));
}

/// Adds what was found by those who watched the nodes. As with the checkers' findings, what breaks
/// under faults the system never claimed to survive makes the run unknown.
fn add_findings(trial: &mut Trial, findings: Vec<Finding>, effective: &[FaultFamily]) {
    let promised = !trial.plan.bugs.is_empty() || trial.claim.rung(effective).is_some();
    let most = if promised { Verdict::Invalid } else { Verdict::Unknown };
    for finding in findings {
        trial.verdict = trial.verdict.max(finding.verdict.min(most));
        trial.findings.push(finding);
    }
}

/// What was seen while it ran and its checker does not find afterwards: a defect of one of the two.
/// What another checker found confirms nothing.
fn contradicted(findings: &[Finding], seen: Option<&Sighting>) -> Option<Finding> {
    let Sighting { checker, event, words, time } = seen?;
    let confirms = |one: &Finding| one.checker == *checker && one.verdict != Verdict::Valid;
    let confirmed = findings.iter().any(confirms);
    (!confirmed).then(|| Finding {
        checker: "monitor".to_owned(),
        verdict: Verdict::Unknown,
        anomaly: Finding::DEFECT.to_owned(),
        subject: String::new(),
        summary: format!(
            "a violation seen at event {event} ({words}) is not found afterwards by the checker \
             {checker}, which saw it; this is a defect of the checkers"
        ),
        details: Vec::new(),
        at: Some(*time),
        misfit: None,
        witness: None,
        cost: Cost::default(),
    })
}

/// Writes everything that is left to write of a judged run, and renders its report.
pub(super) fn save(trial: Trial, record: Record, folder: &RunFolder) -> Done {
    let name = report_name(&trial);
    let page = render_html(&trial, &record);
    let summary = summary_markdown(&trial, &record);
    // The verdict first: where room is short the page can be made again from the rest.
    let written = folder
        .replace_json("run.json", &trial)
        .and_then(|()| folder.replace_lines("faults.jsonl", &record.faults))
        .and_then(|()| folder.replace(&name, page.as_bytes()))
        .and_then(|()| folder.replace("junit.xml", junit(&trial, &record).as_bytes()))
        .and_then(|()| folder.replace("summary.md", summary.as_bytes()));
    let report = folder.path().join(name);
    let unsaved = written.err().map(|error| error.to_string());
    Done {
        trial,
        record,
        report,
        trace: None,
        unsaved,
        failure: None,
        unverified: None,
        took: Nanos::ZERO,
    }
}

/// The report's file name: unique, and without characters that artifact stores refuse.
pub(crate) fn report_name(trial: &Trial) -> String {
    let plan = &trial.plan;
    // File systems allow 255 bytes; all nemeses together are longer.
    let nemesis: String = plan.nemesis.chars().take(NEMESIS_CHARS_MAX).collect();
    let name = format!("report-{}-{nemesis}-{}.html", plan.workload, plan.seed);
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.,".contains(c) { c } else { '-' };
    name.chars().map(plain).collect()
}

/// The cluster could not be set up: the run's description says so, and so does the program.
pub(super) fn not_set_up(mut trial: Trial, folder: &RunFolder, error: &ClusterError) -> Done {
    let is_interrupted = matches!(error, ClusterError::Interrupted);
    trial.state = if is_interrupted { RunState::Interrupted } else { RunState::HarnessError };
    trial.harness_error = (!is_interrupted).then(|| error.to_string());
    let done = save(trial, Record::default(), folder);
    let failure = match error {
        ClusterError::Start { .. } | ClusterError::LeftBehind(_) => {
            let has_logs = folder.path().join("nodes").is_dir();
            let help = match has_logs {
                true => "its logs are in the run's folder, under nodes/",
                false => "see `tribunal doctor`",
            };
            Failure::new(Exit::Harness, error.to_string(), help)
        }
        ClusterError::Environment { what, remedy } if !remedy.is_empty() => {
            Failure::new(Exit::Environment, what, remedy)
        }
        ClusterError::AndTearDown { .. } => {
            Failure::new(Exit::Harness, error.to_string(), "`tribunal clean` removes what is left")
        }
        ClusterError::Interrupted => {
            let help = "what it had made is removed again";
            Failure::new(Exit::Interrupted, error.to_string(), help)
        }
        ClusterError::Environment { .. }
        | ClusterError::Address { .. }
        | ClusterError::File { .. } => {
            Failure::new(Exit::Environment, error.to_string(), "see `tribunal doctor`")
        }
    };
    Done { failure: Some(failure), ..done }
}

/// Tribunal panicked: what is certain is that nothing of the run can be relied on.
pub(super) fn panicked(mut trial: Trial, folder: &RunFolder, panic: &(dyn Any + Send)) -> Done {
    let message = format!("tribunal panicked: {}", tribunal_nodes::words_of(panic));
    let help = "please report it with the run's folder";
    trial.state = RunState::HarnessError;
    trial.harness_error = Some(message.clone());
    let failure = Some(Failure::new(Exit::Bug, message, help));
    // The report itself may be what it panicked of.
    let saved = AssertUnwindSafe(|| save(trial.clone(), Record::default(), folder));
    match catch_unwind(saved) {
        Ok(done) => Done { failure, ..done },
        Err(_) => {
            let report = folder.path().join(report_name(&trial));
            Done {
                trial,
                record: Record::default(),
                report,
                trace: None,
                unsaved: Some("it has no report".into()),
                failure,
                unverified: None,
                took: Nanos::ZERO,
            }
        }
    }
}

/// Shows a finished run, and says how the program ends.
pub(super) fn show(cli: &Cli, done: &Done, open: bool) -> Exit {
    match cli.format {
        Format::Json => output::json(&done.trial),
        Format::Text => print(done, &cli.store),
    }
    if open {
        output::open(&done.report);
    }
    if let Some(failure) = &done.unverified {
        output::failure(failure);
    }
    let Some(reason) = &done.unsaved else { return done.exit() };
    output::failure(&Failure::new(
        Exit::Harness,
        format!("the run is over, but {reason}"),
        "make room; then `tribunal check` and `tribunal report` on the run's folder",
    ));
    done.exit()
}

/// The last lines of a run.
fn print(done: &Done, store: &Path) {
    let style = Style { color: output::coloured() };
    output::line(terminal(&done.trial, &done.record, style).trim_end());
    output::line("");
    if done.unsaved.is_none() {
        output::line(format!("  report   {}", output::file_url(&done.report)));
    }
    let latest = output::quoted(&store.join("latest").display().to_string());
    let program = output::program();
    output::line(format!("  next     {program} check {latest}"));
}

/// A planned fault in words.
pub(super) fn planned_words(fault: &PlannedFault) -> String {
    let at = match fault.at {
        At::Time(time) => format!("at {time}"),
        At::After { fault, delay } => format!("{delay} after #{fault}"),
        At::Mark { mark } => format!("when {mark}"),
    };
    let lasts = fault.lasts.map(|lasts| format!(" for {lasts}")).unwrap_or_default();
    format!("#{} {at}{lasts}: {} on {}", fault.id, fault.kind.describe(), fault.targets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::RunArgs;
    use crate::plan::settle;
    use crate::record;
    use crate::run::trial::begun;

    fn begin(store: &Path) -> (Trial, RunFolder) {
        let args = RunArgs { seed: Some(5), ..RunArgs::default() };
        let settled = settle(&args, store).unwrap();
        let folder = RunFolder::create(store, "a").unwrap();
        (begun(folder.id(), "2026-11-20T02:14:07Z", &settled, store), folder)
    }

    #[test]
    fn a_panic_leaves_a_run_that_says_so() {
        let store = tempfile::tempdir().unwrap();
        let (trial, folder) = begin(store.path());
        let panic = std::panic::catch_unwind(|| panic!("of {}", 3)).unwrap_err();
        let done = panicked(trial, &folder, &*panic);
        assert_eq!(done.exit(), Exit::Bug);
        let line = record::line(&RunArgs::default(), &done, None, true);
        assert_eq!((line.exit, line.state), (70, RunState::HarnessError));
        assert_eq!(line.sentence, "tribunal panicked: of 3");
        assert!(store.path().join(line.report.unwrap()).is_file());
        assert_eq!(folder.trial().unwrap().state, RunState::HarnessError);
    }

    #[test]
    fn an_alarm_is_confirmed_by_its_own_checker_alone() {
        let finding = |checker: &str, verdict| Finding {
            checker: checker.to_owned(),
            verdict,
            anomaly: String::new(),
            subject: String::new(),
            summary: String::new(),
            details: Vec::new(),
            at: None,
            misfit: None,
            witness: None,
            cost: Cost::default(),
        };
        let words = "key 5: a stale read".to_owned();
        let seen = Sighting { checker: "linearizable", time: Nanos(7), event: 3, words };
        let crash = finding("no-crash", Verdict::Invalid);
        for (own, confirmed) in
            [(Verdict::Valid, false), (Verdict::Unknown, true), (Verdict::Invalid, true)]
        {
            let findings = [crash.clone(), finding("linearizable", own)];
            let defect = contradicted(&findings, Some(&seen));
            assert_eq!(defect.is_none(), confirmed, "{defect:?}");
            assert!(defect.is_none_or(|defect| defect.is_defect()));
        }
        assert_eq!(contradicted(&[crash], None), None);
    }

    #[test]
    fn what_the_machine_lacks_comes_with_its_own_remedy() {
        let store = tempfile::tempdir().unwrap();
        let (trial, folder) = begin(store.path());
        let (what, remedy) = ("no engine".into(), "start it".into());
        let done = not_set_up(trial, &folder, &ClusterError::Environment { what, remedy });
        let failure = done.failure.unwrap();
        assert_eq!((failure.exit, failure.help.as_str()), (Exit::Environment, "start it"));
        assert_eq!(failure.message, "no engine");
    }
}
