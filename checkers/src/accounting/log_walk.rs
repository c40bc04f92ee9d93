//! Follows every process through a log: does each poll and send go on where the last one ended?

use std::collections::BTreeMap;

use tribunal_history::{Nanos, ProcessId};

use super::case::is_ok;
use super::log_book::{Book, Move, Sighting};
use super::log_class::{Class, Example, Tallies};

/// Where a process is in a partition.
#[derive(Clone, Copy)]
struct Place {
    /// Position among the book's offsets.
    rank: usize,
    offset: i64,
    call: u32,
}

/// What is known of a process.
#[derive(Default)]
struct Client {
    /// Its positions are given to it from time to time.
    rebalanced: bool,
    polled: BTreeMap<u32, Place>,
    sent: BTreeMap<u32, Place>,
}

/// How far a poll lagged behind what was there.
pub(crate) struct Lag {
    pub time: Nanos,
    pub call: u32,
    pub partition: u32,
}

/// Enters what processes skipped and where they went back, and gives the worst lag. O(n log n).
pub(crate) fn walk(book: &Book<'_>, subscribed: bool, tallies: &mut Tallies) -> Option<Lag> {
    let mut clients: BTreeMap<ProcessId, Client> = BTreeMap::new();
    let mut worst: Option<Lag> = None;
    for (call, step) in &book.moves {
        let process = book.case.calls[*call as usize].process;
        let client = clients.entry(process).or_default();
        match step {
            Move::Assign(partitions) => {
                let mut kept = partitions.clone();
                kept.sort_unstable();
                client.polled.retain(|partition, _| kept.binary_search(partition).is_ok());
                client.rebalanced = false;
            }
            Move::Subscribe => {
                client.polled.clear();
                client.rebalanced = true;
            }
            Move::Crash => client.polled.clear(),
            Move::Saw { partition, from, to } => {
                for sighting in &book.sightings[*from as usize..*to as usize] {
                    client.go(book, sighting, subscribed, tallies);
                }
                let polls = book.sightings.get(*from as usize).is_none_or(|one| one.polled);
                if (from == to || polls)
                    && let Some(lag) = client.lag(book, *call, *partition)
                    && worst.as_ref().is_none_or(|worst| lag.time > worst.time)
                {
                    worst = Some(lag);
                }
            }
        }
    }
    worst
}

impl Client {
    fn go(
        &mut self,
        book: &Book<'_>,
        sighting: &Sighting,
        subscribed: bool,
        tallies: &mut Tallies,
    ) {
        let Sighting { partition, offset, call, polled, .. } = *sighting;
        let rank = book.rank(partition, offset);
        let place = Place { rank, offset, call };
        let places = if polled { &mut self.polled } else { &mut self.sent };
        let Some(before) = places.insert(partition, place) else { return };
        let internal = before.call == call;
        let rebalanced = subscribed || self.rebalanced;
        let class = if rank <= before.rank {
            match (polled, internal) {
                (true, true) => Class::InternalNonmonotonicPoll,
                (true, false) if rebalanced => Class::RebalancedNonmonotonicPoll,
                (true, false) => Class::NonmonotonicPoll,
                (false, true) => Class::InternalNonmonotonicSend,
                (false, false) => Class::NonmonotonicSend,
            }
        } else if rank > before.rank + 1 {
            match (polled, internal) {
                (true, true) => Class::InternalPollSkip,
                (true, false) if rebalanced => Class::RebalancedPollSkip,
                (true, false) => Class::PollSkip,
                (false, true) => Class::InternalSendSkip,
                // Others send in between; nobody promises that they do not.
                (false, false) => return,
            }
        } else {
            return;
        };
        let mut example = Example::new(partition, call);
        example.others[0] = before.call;
        example.offsets = [before.offset, offset];
        tallies.enter(class, book.case.calls[call as usize].completed, example);
    }

    /// How long before the poll the next message after the client's position was there.
    fn lag(&self, book: &Book<'_>, call: u32, partition: u32) -> Option<Lag> {
        let poll = &book.case.calls[call as usize];
        let next = match self.polled.get(&partition) {
            Some(place) => place.rank + 1,
            None => book.rank(partition, i64::MIN),
        };
        let (of, _, known) = book.offsets.get(next)?;
        let time = poll.invoked_at.since(*known);
        let is_timed = book.case.history.clock().is_time();
        (is_timed && is_ok(poll) && *of == partition && time > Nanos::ZERO).then_some(Lag {
            time,
            call,
            partition,
        })
    }
}
