//! Where a core's notes go: to the log, and to controllers.

use std::collections::BTreeSet;

use tokio::sync::mpsc;
use tribunal_history::admin::FromNode;
use tribunal_history::{Mark, Note, Role};

/// Notes waiting for one controller to read them; more are dropped and counted.
pub(super) const NOTES_MAX: usize = 4_096;

/// Notes kept from before the first controller connected.
const EARLY_MAX: usize = 256;

/// The controllers that listen, and the role last noted.
#[derive(Debug)]
pub(super) struct Notes {
    listeners: Vec<Listener>,
    /// Roles and marks from before anyone listened; the first listener gets them.
    early: Option<Vec<Note>>,
    early_dropped: u64,
    role: Role,
    term: u64,
    /// The marks reached in this incarnation: a mark is news the first time only, and some of them
    /// are reached with every request.
    reached: BTreeSet<Mark>,
}

#[derive(Debug)]
struct Listener {
    lines: mpsc::Sender<FromNode>,
    all: bool,
    dropped: u64,
}

impl Notes {
    /// Nobody listens yet; every node begins as a follower.
    pub(super) fn new() -> Notes {
        let (role, term) = (Role::Follower, 0);
        Notes {
            listeners: Vec::new(),
            early: Some(Vec::new()),
            early_dropped: 0,
            role,
            term,
            reached: BTreeSet::new(),
        }
    }

    /// The role and term last noted.
    pub(super) const fn role(&self) -> (Role, u64) {
        (self.role, self.term)
    }

    /// Adds a controller. The first one hears what was noted before, later ones the present role.
    pub(super) fn listen(&mut self, lines: mpsc::Sender<FromNode>, all: bool) {
        let dropped = std::mem::take(&mut self.early_dropped);
        let mut listener = Listener { lines, all, dropped };
        let (role, term) = self.role();
        let before = self.early.take().unwrap_or_else(|| vec![Note::Role { role, term }]);
        if before.into_iter().all(|note| listener.tell(note)) {
            self.listeners.push(listener);
        }
    }

    /// Passes a note on; a mark only the first time it is reached.
    pub(super) fn take(&mut self, note: Note) {
        if let Note::Mark(mark) = note
            && !self.reached.insert(mark)
        {
            return;
        }
        log(note);
        if let Note::Role { role, term } = note {
            (self.role, self.term) = (role, term);
        }
        match &mut self.early {
            Some(early) if is_essential(note) => {
                if early.len() < EARLY_MAX {
                    early.push(note);
                } else {
                    self.early_dropped += 1;
                }
            }
            _ => self.listeners.retain_mut(|listener| listener.tell(note)),
        }
    }
}

impl Listener {
    /// Tells a note if it is wanted; `false` when nobody listens any more.
    fn tell(&mut self, note: Note) -> bool {
        if !self.all && !is_essential(note) {
            return true;
        }
        if self.dropped > 0 && self.send(FromNode::NotesDropped { count: self.dropped }) {
            self.dropped = 0;
        }
        if self.dropped > 0 || !self.send(FromNode::Note { note }) {
            self.dropped += 1;
        }
        !self.lines.is_closed()
    }

    fn send(&self, line: FromNode) -> bool {
        self.lines.try_send(line).is_ok()
    }
}

/// Whether a note is told to every controller; the others come for every entry.
const fn is_essential(note: Note) -> bool {
    matches!(note, Note::Role { .. } | Note::Mark(_))
}

fn log(note: Note) {
    match note {
        Note::Role { role, term } => tracing::info!(%role, term, "role"),
        Note::Mark(mark) => tracing::info!("{mark}"),
        Note::Appended { index, term, .. } => tracing::debug!(index, term, "appended"),
        Note::Committed { index } => tracing::debug!(index, "committed"),
        Note::Applied { index, session, sequence } => {
            tracing::debug!(index, session, sequence, "applied");
        }
    }
}

#[cfg(test)]
mod tests {
    use tribunal_history::Mark;

    use super::*;

    const LEADS: Note = Note::Role { role: Role::Leader, term: 3 };
    const ENTRY: Note = Note::Committed { index: 1 };

    fn heard(lines: &mut mpsc::Receiver<FromNode>) -> Vec<FromNode> {
        std::iter::from_fn(|| lines.try_recv().ok()).collect()
    }

    #[test]
    fn the_first_listener_hears_what_was_before_and_later_ones_the_role() {
        let mut notes = Notes::new();
        let mark = Note::Mark(Mark::TornTailRepaired);
        [mark, ENTRY, LEADS].into_iter().for_each(|note| notes.take(note));
        let (first, mut first_lines) = mpsc::channel(9);
        let (second, mut second_lines) = mpsc::channel(9);
        notes.listen(first, false);
        notes.listen(second, true);
        notes.take(ENTRY);
        assert_eq!(heard(&mut first_lines), [mark, LEADS].map(|note| FromNode::Note { note }));
        assert_eq!(heard(&mut second_lines), [LEADS, ENTRY].map(|note| FromNode::Note { note }));
        assert_eq!(notes.role(), (Role::Leader, 3));
    }

    #[test]
    fn what_a_slow_listener_misses_is_counted() {
        let mut notes = Notes::new();
        let (slow, mut lines) = mpsc::channel(2);
        notes.listen(slow, true);
        for _ in 0..5 {
            notes.take(ENTRY);
        }
        assert_eq!(heard(&mut lines).len(), 2);
        notes.take(ENTRY);
        let dropped = FromNode::NotesDropped { count: 3 };
        assert_eq!(heard(&mut lines), [dropped, FromNode::Note { note: ENTRY }]);
        drop(lines);
        notes.take(ENTRY);
        assert!(notes.listeners.is_empty());
    }
}
