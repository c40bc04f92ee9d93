//! A counterexample small enough to read.

use serde::{Deserialize, Serialize};

use crate::{Clock, EventKind, Nanos, NodeId, ProcessId, grouped};

/// A counterexample: a few operations no order of which is legal.
///
/// Self-contained text, so that a stored one renders without the model that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// The operations that are shown, in order of invocation; at most 40. The words name them by
    /// [`Witness::name`].
    pub operations: Vec<WitnessOperation>,
    /// How many operations the counterexample has, those that are not shown included.
    #[serde(default)]
    pub core: u64,
    /// What its times count.
    #[serde(default, skip_serializing_if = "is_time")]
    pub clock: Clock,
    /// The longest legal order found, as positions in `operations` with the state after each.
    pub order: Vec<WitnessStep>,
    /// The operations that could come next and why each is illegal: position and the model's
    /// reason. The first is the one the explanation speaks of.
    pub refused: Vec<(u16, String)>,
    /// The state before anything.
    pub initial: String,
    /// How many operations the failing key had before shrinking.
    pub shrunk_from: u64,
    /// The explanation: *Let … Then … a contradiction*; lines without line ends.
    pub words: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_time(clock: &Clock) -> bool {
    clock.is_time()
}

impl Witness {
    /// What the words call the operation at this place: `A`, `B`, … `Z`, `A1`, …
    pub fn name(place: usize) -> String {
        let letter = char::from(b'A' + (place % 26) as u8);
        match place / 26 {
            0 => letter.to_string(),
            round => format!("{letter}{round}"),
        }
    }

    /// How large it is and what it was shrunk from, as `shrunk from 4,961 operations to 6`.
    pub fn size(&self) -> String {
        let shown = self.operations.len() as u64;
        let core = self.core.max(shown);
        let noun = if core == 1 { "operation" } else { "operations" };
        let size = if self.shrunk_from > core {
            format!("shrunk from {} operations to {}", grouped(self.shrunk_from), grouped(core))
        } else {
            format!("{} {noun}", grouped(core))
        };
        if core > shown { format!("{size}, of which {shown} are shown") } else { size }
    }

    /// The lines of the words that argue, without those that introduce the operations.
    pub fn argument(&self) -> &[String] {
        match self.words.iter().position(|line| line == "Then:") {
            Some(place) => &self.words[place + 1..],
            None => &self.words,
        }
    }
}

/// One operation of a witness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessOperation {
    /// Position of its invocation in the history.
    pub index: u32,
    /// Whose operation.
    pub process: ProcessId,
    /// The node the client talked to.
    pub node: Option<NodeId>,
    /// The operation in words, as `write 17 ← 4207`.
    pub label: String,
    /// How it ended, in the history (not as weakened while shrinking).
    pub outcome: EventKindName,
    /// When it was invoked.
    pub invoked: Nanos,
    /// When it ended; `None` for an `info`.
    pub completed: Option<Nanos>,
    /// Its part in the counterexample.
    pub role: WitnessRole,
}

/// The end of a witness's operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKindName {
    /// It happened.
    Ok,
    /// It certainly did not.
    Fail,
    /// Nobody knows.
    Info,
}

impl From<EventKind> for EventKindName {
    fn from(kind: EventKind) -> EventKindName {
        match kind {
            EventKind::Ok => EventKindName::Ok,
            EventKind::Fail => EventKindName::Fail,
            EventKind::Info | EventKind::Invoke => EventKindName::Info,
        }
    }
}

/// The part an operation plays in a counterexample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WitnessRole {
    /// In the longest legal order.
    Ordered,
    /// Refused by the model: the impossible one.
    Refused,
    /// Neither: the order ends before it, or there is none and the contradiction rests on it.
    Waiting,
}

/// One step of a legal order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessStep {
    /// Which operation.
    pub operation: u16,
    /// The state after it.
    pub state: String,
}
