//! One operation as a search sees it: an interval in which it takes effect.

use crate::Model;

/// The end of an interval that never ends: the operation may take effect at any later time, or
/// never.
pub(crate) const NEVER: u64 = u64::MAX;

/// The moment of an event: twice its position and one, so that there is room before each for the
/// bounds the normal form finds.
pub(crate) const fn moment(position: u32) -> u64 {
    position as u64 * 2 + 1
}

/// An operation between its invocation and its completion.
pub(crate) struct Interval<M: Model> {
    /// What it asked for.
    pub input: M::Input,
    /// What it answered; `None` if nobody knows.
    pub output: Option<M::Output>,
    /// The moment of its invocation.
    pub begin: u64,
    /// The moment by which it has taken effect; [`NEVER`] if it need not.
    pub end: u64,
    /// Position of its call among the calls of the history.
    pub call: usize,
}

impl<M: Model> Interval<M> {
    /// Whether it may never take effect.
    pub(crate) const fn is_pending(&self) -> bool {
        self.end == NEVER
    }

    /// Whether it had ended before `other` began, so that it must come first in every order.
    pub(crate) const fn precedes(&self, other: &Interval<M>) -> bool {
        self.end < other.begin
    }

    /// The same operation with an unknown end. Any order of a history is an order of the history
    /// weakened so: what stays impossible was impossible.
    pub(crate) fn weaken(&mut self) {
        self.output = None;
        self.end = NEVER;
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
