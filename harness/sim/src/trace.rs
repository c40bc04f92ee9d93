//! A digest of everything that happened, so that two runs can be compared.

use tribunal_history::{Digest, Nanos, Note};

/// Events between two hashes that are kept.
pub const TRACE_STEP: u64 = 1_024;

/// A running digest, and its value after every [`TRACE_STEP`] events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    digest: Digest,
    steps: Vec<u64>,
    /// When each step was over.
    times: Vec<Nanos>,
}

impl Trace {
    /// The digest of all that happened.
    pub const fn hash(&self) -> u64 {
        self.digest.0
    }

    /// The digest after each [`TRACE_STEP`] events.
    pub fn steps(&self) -> &[u64] {
        &self.steps
    }

    /// The virtual time of the last event of each of [`Trace::steps`].
    pub fn times(&self) -> &[Nanos] {
        &self.times
    }

    pub(crate) fn mix(&mut self, word: u64) {
        self.digest = self.digest.with(word);
    }

    pub(crate) fn event(&mut self, number: u64, at: Nanos, what: u64) {
        self.mix(at.0);
        self.mix(what);
        if number.is_multiple_of(TRACE_STEP) {
            self.steps.push(self.digest.0);
            self.times.push(at);
        }
    }

    pub(crate) fn note(&mut self, note: &Note) {
        match *note {
            Note::Role { role, term } => self.mix(term << 3 | role as u64),
            Note::Appended { index, term, digest } => {
                self.mix(digest ^ index.rotate_left(32) ^ term);
            }
            Note::Committed { index } => self.mix(index << 3 | 4),
            Note::Applied { index, session, sequence } => {
                self.mix(index.rotate_left(40) ^ session.rotate_left(20) ^ sequence);
            }
            Note::Mark(mark) => self.mix((mark as u64) << 3 | 5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(events: u64, odd: Option<u64>) -> Trace {
        let mut trace = Trace::default();
        for number in 1..=events {
            trace.event(number, Nanos(number), u64::from(odd == Some(number)));
        }
        trace
    }

    #[test]
    fn a_difference_is_found_within_a_step() {
        assert_eq!(trace(5_000, None), trace(5_000, None));
        let odd = trace(5_000, Some(3_000));
        let equal = |other: &Trace| {
            let plain = trace(5_000, None);
            plain.steps().iter().zip(other.steps()).take_while(|(one, two)| one == two).count()
        };
        assert_eq!((equal(&odd), odd.steps().len()), (2, 4));
        let longer = trace(5_001, None);
        assert_eq!(equal(&longer), 4);
        assert_ne!(trace(5_000, None).hash(), longer.hash());
        assert_eq!(odd.times(), [1_024, 2_048, 3_072, 4_096].map(Nanos));
    }
}
