//! Until when there is hope that an item becomes legal (**J7**).

use super::timeline::{Event, Timeline};
use crate::{Interval, Model};

/// Items watched at a time, and classes held against each, at most: beyond that there is hope.
const WATCHED_MAX: usize = 128;

/// There is hope for as long as the item is open.
pub(super) const ALWAYS: u32 = u32::MAX;

/// For each item the event with which the last operation begins that may make it legal before it
/// ends; what was open when it began, a configuration has to look at itself. O(n · open operations).
pub(super) fn hopes<M: Model>(
    model: &M,
    operations: &[Interval<M>],
    timeline: &Timeline,
) -> Vec<u32> {
    let parts = |position: u32| {
        let Interval { input, output, .. } = &operations[position as usize];
        (input, output.as_ref())
    };
    let item = |item: u32| parts(timeline.items[item as usize].position);
    let member = |class: u32| parts(timeline.classes[class as usize].members[0]);
    let mut hopes = vec![ALWAYS; timeline.items.len()];
    let mut crashed: Vec<u32> = Vec::new();
    let mut watched: Vec<u32> = Vec::new();
    for (at, event) in timeline.events.iter().enumerate() {
        match *event {
            Event::Begin(new) => {
                let slot = timeline.items[new as usize].slot;
                if !timeline.is_pure(slot) {
                    for wanted in &watched {
                        if model.may_enable(item(new), item(*wanted)) {
                            hopes[*wanted as usize] = at as u32;
                        }
                    }
                }
                if !timeline.is_blind(slot)
                    && watched.len().max(crashed.len()) < WATCHED_MAX
                    && !crashed.iter().any(|class| model.may_enable(member(*class), item(new)))
                {
                    hopes[new as usize] = at as u32;
                    watched.push(new);
                }
            }
            Event::End(old) => watched.retain(|item| *item != old),
            Event::Crash(class) => {
                if crashed.len() < WATCHED_MAX && !crashed.contains(&class) {
                    crashed.push(class);
                }
                watched.retain(|wanted| {
                    let is_hope = model.may_enable(member(class), item(*wanted));
                    if is_hope {
                        hopes[*wanted as usize] = ALWAYS;
                    }
                    !is_hope
                });
            }
        }
    }
    hopes
}
