//! The bandwidth of one directed link, shared by all its connections.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How far behind a link may be and still make up for it: timers are late by so much on a busy
/// machine, and that is not the link's bandwidth.
const BEHIND: Duration = Duration::from_millis(20);

/// When a link with limited bandwidth has carried what it was given. Like a wire: one slice after
/// the other, whoever sent it.
pub(super) struct Pacer {
    free: Mutex<Instant>,
}

impl Pacer {
    /// A link that has nothing to carry.
    pub(super) fn new(now: Instant) -> Pacer {
        Pacer { free: Mutex::new(now) }
    }

    /// Forgets what the link was given: its bandwidth is another one from now on.
    pub(super) fn reset(&self, now: Instant) {
        *self.free() = now;
    }

    /// Gives the link a slice of `bytes` that could go since `ready`; returns when it is through,
    /// at `bandwidth` bytes a second.
    pub(super) fn give(&self, bytes: u64, bandwidth: u64, ready: Instant, now: Instant) -> Instant {
        let mut free = self.free();
        let oldest = now.checked_sub(BEHIND).unwrap_or(now);
        let begins = ready.max(*free).max(oldest);
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(bandwidth.max(1));
        *free = begins + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        *free
    }

    fn free(&self) -> MutexGuard<'_, Instant> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn slices_follow_one_another_at_the_rate() {
        let start = Instant::now();
        let pacer = Pacer::new(start);
        assert_eq!(pacer.give(500, 1_000, start, start), start + millis(500));
        // Another connection's slice, ready since the start: it waits for the first.
        assert_eq!(pacer.give(250, 1_000, start, start + millis(10)), start + millis(750));
        // One that is ready later than the link is free begins then.
        let ready = start + millis(2_000);
        assert_eq!(pacer.give(1, 1_000, ready, ready), ready + millis(1));
    }

    #[test]
    fn late_timers_cost_no_bandwidth_but_idle_time_is_not_saved_up() {
        let start = Instant::now();
        let pacer = Pacer::new(start);
        assert_eq!(pacer.give(10, 1_000, start, start), start + millis(10));
        // Asked for 15 ms late, as if in time.
        let late = start + millis(25);
        assert_eq!(pacer.give(10, 1_000, start, late), start + millis(20));
        let later = start + millis(10_000);
        let through = pacer.give(10, 1_000, start, later);
        assert_eq!(through, later - BEHIND + millis(10));
    }

    #[test]
    fn a_new_bandwidth_does_not_wait_for_what_the_old_one_was_given() {
        let start = Instant::now();
        let pacer = Pacer::new(start);
        pacer.give(1_000_000, 1, start, start);
        pacer.reset(start);
        assert_eq!(pacer.give(1, 1_000, start, start), start + millis(1));
    }
}
