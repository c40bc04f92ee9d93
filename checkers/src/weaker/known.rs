//! Who wrote what was read: the relation *reads from* of a history, where values tell.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use tribunal_history::ValueId;

use super::phrase::times;
use super::trace::{Trace, by_number};

/// Where a value that was read comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nothing was read, or several writes may have left the value.
    Nothing,
    /// It was there before any write.
    Initial,
    /// This access wrote it.
    Write(u32),
}

/// A value that was read and that more than one operation can have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ambiguity {
    /// Of which key, as a position in [`Trace::keys`].
    pub key: u32,
    /// Which value.
    pub value: ValueId,
    /// How many operations write it.
    pub writers: u32,
}

/// A trace with the source of every read.
///
/// Pending accesses that nobody saw are not in it. That is exact for every model here: such an
/// access is the last of its session and nobody reads from it, so leaving it out removes
/// constraints and nothing else; and a history in which it did not happen is one it may stand for.
#[derive(Clone, Debug)]
pub(crate) struct Known<'a> {
    /// What happened.
    pub trace: Trace<'a>,
    /// The source of each access's read.
    pub sources: Vec<Source>,
    /// The first read whose source is ambiguous. Its own source, and that of all like it, is
    /// [`Source::Nothing`]: what is violated all the same is violated, but nothing is shown to
    /// hold.
    pub doubt: Option<Ambiguity>,
    /// An access of `trace` that saw a value nobody wrote.
    pub nowhere: Option<u32>,
}

/// The writers of a value of a key: one of them, and how many there are.
type Writers = HashMap<(u32, ValueId), (u32, u32), FixedState>;

impl<'a> Known<'a> {
    /// Finds the source of every read. O(n).
    pub(crate) fn of(raw: &Trace<'a>) -> Known<'a> {
        let writers = writers(raw);
        let kept = kept(raw, &writers);
        let mut renumbered = vec![0_u32; raw.len()];
        let mut count = 0;
        for (index, keep) in kept.iter().enumerate() {
            renumbered[index] = count;
            count += u32::from(*keep);
        }
        let trace = raw.retain(|index| kept[index]);
        let mut known =
            Known { sources: Vec::with_capacity(trace.len()), trace, doubt: None, nowhere: None };
        for index in 0..known.trace.len() {
            let access = known.trace.accesses[index];
            let source = match access.reads.map(|value| (value, writers.get(&(access.key, value))))
            {
                None => Source::Nothing,
                Some((value, None)) if value.is_nil() => Source::Initial,
                Some((_, None)) => {
                    known.nowhere.get_or_insert(index as u32);
                    Source::Nothing
                }
                Some((value, Some((writer, 1)))) if !value.is_nil() => {
                    debug_assert!(kept[*writer as usize], "a writer that was seen is kept");
                    Source::Write(renumbered[*writer as usize])
                }
                Some((value, Some((_, writers)))) => {
                    let (key, writers) = (access.key, *writers);
                    known.doubt.get_or_insert(Ambiguity { key, value, writers });
                    Source::Nothing
                }
            };
            known.sources.push(source);
        }
        known
    }

    /// The access that wrote what this one read.
    pub(crate) fn source(&self, access: usize) -> Option<usize> {
        match self.sources[access] {
            Source::Write(writer) => Some(writer as usize),
            Source::Nothing | Source::Initial => None,
        }
    }

    /// Of each access that reads from a known source or the initial state, the one before in its
    /// session that so read the same key.
    pub(crate) fn previous_reads(&self) -> Vec<Option<u32>> {
        let is_read = |access: usize| self.sources[access] != Source::Nothing;
        previous(&self.trace, is_read)
    }

    /// Of each write, the write before in its session to the same key.
    pub(crate) fn previous_writes(&self) -> Vec<Option<u32>> {
        previous(&self.trace, |access| self.trace.accesses[access].writes.is_some())
    }

    /// Why nothing is shown to hold, in words.
    pub(crate) fn doubt(&self) -> Option<String> {
        let Ambiguity { key, value, writers } = self.doubt?;
        let (key, shown) = (self.trace.key_name(key), self.trace.show(value));
        Some(if value.is_nil() {
            format!("{key}: nil is both what is there at first and what a delete leaves")
        } else {
            format!("{key}: {shown} was written {} and read", times(u64::from(writers)))
        })
    }
}

/// Of each access of a kind, the one before of its session and key. O(n).
fn previous(trace: &Trace<'_>, is_one: impl Fn(usize) -> bool) -> Vec<Option<u32>> {
    let mut last: HashMap<u32, u32, FixedState> = by_number();
    let mut previous = vec![None; trace.len()];
    for session in 0..trace.sessions.len() {
        last.clear();
        for access in trace.session(session).filter(|access| is_one(*access)) {
            previous[access] = last.insert(trace.accesses[access].key, access as u32);
        }
    }
    previous
}

fn writers(raw: &Trace<'_>) -> Writers {
    let mut writers: Writers = by_number();
    for (index, access) in raw.accesses.iter().enumerate() {
        if let Some(value) = access.writes {
            writers.entry((access.key, value)).or_insert((index as u32, 0)).1 += 1;
        }
    }
    writers
}

/// Which accesses happened: the completed ones, and the pending ones that were seen by one that
/// happened.
fn kept(raw: &Trace<'_>, writers: &Writers) -> Vec<bool> {
    let mut kept: Vec<bool> = raw.accesses.iter().map(|access| !access.pending).collect();
    let mut todo: Vec<usize> = (0..raw.len()).filter(|index| kept[*index]).collect();
    while let Some(index) = todo.pop() {
        let access = raw.accesses[index];
        let Some(value) = access.reads else { continue };
        if let Some((writer, 1)) = writers.get(&(access.key, value))
            && !value.is_nil()
            && !kept[*writer as usize]
        {
            kept[*writer as usize] = true;
            todo.push(*writer as usize);
        }
    }
    kept
}
