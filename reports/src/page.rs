//! The page: everything gathered, then one template.

use askama::Template;
use tribunal_history::{Record, Trial};

use crate::counterexample::{Counterexample, counterexamples};
use crate::fault_table::{self, FaultRow};
use crate::fault_view::fault_views;
use crate::logs::{self, ExitView, LogView, MatchView};
use crate::policy::policy;
use crate::space_time::{self, SpaceTime};
use crate::statistics::Statistics;
use crate::strip_data::StripData;
use crate::strips::{self, Strips};
use crate::summary::Summary;
use crate::text::{clean, counted, seconds, thousands};

const STYLE: &str = include_str!("../assets/page.css");
const SCRIPT: &str = include_str!("../assets/page.js");

/// Most rows of settings, facts and timings, each.
const ROWS_MAX: usize = 36;
/// Most commands.
const COMMANDS_MAX: usize = 8;
/// Most characters of a value.
const VALUE_MAX: usize = 600;
/// Most findings told beside their tables.
const FINDINGS_MAX: usize = 8;
/// Most details of one finding.
const DETAILS_MAX: usize = 6;

/// A name, a value and what else there is to say.
struct Fact {
    name: String,
    value: String,
    origin: String,
}

/// A finding's own lines.
struct FindingView {
    mark: &'static str,
    name: String,
    summary: String,
    details: Vec<String>,
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    policy: String,
    style: &'static str,
    script: &'static str,
    summary: &'a Summary,
    run_id: String,
    started: String,
    system: String,
    cluster: String,
    size: String,
    repeat: Option<String>,
    findings: Vec<FindingView>,
    counterexamples: Vec<Counterexample>,
    messages: Option<SpaceTime>,
    strips: Strips,
    faults: Vec<FaultRow<'a>>,
    statistics: Statistics,
    matches: Vec<MatchView>,
    exits: Vec<ExitView>,
    logs: Vec<LogView>,
    commands: Vec<Fact>,
    seed: String,
    deterministic: bool,
    environment: Vec<Fact>,
    settings: Vec<Fact>,
    claim: Vec<String>,
    timings: Vec<Fact>,
    cuts: Vec<String>,
}

/// The run as one offline HTML page: inline style, script and drawings, no network, useful without
/// its script. Its size is bounded whatever the run holds; a run without findings that need drawing
/// or logs is well under 200 KiB. O(events · log processes).
///
/// Findings are those of `trial.findings`.
pub fn render_html(trial: &Trial, record: &Record) -> String {
    let faults = fault_views(trial, record);
    let summary = Summary::new(trial, record, &faults);
    let mut cuts = summary.cuts.clone();
    let data = StripData::new(trial, record, &faults);
    let page = Page {
        policy: policy(SCRIPT, STYLE),
        style: STYLE,
        script: SCRIPT,
        run_id: clean(&trial.run_id, 80),
        started: clean(&trial.started, 40),
        system: clean(&trial.plan.system, 60),
        cluster: clean(&trial.plan.cluster, 30),
        size: size(trial, &summary),
        repeat: trial.commands.first().map(|(_, command)| clean(command, 2_000)),
        findings: findings(trial, &mut cuts),
        counterexamples: counterexamples(trial, &faults, &mut cuts),
        messages: space_time::draw(trial, record),
        strips: strips::draw(&data, &summary, &mut cuts),
        faults: fault_table::rows(&faults, &mut cuts),
        statistics: Statistics::new(&record.history),
        matches: logs::matches(&record.log_matches, &mut cuts),
        exits: logs::exits(trial, &mut cuts),
        logs: logs::logs(&trial.logs, &mut cuts),
        commands: pairs(&trial.commands, COMMANDS_MAX, "commands", &mut cuts),
        seed: trial.plan.seed.to_string(),
        deterministic: trial.plan.cluster == "sim",
        environment: pairs(
            &trial.environment.facts,
            ROWS_MAX,
            "facts of the environment",
            &mut cuts,
        ),
        settings: settings(trial, &mut cuts),
        claim: claim(trial),
        timings: timings(trial, &mut cuts),
        summary: &summary,
        cuts,
    };
    let mut out = String::with_capacity(1 << 18);
    page.render_into(&mut out).expect("invariant: every value of the page can be written");
    out
}

fn size(trial: &Trial, summary: &Summary) -> String {
    format!(
        "{} · {} · {}",
        counted(u64::from(trial.plan.nodes), "node", "nodes"),
        trial.plan.time_limit,
        counted(summary.operations, "operation", "operations")
    )
}

fn findings(trial: &Trial, cuts: &mut Vec<String>) -> Vec<FindingView> {
    let telling = trial.findings.iter().filter(|finding| {
        finding.verdict != tribunal_history::Verdict::Valid || !finding.details.is_empty()
    });
    let telling: Vec<_> = telling.collect();
    note_cut(telling.len(), FINDINGS_MAX, "findings", cuts);
    telling
        .into_iter()
        .take(FINDINGS_MAX)
        .map(|finding| FindingView {
            mark: finding.verdict.mark(),
            name: clean(&finding.checker, 60),
            summary: clean(&finding.summary, VALUE_MAX),
            details: finding
                .details
                .iter()
                .take(DETAILS_MAX)
                .map(|line| clean(line, VALUE_MAX))
                .collect(),
        })
        .collect()
}

fn pairs(pairs: &[(String, String)], most: usize, what: &str, cuts: &mut Vec<String>) -> Vec<Fact> {
    note_cut(pairs.len(), most, what, cuts);
    let fact = |(name, value): &(String, String)| Fact {
        name: clean(name, 80),
        value: clean(value, 2_000),
        origin: String::new(),
    };
    pairs.iter().take(most).map(fact).collect()
}

fn settings(trial: &Trial, cuts: &mut Vec<String>) -> Vec<Fact> {
    note_cut(trial.settings.len(), ROWS_MAX, "settings", cuts);
    trial
        .settings
        .iter()
        .take(ROWS_MAX)
        .map(|setting| Fact {
            name: clean(&setting.name, 80),
            value: clean(&setting.value, VALUE_MAX),
            origin: clean(&setting.origin, 60),
        })
        .collect()
}

fn timings(trial: &Trial, cuts: &mut Vec<String>) -> Vec<Fact> {
    note_cut(trial.timings.len(), ROWS_MAX, "timings", cuts);
    let phase = |span: &tribunal_history::PhaseSpan| Fact {
        name: span.phase.as_str().to_owned(),
        value: span.ended.map_or("not ended".into(), |end| end.since(span.began).to_string()),
        origin: format!("from {}", seconds(span.began)),
    };
    let timing = |(name, time): &(String, tribunal_history::Nanos)| Fact {
        name: clean(name, 80),
        value: time.to_string(),
        origin: String::new(),
    };
    let phases = trial.phases.iter().take(ROWS_MAX).map(phase);
    phases.chain(trial.timings.iter().take(ROWS_MAX).map(timing)).collect()
}

/// The ladder in words: `linearizable under partition, kill`.
fn claim(trial: &Trial) -> Vec<String> {
    let rung = |rung: &tribunal_history::Rung| {
        let faults: Vec<&str> = rung.faults.iter().map(|family| family.as_str()).collect();
        let under = if faults.is_empty() { "no faults".into() } else { faults.join(", ") };
        format!("{} under {under}", rung.promise.as_str())
    };
    trial.claim.rungs.iter().take(8).map(rung).collect()
}

fn note_cut(count: usize, most: usize, what: &str, cuts: &mut Vec<String>) {
    let rest = count.saturating_sub(most);
    if rest > 0 {
        cuts.push(format!("{} more {what}", thousands(rest as u64)));
    }
}
