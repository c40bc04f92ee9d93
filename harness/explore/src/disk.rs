//! A node's disk: what is durable, and what is written and may yet be lost.

use std::collections::VecDeque;
use std::sync::Arc;

use tribunal_nodes::raft::Record;
use tribunal_nodes::{Recovered, WriteId, WriteOp};

/// What a node wrote, and how much of it is durable.
///
/// The store's promise is that a crash leaves a prefix of what was written, at least all that was
/// synced: frames follow each other in one log, and recovery cuts at the first that is not whole. A
/// checkpoint is there or not. So a crash here keeps any number of the unsynced records, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Disk {
    snapshot: Option<Arc<[u8]>>,
    /// Durable, in the shortest form that recovery takes for the same.
    kept: Vec<Record>,
    unsynced: VecDeque<(WriteId, Vec<WriteOp<Record>>)>,
}

impl Disk {
    /// A disk that holds these.
    pub(crate) fn holding(records: Vec<Record>) -> Disk {
        Disk { kept: records, ..Disk::default() }
    }

    /// Takes a write in; it is not durable.
    pub(crate) fn write(&mut self, id: WriteId, ops: Vec<WriteOp<Record>>) {
        self.unsynced.push_back((id, ops));
    }

    /// How many records are written and not durable.
    pub(crate) fn unsynced(&self) -> usize {
        self.unsynced.iter().map(|(_, ops)| ops.len()).sum()
    }

    /// The write that becomes durable next.
    pub(crate) fn oldest(&self) -> Option<&[WriteOp<Record>]> {
        self.unsynced.front().map(|(_, ops)| ops.as_slice())
    }

    /// Makes the oldest unsynced write durable, and gives its number.
    pub(crate) fn sync(&mut self) -> Option<WriteId> {
        let (id, ops) = self.unsynced.pop_front()?;
        ops.into_iter().for_each(|op| self.keep(op));
        Some(id)
    }

    /// Counts unsynced writes anew from behind `durable`.
    pub(crate) fn count_behind(&mut self, durable: WriteId) {
        for (id, _) in &mut self.unsynced {
            *id = id.behind(durable);
        }
    }

    /// The power fails: of the unsynced records so many are kept, in order.
    pub(crate) fn crash(&mut self, kept: usize) {
        let unsynced = std::mem::take(&mut self.unsynced);
        unsynced.into_iter().flat_map(|(_, ops)| ops).take(kept).for_each(|op| self.keep(op));
    }

    /// What recovery reads.
    pub(crate) fn recovered(&self) -> Recovered<Record> {
        let (snapshot, records) = (self.snapshot.clone(), self.kept.clone());
        Recovered { snapshot, records, repaired: false }
    }

    /// The term that no crash takes back; 0 if the disk names none.
    pub(crate) fn term(&self) -> u64 {
        let terms = self.kept.iter().filter_map(|record| match record {
            Record::Term { term, .. } => Some(*term),
            _ => None,
        });
        terms.max().unwrap_or(0)
    }

    fn keep(&mut self, op: WriteOp<Record>) {
        match op {
            WriteOp::Record(record) => {
                if let Some(record) = self.fold(record) {
                    self.kept.push(record);
                }
            }
            WriteOp::Checkpoint { snapshot, tail } => {
                self.snapshot = Some(snapshot);
                self.kept = tail;
            }
        }
    }

    /// Works a record into those before it, where recovery would come to the same; else gives it
    /// back, to follow them as it is.
    fn fold(&mut self, record: Record) -> Option<Record> {
        match record {
            Record::Term { term, vote } => {
                let place = self.kept.iter().position(|kept| matches!(kept, Record::Term { .. }));
                let (known, voted) = match place.map(|place| &self.kept[place]) {
                    Some(Record::Term { term, vote }) => (*term, *vote),
                    _ => (0, None),
                };
                let entries_term = self.kept.iter().filter_map(term_of).max().unwrap_or(0);
                let goes_on = term > known || (term == known && (voted.is_none() || voted == vote));
                if !goes_on || entries_term > known {
                    return Some(Record::Term { term, vote });
                }
                let record = Record::Term { term, vote };
                match place {
                    Some(place) => self.kept[place] = record,
                    None => {
                        let first = self.kept.iter().position(|kept| term_of(kept).is_some());
                        self.kept.insert(first.unwrap_or(self.kept.len()), record);
                    }
                }
                None
            }
            Record::Truncate { from } if self.snapshot.is_none() && self.is_regular() => {
                let is_from =
                    |kept: &Record| matches!(kept, Record::Entry { index, .. } if *index == from);
                match self.kept.iter().position(is_from) {
                    Some(place) => {
                        self.kept.truncate(place);
                        None
                    }
                    None => Some(Record::Truncate { from }),
                }
            }
            other => Some(other),
        }
    }

    /// Whether the entries follow each other as in a log, behind all else: then what is cut off
    /// them was nothing that recovery would have refused.
    fn is_regular(&self) -> bool {
        let known = self.term();
        let first = self.kept.iter().position(|kept| term_of(kept).is_some());
        let (mut expected, mut last) = (1, 0);
        self.kept[first.unwrap_or(self.kept.len())..].iter().all(|kept| match kept {
            Record::Entry { index, entry } => {
                let follows = *index == expected && (last..=known).contains(&entry.term);
                (expected, last) = (expected + 1, entry.term);
                follows
            }
            _ => false,
        })
    }
}

/// The term of an entry.
fn term_of(record: &Record) -> Option<u64> {
    match record {
        Record::Entry { entry, .. } => Some(entry.term),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tribunal_history::{NodeId, Seed};
    use tribunal_nodes::raft::{Entry, Payload, Raft};
    use tribunal_nodes::{Config, Core};

    use super::*;

    fn entry(index: u64, term: u64) -> Record {
        Record::Entry { index, entry: Entry { term, payload: Payload::NoOp.into() } }
    }

    /// What a recovery comes to, whatever the words of a refusal.
    fn recovered(records: Vec<Record>) -> Option<Raft> {
        let nodes: Vec<NodeId> = NodeId::all(3).collect();
        let disk = Recovered { records, ..Recovered::default() };
        Raft::recover(&Config::new(nodes), NodeId(1), disk).ok()
    }

    #[test]
    fn recovery_takes_the_short_form_for_the_same() {
        let (mut accepted, mut shorter) = (0, 0);
        for seed in 0..40_000 {
            let mut random = Seed(seed).random();
            let mut disk = Disk::default();
            let mut written = vec![Record::Configuration(NodeId::all(3).collect())];
            let (mut term, mut last) = (0, 0);
            for _ in 0..random.below(9) {
                // Mostly what a node might write, now and then anything.
                let wild = random.chance(1, 12);
                let record = match random.below(4) {
                    0 | 1 => {
                        term += random.below(2);
                        let vote = random.chance(1, 2).then(|| NodeId(1 + random.below(2) as u16));
                        Record::Term { term: if wild { random.below(4) } else { term }, vote }
                    }
                    2 => {
                        last = if wild { random.below(5) } else { last + 1 };
                        entry(last, if wild { random.below(4) } else { term })
                    }
                    _ => {
                        let from = if wild { random.below(5) } else { random.between(1, last + 1) };
                        last = from.saturating_sub(1).min(last);
                        Record::Truncate { from }
                    }
                };
                written.push(record);
            }
            written.iter().cloned().for_each(|record| disk.keep(WriteOp::Record(record)));
            shorter += u32::from(disk.kept.len() < written.len());
            let plain = recovered(written.clone());
            accepted += u32::from(plain.is_some());
            assert_eq!(plain, recovered(disk.kept.clone()), "{written:?} as {:?}", disk.kept);
        }
        assert!(accepted > 10_000 && shorter > 10_000, "{accepted} accepted, {shorter} shorter");
    }

    #[test]
    fn a_crash_keeps_a_prefix_of_what_was_written() {
        let mut disk = Disk::default();
        disk.write(WriteId(1), vec![WriteOp::Record(entry(1, 1)), WriteOp::Record(entry(2, 1))]);
        disk.write(WriteId(2), vec![WriteOp::Record(entry(3, 1))]);
        assert_eq!(disk.unsynced(), 3);
        for kept in 0..=3 {
            let mut crashed = disk.clone();
            crashed.crash(kept);
            let records: Vec<Record> = (1..=kept as u64).map(|index| entry(index, 1)).collect();
            assert_eq!((crashed.recovered().records, crashed.unsynced()), (records, 0));
        }
        assert_eq!(disk.sync(), Some(WriteId(1)));
        disk.crash(0);
        assert_eq!(disk.recovered().records.len(), 2);
    }
}
