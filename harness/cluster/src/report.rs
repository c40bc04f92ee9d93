//! What an interpreter is told.

use tribunal_history::{
    FaultId, Injection, NodeId, NodeReading, NodeState, Note, OpId, Outcome, Roles,
};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// An operation ended.
    Completed {
        /// Which.
        id: OpId,
        /// How.
        outcome: Outcome,
    },
    /// An answer came to an operation that was abandoned: counted, never recorded.
    Late(OpId),
    /// What came of installing a fault.
    Fault {
        /// Which.
        id: FaultId,
        /// What came of it.
        injection: Injection,
        /// The nodes' own clock readings, for clock faults.
        readings: Vec<NodeReading>,
        /// Whether it changed anything, where the cluster knows at once: a node that another fault
        /// holds already is not killed again.
        effective: Option<bool>,
    },
    /// What came of healing a fault.
    Healed {
        /// Which.
        id: FaultId,
        /// What came of it.
        injection: Injection,
        /// Whether the fault met anything while it lasted, where the cluster can tell.
        effective: Option<bool>,
    },
    /// A node changed state.
    Node {
        /// Which.
        node: NodeId,
        /// To which state.
        state: NodeState,
        /// Whether somebody asked for it.
        cause: Cause,
        /// More, as an exit status or the last lines of its stderr.
        detail: String,
    },
    /// The answer to [`crate::Command::Observe`].
    Roles(Roles),
    /// A node said something.
    Note {
        /// Which.
        node: NodeId,
        /// What.
        note: Note,
    },
    /// Notes were lost between a node and the controller; no checker concludes from a missing one.
    NotesDropped {
        /// Whose.
        node: NodeId,
        /// How many.
        count: u64,
    },
    /// The time asked for by [`crate::Command::WakeAt`] has come. The first report is this, at 0.
    Woke,
    /// Somebody wants the run to end: stop the load, heal, and finish.
    Interrupted,
    /// What was looked for has been found: the load ends now, the rest goes on as planned.
    Enough,
}

/// Whether somebody asked for a change of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A command did.
    Asked,
    /// Nobody did: the node ended or stopped by itself, which is a finding.
    Unasked,
    /// The harness or its host failed: no word on the node.
    Harness,
}
