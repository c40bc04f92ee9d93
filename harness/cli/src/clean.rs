//! `tribunal clean`: remove what killed runs left behind, and nothing else.

use tribunal_cluster::{CleanReport, ClusterError, Ledger, ledgers};
use tribunal_docker::{Engine, remove_images};

use crate::args::{CleanArgs, Cli, Format};
use crate::exit::{Exit, Failure};
use crate::{output, prune};

/// Runs `tribunal clean`.
pub(crate) fn command(cli: &Cli, args: &CleanArgs) -> Result<Exit, Failure> {
    if args.images {
        return images(cli);
    }
    if let Some(age) = &args.runs_older_than {
        return prune::command(cli, age, args.dry_run);
    }
    let cleaned = everything(cli)?;
    if cli.format == Format::Json {
        output::json(&serde_json::json!({
            "removed": cleaned.removed,
            "left": cleaned.left,
            "live": cleaned.live,
        }));
    } else {
        for removed in &cleaned.removed {
            output::line(format!("removed  {removed}"));
        }
        for left in &cleaned.left {
            output::line(format!("left     {left}"));
        }
        if cleaned.removed.is_empty() && cleaned.left.is_empty() {
            output::line("nothing to remove");
        }
    }
    Ok(if cleaned.left.is_empty() { Exit::Valid } else { Exit::Environment })
}

/// Removes what dead runs left: containers and networks first, because nodes end with them, then
/// processes.
///
/// # Errors
/// If the store cannot be listed.
pub(crate) fn everything(cli: &Cli) -> Result<CleanReport, Failure> {
    let unreadable = |error: ClusterError| {
        Failure::new(Exit::Environment, error.to_string(), "choose the folder with --store")
    };
    let mut report = match on_engine(async |engine| tribunal_docker::clean(&engine).await) {
        Ok(report) => report,
        Err(error) => {
            let mut report = CleanReport::default();
            // Where nobody used containers nobody misses the engine.
            let paths = ledgers(&cli.store).map_err(unreadable)?;
            if paths.iter().any(|path| Ledger::names_objects(path).unwrap_or(true)) {
                report.left.push(format!("containers were not looked for: {error}"));
            }
            report
        }
    };
    let processes = tribunal_cluster::clean(&cli.store).map_err(unreadable)?;
    report.removed.extend(processes.removed);
    report.left.extend(processes.left);
    report.live.extend(processes.live);
    report.live.sort_unstable();
    report.live.dedup();
    Ok(report)
}

fn on_engine<T>(
    work: impl AsyncFnOnce(Engine) -> Result<T, ClusterError>,
) -> Result<T, ClusterError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| ClusterError::Environment {
        what: format!("cannot start the runtime: {error}"),
        remedy: "see the limits of processes and memory".into(),
    })?;
    runtime.block_on(async { work(Engine::connect().await?).await })
}

/// Removes the images of nodes that no container uses.
fn images(cli: &Cli) -> Result<Exit, Failure> {
    let done = on_engine(async |engine| remove_images(&engine).await);
    let (removed, left) = done.map_err(|error| match error {
        ClusterError::Environment { what, remedy } => Failure::new(Exit::Environment, what, remedy),
        other => Failure::new(Exit::Environment, other.to_string(), "see `tribunal doctor`"),
    })?;
    if cli.format == Format::Json {
        output::json(&serde_json::json!({ "removed": removed, "left": left }));
    } else {
        removed.iter().for_each(|name| output::line(format!("removed  image {name}")));
        left.iter().for_each(|why| output::line(format!("left     image {why}")));
        if removed.is_empty() && left.is_empty() {
            output::line("no images to remove");
        }
    }
    Ok(if left.is_empty() { Exit::Valid } else { Exit::Environment })
}
