//! The description of a run as it begins.

use std::path::Path;

use tribunal_history::{Environment, RunState, Trial, Verdict};

use crate::output;
use crate::plan::Settled;

/// What is known of a run before anything happened.
pub(super) fn begun(run_id: String, started: &str, settled: &Settled, store: &Path) -> Trial {
    Trial {
        schema_version: Trial::SCHEMA_VERSION,
        commands: commands(&run_id, store),
        run_id,
        state: RunState::Running,
        started: started.to_owned(),
        plan: settled.plan.clone(),
        settings: settled.settings.clone(),
        claim: (settled.system.claim)(),
        phases: Vec::new(),
        gates: Vec::new(),
        health: Vec::new(),
        exits: Vec::new(),
        findings: Vec::new(),
        verdict: Verdict::Unknown,
        harness_error: None,
        logs: Vec::new(),
        environment: Environment::default(),
        timings: Vec::new(),
    }
}

/// The commands a reader may want next, as this program was called.
fn commands(run_id: &str, store: &Path) -> Vec<(String, String)> {
    let program = output::program();
    let place = if store == Path::new("store") {
        String::new()
    } else {
        format!(" --store {}", output::quoted(&store.display().to_string()))
    };
    [
        ("repeat the plan", format!("{program} run --plan {run_id}{place}")),
        (
            "see how often it fails",
            format!("{program} run --plan {run_id} --runs 20 --keep-going{place}"),
        ),
        ("judge it again", format!("{program} check {run_id}{place}")),
        ("show it as text", format!("{program} show {run_id}{place}")),
    ]
    .map(|(label, command)| (label.to_owned(), command))
    .into()
}
