//! Breadth first: all configurations before one end, then all before the next.

use super::Exhausted;
use super::antichain::Antichain;
use super::configuration::{Configuration, Shelf};
use super::meter::{Meter, bytes};
use super::race::{Ended, Order};
use super::space::{Candidate, Preference, Space};
use super::timeline::{Event, Timeline};
use super::trail::{Trail, Tree};
use super::window::Window;
use crate::Model;

/// Configurations before one end, of which none does for another.
struct Front {
    configurations: Shelf,
    antichain: Antichain,
    /// The entry of each in the antichain.
    entries: Vec<u32>,
}

impl Front {
    fn new(timeline: &Timeline) -> Front {
        Front {
            configurations: Shelf::default(),
            antichain: Antichain::new(timeline.layout),
            entries: Vec::new(),
        }
    }

    fn admit<M: Model>(
        &mut self,
        now: &Configuration,
        space: &mut Space<'_, M>,
    ) -> Result<(), Exhausted> {
        if let Some(entry) = self.antichain.admit(now, &space.uses, &mut space.meter)? {
            self.configurations.push(now, &mut space.meter)?;
            space.meter.push(&mut self.entries, entry)?;
        }
        Ok(())
    }

    fn clear(&mut self, meter: &mut Meter<'_>) {
        self.configurations.truncate(0);
        self.antichain.clear(meter);
        self.entries.clear();
    }

    const fn bytes(&self) -> usize {
        self.configurations.bytes() + self.antichain.bytes() + bytes(&self.entries)
    }
}

/// The search that goes through time once and holds all there can be at a time. What does not lead
/// on is forgotten; so it needs little memory, and finds that there is no order soon.
pub(super) struct BreadthFirst {
    window: Window,
    tree: Tree,
    here: Front,
    next: Front,
    /// How many of `here` have been looked at.
    seen: usize,
    candidates: Vec<Candidate>,
    now: Configuration,
    after: Configuration,
    /// The start already is the goal.
    is_over: bool,
    /// The latest event a configuration stood at, or was seen not to pass.
    reached: u32,
}

impl BreadthFirst {
    /// At the first end.
    pub(super) fn new<M: Model>(space: &mut Space<'_, M>) -> Result<BreadthFirst, Exhausted> {
        space.meter.take(Window::bytes(&space.timeline))?;
        let (mut now, mut tree) = (space.start()?, Tree::new());
        let mut here = Front::new(&space.timeline);
        let is_over = space.walk(&mut now, &mut tree, true)?.is_none();
        here.admit(&now, space)?;
        Ok(BreadthFirst {
            window: Window::new(&space.timeline),
            tree,
            here,
            next: Front::new(&space.timeline),
            seen: 0,
            candidates: Vec::new(),
            after: now.clone(),
            now,
            is_over,
            reached: 0,
        })
    }

    /// Goes on to the next end; false if nobody came there.
    fn turn<M: Model>(&mut self, space: &mut Space<'_, M>) -> Result<bool, Exhausted> {
        std::mem::swap(&mut self.here, &mut self.next);
        self.next.clear(&mut space.meter);
        self.seen = 0;
        let heads = [&mut *self.here.configurations.heads, &mut []];
        self.tree.sweep(heads, &mut space.meter)?;
        Ok(self.here.configurations.len() > 0)
    }

    /// Tries every step from the current configuration; true at the goal.
    fn expand<M: Model>(
        &mut self,
        space: &mut Space<'_, M>,
        target: u32,
    ) -> Result<bool, Exhausted> {
        let preference = Preference::Target;
        self.candidates.clear();
        let into = &mut self.candidates;
        space.candidates(&self.now, target, preference, &self.window, into)?;
        let opening = space.opening(&self.now, target, preference, &self.window);
        let listed = std::mem::take(&mut self.candidates);
        for candidate in opening.into_iter().chain(listed.iter().rev().copied()) {
            self.after.clone_from(&self.now);
            let (after, tree) = (&mut self.after, &mut self.tree);
            if space.take(after, candidate, target, &self.window, tree)? && self.enter(space)? {
                return Ok(true);
            }
        }
        self.candidates = listed;
        Ok(false)
    }

    /// Puts the configuration after a step where it belongs; true at the goal.
    fn enter<M: Model>(&mut self, space: &mut Space<'_, M>) -> Result<bool, Exhausted> {
        let Event::End(target) = space.timeline.events[self.after.head.event as usize] else {
            unreachable!("a configuration stands before an end")
        };
        if !self.after.is_placed(space.timeline.items[target as usize].slot) {
            self.here.admit(&self.after, space)?;
            return Ok(false);
        }
        space.pass(&mut self.after, target);
        let is_goal = space.walk(&mut self.after, &mut self.tree, true)?.is_none();
        if !is_goal {
            self.next.admit(&self.after, space)?;
        }
        Ok(is_goal)
    }
}

impl<M: Model> Order<M> for BreadthFirst {
    fn run(&mut self, space: &mut Space<'_, M>, states: u64) -> Result<Option<Ended>, Exhausted> {
        let until = space.meter.states().saturating_add(states);
        if self.is_over {
            return Ok(Some(Ended::AtGoal(self.tree.steps(self.now.head.tip))));
        }
        while space.meter.states() < until {
            if self.seen == self.here.configurations.len() {
                if !self.turn(space)? {
                    return Ok(Some(Ended::Nowhere(self.reached)));
                }
                continue;
            }
            let at = self.seen;
            self.seen += 1;
            if self.here.antichain.is_replaced(self.here.entries[at]) {
                continue;
            }
            self.here.configurations.load(at, &mut self.now);
            let Event::End(target) = space.timeline.events[self.now.head.event as usize] else {
                unreachable!("a configuration stands before an end")
            };
            let is_goal = if self.now.is_placed(space.timeline.items[target as usize].slot) {
                space.meter.work(8);
                self.after.clone_from(&self.now);
                self.enter(space)?
            } else {
                space.meter.state()?;
                space.note(&self.now, &self.tree);
                self.window.seek(&space.timeline, self.now.head.event);
                self.reached = self.reached.max(self.now.head.event);
                match space.doom(&self.now, &self.window) {
                    Some(end) => {
                        self.reached = self.reached.max(end);
                        false
                    }
                    None => self.expand(space, target)?,
                }
            };
            if is_goal {
                return Ok(Some(Ended::AtGoal(self.tree.steps(self.after.head.tip))));
            }
        }
        Ok(None)
    }

    fn bytes(&self, timeline: &Timeline) -> usize {
        Window::bytes(timeline)
            + self.tree.bytes()
            + self.here.bytes()
            + self.next.bytes()
            + bytes(&self.candidates)
    }
}
