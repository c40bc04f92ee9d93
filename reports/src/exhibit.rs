//! A counterexample as lines of text: every operation of it, and the argument.

use tribunal_history::{Trial, Witness};

use crate::clash::{Clash, Party, party};
use crate::counterexample::OPERATIONS_MAX;
use crate::fault_view::FaultView;
use crate::text::{clean, counted};

/// Most lines of an argument, and most characters of each.
const LINES_MAX: usize = 40;
const LINE_CHARS_MAX: usize = 240;

/// A counterexample for a terminal.
pub(crate) struct Exhibit {
    /// Its operations, under the names the argument gives them.
    pub(crate) parties: Vec<Party>,
    /// Why there is no order of them.
    pub(crate) argument: Vec<String>,
    /// As `shrunk from 4,961 operations to 6`.
    pub(crate) size: String,
}

impl Exhibit {
    pub(crate) fn new(
        trial: &Trial,
        faults: &[FaultView<'_>],
        witness: &Witness,
        clash: Option<&Clash>,
    ) -> Exhibit {
        let shown = 0..witness.operations.len().min(OPERATIONS_MAX);
        let told = witness.argument();
        let mut argument: Vec<String> = told
            .iter()
            .take(LINES_MAX)
            .map(|line| clean(line.trim_start(), LINE_CHARS_MAX))
            .collect();
        if told.len() > LINES_MAX {
            let rest = (told.len() - LINES_MAX) as u64;
            argument
                .push(format!("({} of the argument not shown)", counted(rest, "line", "lines")));
        }
        if argument.is_empty() {
            argument.extend(clash.map(|clash| clash.tie.clone()));
        }
        Exhibit {
            parties: shown.filter_map(|place| party(trial, faults, witness, place)).collect(),
            argument,
            size: witness.size(),
        }
    }
}
