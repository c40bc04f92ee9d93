//! `tribunal show`: what a run found, as Markdown.

use tribunal_reports::summary_markdown;

use crate::args::{Cli, Format, ShowArgs};
use crate::check::find_run;
use crate::exit::{Exit, Failure};
use crate::output;

/// Runs `tribunal show`.
pub(crate) fn command(cli: &Cli, args: &ShowArgs) -> Result<Exit, Failure> {
    let (folder, trial) = find_run(&cli.store, &args.run)?;
    match cli.format {
        Format::Json => output::json(&trial),
        Format::Text => {
            let (record, warnings) = folder
                .record()
                .map_err(|error| Failure::new(Exit::History, error.to_string(), ""))?;
            for warning in warnings {
                output::progress(format!("warning: {warning}"));
            }
            output::line(summary_markdown(&trial, &record).trim_end());
        }
    }
    Ok(Exit::Valid)
}
