//! Until when there is hope for an item (**J7**).

use super::timeline::{Event, Timeline};
use crate::{Interval, Model};

/// Items watched at a time, and classes held against each, at most: beyond that there is hope.
const WATCHED_MAX: usize = 128;

/// There is hope for as long as the item is open.
pub(super) const ALWAYS: u32 = u32::MAX;

/// What there may be hope for.
pub(super) struct Hopes {
    /// To become legal.
    pub enabled: Vec<u32>,
    /// To be lost no longer.
    pub recovered: Vec<u32>,
}

/// An operation as its model sees it.
pub(super) type Parts<'a, M> = (&'a <M as Model>::Input, Option<&'a <M as Model>::Output>);

impl Hopes {
    /// The hopes for the items of a timeline. O(n · open operations).
    pub(super) fn new<M: Model>(
        model: &M,
        operations: &[Interval<M>],
        timeline: &Timeline,
    ) -> Hopes {
        let may_enable =
            |maker: Parts<'_, M>, wanted: Parts<'_, M>| model.may_enable(maker, wanted);
        let may_recover =
            |maker: Parts<'_, M>, wanted: Parts<'_, M>| model.may_recover(maker, wanted);
        Hopes {
            enabled: hopes(operations, timeline, may_enable),
            recovered: hopes(operations, timeline, may_recover),
        }
    }
}

/// For each item the event with which the last operation begins that is a hope for it before it
/// ends; what was open when it began, a configuration has to look at itself.
fn hopes<M: Model>(
    operations: &[Interval<M>],
    timeline: &Timeline,
    is_hope: impl Fn(Parts<'_, M>, Parts<'_, M>) -> bool,
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
                        if is_hope(item(new), item(*wanted)) {
                            hopes[*wanted as usize] = at as u32;
                        }
                    }
                }
                if !timeline.is_blind(slot)
                    && watched.len().max(crashed.len()) < WATCHED_MAX
                    && !crashed.iter().any(|class| is_hope(member(*class), item(new)))
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
                    let has_hope = is_hope(member(class), item(*wanted));
                    if has_hope {
                        hopes[*wanted as usize] = ALWAYS;
                    }
                    !has_hope
                });
            }
        }
    }
    hopes
}
