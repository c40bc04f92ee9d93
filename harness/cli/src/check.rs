//! `tribunal check`: judge recorded histories, a run's or any other.

mod infer;
mod many;
mod subject;
mod targets;

use std::time::Instant;

use tribunal_checkers::{Budget, CHECKERS, Checker, Named, find_checker};
use tribunal_engine::RunFolder;
use tribunal_history::reading::ReadOptions;
use tribunal_history::{Check, Finding, History, Nanos, RunState, Trial, Verdict};
use tribunal_reports::{Style, render_html, terminal};

use crate::args::{CheckArgs, Cli, Format, parse_time};
use crate::exit::{Exit, Failure};
use crate::{output, suggest};

pub(crate) use subject::find_run;

use infer::infer;
use many::Row;
use subject::Subject;
use targets::{Target, targets};

/// Operations that are let pass though they do not fit the model, at most; those of one function
/// that the model does not know count once.
const MISFITS_MAX: usize = 100;

/// How histories are to be judged.
struct Judge<'a> {
    cli: &'a Cli,
    options: ReadOptions,
    /// The checker that was asked for.
    model: Option<&'static Named>,
    /// For each history.
    limit: Nanos,
    states: u64,
    /// Where warnings go: to standard error, past a bar that may be there.
    say: &'a dyn Fn(String),
}

/// Who judges a history.
struct Bench {
    /// A name for them.
    model: String,
    checkers: Vec<Box<dyn Checker>>,
    /// How they were told, if nobody named them.
    note: Option<String>,
}

/// A history that was judged.
struct Judged {
    subject: Subject,
    /// What it was judged by.
    model: String,
    exit: Exit,
}

/// Runs `tribunal check`.
pub(crate) fn command(cli: &Cli, args: &CheckArgs) -> Result<Exit, Failure> {
    let limit = parse_time(&args.time_limit)
        .map_err(|reason| Failure::new(Exit::Usage, format!("--time-limit: {reason}"), ""))?;
    let model = args.model.as_deref().map(model_named).transpose()?;
    let (keyed, lenient) = (args.keyed, args.lenient);
    let options = ReadOptions { keyed, lenient, ..ReadOptions::default() };
    let say = &|text: String| output::progress(text);
    let judge = Judge { cli, options, model, limit, states: args.states, say };
    let targets = targets(&args.targets)?;
    match &targets[..] {
        // A pattern makes a list also of one, so that programs need not ask how many there are.
        [target] if args.targets.len() == 1 && args.targets[0] == named(target) => {
            one(&judge, target, args)
        }
        _ if args.report.is_some() => {
            let message = format!("--report is for one history, and {} are named", targets.len());
            Err(Failure::new(Exit::Usage, message, "check one of them alone"))
        }
        _ => many::command(judge, &targets),
    }
}

/// The word that names this target and nothing else.
fn named(target: &Target) -> String {
    match target {
        Target::Input => "-".into(),
        other => other.name(),
    }
}

/// Judges one history, and says all there is to say.
fn one(judge: &Judge<'_>, target: &Target, args: &CheckArgs) -> Result<Exit, Failure> {
    let began = Instant::now();
    let judged = judge.judge(target)?;
    let (Subject { trial, record, notes, .. }, exit) = (&judged.subject, judged.exit);
    for note in notes {
        (judge.say)(format!("note: {note}"));
    }
    match judge.cli.format {
        Format::Json => output::json(&Row::of(target, &judged, began.elapsed().into())),
        Format::Text => {
            let style = Style { color: output::coloured() };
            output::line(terminal(trial, record, style).trim_end());
        }
    }
    // After the result: what cannot be written hides no violation.
    let Some(file) = &args.report else { return Ok(exit) };
    match std::fs::write(file, render_html(trial, record)) {
        Ok(()) => Ok(exit),
        Err(error) => {
            let message = format!("cannot write {}: {error}", file.display());
            let help = "choose another place with --report";
            output::failure(&Failure::new(Exit::Environment, message, help));
            Ok(exit.merge(Exit::Environment))
        }
    }
}

impl Judge<'_> {
    /// Reads and judges a history; of a run, keeps what was found beside it.
    fn judge(&self, target: &Target) -> Result<Judged, Failure> {
        let began = Instant::now();
        let mut subject = Subject::read(target, &self.cli.store, &self.options, self.say)?;
        let Subject { trial, record, folder, notes, .. } = &mut subject;
        if record.history.is_empty() {
            let message = format!("nothing happened in {}", trial.run_id);
            return Err(Failure::new(Exit::NothingRan, message, "it ended before its load began"));
        }
        let Bench { model, checkers, note } = self.checkers_for(trial, &record.history)?;
        notes.extend(note);
        let folder = folder.take();
        let findings = self.findings(&mut subject, &checkers)?;
        let Subject { trial, is_cut, .. } = &mut subject;
        trial.findings = findings;
        // Only the history is judged here: what the run's gates said stays in run.json.
        self.warn_of_its_end(trial);
        trial.gates.clear();
        trial.health.clear();
        trial.harness_error = None;
        trial.state = RunState::Finished;
        trial.verdict = trial.findings.iter().map(|finding| finding.verdict).collect();
        if *is_cut && !self.options.lenient {
            doubt_the_rest(trial);
        }
        trial.timings.push(("check".into(), began.elapsed().into()));
        if let Some(folder) = &folder {
            self.record_recheck(folder, &trial.findings);
        }
        let exit = Exit::of_trial(trial);
        subject.folder = folder;
        Ok(Judged { subject, model, exit })
    }

    /// What the checkers find. An operation of a file that is none of theirs is an error that names
    /// its line, or with `--lenient` a warning, and it is left out; only its answer is, if that is
    /// what is wrong.
    fn findings(
        &self,
        subject: &mut Subject,
        checkers: &[Box<dyn Checker>],
    ) -> Result<Vec<Finding>, Failure> {
        let (judging, limit) = (Instant::now(), self.limit.to_duration());
        let stop = move || judging.elapsed() > limit;
        let budget = Budget { states: self.states, stop: &stop, ..Budget::DEFAULT };
        for _ in 0..=MISFITS_MAX {
            let record = &subject.record;
            let findings: Vec<Finding> =
                checkers.iter().flat_map(|checker| checker.check(record, &budget)).collect();
            let Some(misfit) = findings.iter().find_map(|it| it.misfit.clone()) else {
                return Ok(findings);
            };
            let Some(line) = subject.line(misfit.event) else { return Ok(findings) };
            let message = format!("{}: line {line}: {}", subject.trial.run_id, misfit.reason);
            let is_violated = findings.iter().any(|it| it.verdict == Verdict::Invalid);
            if !self.options.lenient && !is_violated {
                let help = "name another model with --model, or judge without it with --lenient";
                return Err(Failure::new(Exit::History, message, help));
            }
            (self.say)(format!("warning: {message}"));
            subject.warnings.push(format!("line {line}: {}", misfit.reason));
            if !self.options.lenient {
                return Ok(findings);
            }
            subject.amend(&misfit);
            if subject.record.history.is_empty() {
                let message =
                    format!("{}: no operation of it fits the model", subject.trial.run_id);
                return Err(Failure::new(
                    Exit::History,
                    message,
                    "name another model with --model",
                ));
            }
        }
        let name = &subject.trial.run_id;
        let message = format!("{name}: more than {MISFITS_MAX} operations do not fit the model");
        Err(Failure::new(Exit::History, message, "name another model with --model"))
    }

    /// The checker that was asked for, those of the run's workload, or the one the history's
    /// operations tell.
    fn checkers_for(&self, trial: &Trial, history: &History) -> Result<Bench, Failure> {
        let workload = tribunal_workloads::find(&trial.plan.workload);
        let (named, note) = match (self.model, workload) {
            (Some(model), _) => (model, None),
            (None, Some(workload)) => {
                let (model, checkers) = (workload.name.into(), (workload.checkers)());
                return Ok(Bench { model, checkers, note: None });
            }
            (None, None) => {
                let (named, telling) = infer(history).map_err(|untold| {
                    let message = format!("{}: {}", trial.run_id, untold.message());
                    Failure::new(Exit::Usage, message, untold.help())
                })?;
                (named, Some(telling.note(named.name)))
            }
        };
        Ok(Bench { model: named.name.into(), checkers: vec![(named.make)()], note })
    }

    /// Says what of the run is not in the history's verdict.
    fn warn_of_its_end(&self, trial: &Trial) {
        let warning = match (&trial.harness_error, trial.state) {
            (Some(error), _) => format!("the harness broke in this run ({error})"),
            (None, RunState::Running) => "the run is going on, or was killed".to_owned(),
            (None, _) => return,
        };
        (self.say)(format!("warning: {warning}; only the history so far is judged"));
    }

    /// Keeps what this check found beside the run, under the next free number.
    fn record_recheck(&self, folder: &RunFolder, findings: &[Finding]) {
        let number = (1..1_000_000)
            .find(|number| !folder.path().join(format!("recheck-{number}.json")).exists())
            .unwrap_or(1_000_000);
        // The judgement stands whether or not it can be kept.
        if let Err(error) = folder.replace_json(&format!("recheck-{number}.json"), &findings) {
            (self.say)(format!("warning: {error}"));
        }
    }
}

/// Of a file whose end is missing no more than a violation is known.
fn doubt_the_rest(trial: &mut Trial) {
    trial.gates.push(Check {
        name: "the whole history".into(),
        passed: Some(false),
        figure: "its end is missing".into(),
        remedy: "read a whole file, or judge what there is with --lenient".into(),
        shared: false,
    });
    trial.verdict = trial.verdict.max(Verdict::Unknown);
}

/// The registry's model of this name.
fn model_named(name: &str) -> Result<&'static Named, Failure> {
    let known: Vec<_> = CHECKERS.iter().map(|named| named.name).collect();
    find_checker(name).ok_or_else(|| suggest::unknown("model", name, &known))
}
