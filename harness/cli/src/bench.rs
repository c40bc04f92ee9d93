//! `tribunal bench`: how fast histories are judged, measured on this machine.

mod args;
mod row;
mod suite;
mod table;

pub(crate) use args::{BenchArgs, BenchCommand};

use tribunal_history::Verdict;
use tribunal_reports::growth_svg;

use crate::args::{Cli, Format, parse_time};
use crate::exit::{Exit, Failure};
use crate::output;
use args::BenchCheckArgs;
use row::Measured;

/// Runs `tribunal bench`.
pub(crate) fn command(cli: &Cli, args: &BenchArgs) -> Result<Exit, Failure> {
    match &args.what {
        BenchCommand::Check(args) => check(cli, args),
        BenchCommand::Row(args) => row::be_one(&args.row),
    }
}

/// Every row in a process of its own, so that its memory is its own and it can be stopped.
fn check(cli: &Cli, args: &BenchCheckArgs) -> Result<Exit, Failure> {
    let limit = parse_time(&args.time_limit)
        .map_err(|reason| Failure::new(Exit::Usage, format!("--time-limit: {reason}"), ""))?;
    let rows = suite::rows(args)?;
    let text = cli.format == Format::Text;
    if text {
        output::line(table::header());
    }
    let (mut measured, mut exit): (Vec<Measured>, _) = (Vec::new(), Exit::Valid);
    for row in rows {
        let result = row::measure(&row, limit.to_duration())?;
        if text {
            output::line(table::line(&result, measured.last()));
        }
        if !result.is_as_expected() {
            let message = format!("a history known to be otherwise was judged {}", result.word());
            output::failure(&Failure::new(Exit::Bug, message, "please report the line above"));
            exit = exit.merge(Exit::Bug);
        }
        measured.push(result);
    }
    if !text {
        output::json(&measured);
    }
    if let Some(file) = &args.plot {
        let page = growth_svg(&suite::series(&measured));
        std::fs::write(file, page).map_err(|error| {
            let message = format!("cannot write {}: {error}", file.display());
            Failure::new(Exit::Environment, message, "choose another place with --plot")
        })?;
    }
    Ok(exit)
}

/// What a history made so must be judged, if that is known.
fn expected(row: &row::Row) -> Option<Verdict> {
    match (row.stale, row.values) {
        (false, _) => Some(Verdict::Valid),
        (true, None) => Some(Verdict::Invalid),
        // Somebody else may have written the same.
        (true, Some(_)) => None,
    }
}
