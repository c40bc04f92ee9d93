//! `tribunal list`: systems, workloads, nemeses, models, bugs and runs.

use std::collections::BTreeSet;

use serde::Serialize;
use tribunal_checkers::CHECKERS;
use tribunal_engine::{RunFolder, RunLog, run_ids};
use tribunal_history::{RunState, Trial};
use tribunal_nemesis::{NEMESES, NemesisInfo, Reach};
use tribunal_reports::clean;
use tribunal_systems::SYSTEMS;
use tribunal_workloads::WORKLOADS;

use crate::args::{Cli, Format, ListArgs, Listing};
use crate::exit::{Exit, Failure};
use crate::output;

/// Most runs without folder that are listed.
const GONE_MAX: usize = 20;
/// Most characters of a name.
const NAME_MAX: usize = 100;

/// A list with a title.
#[derive(Serialize)]
struct Section {
    title: &'static str,
    rows: Vec<Row>,
}

/// A line of a list.
#[derive(Serialize)]
struct Row {
    name: String,
    about: String,
}

impl Row {
    fn new(name: impl Into<String>, about: impl Into<String>) -> Row {
        Row { name: name.into(), about: about.into() }
    }
}

/// Runs `tribunal list`.
pub(crate) fn command(cli: &Cli, args: &ListArgs) -> Result<Exit, Failure> {
    let wanted = |listing| args.what.is_none_or(|what| what == listing);
    let mut sections = Vec::new();
    if wanted(Listing::Systems) {
        sections.push(Section { title: "systems", rows: systems() });
    }
    if wanted(Listing::Workloads) {
        sections.push(Section { title: "workloads", rows: workloads() });
    }
    if wanted(Listing::Nemeses) {
        sections.push(Section { title: "nemeses", rows: nemeses() });
    }
    if wanted(Listing::Models) {
        let rows = CHECKERS.iter().map(|named| Row::new(named.name, named.about));
        sections.push(Section { title: "models", rows: rows.collect() });
    }
    if wanted(Listing::Bugs) {
        sections.push(Section { title: "bugs", rows: bugs() });
    }
    if wanted(Listing::Runs) {
        sections.push(Section { title: "runs", rows: runs(cli)? });
    }
    match cli.format {
        Format::Json => output::json(&sections),
        Format::Text => print(&sections),
    }
    Ok(Exit::Valid)
}

fn print(sections: &[Section]) {
    for (position, section) in sections.iter().enumerate() {
        if position > 0 {
            output::line("");
        }
        output::line(section.title);
        if section.rows.is_empty() {
            output::line("  none");
        }
        let width = section.rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
        for row in &section.rows {
            output::line(format!("  {:width$}   {}", row.name, row.about));
        }
    }
}

fn systems() -> Vec<Row> {
    let row = |system: &tribunal_systems::System| {
        let served: Vec<_> = WORKLOADS
            .iter()
            .filter(|workload| system.serves(workload.functions))
            .map(|workload| workload.name)
            .collect();
        Row::new(system.name, format!("{}; serves {}", system.about, served.join(", ")))
    };
    SYSTEMS.iter().map(row).collect()
}

fn workloads() -> Vec<Row> {
    WORKLOADS.iter().map(|workload| Row::new(workload.name, workload.about)).collect()
}

fn nemeses() -> Vec<Row> {
    let row = |nemesis: &NemesisInfo| {
        let about = match nemesis.reach() {
            Reach::Every => nemesis.about.to_owned(),
            reach => format!("{} ({reach})", nemesis.about),
        };
        Row::new(nemesis.name, about)
    };
    NEMESES.iter().map(row).collect()
}

fn bugs() -> Vec<Row> {
    let of_system = |system: &'static tribunal_systems::System| {
        system.bugs().iter().map(move |bug| {
            let flags = format!("--workload {} --nemesis {}", bug.workload, bug.nemesis);
            Row::new(bug.name, format!("{}: {} ({flags})", system.name, bug.about))
        })
    };
    SYSTEMS.iter().flat_map(of_system).collect()
}

fn runs(cli: &Cli) -> Result<Vec<Row>, Failure> {
    let ids = run_ids(&cli.store).map_err(|error| {
        Failure::new(Exit::Environment, error.to_string(), "choose the folder with --store")
    })?;
    let row = |id: String| {
        let about = RunFolder::find(&cli.store, &id)
            .and_then(|folder| folder.trial())
            .map_or_else(|error| format!("unreadable: {error}"), |trial| describe(&trial));
        Row::new(id, about)
    };
    let known: BTreeSet<String> = ids.iter().cloned().collect();
    let mut rows: Vec<Row> = ids.into_iter().map(row).collect();
    rows.extend(without_folder(cli, &known));
    Ok(rows)
}

/// The newest runs of which only a line is left.
fn without_folder(cli: &Cli, known: &BTreeSet<String>) -> Vec<Row> {
    let lines = RunLog::of(&cli.store).read().map(|(lines, _)| lines).unwrap_or_default();
    let gone: Vec<_> = lines.iter().filter(|line| !known.contains(&line.run_id)).collect();
    let rest = gone.len().saturating_sub(GONE_MAX);
    let mut rows: Vec<Row> = gone[rest..]
        .iter()
        .map(|line| {
            // Lines may be of any origin.
            let [id, system, workload, nemesis] =
                [&line.run_id, &line.system, &line.workload, &line.nemesis]
                    .map(|name| clean(name, NAME_MAX));
            let verdict = line.verdict.headline();
            Row::new(id, format!("{verdict}  {system}: {workload} × {nemesis}, no folder"))
        })
        .collect();
    if rest > 0 {
        rows.push(Row::new(format!("({rest} more)"), "older runs without folder: see runs.jsonl"));
    }
    rows
}

fn describe(trial: &Trial) -> String {
    let plan = &trial.plan;
    let state = match trial.state {
        RunState::Running => "running or killed".to_owned(),
        RunState::HarnessError => "HARNESS ERROR".to_owned(),
        RunState::Interrupted => format!("{} (interrupted)", trial.verdict.headline()),
        RunState::Finished => trial.verdict.headline().to_owned(),
    };
    format!("{state}  {}: {} × {}", plan.system, plan.workload, plan.nemesis)
}
