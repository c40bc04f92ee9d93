//! Turns a run into something to read: one offline HTML page, Markdown, text for a terminal.
//!
//! Everything is a pure function of a [`Trial`](tribunal_history::Trial) and its
//! [`Record`](tribunal_history::Record): no clock, no files, no randomness; the same input gives
//! the same bytes, so a stored run renders again years later, on any machine. What is drawn is
//! bounded whatever the run holds, and the page says what it left out.
//!
//! Every string of the system under test is hostile here: it is shown escaped or not at all.
//!
//! Not here: writing files, the wording of findings and counterexamples (the checkers' and the
//! models'), exit codes.

mod annotations;
mod batch;
mod batch_markdown;
mod batch_page;
mod batch_table;
mod check_table;
mod clash;
mod counterexample;
mod exhibit;
mod fault_table;
mod fault_view;
mod growth;
mod junit;
mod lanes;
mod logs;
mod markdown;
mod node_lanes;
mod page;
mod plot;
mod policy;
mod run_line;
mod series;
mod sides;
mod space_time;
mod standing;
mod statistics;
mod steps_page;
mod strip_data;
mod strip_faults;
mod strip_plots;
mod strip_table;
mod strips;
mod style;
mod summary;
mod svg;
mod terminal;
mod text;
mod time_axis;
mod warp;

pub use annotations::annotations;
pub use batch::{Batch, BatchRun, Gap, Passed, length};
pub use batch_markdown::{batch_markdown, cut_markdown};
pub use batch_page::render_batch_html;
pub use batch_table::{batch_table, run_words};
pub use check_table::{Checked, Judgement, check_table};
pub use growth::{GrowthLine, growth_svg};
pub use junit::{batch_junit, junit};
pub use markdown::summary_markdown;
pub use page::render_html;
pub use run_line::{Ending, run_line};
pub use steps_page::{Steps, render_steps_html};
pub use style::Style;
pub use terminal::terminal;
pub use text::clean;
