//! Three orders of search that take turns; the first to end decides.
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

/// How a search ended.
pub(super) enum Ended {
    /// These steps lead to the goal.
    AtGoal(Vec<Step>),
    /// No steps do.
    Nowhere,
}

/// An order of search: in which order configurations are looked at.
pub(super) trait Order<M: Model> {
    /// Goes on for about so many states; `None` if it is not at an end by then.
    fn run(&mut self, space: &mut Space<'_, M>, states: u64) -> Result<Option<Ended>, Exhausted>;

    /// Bytes it occupies.
    fn bytes(&self, timeline: &Timeline) -> usize;
}

/// Which orders of search take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entrant {
    /// Depth first, the item to be placed first.
    TargetFirst,
    /// Depth first, the item first that began first.
    OldestFirst,
    /// Breadth first.
    BreadthFirst,
}

impl Entrant {
    /// All of them, in the order of their turns.
    pub(super) const ALL: [Entrant; 3] =
        [Entrant::TargetFirst, Entrant::BreadthFirst, Entrant::OldestFirst];

    fn start<M: Model>(self, space: &mut Space<'_, M>) -> Result<Box<dyn Order<M>>, Exhausted> {
        Ok(match self {
            Entrant::TargetFirst => Box::new(DepthFirst::new(space, Preference::Target)?),
            Entrant::OldestFirst => Box::new(DepthFirst::new(space, Preference::Oldest)?),
            Entrant::BreadthFirst => Box::new(BreadthFirst::new(space)?),
        })
    }
}

/// Lets the entrants take turns until one ends. The first has a lead of a state for each item,
/// which is enough wherever there is nothing to be sought.
///
/// When bytes run out, who holds most gives up and the others go on; who was interrupted begins
/// anew, because it has lost a step.
///
/// # Errors
/// What was exhausted.
pub(super) fn race<M: Model>(
    space: &mut Space<'_, M>,
    entrants: &[Entrant],
) -> Result<Ended, Exhausted> {
    let mut race = Race { waiting: entrants.iter().rev().copied().collect(), running: Vec::new() };
    let ended = race.run(space);
    race.running.drain(..).for_each(|(_, order)| give_back(space, &*order));
    ended
}

struct Race<M: Model> {
    /// Who has yet to begin, the next one last.
    waiting: Vec<Entrant>,
    running: Vec<(Entrant, Box<dyn Order<M>>)>,
}

impl<M: Model> Race<M> {
    fn run(&mut self, space: &mut Space<'_, M>) -> Result<Ended, Exhausted> {
        let mut states = TURN + space.timeline.items.len() as u64;
        loop {
            // One begins in each round, so that the first is alone while it leads.
            if let Some(entrant) = self.waiting.pop() {
                match entrant.start(space) {
                    Ok(order) => self.running.push((entrant, order)),
                    Err(Exhausted::Bytes) if !self.running.is_empty() => {}
                    Err(exhausted) => return Err(exhausted),
                }
            }
            let mut at = 0;
            while at < self.running.len() {
                match self.running[at].1.run(space, states) {
                    Ok(Some(ended)) => return Ok(ended),
                    Ok(None) => at += 1,
                    Err(Exhausted::Bytes) if self.running.len() > 1 => self.thin(space, at),
                    Err(exhausted) => return Err(exhausted),
                }
            }
            states = TURN;
        }
    }

    /// Bytes ran out in this one's turn.
    fn thin(&mut self, space: &mut Space<'_, M>, interrupted: usize) {
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
    }
}

fn give_back<M: Model>(space: &mut Space<'_, M>, order: &dyn Order<M>) {
    space.meter.give(order.bytes(&space.timeline));
}
