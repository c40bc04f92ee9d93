//! A batch's folder: one page, one JUnit file, one summary, and the lines of its runs.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tribunal_engine::BATCH_LOCK;
use tribunal_history::RunLine;
use tribunal_reports::{Batch, batch_junit, batch_markdown, render_batch_html};

use crate::exit::{Exit, Failure};

/// The version of `batch.json`.
const VERSION: u32 = 1;

/// A batch as `batch.json` holds it, and `--format json` prints it.
#[derive(Debug, Serialize)]
pub(crate) struct Document<'a> {
    tribunal_batch: u32,
    /// Its id.
    pub batch: &'a str,
    /// What it is called.
    pub title: &'a str,
    /// Runs that were asked for.
    pub asked: u64,
    /// The exit code.
    pub exit: u8,
    /// Why runs are missing, if they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<&'a str>,
    /// What a reader must know.
    pub notes: &'a [String],
    /// The page.
    pub page: PathBuf,
    /// The runs.
    pub runs: Vec<&'a RunLine>,
}

impl<'a> Document<'a> {
    /// The document of a batch.
    pub(crate) fn new(
        batch: &'a Batch,
        id: &'a str,
        (asked, exit): (u64, Exit),
        page: PathBuf,
    ) -> Document<'a> {
        Document {
            tribunal_batch: VERSION,
            batch: id,
            title: &batch.title,
            asked,
            exit: exit.code(),
            missing: batch.gap.as_ref().map(|gap| gap.words.as_str()),
            notes: &batch.notes,
            page,
            runs: batch.runs.iter().map(|run| &run.line).collect(),
        }
    }
}

/// Makes the folder of a new batch of this name, or of one like it if that is taken, and locks it:
/// as long as the file is open, nothing removes it as old.
///
/// # Errors
/// If it cannot be made.
pub(crate) fn create(store: &Path, name: &str) -> Result<(String, PathBuf, Option<File>), Failure> {
    let batches = store.join("batches");
    let failed = |error: std::io::Error| {
        let message = format!("cannot make a folder in {}: {error}", batches.display());
        Failure::new(Exit::Environment, message, "choose another folder with --store")
    };
    std::fs::create_dir_all(&batches).map_err(failed)?;
    for attempt in 1..=100 {
        let id = if attempt == 1 { name.to_owned() } else { format!("{name}-{attempt}") };
        match std::fs::create_dir(batches.join(&id)) {
            Ok(()) => {
                let place = batches.join(&id);
                return Ok((id, place.clone(), lock(&place)));
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Err(failed(std::io::Error::other(format!("too many batches are called {name}"))))
}

/// A batch's lock; none where there is no room for a file, or the file system has no locks: that is
/// no reason not to begin.
fn lock(folder: &Path) -> Option<File> {
    let file = File::create(folder.join(BATCH_LOCK)).ok()?;
    file.try_lock().ok()?;
    Some(file)
}

/// Writes everything there is to see of many runs into a folder, which is made if it is missing;
/// files are replaced atomically.
///
/// # Errors
/// If one cannot be written.
pub(crate) fn write(folder: &Path, batch: &Batch) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    replace(folder, "index.html", render_batch_html(batch).as_bytes())?;
    replace(folder, "junit.xml", batch_junit(batch).as_bytes())?;
    replace(folder, "summary.md", batch_markdown(batch).as_bytes())
}

/// Replaces a file atomically.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn replace(folder: &Path, name: &str, content: &[u8]) -> std::io::Result<()> {
    let temporary = folder.join(format!(".{name}.new"));
    let written = File::create(&temporary)
        .and_then(|mut file| file.write_all(content))
        .and_then(|()| std::fs::rename(&temporary, folder.join(name)));
    if written.is_err() {
        // A full disk is not to be filled with halves.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}
