//! `tribunal report`: render a recorded run again.

use tribunal_reports::render_html;

use crate::args::{Cli, Format, ReportArgs};
use crate::check::find_run;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::run::report_name;

/// Runs `tribunal report`.
pub(crate) fn command(cli: &Cli, args: &ReportArgs) -> Result<Exit, Failure> {
    let (folder, trial) = find_run(&cli.store, &args.run)?;
    let (record, warnings) =
        folder.record().map_err(|error| Failure::new(Exit::History, error.to_string(), ""))?;
    for warning in warnings {
        output::progress(format!("warning: {warning}"));
    }
    let path = args.output.clone().unwrap_or_else(|| folder.path().join(report_name(&trial)));
    std::fs::write(&path, render_html(&trial, &record)).map_err(|error| {
        let message = format!("cannot write {}: {error}", path.display());
        Failure::new(Exit::Environment, message, "choose another place with --output")
    })?;
    let url = output::file_url(&path);
    match cli.format {
        Format::Json => output::json(&url),
        Format::Text => output::line(url),
    }
    if args.open {
        output::open(&path);
    }
    Ok(Exit::Valid)
}
