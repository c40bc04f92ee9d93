//! The directory: names as they are shown, and what a crash leaves of them.

use std::collections::BTreeMap;

pub(super) type FileId = u64;

/// Names over a journal: a crash leaves what was synced and a prefix of the changes since.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    shown: BTreeMap<String, FileId>,
    durable: BTreeMap<String, FileId>,
    journal: Vec<Change>,
    /// How many of the journal's changes a sync that lied called durable.
    claimed: usize,
}

#[derive(Clone, Debug)]
enum Change {
    Create { name: String, file: FileId },
    Rename { from: String, to: String, file: FileId },
    Remove { name: String },
}

impl Change {
    fn apply(self, names: &mut BTreeMap<String, FileId>) {
        match self {
            Change::Create { name, file } => {
                names.insert(name, file);
            }
            Change::Rename { from, to, file } => {
                names.remove(&from);
                names.insert(to, file);
            }
            Change::Remove { name } => {
                names.remove(&name);
            }
        }
    }
}

impl Names {
    pub(super) fn durable_only(durable: BTreeMap<String, FileId>) -> Names {
        Names { shown: durable.clone(), durable, ..Names::default() }
    }

    pub(super) const fn shown(&self) -> &BTreeMap<String, FileId> {
        &self.shown
    }

    pub(super) const fn durable(&self) -> &BTreeMap<String, FileId> {
        &self.durable
    }

    pub(super) fn find(&self, name: &str) -> Option<FileId> {
        self.shown.get(name).copied()
    }

    pub(super) fn create(&mut self, name: &str, file: FileId) {
        self.make(Change::Create { name: name.to_owned(), file });
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> Option<FileId> {
        let file = self.find(from)?;
        self.make(Change::Rename { from: from.to_owned(), to: to.to_owned(), file });
        Some(file)
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<FileId> {
        let file = self.find(name)?;
        self.make(Change::Remove { name: name.to_owned() });
        Some(file)
    }

    /// How many changes a crash may lose.
    pub(super) fn unsynced(&self) -> usize {
        self.journal.len()
    }

    pub(super) fn sync(&mut self) {
        self.keep(self.journal.len());
    }

    /// A sync that lies.
    pub(super) fn claim(&mut self) {
        self.claimed = self.journal.len();
    }

    /// A crash keeps the first `kept` changes; gives how many of the others were called durable.
    pub(super) fn crash(&mut self, kept: usize) -> usize {
        let lied = self.claimed.saturating_sub(kept);
        self.keep(kept);
        if !self.journal.is_empty() {
            self.journal.clear();
            self.shown.clone_from(&self.durable);
        }
        lied
    }

    /// Whether any name leads to the file, or may after a crash.
    pub(super) fn reach(&self, file: FileId) -> bool {
        let created =
            |change: &Change| matches!(change, Change::Create { file: made, .. } if *made == file);
        self.shown.values().chain(self.durable.values()).any(|named| *named == file)
            || self.journal.iter().any(created)
    }

    fn make(&mut self, change: Change) {
        change.clone().apply(&mut self.shown);
        self.journal.push(change);
    }

    fn keep(&mut self, changes: usize) {
        for change in self.journal.drain(..changes) {
            change.apply(&mut self.durable);
        }
        self.claimed = 0;
    }
}
