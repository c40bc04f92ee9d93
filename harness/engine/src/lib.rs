//! The engine: one run as a pure interpreter, its live driver, its folder and its verdict.

mod judge;
mod live;
mod rehearse;
mod run;
#[expect(clippy::disallowed_methods, reason = "a lock is waited for, beside any run")]
mod store;

pub use judge::{Judgement, Tried, judge};
pub use live::{Access, Driven, LiveCluster, LiveOptions, Lookout, Progress, Sighting, drive};
pub use rehearse::{Rehearsal, rehearse};
pub use run::{Counts, Run, RunOptions, RunSummary, scripted};
pub use store::{
    BATCH_LOCK, RUN_LOG, Remains, RunFolder, RunLog, StoreError, batch_remains, bytes_in,
    log_excerpts, log_matches, record_files, remove, remove_run, run_ids, run_remains,
};
