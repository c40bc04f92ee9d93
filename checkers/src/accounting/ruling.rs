//! What is found out about one key.

use tribunal_history::{Misfit, Nanos, Verdict, Witness};

/// A violation, with its grounds.
pub(crate) struct Charge {
    /// The anomaly class.
    pub anomaly: &'static str,
    /// What it is about, as `element 5`.
    pub subject: String,
    /// What went wrong, to be read after the name of the object, as `lost element 5`.
    pub headline: String,
    /// When it showed.
    pub at: Option<Nanos>,
    /// The operations that prove it.
    pub witness: Witness,
}

/// Counts under their names, always the same names in the same order for one checker.
pub(crate) type Figures = Vec<(&'static str, u64)>;

/// One key's judgement.
pub(crate) struct Ruling {
    pub verdict: Verdict,
    /// The violation, of an *invalid*.
    pub charge: Option<Charge>,
    /// Why nothing can be said, of an *unknown*.
    pub reason: String,
    /// The operation that is none of the checker's, if that is why.
    pub misfit: Option<Misfit>,
    pub figures: Figures,
    /// More lines, of this key alone.
    pub lines: Vec<String>,
    /// Most bytes held.
    pub bytes: u64,
}

impl Ruling {
    /// Nothing speaks against the key.
    pub(crate) fn valid(figures: Figures) -> Ruling {
        Ruling {
            verdict: Verdict::Valid,
            charge: None,
            reason: String::new(),
            misfit: None,
            figures,
            lines: Vec::new(),
            bytes: 0,
        }
    }

    /// Nothing can be said, for this reason.
    pub(crate) fn unknown(reason: impl Into<String>, figures: Figures) -> Ruling {
        let valid = Ruling::valid(figures);
        Ruling { verdict: Verdict::Unknown, reason: reason.into(), ..valid }
    }

    /// The key breaks the promise.
    pub(crate) fn invalid(charge: Charge, figures: Figures) -> Ruling {
        let valid = Ruling::valid(figures);
        Ruling { verdict: Verdict::Invalid, charge: Some(charge), ..valid }
    }

    /// With these lines for those who read on.
    pub(crate) fn with(mut self, lines: Vec<String>, bytes: u64) -> Ruling {
        self.lines = lines;
        self.bytes = bytes;
        self
    }
}
