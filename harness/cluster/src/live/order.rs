//! What a keeper is ordered to do with its node.

use tokio::sync::oneshot;
use tokio::time::Instant;
use tribunal_history::{FaultKind, Injection, NodeReading, NodeState};

use crate::{Cause, ClockOffset, NodeHold};

/// One order. Each is answered once; one whose keeper is gone is answered by the channel's end.
pub(super) struct Order {
    pub(super) what: What,
    /// When the keeper gives it up.
    pub(super) by: Instant,
    pub(super) answer: oneshot::Sender<Part>,
}

/// What is ordered.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// Start the node and wait until it is ready.
    Start,
    /// Stop it for good.
    Stop,
    /// Hold it so from now on, or let it run.
    Hold(NodeHold),
    /// A clock fault came; all that is in force now comes with it.
    ClockFault(FaultKind, Vec<ClockOffset>),
    /// A clock fault is over; what is still in force comes with it.
    ClockHeal(Vec<ClockOffset>),
    /// Take everything back, and start nothing.
    Release,
}

/// What came of an order: one node's part of a report.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Done, passed over, or unsure.
    pub(super) injection: Injection,
    /// The node's own clock readings.
    pub(super) readings: Vec<NodeReading>,
    /// Whether it is as it was: nothing was done because nothing had to be.
    pub(super) is_idle: bool,
    /// The change of the node, for orders that a report of one answers.
    pub(super) change: Option<(NodeState, Cause, String)>,
}

impl Part {
    pub(super) fn done(evidence: impl Into<String>) -> Part {
        Part::of(Injection::Installed(evidence.into()))
    }

    pub(super) fn skipped(reason: impl Into<String>) -> Part {
        Part::of(Injection::Skipped(reason.into()))
    }

    pub(super) fn unsure(reason: impl Into<String>) -> Part {
        Part::of(Injection::Indeterminate(reason.into()))
    }

    pub(super) fn with_change(self, state: NodeState, cause: Cause, detail: String) -> Part {
        Part { change: Some((state, cause, detail)), ..self }
    }

    /// Nothing had to be done.
    pub(super) fn idle(why: impl Into<String>) -> Part {
        Part { is_idle: true, ..Part::done(why) }
    }

    /// Whether nothing was done: it was so already, or passed over.
    pub(super) fn is_nothing(&self) -> bool {
        self.is_idle || matches!(self.injection, Injection::Skipped(_))
    }

    fn of(injection: Injection) -> Part {
        Part { injection, readings: Vec::new(), is_idle: false, change: None }
    }
}

/// What the parts of all nodes amount to: unsure if any is, done if any is, else passed over.
pub(super) fn merge(parts: Vec<Part>) -> (Injection, Vec<NodeReading>) {
    let readings = parts.iter().flat_map(|part| part.readings.iter().copied()).collect();
    let text = parts.iter().map(|part| part.injection.text()).collect::<Vec<_>>().join("; ");
    let any = |matches: fn(&Injection) -> bool| parts.iter().any(|part| matches(&part.injection));
    let injection = if any(|injection| matches!(injection, Injection::Indeterminate(_))) {
        Injection::Indeterminate(text)
    } else if any(Injection::is_installed) {
        Injection::Installed(text)
    } else {
        Injection::Skipped(text)
    };
    (injection, readings)
}

/// Whether a fault is one of clocks.
pub(super) const fn is_clock(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::ClockJump { .. } | FaultKind::ClockDrift { .. })
}
