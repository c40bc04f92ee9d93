//! How large a failure is.

use tribunal_history::{Nanos, Plan};

use super::case::groups;

/// How large a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) operations: usize,
    pub(super) faults: usize,
    processes: usize,
    nodes: u16,
    options: usize,
    lasts: Nanos,
}

impl Size {
    pub(super) fn of(plan: &Plan) -> Size {
        Size {
            operations: plan.script.as_ref().map_or(0, |script| script.operations.len()),
            faults: plan.schedule.faults.len(),
            processes: groups(plan, |operation| operation.process).len(),
            nodes: plan.nodes,
            options: plan.options.len(),
            lasts: plan.time_limit,
        }
    }

    /// What became of it, in words.
    pub(super) fn to(self, after: Size) -> String {
        format!(
            "operations {} → {}   faults {} → {}   processes {} → {}   nodes {} → {}   \
             options {} → {}   load {} → {}",
            self.operations,
            after.operations,
            self.faults,
            after.faults,
            self.processes,
            after.processes,
            self.nodes,
            after.nodes,
            self.options,
            after.options,
            self.lasts,
            after.lasts,
        )
    }
}
