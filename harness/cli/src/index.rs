//! `tribunal index`: one page of all runs of some stores, made from their logs alone.

use std::path::{Component, Path, PathBuf};

use tribunal_engine::{RUN_LOG, RunLog};
use tribunal_reports::{Batch, BatchRun, Style, batch_markdown, batch_table};

use crate::args::{Cli, Format, IndexArgs};
use crate::batch::folder;
use crate::exit::{Exit, Failure};
use crate::{ci, output};

/// Most runs of one page; the oldest are left out.
const RUNS_MAX: usize = 20_000;

/// Runs `tribunal index`.
pub(crate) fn command(cli: &Cli, args: &IndexArgs) -> Result<Exit, Failure> {
    let stores = if args.stores.is_empty() { vec![cli.store.clone()] } else { args.stores.clone() };
    let folder = args.output.clone().unwrap_or_else(|| stores[0].join("index"));
    let mut batch = Batch { title: title(args, &stores), ..Batch::default() };
    for store in &stores {
        add(&mut batch, store, &folder)?;
    }
    if batch.runs.is_empty() {
        let message = format!("no run is recorded in {}", words(&stores));
        return Err(Failure::new(Exit::NothingRan, message, "see `tribunal run --runs`"));
    }
    bound(&mut batch);
    for note in &batch.notes {
        output::progress(format!("warning: {note}"));
    }
    let written = std::fs::create_dir_all(&folder).and_then(|()| folder::write(&folder, &batch));
    written.map_err(|error| {
        let message = format!("cannot write into {}: {error}", folder.display());
        Failure::new(Exit::Environment, message, "choose another folder with --output")
    })?;
    let page = output::file_url(&folder.join("index.html"));
    match cli.format {
        Format::Json => output::json(&serde_json::json!({
            "page": page,
            "notes": batch.notes,
            "runs": batch.runs.iter().map(|run| &run.line).collect::<Vec<_>>(),
        })),
        Format::Text => {
            let style = Style { color: output::coloured() };
            output::line(batch_table(&batch, style).trim_end());
            output::line(format!("\n  page     {page}"));
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

/// Adds the runs of a store. One that cannot be read is a visible gap, not the end.
fn add(batch: &mut Batch, store: &Path, folder: &Path) -> Result<(), Failure> {
    let log = RunLog::of(store);
    if !log.exists() {
        batch.notes.push(format!("there is no {RUN_LOG} in {}", store.display()));
        return Ok(());
    }
    match log.read() {
        Ok((lines, warnings)) => {
            batch.notes.extend(warnings);
            let way = way(folder, store)?;
            batch.runs.extend(lines.into_iter().map(|line| {
                // Its folder may have been removed since, and the line is another's word.
                let path = line.report.as_deref().map(Path::new).filter(|path| is_within(path));
                let there = path.filter(|path| store.join(path).is_file());
                let report = there.map(|path| way.join(path).to_string_lossy().into_owned());
                BatchRun { report, line }
            }));
        }
        Err(error) => batch.notes.push(error.to_string()),
    }
    Ok(())
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
    use super::*;

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
