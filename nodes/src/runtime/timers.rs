use std::collections::BTreeMap;

use tribunal_history::Nanos;

use crate::TimerId;

/// The core's timers: deadlines on the node's monotonic clock.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    deadlines: BTreeMap<TimerId, Nanos>,
}

impl Timers {
    /// Sets a timer in place of its earlier deadline, or clears it.
    pub(super) fn set(&mut self, id: TimerId, at: Option<Nanos>) {
        match at {
            Some(deadline) => self.deadlines.insert(id, deadline),
            None => self.deadlines.remove(&id),
        };
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Nanos> {
        self.deadlines.values().min().copied()
    }

    /// Takes the timer that was due first, if any is due now.
    pub(super) fn take_due(&mut self, now: Nanos) -> Option<TimerId> {
        let due = self.deadlines.iter().filter(|(_, deadline)| **deadline <= now);
        let id = *due.min_by_key(|(id, deadline)| (**deadline, **id))?.0;
        self.deadlines.remove(&id);
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_timers_come_in_order_of_their_deadlines_and_once() {
        let mut timers = Timers::default();
        timers.set(TimerId(1), Some(Nanos(30)));
        timers.set(TimerId(2), Some(Nanos(20)));
        timers.set(TimerId(3), Some(Nanos(90)));
        assert_eq!(timers.next(), Some(Nanos(20)));
        assert_eq!(timers.take_due(Nanos(19)), None);
        assert_eq!(timers.take_due(Nanos(50)), Some(TimerId(2)));
        assert_eq!(timers.take_due(Nanos(50)), Some(TimerId(1)));
        assert_eq!(timers.take_due(Nanos(50)), None);
    }

    #[test]
    fn a_superseded_timer_is_never_delivered() {
        let mut timers = Timers::default();
        timers.set(TimerId(1), Some(Nanos(10)));
        timers.set(TimerId(1), Some(Nanos(40)));
        assert_eq!(timers.take_due(Nanos(39)), None);
        timers.set(TimerId(1), None);
        assert_eq!(timers.take_due(Nanos(99)), None);
    }
}
