//! Vector clocks: how much of each session comes before an access.

use super::relation::{Adjacent, Relation};
use super::trace::Trace;

/// Components of a clock that are kept, and shared, together.
const BLOCK: usize = 16;

/// A clock for every access (Fidge 1988, Mattern 1989).
///
/// Clocks are rows of blocks, and what two clocks have in common they share: an access that learns
/// nothing has the row of the one before, and one that learns of a session makes one new block. So
/// sessions that ended long ago cost a fraction of a component, and a history with thousands of
/// them fits.
pub(crate) struct Clocks<'a> {
    trace: &'a Trace<'a>,
    /// Blocks of a row.
    width: usize,
    blocks: Vec<[u32; BLOCK]>,
    /// Rows of numbers of blocks.
    rows: Vec<u32>,
    /// The row of each access. Its own session's component is its place, whatever the row says.
    row: Vec<u32>,
    /// The row in the making.
    scratch: Vec<u32>,
}

/// The clock of an access, but for its own session.
#[derive(Clone, Copy)]
pub(crate) struct View<'b> {
    row: &'b [u32],
    blocks: &'b [[u32; BLOCK]],
}

impl View<'_> {
    /// How many accesses of another session come before.
    pub(crate) fn count(&self, session: usize) -> u32 {
        self.blocks[self.row[session / BLOCK] as usize][session % BLOCK]
    }

    /// Whether it certainly tells the same of a session as another: both share the block. False
    /// says nothing.
    pub(crate) fn is_shared(&self, other: &View<'_>, session: usize) -> bool {
        self.row[session / BLOCK] == other.row[session / BLOCK]
    }

    /// Whether nothing is known of a session, and of those kept together with it.
    pub(crate) fn is_blank(&self, session: usize) -> bool {
        self.row[session / BLOCK] == 0
    }
}

impl<'a> Clocks<'a> {
    /// Clocks that know nothing yet.
    pub(crate) fn new(trace: &'a Trace<'a>) -> Clocks<'a> {
        let width = trace.sessions.len().div_ceil(BLOCK);
        Clocks {
            trace,
            width,
            blocks: vec![[0; BLOCK]],
            rows: vec![0; width],
            row: vec![0; trace.len()],
            scratch: vec![0; width],
        }
    }

    /// Forgets everything, and keeps the room.
    pub(crate) fn clear(&mut self) {
        self.blocks.truncate(1);
        self.rows.truncate(self.width);
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.blocks.capacity() * BLOCK * 4 + (self.rows.capacity() + self.row.capacity()) * 4
    }

    /// How many accesses of a session come before `access`.
    pub(crate) fn count(&self, access: usize, session: usize) -> u32 {
        if self.trace.accesses[access].session as usize == session {
            return self.trace.place(access);
        }
        let block = self.rows[self.row[access] as usize * self.width + session / BLOCK];
        self.blocks[block as usize][session % BLOCK]
    }

    /// What is known of the other sessions when `access` begins.
    pub(crate) fn view(&self, access: usize) -> View<'_> {
        let start = self.row[access] as usize * self.width;
        View { row: &self.rows[start..start + self.width], blocks: &self.blocks }
    }

    /// Whether `earlier` comes before `later`.
    pub(crate) fn precedes(&self, earlier: usize, later: usize) -> bool {
        let session = self.trace.accesses[earlier].session as usize;
        earlier != later && self.count(later, session) > self.trace.place(earlier)
    }

    /// Makes the clock of `access` from those of what comes just before it, which must be there.
    /// O(pairs that end here · sessions / 16), if little is new.
    pub(crate) fn learn(&mut self, access: usize, relation: &Relation<'_>, incoming: &Adjacent) {
        let base = self.trace.previous(access).map_or(0, |previous| self.row[previous]);
        self.row[access] = base;
        if incoming.of(access).is_empty() {
            return;
        }
        let fresh = self.blocks.len();
        let start = base as usize * self.width;
        self.scratch.copy_from_slice(&self.rows[start..start + self.width]);
        let own = self.trace.accesses[access].session as usize;
        for number in incoming.of(access) {
            let earlier = relation.pairs[*number as usize].from as usize;
            self.join(self.row[earlier] as usize);
            let session = self.trace.accesses[earlier].session as usize;
            if session != own {
                self.raise(session, self.trace.place(earlier) + 1, fresh);
            }
        }
        if self.scratch[..] == self.rows[start..start + self.width] {
            return;
        }
        self.row[access] = (self.rows.len() / self.width) as u32;
        self.rows.extend_from_slice(&self.scratch);
    }

    /// Joins a row into the one in the making.
    fn join(&mut self, row: usize) {
        for place in 0..self.width {
            let (mine, other) = (self.scratch[place], self.rows[row * self.width + place]);
            if mine == other || other == 0 {
                continue;
            }
            let (one, two) = (&self.blocks[mine as usize], &self.blocks[other as usize]);
            let mut joined = *one;
            for (component, other) in joined.iter_mut().zip(two) {
                *component = (*component).max(*other);
            }
            self.scratch[place] = if joined == *one {
                mine
            } else if joined == *two {
                other
            } else {
                self.blocks.push(joined);
                self.blocks.len() as u32 - 1
            };
        }
    }

    /// Raises one component of the row in the making. Blocks from `fresh` on are its own.
    fn raise(&mut self, session: usize, count: u32, fresh: usize) {
        let number = self.scratch[session / BLOCK] as usize;
        if self.blocks[number][session % BLOCK] >= count {
            return;
        }
        if number >= fresh {
            self.blocks[number][session % BLOCK] = count;
            return;
        }
        let mut block = self.blocks[number];
        block[session % BLOCK] = count;
        self.scratch[session / BLOCK] = self.blocks.len() as u32;
        self.blocks.push(block);
    }
}
