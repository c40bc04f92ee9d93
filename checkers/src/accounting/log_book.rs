//! All messages of a log, and all that was said of their offsets.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use tribunal_history::{Nanos, ValueId};

use super::case::{Case, is_fail, is_ok};
use super::deed::{Deed, Step};
use super::doubt::Doubt;
use super::index::Index;

/// No such call.
pub(crate) const NONE: u32 = u32::MAX;

/// What one message costs at most, in all tables.
const MESSAGE_BYTES: u64 = 160;

/// A value of a partition. Calls are positions among the case's calls.
#[derive(Clone, Copy)]
pub(crate) struct Message {
    pub partition: u32,
    pub value: ValueId,
    /// Sends that did not fail; the first of them, and the first that did.
    pub attempts: u32,
    pub attempt: u32,
    pub failed: u32,
    /// The first send that was acknowledged with an offset, and the offset.
    pub acknowledged: u32,
    pub offset: i64,
    /// The first poll that shows it.
    pub polled: u32,
}

/// One message at one offset, as an operation shows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sighting {
    pub partition: u32,
    pub offset: i64,
    pub message: u32,
    pub call: u32,
    pub polled: bool,
}

/// What one process does, in terms of the book.
pub(crate) enum Move {
    /// These sightings, one after another, all of one partition and all sent or all polled.
    Saw {
        partition: u32,
        from: u32,
        to: u32,
    },
    Assign(Vec<u32>),
    Subscribe,
    Crash,
}

/// The book of a log.
pub(crate) struct Book<'a> {
    pub case: Case<'a>,
    pub partitions: Index,
    pub messages: Vec<Message>,
    /// In order of calls.
    pub sightings: Vec<Sighting>,
    /// Each call's moves, in order of calls.
    pub moves: Vec<(u32, Move)>,
    /// Every partition's offsets that anybody showed, ascending, and the first time at which this
    /// or a later offset of the partition was shown.
    pub offsets: Vec<(u32, i64, Nanos)>,
    numbers: HashMap<(u32, ValueId), u32, FixedState>,
}

impl<'a> Book<'a> {
    /// Enters all calls. O(n log n).
    pub(crate) fn open(case: Case<'a>) -> Result<Book<'a>, Doubt> {
        let mut book = Book {
            case,
            partitions: Index::new(case.budget.bytes),
            messages: Vec::new(),
            sightings: Vec::new(),
            moves: Vec::new(),
            offsets: Vec::new(),
            numbers: HashMap::with_hasher(FixedState::with_seed(0x6c6f_6762)),
        };
        for (position, call) in case.calls.iter().enumerate() {
            let position = position as u32;
            match Deed::read(case, call)? {
                Deed::Steps(steps) => {
                    for step in steps {
                        book.enter(position, step)?;
                    }
                }
                _ if is_fail(call) => {}
                Deed::Assign(ids) => {
                    let mut kept = Vec::with_capacity(ids.len());
                    for id in ids {
                        kept.push(book.partitions.number(id)? as u32);
                    }
                    book.moves.push((position, Move::Assign(kept)));
                }
                Deed::Subscribe => book.moves.push((position, Move::Subscribe)),
                Deed::Crash => book.moves.push((position, Move::Crash)),
                Deed::Nothing => {}
            }
            if book.bytes() > case.budget.bytes {
                return Err(Doubt::Bytes(case.budget.bytes));
            }
        }
        book.order();
        Ok(book)
    }

    /// Bytes held, at most.
    pub(crate) fn bytes(&self) -> u64 {
        let sightings = self.sightings.len() * (size_of::<Sighting>() * 3);
        let moves = self.moves.len() * size_of::<(u32, Move)>();
        self.messages.len() as u64 * MESSAGE_BYTES + (sightings + moves) as u64
    }

    fn message(&mut self, partition: u32, value: ValueId) -> u32 {
        let next = self.messages.len() as u32;
        let number = *self.numbers.entry((partition, value)).or_insert(next);
        if number == next {
            self.messages.push(Message {
                partition,
                value,
                attempts: 0,
                attempt: NONE,
                failed: NONE,
                acknowledged: NONE,
                offset: 0,
                polled: NONE,
            });
        }
        number
    }

    fn enter(&mut self, call: u32, step: Step) -> Result<(), Doubt> {
        let from = self.sightings.len() as u32;
        let place = match step {
            Step::Send { partition, value, offset } => {
                let partition = self.partitions.number(partition)? as u32;
                let number = self.message(partition, value);
                let ended = &self.case.calls[call as usize];
                let message = &mut self.messages[number as usize];
                if is_fail(ended) {
                    message.failed = message.failed.min(call);
                } else {
                    message.attempts += 1;
                    message.attempt = message.attempt.min(call);
                }
                if let Some(offset) = offset.filter(|_| is_ok(ended)) {
                    if message.acknowledged == NONE {
                        (message.acknowledged, message.offset) = (call, offset);
                    }
                    let sighting =
                        Sighting { partition, offset, message: number, call, polled: false };
                    self.sightings.push(sighting);
                }
                partition
            }
            Step::Poll { partition, messages } => {
                let partition = self.partitions.number(partition)? as u32;
                for (offset, value) in messages {
                    let message = self.message(partition, value);
                    let polled = &mut self.messages[message as usize].polled;
                    *polled = (*polled).min(call);
                    let sighting = Sighting { partition, offset, message, call, polled: true };
                    self.sightings.push(sighting);
                }
                self.moves
                    .push((call, Move::Saw { partition, from, to: self.sightings.len() as u32 }));
                return Ok(());
            }
        };
        let to = self.sightings.len() as u32;
        if to > from {
            self.moves.push((call, Move::Saw { partition: place, from, to }));
        }
        Ok(())
    }

    /// Makes the list of offsets.
    fn order(&mut self) {
        let shown = |one: &Sighting| {
            let time = self.case.calls[one.call as usize].completed_at.unwrap_or(Nanos::MAX);
            (one.partition, one.offset, time)
        };
        self.offsets = self.sightings.iter().map(shown).collect();
        self.offsets.sort_unstable();
        self.offsets.dedup_by_key(|(partition, offset, _)| (*partition, *offset));
        for place in (1..self.offsets.len()).rev() {
            let (partition, _, later) = self.offsets[place];
            let before = &mut self.offsets[place - 1];
            if before.0 == partition {
                before.2 = before.2.min(later);
            }
        }
    }

    /// The position of an offset among [`Book::offsets`], or of the first above it. O(log n).
    pub(crate) fn rank(&self, partition: u32, offset: i64) -> usize {
        self.offsets.partition_point(|(of, at, _)| (*of, *at) < (partition, offset))
    }
}
