//! Depth first: follows one order as far as it goes, and comes back to the last choice.

use super::Exhausted;
use super::antichain::Antichain;
use super::configuration::{Configuration, Shelf};
use super::meter::bytes;
use super::race::{Ended, Order};
use super::space::{Candidate, Preference, Space};
use super::timeline::{Event, Timeline};
use super::trail::{Path, Trail};
use super::window::Window;
use crate::Model;

/// A configuration of which nothing has been tried.
const FRESH: u32 = u32::MAX;
/// One of which the opening has been tried, and no other candidate has been listed.
const OPENED: u32 = u32::MAX - 1;

/// The search that places one item after another, with an explicit stack.
pub(super) struct DepthFirst {
    preference: Preference,
    window: Window,
    antichain: Antichain,
    path: Path,
    /// The configurations gone through.
    stack: Shelf,
    /// For each, where its candidates begin in the list; or [`FRESH`] or [`OPENED`].
    listed: Vec<u32>,
    /// Those not tried yet, the next one last.
    candidates: Vec<Candidate>,
    now: Configuration,
    /// The configuration has just come to stand, and has not been looked at.
    is_new: bool,
    /// The latest event a configuration stood at, or was seen not to pass.
    reached: u32,
}

impl DepthFirst {
    /// At the first end.
    pub(super) fn new<M: Model>(
        space: &mut Space<'_, M>,
        preference: Preference,
    ) -> Result<DepthFirst, Exhausted> {
        space.meter.take(Window::bytes(&space.timeline))?;
        let (mut now, mut path) = (space.start()?, Path::default());
        space.walk(&mut now, &mut path, false)?;
        Ok(DepthFirst {
            preference,
            window: Window::new(&space.timeline),
            antichain: Antichain::new(space.timeline.layout),
            path,
            stack: Shelf::default(),
            listed: Vec::new(),
            candidates: Vec::new(),
            now,
            is_new: true,
            reached: 0,
        })
    }

    /// Looks at a configuration that has come to stand.
    fn arrive<M: Model>(&mut self, space: &mut Space<'_, M>) -> Result<(), Exhausted> {
        self.is_new = false;
        self.reached = self.reached.max(self.now.head.event);
        space.meter.state()?;
        space.note(&self.now, &self.path);
        self.window.seek(&space.timeline, self.now.head.event);
        if let Some(end) = space.doom(&self.now, &self.window) {
            self.reached = self.reached.max(end);
            return Ok(());
        }
        if self.antichain.admit(&self.now, &space.uses, &mut space.meter)?.is_some() {
            self.stack.push(&self.now, &mut space.meter)?;
            space.meter.push(&mut self.listed, FRESH)?;
        }
        Ok(())
    }

    /// The next candidate of the last configuration, which is made the current one; `None` if it
    /// has none left.
    fn next<M: Model>(
        &mut self,
        space: &mut Space<'_, M>,
        target: u32,
    ) -> Result<Option<Candidate>, Exhausted> {
        let top = self.listed.len() - 1;
        self.window.seek(&space.timeline, self.now.head.event);
        if self.listed[top] == FRESH {
            self.listed[top] = OPENED;
            if let Some(opening) = space.opening(&self.now, target, self.preference, &self.window) {
                return Ok(Some(opening));
            }
        }
        if self.listed[top] == OPENED {
            self.listed[top] = self.candidates.len() as u32;
            let into = &mut self.candidates;
            space.candidates(&self.now, target, self.preference, &self.window, into)?;
        }
        if self.candidates.len() > self.listed[top] as usize {
            return Ok(self.candidates.pop());
        }
        self.listed.truncate(top);
        self.stack.truncate(top);
        Ok(None)
    }
}

impl<M: Model> Order<M> for DepthFirst {
    fn run(&mut self, space: &mut Space<'_, M>, states: u64) -> Result<Option<Ended>, Exhausted> {
        let until = space.meter.states().saturating_add(states);
        while space.meter.states() < until {
            if self.is_new {
                if self.now.head.event >= space.goal {
                    return Ok(Some(Ended::AtGoal(self.path.steps(self.now.head.tip))));
                }
                self.arrive(space)?;
            }
            let Some(top) = self.stack.len().checked_sub(1) else {
                return Ok(Some(Ended::Nowhere(self.reached)));
            };
            self.stack.load(top, &mut self.now);
            let Event::End(target) = space.timeline.events[self.now.head.event as usize] else {
                unreachable!("a configuration stands before an end")
            };
            let Some(candidate) = self.next(space, target)? else { continue };
            let (now, path) = (&mut self.now, &mut self.path);
            if space.take(now, candidate, target, &self.window, path)? {
                space.walk(now, path, false)?;
                self.is_new = true;
            }
        }
        Ok(None)
    }

    fn bytes(&self, timeline: &Timeline) -> usize {
        Window::bytes(timeline)
            + self.antichain.bytes()
            + self.path.bytes()
            + self.stack.bytes()
            + bytes(&self.listed)
            + bytes(&self.candidates)
    }
}
