//! A digest of everything that happened, so that two runs can be compared.

use serde::Serialize;
use tribunal_history::{Digest, Nanos, Note};

use crate::event::What;

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

    /// Mixes in what can be encoded, whole.
    pub(crate) fn mix_all(&mut self, what: &impl Serialize) {
        let bytes = postcard::to_stdvec(what).expect("invariant: it encodes into memory");
        self.mix(Digest::of(&bytes).0);
    }

    pub(crate) fn event<M>(&mut self, number: u64, at: Nanos, what: &What<M>) {
        self.mix(at.0);
        for word in what.words() {
            self.mix(word);
        }
        if number.is_multiple_of(TRACE_STEP) {
            self.steps.push(self.digest.0);
            self.times.push(at);
        }
    }

    pub(crate) fn note(&mut self, slot: usize, note: &Note) {
        self.mix(slot as u64);
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
    use bytes::Bytes;

    use super::*;
    use crate::event::{Packet, Up};

    fn trace(events: u64, odd: Option<(u64, What<()>)>) -> Trace {
        let mut trace = Trace::default();
        for number in 1..=events {
            let what = odd.as_ref().filter(|(at, _)| *at == number).map(|(_, what)| what);
            trace.event(number, Nanos(number), what.unwrap_or(&What::Observe));
        }
        trace
    }

    #[test]
    fn a_difference_shows_from_its_step_on() {
        let odd = trace(5_000, Some((3_000, What::Timer { slot: 1 })));
        let equal = |one: &Trace, other: &Trace| -> Vec<bool> {
            one.steps().iter().zip(other.steps()).map(|(one, other)| one == other).collect()
        };
        assert_eq!(equal(&trace(5_000, None), &odd), [true, true, false, false]);
        assert_eq!(odd.times(), [1_024, 2_048, 3_072, 4_096].map(Nanos));
        let longer = trace(5_001, None);
        assert_eq!(equal(&trace(5_000, None), &longer), [true; 4]);
        assert_ne!(trace(5_000, None).hash(), longer.hash());
    }

    #[test]
    fn who_and_what_is_said_is_in_it() {
        let request = |lane, client, frame: &'static [u8]| What::Arrive {
            lane,
            epoch: 0,
            packet: Packet::Up {
                client,
                connection: 3,
                what: Up::Frame(Bytes::from_static(frame)),
            },
        };
        let with = |what| trace(10, Some((5, what))).hash();
        let all = [
            with(request(1, 2, b"key 4")),
            with(request(1, 2, b"key 5")),
            with(request(2, 2, b"key 4")),
            with(request(1, 3, b"key 4")),
            with(What::Timer { slot: 1 }),
            with(What::Timer { slot: 2 }),
            with(What::Synced { slot: 1, life: 1 }),
            with(What::Synced { slot: 1, life: 2 }),
        ];
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
    }
}
