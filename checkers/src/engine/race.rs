//! Several orders of search that take turns; the first to end decides.
//!
//! None is best everywhere: depth first with the item to be placed finds most orders at once, depth
//! first with the oldest item finds others, and breadth first is quick to see that there is none.
//! They take turns by states explored, not by time, so that the outcome is the same everywhere.

use super::Exhausted;
use super::breadth_first::BreadthFirst;
use super::depth_first::DepthFirst;
use super::space::{Preference, Space};
use super::timeline::Timeline;
use super::trail::Step;
use crate::Model;

/// States explored in a turn.
const TURN: u64 = 1_000;

/// How an order of search ended.
pub(super) enum Ended {
    /// These steps lead to the goal.
    AtGoal(Vec<Step>),
    /// No steps do, nor past this event.
    Nowhere(u32),
}

/// An order of search: in which order configurations are looked at.
pub(super) trait Order<M: Model> {
    /// Goes on for about so many states; `None` if it is not at an end by then.
    fn run(&mut self, space: &mut Space<'_, M>, states: u64) -> Result<Option<Ended>, Exhausted>;

    /// Bytes it occupies.
    fn bytes(&self, timeline: &Timeline) -> usize;
}

/// An order of search that takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entrant {
    /// In which order it goes.
    pub way: Way,
    /// Whether it counts crashed operations of all classes, or only of those that matter (**J5**).
    pub is_exact: bool,
}

/// In which order configurations are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Depth first; of the items, the one to be placed first.
    Target,
    /// Depth first; of the items, the one first that began first.
    Oldest,
    /// Breadth first.
    Breadth,
}

impl Entrant {
    /// All of them, in the order of their turns.
    pub(super) const ALL: [Entrant; 5] = [
        Entrant { way: Way::Target, is_exact: true },
        Entrant { way: Way::Breadth, is_exact: false },
        Entrant { way: Way::Target, is_exact: false },
        Entrant { way: Way::Breadth, is_exact: true },
        Entrant { way: Way::Oldest, is_exact: true },
    ];

    fn start<M: Model>(self, space: &mut Space<'_, M>) -> Result<Box<dyn Order<M>>, Exhausted> {
        space.is_exact = self.is_exact;
        Ok(match self.way {
            Way::Target => Box::new(DepthFirst::new(space, Preference::Target)?),
            Way::Oldest => Box::new(DepthFirst::new(space, Preference::Oldest)?),
            Way::Breadth => Box::new(BreadthFirst::new(space)?),
        })
    }
}

/// The entrants and how far they are.
pub(super) struct Race<M: Model> {
    /// Who has yet to begin, the next one last.
    waiting: Vec<Entrant>,
    running: Vec<(Entrant, Box<dyn Order<M>>)>,
    /// Whose turn it is.
    at: usize,
    /// States explored in this turn.
    states: u64,
}

impl<M: Model> Race<M> {
    /// Nobody has begun. The first has a lead of a state for each item, which is enough wherever
    /// there is nothing to be sought.
    pub(super) fn new(space: &Space<'_, M>, entrants: impl Iterator<Item = Entrant>) -> Race<M> {
        let mut waiting: Vec<Entrant> = entrants.collect();
        waiting.reverse();
        let states = TURN + space.timeline.items.len() as u64;
        Race { waiting, running: Vec::new(), at: 0, states }
    }

    /// Lets the entrants take turns until one ends, and gives how. One begins in each
    /// round, so that the first is alone while it leads.
    ///
    /// When bytes run out, who holds most gives up and the others go on; who was interrupted begins
    /// anew, because it has lost a step.
    ///
    /// # Errors
    /// What was exhausted.
    pub(super) fn run(&mut self, space: &mut Space<'_, M>) -> Result<Ended, Exhausted> {
        loop {
            if self.at == 0
                && let Some(entrant) = self.waiting.pop()
            {
                match entrant.start(space) {
                    Ok(order) => self.running.push((entrant, order)),
                    Err(Exhausted::Bytes) if !self.running.is_empty() => {}
                    Err(exhausted) => return Err(exhausted),
                }
            }
            while self.at < self.running.len() {
                let (entrant, order) = &mut self.running[self.at];
                space.is_exact = entrant.is_exact;
                match order.run(space, self.states) {
                    Ok(Some(ended)) => return Ok(ended),
                    Ok(None) => self.at += 1,
                    Err(Exhausted::Bytes) if self.running.len() > 1 => self.thin(space),
                    Err(exhausted) => return Err(exhausted),
                }
            }
            (self.at, self.states) = (0, TURN);
        }
    }

    /// Lets those begin anew for whom it is true; with `not_again` they are out.
    pub(super) fn restart(
        &mut self,
        space: &mut Space<'_, M>,
        not_again: bool,
        whom: impl Fn(Entrant) -> bool,
    ) {
        for at in (0..self.running.len()).rev() {
            let (entrant, order) = &self.running[at];
            if whom(*entrant) {
                give_back(space, &**order);
                self.waiting.push(*entrant);
                self.running.remove(at);
            }
        }
        self.waiting.retain(|entrant| !(not_again && whom(*entrant)));
        self.at = 0;
    }

    /// Ends the race.
    pub(super) fn end(self, space: &mut Space<'_, M>) {
        self.running.iter().for_each(|(_, order)| give_back(space, &**order));
    }

    /// Bytes ran out in this one's turn.
    fn thin(&mut self, space: &mut Space<'_, M>) {
        let interrupted = self.at;
        let sizes = self.running.iter().map(|(_, order)| order.bytes(&space.timeline));
        let largest = sizes.enumerate().max_by_key(|(_, bytes)| *bytes).map_or(0, |(at, _)| at);
        if largest != interrupted {
            self.waiting.push(self.running[interrupted].0);
        }
        let (first, second) = (interrupted.max(largest), interrupted.min(largest));
        give_back(space, &*self.running.remove(first).1);
        if second != first {
            give_back(space, &*self.running.remove(second).1);
        }
        self.at = second;
    }
}

fn give_back<M: Model>(space: &mut Space<'_, M>, order: &dyn Order<M>) {
    space.meter.give(order.bytes(&space.timeline));
}
