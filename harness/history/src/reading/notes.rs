//! What a reader filled in, passed over or did not find, counted.

use std::collections::BTreeSet;

use super::{Format, Packing};
use crate::grouped;

/// Most names of processes that are told.
const NAMES_MAX: usize = 5;

/// What reading a history met that is no error: a foreign file may leave much open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notes {
    /// The format that was read.
    pub format: Format,
    /// How the file was packed.
    pub packing: Packing,
    /// Entries of processes that are no clients (the nemesis), which were passed over.
    pub others: u64,
    /// The first few names of those processes.
    pub other_names: BTreeSet<String>,
    /// Lines of a log that hold no operation, which were passed over.
    pub other_lines: u64,
    /// Entries without a time; each was given the time before it and a nanosecond.
    pub times_missing: u64,
    /// Entries whose time is before that of the entry before them. Times are for drawing only.
    pub times_backward: u64,
    /// Entries without an index.
    pub indexes_missing: u64,
    /// Places where the indexes do not count up one by one.
    pub index_gaps: u64,
    /// Times a process went on after an `info`, which left its operation open; each time it was
    /// given a number of its own.
    pub resumed: u64,
    /// Completions without a value of their own that took the invocation's.
    pub values_taken: u64,
    /// With [`super::ReadOptions::lenient`]: what could not be right and was passed over whole. An
    /// operation among it may be the one that explains what looks wrong in the rest.
    pub lost: u64,
    /// With [`super::ReadOptions::lenient`]: what could not be right, [`Notes::lost`] included.
    pub mended: u64,
}

impl Notes {
    pub(super) const fn new(format: Format, packing: Packing) -> Notes {
        Notes {
            format,
            packing,
            others: 0,
            other_names: BTreeSet::new(),
            other_lines: 0,
            times_missing: 0,
            times_backward: 0,
            indexes_missing: 0,
            index_gaps: 0,
            resumed: 0,
            values_taken: 0,
            lost: 0,
            mended: 0,
        }
    }

    /// Counts an entry of a process that is no client.
    pub(super) fn other(&mut self, name: String) {
        self.others += 1;
        if self.other_names.len() < NAMES_MAX {
            self.other_names.insert(name);
        }
    }

    /// The notes in words, one piece each, those of nothing left out, for a history of so many
    /// events. Indexes that are missing altogether are not told: many files have none, and nothing
    /// rests on them.
    pub fn words(&self, events: usize) -> Vec<String> {
        let names: Vec<_> = self.other_names.iter().map(String::as_str).collect();
        let passed = format!("of no client ({}) passed over", names.join(", "));
        let in_part = |count: u64| if count < events as u64 { count } else { 0 };
        let (entry, line) = (("entry", "entries"), ("line", "lines"));
        let (time, gap) = (("time", "times"), ("gap", "gaps"));
        let told = [
            (self.others, entry, passed.as_str()),
            (self.other_lines, line, "without an operation passed over"),
            (in_part(self.times_missing), entry, "without a time"),
            (self.times_backward, time, "before the one above"),
            (in_part(self.indexes_missing), entry, "without an index"),
            (self.index_gaps, gap, "in the indexes"),
            (self.resumed, time, "a process went on after an info"),
        ];
        let told = told.into_iter().filter(|(count, ..)| *count > 0);
        let mut words: Vec<_> = told
            .map(|(count, (one, many), what)| {
                format!("{} {} {what}", grouped(count), if count == 1 { one } else { many })
            })
            .collect();
        if self.times_missing >= events as u64 {
            words.push("no times: those shown are lines or count events".into());
        }
        words
    }
}
