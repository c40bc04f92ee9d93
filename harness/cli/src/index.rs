//! `tribunal index`: one page of all runs of some stores, made from their logs alone.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use tribunal_engine::{RUN_LOG, Remains, RunLog, run_remains};
use tribunal_history::RunLine;
use tribunal_reports::{Batch, BatchRun, Gap, Style, batch_markdown, batch_table};

use crate::args::{Cli, Format, IndexArgs};
use crate::batch::folder;
use crate::exit::{Exit, Failure};
use crate::{ci, output};

/// Most runs of one page; the oldest are left out.
const RUNS_MAX: usize = 20_000;
/// Most missing stores that are named.
const NAMED_MAX: usize = 8;

/// Runs `tribunal index`.
pub(crate) fn command(cli: &Cli, args: &IndexArgs) -> Result<Exit, Failure> {
    let stores = if args.stores.is_empty() { vec![cli.store.clone()] } else { args.stores.clone() };
    let folder = args.output.clone().unwrap_or_else(|| stores[0].join("index"));
    let unwritable = |error: std::io::Error| {
        let message = format!("cannot write into {}: {error}", folder.display());
        Failure::new(Exit::Environment, message, "choose another folder with --output")
    };
    let mut batch = Batch { title: title(args, &stores), ..Batch::default() };
    let mut missing = Vec::new();
    for store in &stores {
        if RunLog::of(store).exists() {
            // The way from a folder to another is that between places that exist.
            std::fs::create_dir_all(&folder).map_err(unwritable)?;
            missing.extend(add(&mut batch, store, &folder)?);
        } else {
            missing.push(format!("there is no {RUN_LOG} in {}", store.display()));
        }
    }
    bound(&mut batch);
    batch.gap = gap(&missing, stores.len());
    let remarks = batch.gap.iter().map(|gap| &gap.words).chain(&batch.notes);
    remarks.for_each(|remark| output::progress(format!("warning: {remark}")));
    if batch.runs.is_empty() {
        let message = format!("no run is recorded in {}", words(&stores));
        return Err(Failure::new(Exit::NothingRan, message, "see `tribunal run --runs`"));
    }
    folder::write(&folder, &batch).map_err(unwritable)?;
    let page = folder.join("index.html");
    match cli.format {
        Format::Json => output::json(&serde_json::json!({
            "page": page,
            "missing": batch.gap.as_ref().map(|gap| &gap.words),
            "notes": batch.notes,
            "runs": batch.runs.iter().map(|run| &run.line).collect::<Vec<_>>(),
        })),
        Format::Text => {
            let style = Style { color: output::coloured() };
            output::line(batch_table(&batch, style).trim_end());
            output::line(format!("\n  page     {}", output::file_url(&page)));
        }
    }
    // Each run was annotated by the step that made it: here they are only summed up.
    ci::summarise(&batch_markdown(&batch));
    Ok(Exit::Valid)
}

fn title(args: &IndexArgs, stores: &[PathBuf]) -> String {
    args.title.clone().unwrap_or_else(|| format!("runs of {}", words(stores)))
}

fn words(stores: &[PathBuf]) -> String {
    match stores {
        [one] => one.display().to_string(),
        many => format!("{} stores", many.len()),
    }
}

/// Stores that brought nothing: what ran there, and whether anything did, nobody knows.
fn gap(missing: &[String], of: usize) -> Option<Gap> {
    let named = missing.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    let more = missing.len().saturating_sub(NAMED_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let count = missing.len();
    let words = format!("{count} of {of} stores cannot be told of: {named}{more}");
    (count > 0).then_some(Gap { words, is_failure: false })
}

/// Adds the runs of a store. Gives why it cannot be read, if so: a visible gap, not the end.
fn add(batch: &mut Batch, store: &Path, folder: &Path) -> Result<Option<String>, Failure> {
    match RunLog::of(store).read() {
        Ok((lines, warnings)) => {
            batch.notes.extend(warnings);
            batch.notes.extend(untold(store, &lines));
            let way = way(folder, store)?;
            batch.runs.extend(lines.into_iter().map(|line| {
                // Its folder may have been removed since, and the line is another's word.
                let path = line.report.as_deref().map(Path::new).filter(|path| is_within(path));
                let there = path.filter(|path| store.join(path).is_file());
                let report = there.map(|path| way.join(path).to_string_lossy().into_owned());
                BatchRun { report, line }
            }));
        }
        Err(error) => return Ok(Some(error.to_string())),
    }
    Ok(None)
}

/// Says how many runs of a store have a folder, are over, and have no line.
fn untold(store: &Path, lines: &[RunLine]) -> Option<String> {
    let told: BTreeSet<&str> = lines.iter().map(|line| line.run_id.as_str()).collect();
    let runs = run_remains(store).unwrap_or_default();
    let is_untold = |run: &&Remains| {
        // What is being removed was told of, or is told of no more.
        !run.is_live && !run.name.starts_with('.') && !told.contains(run.name.as_str())
    };
    let count = runs.iter().filter(is_untold).count();
    let runs = if count == 1 { "run has" } else { "runs have" };
    let note = || format!("{}: {count} {runs} a folder and no line: killed?", store.display());
    (count > 0).then(note)
}

/// Whether a path leads nowhere but further in.
fn is_within(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_)))
}

/// The way from a folder to another, so that both can be moved together.
fn way(from: &Path, to: &Path) -> Result<PathBuf, Failure> {
    let absolute = |path: &Path| {
        let path = std::path::absolute(path)?;
        // What does not exist yet has no links in it either.
        Ok(path.canonicalize().unwrap_or(path))
    };
    let failed = |error: std::io::Error| {
        let message = format!("cannot find the way to {}: {error}", to.display());
        Failure::new(Exit::Environment, message, "give --output")
    };
    std::fs::create_dir_all(from).map_err(failed)?;
    let (from, to) = (absolute(from).map_err(failed)?, absolute(to).map_err(failed)?);
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut way: PathBuf = from[shared..].iter().map(|_| Component::ParentDir).collect();
    way.extend(&to[shared..]);
    Ok(way)
}

fn bound(batch: &mut Batch) {
    let rest = batch.runs.len().saturating_sub(RUNS_MAX);
    if rest > 0 {
        batch.runs.drain(..rest);
        batch.notes.push(format!("the first {rest} runs are left out"));
    }
}

#[cfg(test)]
mod tests {
    use tribunal_engine::RunFolder;

    use super::*;

    #[test]
    fn a_run_without_a_line_is_told_of() {
        let store = tempfile::tempdir().unwrap();
        assert_eq!(untold(store.path(), &[]), None);
        for id in ["a", "b"] {
            let folder = RunFolder::create(store.path(), id).unwrap();
            folder.replace("run.json", b"{}").unwrap();
        }
        let ledger = std::fs::File::create(store.path().join("runs/b/ledger.jsonl")).unwrap();
        ledger.lock().unwrap();
        let told = untold(store.path(), &[]).unwrap();
        assert!(told.ends_with("1 run has a folder and no line: killed?"), "{told}");
        drop(ledger);
        let told = untold(store.path(), &[]).unwrap();
        assert!(told.ends_with("2 runs have a folder and no line: killed?"), "{told}");
    }

    #[test]
    fn the_way_leads_from_folder_to_folder() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        std::fs::create_dir_all(at("stores/one")).unwrap();
        assert_eq!(way(&at("index"), &at("stores/one")).unwrap(), Path::new("../stores/one"));
        assert_eq!(way(&at("stores/one/index"), &at("stores/one")).unwrap(), Path::new(".."));
        assert_eq!(way(&at("stores"), &at("stores/one")).unwrap(), Path::new("one"));
    }

    #[test]
    fn a_report_lies_within_its_store() {
        assert!(is_within(Path::new("runs/a/report.html")));
        assert!(!is_within(Path::new("../../etc/passwd")));
        assert!(!is_within(Path::new("/etc/passwd")));
    }
}
