//! `tribunal clean --runs-older-than`: remove old runs and batches of a store.

use std::path::Path;
use std::time::SystemTime;

use serde::Serialize;
use tribunal_engine::{
    Remains, StoreError, batch_remains, bytes_in, remove, remove_run, run_remains,
};
use tribunal_history::{Nanos, RunState, Trial};

use crate::args::{Cli, Format, parse_time};
use crate::exit::{Exit, Failure};
use crate::{environment, output};

/// What was removed, and what was not.
#[derive(Debug, Default, Serialize)]
struct Pruned {
    /// What killed runs had left behind, and is gone.
    removed: Vec<String>,
    /// What they left behind and could not be removed.
    left: Vec<String>,
    /// Runs and batches, with the bytes their folders held.
    runs: Vec<Gone>,
    /// Runs and batches that are old and stay.
    stay: Vec<Stays>,
    /// Bytes freed.
    freed: u64,
    /// Whether nothing was touched.
    dry_run: bool,
}

/// A run or batch that was removed.
#[derive(Debug, Serialize)]
struct Gone {
    name: String,
    /// What its folder held.
    bytes: u64,
}

/// A run or batch that stays, and why.
#[derive(Debug, Serialize)]
struct Stays {
    name: String,
    reason: String,
}

/// Runs `tribunal clean --runs-older-than AGE`.
pub(crate) fn command(cli: &Cli, age: &str, is_dry: bool) -> Result<Exit, Failure> {
    let age = parse_time(age).map_err(|reason| {
        let message = format!("--runs-older-than: {reason}");
        Failure::new(Exit::Usage, message, "write it as 12h or 30d")
    })?;
    let mut pruned = Pruned { dry_run: is_dry, ..Pruned::default() };
    if !is_dry {
        // What a killed run left behind is known from its folder: it goes first.
        let cleaned = crate::clean::everything(cli)?;
        (pruned.removed, pruned.left) = (cleaned.removed, cleaned.left);
    }
    prune(&cli.store, age, &mut pruned).map_err(|error| unreadable(&error))?;
    match cli.format {
        Format::Json => output::json(&pruned),
        Format::Text => print(&pruned),
    }
    let is_done = pruned.left.is_empty() && pruned.stay.is_empty();
    Ok(if is_done { Exit::Valid } else { Exit::Environment })
}

fn unreadable(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Environment, error.to_string(), "choose the folder with --store")
}

fn prune(store: &Path, age: Nanos, pruned: &mut Pruned) -> Result<(), StoreError> {
    let now = environment::now();
    let runs = run_remains(store)?;
    for run in runs.iter().filter(|run| !run.is_live && is_old(run, now, age)) {
        if !pruned.left.is_empty() && is_unfinished(run) {
            let reason = "what it left behind could not be removed".to_owned();
            pruned.stay.push(Stays { name: run.name.clone(), reason });
            continue;
        }
        discard(run, pruned, || match run.name.starts_with('.') {
            true => remove(run),
            false => remove_run(store, &run.name),
        });
    }
    let batches = batch_remains(store)?;
    for batch in batches.iter().filter(|batch| !batch.is_live && is_old(batch, now, age)) {
        discard(batch, pruned, || remove(batch));
    }
    Ok(())
}

fn discard(it: &Remains, pruned: &mut Pruned, remove: impl FnOnce() -> Result<(), StoreError>) {
    let bytes = bytes_in(&it.path);
    let gone = if pruned.dry_run { Ok(()) } else { remove() };
    match gone {
        Ok(()) => {
            pruned.runs.push(Gone { name: it.name.clone(), bytes });
            pruned.freed = pruned.freed.saturating_add(bytes);
        }
        Err(error) => {
            pruned.stay.push(Stays { name: it.name.clone(), reason: error.to_string() });
        }
    }
}

/// Whether nothing of it was written for so long. What lies in the future is not old.
fn is_old(it: &Remains, now: SystemTime, age: Nanos) -> bool {
    let since = it.written.and_then(|written| now.duration_since(written).ok());
    since.is_some_and(|since| since > age.to_duration())
}

/// Whether a run was killed before its end.
fn is_unfinished(run: &Remains) -> bool {
    let text = std::fs::read(run.path.join("run.json")).unwrap_or_default();
    let trial = serde_json::from_slice::<Trial>(&text);
    trial.map_or(true, |trial| trial.state == RunState::Running)
}

fn print(pruned: &Pruned) {
    for removed in &pruned.removed {
        output::line(format!("removed  {removed}"));
    }
    for left in &pruned.left {
        output::line(format!("left     {left}"));
    }
    let verb = if pruned.dry_run { "would go" } else { "removed " };
    for Gone { name, bytes } in &pruned.runs {
        output::line(format!("{verb} {name}   {}", size(*bytes)));
    }
    for Stays { name, reason } in &pruned.stay {
        output::line(format!("left     {name}: {reason}"));
    }
    let stays = !pruned.left.is_empty() || !pruned.stay.is_empty();
    if pruned.runs.is_empty() && pruned.removed.is_empty() {
        output::line(if stays { "nothing was removed" } else { "nothing to remove" });
    } else {
        output::line(format!("{} runs and batches, {}", pruned.runs.len(), size(pruned.freed)));
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{} KiB", bytes.div_ceil(1_024)),
        _ => format!("{} MiB", bytes >> 20),
    }
}
