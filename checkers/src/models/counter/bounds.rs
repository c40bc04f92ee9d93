//! When a few operations of a counter may stand for all of them.

use std::collections::BTreeMap;

use super::{Counter, CounterInput, CounterOutput};
use crate::Interval;
use crate::models::words::last_end;

type Operation = Interval<Counter>;

/// Whether `core`, whose reads say only that the counter was *at most* so much, shows that `all`
/// has no legal order if it has none itself. With `sign` −1: *at least*, and everything the other
/// way round. O(n log core).
///
/// Call an add *up* if it makes the counter more, *down* if less. What a core may hold:
///
/// 1. adds as they are, or with unknown end;
/// 2. one add for several *ups*: no more than they come to together, from the first of their
///    beginnings to the last of their ends;
/// 3. one add for several *downs*: no less than they come to, from the first of their beginnings,
///    with unknown end;
/// 4. reads of at most what they saw, or more;
/// 5. one read that *reaches* what it saw.
///
/// Every *down* that began before the core's last end is in it by 1 or 3; *ups* may be missing.
/// With a reach, there is no 3; a 2 ended before the reach began or begins after it ended; and a
/// *down* that ended before the reach began may be missing if all reads of 4 begin after it ended.
///
/// *Proof.* Take a legal order of `all`, cut at the core's last end. Put the add of 2 where the
/// last of its members is, that of 3 where the first of its members is, and make the read of 5 set
/// the state to what it saw, which it is already. Leave out all else. In this order of the core no
/// state at a read of 4 is more than it was: without a reach, of the ups before that read no more
/// are counted than were, and of the downs no fewer. With a reach before it, the same holds of what
/// comes between, because the members of a 2 are on one side of it; a reach after it does not
/// matter; and downs that are missing come before the reach. So what saw at most so much sees at
/// most so much. ∎
pub(super) fn is_reduction(core: &[Operation], all: &[Operation], sign: i128) -> bool {
    let mut kept: BTreeMap<usize, &Operation> =
        core.iter().map(|operation| (operation.call, operation)).collect();
    if kept.len() != core.len() {
        return false;
    }
    let mut found = Found { sign, ups: None, downs: None, reach: None, first_read: u64::MAX };
    // Positions in `all` of adds that are not in the core as they are.
    let mut merged: Vec<&Operation> = Vec::new();
    for original in all {
        match kept.remove(&original.call) {
            None => merged.push(original),
            Some(form) => match found.take(form, original) {
                Some(true) => {}
                Some(false) => merged.push(original),
                None => return false,
            },
        }
    }
    kept.is_empty() && found.covers(&merged, last_end(core))
}

/// What a core holds beside adds as they are.
struct Found<'a> {
    sign: i128,
    ups: Option<&'a Operation>,
    downs: Option<&'a Operation>,
    reach: Option<&'a Operation>,
    /// The first beginning of a read that saw at most something.
    first_read: u64,
}

impl<'a> Found<'a> {
    /// Takes an operation of the core: whether it is there as it is, or as something else; `None`
    /// if it may not be.
    fn take(&mut self, form: &'a Operation, original: &Operation) -> Option<bool> {
        let same = form.begin == original.begin && form.end == original.end;
        let seen = match original.output {
            Some(CounterOutput::Value(seen)) => Some(seen),
            _ => None,
        };
        match (&form.input, &original.input) {
            (CounterInput::Reach(value), CounterInput::Read) => {
                let holds = same && Some(*value) == seen && self.reach.is_none();
                self.reach = Some(form);
                holds.then_some(true)
            }
            (CounterInput::Read, CounterInput::Read) => {
                let holds = match (&form.output, seen) {
                    (None, _) => form.is_pending(),
                    (Some(CounterOutput::AtMost(most)), Some(seen)) => {
                        same && self.sign > 0 && seen <= *most
                    }
                    (Some(CounterOutput::AtLeast(least)), Some(seen)) => {
                        same && self.sign < 0 && seen >= *least
                    }
                    _ => false,
                };
                self.first_read = form.begin.min(self.first_read);
                (holds && form.begin == original.begin).then_some(true)
            }
            (CounterInput::Add(_), CounterInput::Add(_)) if form.is_weaker_form_of(original) => {
                Some(true)
            }
            (CounterInput::Add(sum), CounterInput::Add(_)) => {
                let up = self.sign * i128::from(*sum) > 0;
                let place = if up { &mut self.ups } else { &mut self.downs };
                let holds = place.is_none() && form.is_pending() != up;
                *place = Some(form);
                holds.then_some(false)
            }
            _ => None,
        }
    }

    /// Whether the adds that are not in the core as they are may be missing, or are counted.
    fn covers(&self, missing: &[&Operation], until: u64) -> bool {
        if let (Some(reach), Some(ups)) = (self.reach, self.ups)
            && !(ups.precedes(reach) || reach.precedes(ups))
        {
            return false;
        }
        if self.reach.is_some() && self.downs.is_some() {
            return false;
        }
        let (mut up, mut down) = (0_i128, 0_i128);
        for operation in missing {
            let CounterInput::Add(more) = operation.input else { continue };
            let more = self.sign * i128::from(more);
            if more > 0 {
                let counted = self
                    .ups
                    .is_some_and(|ups| ups.begin <= operation.begin && operation.end <= ups.end);
                up += if counted { more } else { 0 };
            } else if more < 0 && operation.begin < until {
                let past = self
                    .reach
                    .is_some_and(|reach| operation.precedes(reach) && reach.end < self.first_read);
                let counted = self.downs.is_some_and(|downs| downs.begin <= operation.begin);
                if !past && !counted {
                    return false;
                }
                down += if counted { more } else { 0 };
            }
        }
        let is = |form: Option<&Operation>| match form.map(|form| &form.input) {
            Some(CounterInput::Add(sum)) => self.sign * i128::from(*sum),
            _ => 0,
        };
        is(self.ups) <= up && is(self.downs) <= down
    }
}
