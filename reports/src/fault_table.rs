//! The faults as a table.

use crate::fault_view::{Fate, FaultView};
use crate::text::thousands;

/// Most rows.
const ROWS_MAX: usize = 70;

/// One fault.
pub(crate) struct FaultRow<'a> {
    pub(crate) fault: &'a FaultView<'a>,
    pub(crate) id: String,
    pub(crate) class: &'static str,
    pub(crate) survivable: &'static str,
    /// Intention, resolution and the observation it rested on.
    pub(crate) whom: String,
}

/// The faults, within bounds; what was cut is added to `cuts`.
pub(crate) fn rows<'a>(faults: &'a [FaultView<'a>], cuts: &mut Vec<String>) -> Vec<FaultRow<'a>> {
    let rest = faults.len().saturating_sub(ROWS_MAX);
    if rest > 0 {
        cuts.push(format!("{} more faults in the table of faults", thousands(rest as u64)));
    }
    faults
        .iter()
        .take(ROWS_MAX)
        .map(|fault| FaultRow {
            fault,
            id: fault.record.planned.id.to_string(),
            class: match fault.fate {
                Fate::Installed => "valid",
                Fate::Skipped | Fate::Indeterminate => "unknown",
                Fate::NotReached => "plain",
            },
            whom: whom(fault),
            survivable: if fault.record.survivable { "" } else { " (no majority all connected)" },
        })
        .collect()
}

fn whom(fault: &FaultView<'_>) -> String {
    let observed = match fault.observation.as_str() {
        "–" => String::new(),
        observation => format!(" ({observation})"),
    };
    format!("{} → {}{observed}", fault.intended, fault.resolved)
}
