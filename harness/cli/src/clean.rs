//! `tribunal clean`: remove what killed runs left behind, and nothing else.

use crate::args::{Cli, Format};
use crate::exit::{Exit, Failure};
use crate::output;

/// Runs `tribunal clean`.
pub(crate) fn command(cli: &Cli) -> Result<Exit, Failure> {
    let cleaned = tribunal_cluster::clean(&cli.store).map_err(|error| {
        Failure::new(Exit::Environment, error.to_string(), "choose the folder with --store")
    })?;
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
