//! The checker `log`: a partitioned log keeps what was sent to it, in one order.

use tribunal_history::{Finding, Record};

use super::case::{Case, is_ok};
use super::doubt::Doubt;
use super::ledger::{Account, check};
use super::listed::listed;
use super::log_book::{Book, NONE, Sighting};
use super::log_class::{Class, Example, Tallies};
use super::log_walk::{Lag, walk};
use super::log_words::charge;
use super::ruling::Ruling;
use crate::{Budget, Checker};

/// Judges a log of partitions, as Kafka is one, each a list of messages at ascending offsets.
///
/// Operations: `send` of a value to the partition that is its key, which answers `[offset value]`;
/// `poll` of a partition (its key), which answers `[[offset value] …]`, or of all, which answers
/// `[[partition [[offset value] …]] …]`; and Jepsen's, with `txn`, `assign`, `subscribe`, `crash`
/// and `debug-topic-partitions`. Violations, the gravest first:
///
/// - *lost write*: acknowledged at an offset, never polled, and a poll showed the same offset or a
///   higher one of the partition.
/// - *inconsistent offsets*: two values at one offset. *Duplicate*: a value at more offsets than
///   there were sends of it that did not fail.
/// - *aborted read*: polled, and all sends of it failed. *Value from nowhere*: polled, and no send
///   of it was invoked before.
/// - *nonmonotonic poll*, *poll skip*: a process polls a partition at an offset not above the last
///   one it polled there, or leaves out one that somebody has shown. *Internal*: within one
///   operation.
/// - *nonmonotonic send*: a process's later send to a partition got no higher offset.
///
/// An `assign` keeps the positions in the partitions it names, `subscribe` and `crash` keep none.
/// After `subscribe` a group may move positions at any time, so external skips and steps back are
/// only counted, as for all with [`Log::subscribed`]. Acknowledged messages above all that was
/// polled are *unseen*, and only counted. Nothing polled: unknown.
///
/// Partitions are judged together. O(n log n) in messages sent and polled; memory proportional to
/// them. Source: Jepsen's `tests/kafka`, without its transaction cycles.
#[derive(Clone, Copy, Debug, Default)]
pub struct Log {
    subscribed: bool,
}

impl Log {
    /// Each process goes on in a partition where it was, until it says otherwise.
    pub const fn new() -> Log {
        Log { subscribed: false }
    }

    /// All processes share partitions as groups, whose positions move unasked.
    pub const fn subscribed() -> Log {
        Log { subscribed: true }
    }
}

impl Checker for Log {
    fn name(&self) -> &'static str {
        Log::NAME
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        check(self, record, budget)
    }
}

impl Account for Log {
    const NAME: &'static str = "log";
    const OBJECT: &'static str = "the log";
    const PER_KEY: bool = false;

    fn claim(&self) -> &'static str {
        "every partition keeps what was sent, once and in order, and no poll leaves any of it out"
    }

    fn judge(&self, case: Case<'_>) -> Result<Ruling, Doubt> {
        let book = Book::open(case)?;
        let mut tallies = Tallies::default();
        offsets(&book, &mut tallies);
        let unseen = messages(&book, &mut tallies);
        let lag = walk(&book, self.subscribed, &mut tallies);
        Ok(close(&book, &tallies, &unseen, lag))
    }
}

/// Finds two values at one offset, and one value at too many.
fn offsets(book: &Book<'_>, tallies: &mut Tallies) {
    let mut sightings = book.sightings.clone();
    sightings.sort_unstable();
    sightings.dedup_by_key(|one| (one.partition, one.offset, one.message));
    let shown = |one: &Sighting| book.case.calls[one.call as usize].completed;
    for two in sightings.windows(2) {
        let [one, other] = [&two[0], &two[1]];
        if (one.partition, one.offset) == (other.partition, other.offset) {
            enter_pair(book, Class::InconsistentOffsets, (one, other), tallies);
        }
    }
    sightings.sort_unstable_by_key(|one| (one.message, shown(one), one.offset));
    for group in sightings.chunk_by(|one, other| one.message == other.message) {
        let allowed = book.messages[group[0].message as usize].attempts.max(1) as usize;
        if let Some(extra) = group.get(allowed) {
            enter_pair(book, Class::Duplicate, (&group[0], extra), tallies);
        }
    }
}

fn enter_pair(
    book: &Book<'_>,
    class: Class,
    (one, other): (&Sighting, &Sighting),
    tallies: &mut Tallies,
) {
    let shown = |one: &Sighting| book.case.calls[one.call as usize].completed;
    let (first, second) = if shown(one) <= shown(other) { (one, other) } else { (other, one) };
    let mut example = Example::new(one.partition, second.call);
    example.others[0] = first.call;
    example.offsets = [first.offset, second.offset];
    example.values = [first, second].map(|sighting| book.messages[sighting.message as usize].value);
    tallies.enter(class, shown(second), example);
}

/// Finds lost writes and values nobody sent; gives the messages nobody has seen yet.
fn messages(book: &Book<'_>, tallies: &mut Tallies) -> Vec<u32> {
    let calls = book.case.calls;
    let mut highest: Vec<Option<(i64, u32)>> = vec![None; book.partitions.len()];
    for one in book.sightings.iter().filter(|one| one.polled) {
        let top = &mut highest[one.partition as usize];
        if top.is_none_or(|(offset, _)| one.offset > offset) {
            *top = Some((one.offset, one.call));
        }
    }
    let mut unseen = Vec::new();
    for (number, message) in book.messages.iter().enumerate() {
        let mut example = Example::new(message.partition, message.polled);
        example.values[0] = message.value;
        if message.polled != NONE {
            let ended = calls[message.polled as usize].completed;
            if message.attempts == 0 && message.failed != NONE {
                example.others[0] = message.failed;
                tallies.enter(Class::AbortedRead, ended, example);
            } else if message.attempts == 0 || calls[message.attempt as usize].invoked > ended {
                example.others[0] = message.attempt;
                tallies.enter(Class::Nowhere, ended, example);
            }
        } else if message.acknowledged != NONE {
            match highest[message.partition as usize] {
                Some((top, poll)) if message.offset <= top => {
                    example.culprit = poll;
                    example.others[0] = message.acknowledged;
                    example.offsets = [message.offset, top];
                    tallies.enter(Class::LostWrite, calls[poll as usize].completed, example);
                }
                _ => unseen.push(number as u32),
            }
        }
    }
    unseen
}

fn close(book: &Book<'_>, tallies: &Tallies, unseen: &[u32], lag: Option<Lag>) -> Ruling {
    let case = book.case;
    let polled = book.messages.iter().filter(|message| message.polled != NONE).count() as u64;
    let acknowledged = book.messages.iter().filter(|one| one.acknowledged != NONE).count() as u64;
    let mut figures = vec![
        ("partitions", book.partitions.len() as u64),
        ("values", book.messages.len() as u64),
        ("acknowledged", acknowledged),
        ("polled", polled),
        ("unseen at the end", unseen.len() as u64),
    ];
    let counts = Class::ALL.iter().map(|class| (class.name(), tallies.count(*class)));
    figures.extend(counts.filter(|(_, count)| *count > 0));
    let ruling = match tallies.gravest() {
        Some((class, example)) => {
            Ruling::invalid(charge(book, class, example, tallies.count(class)), figures)
        }
        None if polled == 0 => {
            let any = case.calls.iter().any(is_ok);
            let reason = if any { "nothing was polled" } else { "nothing ended ok" };
            Ruling::unknown(reason, figures)
        }
        None => Ruling::valid(figures),
    };
    let names = unseen.iter().map(|number| {
        let message = &book.messages[*number as usize];
        let partition = case.show(book.partitions.id(message.partition as usize));
        format!("{} in partition {partition}", case.show(message.value))
    });
    let lag = lag.map(|lag| {
        format!(
            "worst real-time lag: {} ms, of process {} in partition {}, event {}",
            lag.time.as_millis(),
            case.calls[lag.call as usize].process,
            case.show(book.partitions.id(lag.partition as usize)),
            case.calls[lag.call as usize].completed
        )
    });
    let unseen = listed("unseen at the end", names, unseen.len() as u64);
    ruling.with(unseen.into_iter().chain(lag).collect(), book.bytes())
}
