//! The description of a run as it begins.

use std::path::Path;

use tribunal_history::{Environment, RunState, Trial, Verdict};

use crate::plan::Settled;
use crate::{clusters, output};

/// What is known of a run before anything happened.
pub(super) fn begun(run_id: String, started: &str, settled: &Settled, store: &Path) -> Trial {
    Trial {
        schema_version: Trial::SCHEMA_VERSION,
        commands: commands(&run_id, &settled.plan.cluster, store),
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

/// The commands a reader may want next, as this program was called; the first repeats the run.
fn commands(run_id: &str, cluster: &str, store: &Path) -> Vec<(String, String)> {
    let program = output::program();
    let place = if store == Path::new("store") {
        String::new()
    } else {
        format!(" --store {}", output::quoted(&store.display().to_string()))
    };
    let command = |label: &str, verb: &str, flags: &str| {
        (label.to_owned(), format!("{program} {verb} {run_id}{flags}{place}"))
    };
    let often = "see how often real processes fail so";
    let repeat = match cluster {
        clusters::SIM => vec![
            command("repeat it, byte for byte", "replay", ""),
            command("run its plan once more", "run --plan", ""),
            command(often, "replay", " --cluster process --times 20"),
        ],
        _ => vec![
            command("repeat the plan", "run --plan", ""),
            command("see how often it fails so", "replay", " --times 20"),
        ],
    };
    let others = [command("judge it again", "check", ""), command("show it as text", "show", "")];
    repeat.into_iter().chain(others).collect()
}
