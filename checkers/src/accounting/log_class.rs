//! The kinds of anomalies of a log, and how often each was met.

use tribunal_history::ValueId;

use super::log_book::NONE;

/// A kind of anomaly; the graver first, and those that are only told of last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    LostWrite,
    InconsistentOffsets,
    Duplicate,
    AbortedRead,
    Nowhere,
    InternalNonmonotonicPoll,
    InternalPollSkip,
    NonmonotonicPoll,
    PollSkip,
    InternalNonmonotonicSend,
    NonmonotonicSend,
    InternalSendSkip,
    RebalancedNonmonotonicPoll,
    RebalancedPollSkip,
}

impl Class {
    /// How many there are, and how many of them are violations.
    pub(crate) const COUNT: usize = 14;
    pub(crate) const VIOLATIONS: usize = 11;

    /// All of them, in order.
    pub(crate) const ALL: [Class; Class::COUNT] = [
        Class::LostWrite,
        Class::InconsistentOffsets,
        Class::Duplicate,
        Class::AbortedRead,
        Class::Nowhere,
        Class::InternalNonmonotonicPoll,
        Class::InternalPollSkip,
        Class::NonmonotonicPoll,
        Class::PollSkip,
        Class::InternalNonmonotonicSend,
        Class::NonmonotonicSend,
        Class::InternalSendSkip,
        Class::RebalancedNonmonotonicPoll,
        Class::RebalancedPollSkip,
    ];

    /// The name in findings.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Class::LostWrite => "lost write",
            Class::InconsistentOffsets => "inconsistent offsets",
            Class::Duplicate => "duplicate",
            Class::AbortedRead => "aborted read",
            Class::Nowhere => "value from nowhere",
            Class::InternalNonmonotonicPoll => "internal nonmonotonic poll",
            Class::InternalPollSkip => "internal poll skip",
            Class::NonmonotonicPoll => "nonmonotonic poll",
            Class::PollSkip => "poll skip",
            Class::InternalNonmonotonicSend => "internal nonmonotonic send",
            Class::NonmonotonicSend => "nonmonotonic send",
            Class::InternalSendSkip => "internal send skip (no violation)",
            Class::RebalancedNonmonotonicPoll => "nonmonotonic poll after subscribe (no violation)",
            Class::RebalancedPollSkip => "poll skip after subscribe (no violation)",
        }
    }
}

/// The name with its article, as `an aborted read`.
pub(crate) fn with_article(name: &str) -> String {
    if name == Class::InconsistentOffsets.name() {
        return name.to_owned();
    }
    let article = if name.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {name}")
}

/// One case of an anomaly. Calls are positions among the case's calls.
#[derive(Clone, Copy)]
pub(crate) struct Example {
    pub partition: u32,
    /// The call that cannot be, and those it contradicts.
    pub culprit: u32,
    pub others: [u32; 2],
    pub offsets: [i64; 2],
    pub values: [ValueId; 2],
}

impl Example {
    /// An example that names only its culprit.
    pub(crate) const fn new(partition: u32, culprit: u32) -> Example {
        let (others, values) = ([NONE; 2], [ValueId::NIL; 2]);
        Example { partition, culprit, others, offsets: [0; 2], values }
    }
}

/// How often each kind was met, and the case of each that showed first.
#[derive(Default)]
pub(crate) struct Tallies {
    counts: [u64; Class::COUNT],
    first: [Option<(u32, Example)>; Class::COUNT],
}

impl Tallies {
    /// One more, which showed at this event.
    pub(crate) fn enter(&mut self, class: Class, shown: u32, example: Example) {
        let place = class as usize;
        self.counts[place] += 1;
        if self.first[place].as_ref().is_none_or(|(before, _)| shown < *before) {
            self.first[place] = Some((shown, example));
        }
    }

    pub(crate) const fn count(&self, class: Class) -> u64 {
        self.counts[class as usize]
    }

    /// The gravest violation and its first case.
    pub(crate) fn gravest(&self) -> Option<(Class, &Example)> {
        Class::ALL[..Class::VIOLATIONS].iter().find_map(|class| {
            let (_, example) = self.first[*class as usize].as_ref()?;
            Some((*class, example))
        })
    }
}
