//! Crashed operations without number first, and counted only where it matters (**J5**).
//!
//! *Counterexample-guided refinement* (Clarke, Grumberg, Jha, Lu, Veith 2000): a search that may use
//! the crashed operations of a class as often as it likes explores fewer configurations, because
//! they need not tell how many are left. If even that finds no order, there is none. If it finds one
//! that uses no class more often than it has members, there is one. Otherwise the classes it
//! overused are counted from then on, and the search starts again: at most once for each class.

use super::race::{Ended, Entrant, race};
use super::space::Space;
use super::timeline::Event;
use super::trail::order;
use super::{Answer, Exhausted, Stuck, is_recorded};
use crate::Model;

/// States that looking for the longest order may take in any case, once there is known to be none.
const LONGEST_STATES: u64 = 10_000;

/// Decides whether there is an order, and if not, which end closes the shortest prefix that has
/// none.
pub(super) fn refine<M: Model>(space: &mut Space<'_, M>, entrants: &[Entrant]) -> Answer {
    let end = space.goal;
    loop {
        space.reached = 0;
        match race(space, entrants) {
            Ok(Ended::AtGoal(steps)) => match order(&space.timeline, space.operations, &steps) {
                Ok(order) if space.goal == end => return Answer::Legal(order),
                Ok(_) => {
                    let wall = space.goal;
                    return impossible(space, entrants, wall);
                }
                Err(overused) => {
                    overused.into_iter().for_each(|class| space.counted[class as usize] = true);
                }
            },
            Ok(Ended::Nowhere) => {
                let wall = space.reached;
                if space.furthest.as_ref().is_some_and(|furthest| furthest.event == wall) {
                    return impossible(space, entrants, wall);
                }
                // Who came there used more than there was. Does anybody come there who does not?
                space.goal = wall;
            }
            Err(exhausted) if space.goal == end => {
                let at = space.furthest.as_ref().map(|furthest| furthest.event);
                return Answer::Exhausted(exhausted, stuck(space, at));
            }
            Err(Exhausted::Stopped | Exhausted::States | Exhausted::Bytes) => {
                // No order passes the goal: that is certain, whether or not one comes there.
                let wall = space.goal;
                return Answer::Impossible(stuck(space, Some(wall)));
            }
        }
    }
}

/// There is no order past this end, and one comes there; which is the longest?
fn impossible<M: Model>(space: &mut Space<'_, M>, entrants: &[Entrant], wall: u32) -> Answer {
    let is_exact = space.counted.iter().all(|is_counted| *is_counted);
    let is_there = space.furthest.as_ref().is_some_and(|furthest| furthest.event == wall);
    if is_recorded(space.operations) && !(is_exact && is_there) {
        // Where crashed operations are not counted, one that uses too many may stand for a real one.
        space.counted.fill(true);
        space.goal = wall + 1;
        space.meter.narrow(space.meter.states().max(LONGEST_STATES));
        // If that takes too long, the order found before has to do.
        let _ = race(space, entrants);
    }
    Answer::Impossible(stuck(space, Some(wall)))
}

/// The operation that ends at this event, and the longest order up to there.
fn stuck<M: Model>(space: &mut Space<'_, M>, at: Option<u32>) -> Stuck {
    let Some(Event::End(item)) = at.and_then(|at| space.timeline.events.get(at as usize)) else {
        return Stuck::default();
    };
    let wall = Some(space.timeline.items[*item as usize].position as usize);
    let steps = space.furthest.take().map(|furthest| furthest.steps).unwrap_or_default();
    let order = order(&space.timeline, space.operations, &steps).unwrap_or_default();
    Stuck { wall, order }
}
