//! Which folders of a batch stay on the disk.

use std::path::Path;

use tribunal_engine::remove_run;
use tribunal_history::RunLine;

use crate::args::BatchArgs;
use crate::exit::{Exit, Failure};
use crate::output;

/// Folders of failed runs that are kept unless a flag says otherwise.
const FAILURES_DEFAULT: i64 = 20;
/// Most that a flag may ask for.
const FAILURES_MAX: i64 = 10_000;

/// A run whose folder is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    run_id: String,
    exit: Exit,
}

/// The folders a batch keeps: those of runs that failed, up to a number of them, the most severe
/// first and of equals the earliest.
#[derive(Debug)]
pub(crate) struct Shelf {
    all: bool,
    most: usize,
    kept: Vec<Kept>,
    /// Folders of failed runs that were removed for want of a place.
    pub removed: u64,
}

impl Shelf {
    /// An empty one.
    ///
    /// # Errors
    /// If the number makes no sense.
    pub(crate) fn new(args: &BatchArgs) -> Result<Shelf, Failure> {
        let most = args.keep_failures.unwrap_or(FAILURES_DEFAULT);
        if !(0..=FAILURES_MAX).contains(&most) {
            let message = format!("--keep-failures {most} makes no sense");
            let help = format!("give a whole number from 0 to {FAILURES_MAX}");
            return Err(Failure::new(Exit::Usage, message, help));
        }
        Ok(Shelf { all: args.keep_all, most: most as usize, kept: Vec::new(), removed: 0 })
    }

    /// Takes a run that ended so. Gives the id of the run whose folder has to go, if one has to:
    /// this one's, or that of a milder failure.
    pub(crate) fn take(&mut self, run_id: &str, exit: Exit) -> Option<String> {
        if self.all {
            return None;
        }
        if exit == Exit::Valid {
            return Some(run_id.to_owned());
        }
        self.kept.push(Kept { run_id: run_id.to_owned(), exit });
        if self.kept.len() <= self.most {
            return None;
        }
        let rank = |exit| Exit::PRECEDENCE.iter().position(|known| *known == exit);
        // The last of the mildest.
        let (position, _) = self.kept.iter().enumerate().max_by_key(|(_, kept)| rank(kept.exit))?;
        self.removed += 1;
        Some(self.kept.remove(position).run_id)
    }
}

/// Removes a run's folder, where its line is on the disk; says so where it cannot.
pub(crate) fn discard(store: &Path, run_id: &str) -> bool {
    match remove_run(store, run_id) {
        Ok(()) => true,
        Err(error) => {
            output::progress(format!("warning: the folder of {run_id} is kept: {error}"));
            false
        }
    }
}

/// Whether the line tells of a run whose folder is kept.
pub(crate) fn is_kept(line: &RunLine) -> bool {
    line.report.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf(most: i64) -> Shelf {
        let args = BatchArgs { keep_failures: Some(most), ..BatchArgs::default() };
        Shelf::new(&args).unwrap()
    }

    #[test]
    fn what_passed_goes_and_what_failed_stays() {
        let mut shelf = shelf(2);
        assert_eq!(shelf.take("a", Exit::Valid), Some("a".into()));
        assert_eq!(shelf.take("b", Exit::Unknown), None);
        assert_eq!(shelf.take("c", Exit::Invalid), None);
        assert_eq!(
            shelf.take("d", Exit::Unknown),
            Some("d".into()),
            "the earliest of equals stays"
        );
        assert_eq!(shelf.take("e", Exit::Invalid), Some("b".into()), "the mildest goes");
        assert_eq!(shelf.take("f", Exit::Harness), Some("f".into()));
        assert_eq!(shelf.take("g", Exit::Invalid), Some("g".into()));
        assert_eq!(shelf.removed, 4);
    }

    #[test]
    fn nothing_goes_where_all_is_kept_and_everything_where_nothing_is() {
        let args = BatchArgs { keep_all: true, ..BatchArgs::default() };
        let mut all = Shelf::new(&args).unwrap();
        assert_eq!(all.take("a", Exit::Valid), None);
        let mut none = shelf(0);
        assert_eq!(none.take("a", Exit::Invalid), Some("a".into()));
        for nonsense in [-1, 10_001] {
            let args = BatchArgs { keep_failures: Some(nonsense), ..BatchArgs::default() };
            assert_eq!(Shelf::new(&args).unwrap_err().exit, Exit::Usage);
        }
    }
}
