//! Why a key's account cannot be closed.

use tribunal_history::Misfit;

use crate::Malformed;
use crate::count::plural;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Doubt {
    /// An operation has a shape this checker does not know.
    Malformed(Malformed),
    /// The tables would not fit into this many bytes.
    Bytes(u64),
    /// The caller asked to stop.
    Stopped,
}

impl Doubt {
    /// The operation of another shape, if that is why.
    pub(crate) fn misfit(&self) -> Option<Misfit> {
        match self {
            Doubt::Malformed(malformed) => Some(malformed.misfit()),
            Doubt::Bytes(_) | Doubt::Stopped => None,
        }
    }
}

impl From<Malformed> for Doubt {
    fn from(malformed: Malformed) -> Doubt {
        Doubt::Malformed(malformed)
    }
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Doubt::Malformed(malformed) => malformed.fmt(f),
            Doubt::Bytes(bytes) => write!(f, "{} were not enough", plural(*bytes, "byte")),
            Doubt::Stopped => f.write_str("the check was stopped"),
        }
    }
}
