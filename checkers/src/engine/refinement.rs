//! Crashed operations without number first, and counted only where it matters (**J5**).
//!
//! *Counterexample-guided refinement* (Clarke, Grumberg, Jha, Lu, Veith 2000): a search that may
//! use the crashed operations of a class as often as it likes explores fewer configurations,
//! because they need not tell how many are left. If even that finds no order, there is none. If it
//! finds one that uses no class more often than it has members, there is one. Otherwise the classes
//! it overused are counted from then on, and the search starts again: at most once for each class.

use super::race::{Ended, Entrant, Race};
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
    // Where every class is counted in any case, the refined searches are the exact ones.
    let may_refine = !space.counted.iter().all(|is_counted| *is_counted);
    let has_exact = entrants.iter().any(|entrant| entrant.is_exact);
    let entrants =
        entrants.iter().filter(|entrant| entrant.is_exact || may_refine || !has_exact).copied();
    let mut race = Race::new(space, entrants.clone());
    let found = loop {
        let ended = match race.run(space) {
            Ok(ended) => ended,
            Err(exhausted) => break Err(exhausted),
        };
        match ended {
            Ended::AtGoal(steps) => match order(&space.timeline, space.operations, &steps) {
                Ok(order) if space.goal == end => break Ok(Found::Order(order)),
                Ok(_) => break Ok(Found::Wall(space.goal)),
                Err(overused) => {
                    overused.into_iter().for_each(|class| space.counted[class as usize] = true);
                    let is_all = space.counted.iter().all(|is_counted| *is_counted);
                    race.restart(space, is_all && has_exact, |entrant| !entrant.is_exact);
                }
            },
            Ended::Nowhere(wall) => {
                if space.furthest.as_ref().is_some_and(|furthest| furthest.event == wall) {
                    break Ok(Found::Wall(wall));
                }
                // Who came there used more than there was, or nobody came because somebody looked
                // ahead. Does anybody come there? What ends there or later need not be legal.
                space.goal = wall;
                race.restart(space, false, |_| true);
            }
        }
    };
    race.end(space);
    match found {
        Ok(Found::Order(order)) => Answer::Legal(order),
        Ok(Found::Wall(wall)) => {
            lengthen(space, entrants, wall);
            Answer::Impossible(stuck(space, Some(wall)))
        }
        Err(exhausted) if space.goal == end => {
            let at = space.furthest.as_ref().map(|furthest| furthest.event);
            Answer::Exhausted(exhausted, stuck(space, at))
        }
        // No order passes the goal: that is certain, whether or not one comes there.
        Err(_) => Answer::Impossible(stuck(space, Some(space.goal))),
    }
}

/// What a race showed.
enum Found {
    /// This order is legal.
    Order(Vec<usize>),
    /// No order passes this event, and one comes there.
    Wall(u32),
}

/// Looks for the longest order up to the wall: one that uses too many crashed operations may have
/// stood for it, or it was not followed because it leads nowhere.
fn lengthen<M: Model>(
    space: &mut Space<'_, M>,
    entrants: impl Iterator<Item = Entrant>,
    wall: u32,
) {
    if is_recorded(space.operations) {
        space.looks_ahead = false;
        space.goal = wall + 1;
        space.meter.narrow(space.meter.states().max(LONGEST_STATES));
        let exact = entrants.map(|entrant| Entrant { is_exact: true, ..entrant });
        let mut race = Race::new(space, exact.take(1));
        // If that takes too long, the order found before has to do.
        let _: Result<_, Exhausted> = race.run(space);
        race.end(space);
    }
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
