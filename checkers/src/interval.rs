//! One operation as a checker sees it: an interval in which it takes effect.

use std::fmt;

use crate::Model;

/// The end of an interval that never ends: the operation may take effect at any later time, or
/// never.
pub const NEVER: u64 = u64::MAX;

/// The moment of an event: twice its position and one, so that there is room before each for the
/// bounds the normal form finds.
pub(crate) const fn moment(position: u32) -> u64 {
    position as u64 * 2 + 1
}

/// An operation between its invocation and its completion.
///
/// Moments are positions in the order one recorder saw events, not times. Of two operations neither
/// of which ended before the other began, either may come first; `end == begin` of another counts
/// as overlapping.
pub struct Interval<M: Model> {
    /// What it asked for.
    pub input: M::Input,
    /// What it answered; `None` if nobody knows.
    pub output: Option<M::Output>,
    /// The moment of its invocation.
    pub begin: u64,
    /// The moment by which it has taken effect; [`NEVER`] if it need not.
    pub end: u64,
    /// Position of its call among the calls of the history; unique.
    pub call: usize,
}

impl<M: Model> Interval<M> {
    /// Whether it may never take effect.
    pub const fn is_pending(&self) -> bool {
        self.end == NEVER
    }

    /// Whether it had ended before `other` began, so that it must come first in every order.
    pub const fn precedes(&self, other: &Interval<M>) -> bool {
        self.end < other.begin
    }

    /// Makes its end and its answer unknown. Any order of a history is an order of the history
    /// weakened so: what stays impossible was impossible.
    pub fn weaken(&mut self) {
        self.output = None;
        self.end = NEVER;
    }

    /// Whether this is `other`, or `other` with unknown end and answer.
    pub fn is_weaker_form_of(&self, other: &Interval<M>) -> bool {
        let same = self.begin == other.begin && self.input == other.input;
        let weakened = self.is_pending() && self.output.is_none();
        same && self.call == other.call
            && (weakened || self.end == other.end && self.output == other.output)
    }
}

impl<M: Model> Clone for Interval<M> {
    fn clone(&self) -> Self {
        Interval {
            input: self.input.clone(),
            output: self.output.clone(),
            begin: self.begin,
            end: self.end,
            call: self.call,
        }
    }
}

impl<M: Model> fmt::Debug for Interval<M>
where
    M::Input: fmt::Debug,
    M::Output: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.is_pending() { "∞".to_owned() } else { self.end.to_string() };
        write!(f, "#{} {}..{end} {:?}", self.call, self.begin, self.input)?;
        write!(f, " → {:?}", self.output)
    }
}
