//! What a node believes about time, against the true time.
//!
//! The one place where clock faults are modelled, used by the runtime and the simulator: a node's
//! clocks are piecewise linear functions of the true time (nanoseconds since the node's process
//! started, or since the run began). It reads no clock itself.

use serde::{Deserialize, Serialize};
use tribunal_history::{ClockKind, Nanos};

/// Slowest rate that can be set, in parts per million away from the true one.
pub const DRIFT_PPM_MIN: i32 = -900_000;
/// Fastest rate that can be set.
pub const DRIFT_PPM_MAX: i32 = 9_000_000;
/// Farthest a single jump goes, either way: ten years of 365 days.
pub const JUMP_NS_MAX: i64 = 315_360_000_000_000_000;

const MILLION: i128 = 1_000_000;
/// The rate of a clock that stands still.
const FROZEN_PPM: i32 = -1_000_000;

/// A node's wall and monotonic clocks, each with an offset and a rate of its own.
///
/// Times asked for may come in any order; those before a clock's latest change read as that change.
/// Integers throughout: fractions of a nanosecond are rounded down.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClockModel {
    wall_start: Nanos,
    wall: Track,
    monotonic: Track,
}

/// A change of a clock: what a node that starts under a clock fault is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockFault {
    /// It moves at once.
    Jump {
        /// Which clock.
        clock: ClockKind,
        /// By how many nanoseconds; negative is back.
        by_ns: i64,
    },
    /// It runs at another rate.
    Drift {
        /// Which clock.
        clock: ClockKind,
        /// Parts per million above or below the true rate.
        ppm: i32,
    },
    /// It stands still.
    Freeze {
        /// Which clock.
        clock: ClockKind,
    },
}

/// How far a node's clocks are from the true ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockOffsets {
    /// The wall clock, in nanoseconds.
    pub wall_ns: i64,
    /// The monotonic clock, in nanoseconds.
    pub monotonic_ns: i64,
}

/// A change of a clock that is not possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockRefused {
    /// The monotonic clock never goes back.
    #[error("the monotonic clock never goes back")]
    MonotonicBack,
    /// The jump is longer than [`JUMP_NS_MAX`].
    #[error("a jump of {0} ns is more than ten years")]
    JumpTooFar(i64),
    /// The rate is outside [`DRIFT_PPM_MIN`]..=[`DRIFT_PPM_MAX`].
    #[error("a drift of {0} ppm is outside {DRIFT_PPM_MIN}..={DRIFT_PPM_MAX}")]
    DriftTooFar(i32),
}

impl ClockModel {
    /// Clocks without fault. At the true time 0 the monotonic clock shows 0 and the wall clock
    /// `wall_start`.
    pub const fn new(wall_start: Nanos) -> ClockModel {
        ClockModel { wall_start, wall: Track::TRUE, monotonic: Track::TRUE }
    }

    /// What the monotonic clock shows at the true time `now`. Never less than at an earlier time.
    pub fn monotonic(&self, now: Nanos) -> Nanos {
        clamp_to_nanos(self.monotonic.shown(now))
    }

    /// What the wall clock shows at the true time `now`.
    pub fn wall(&self, now: Nanos) -> Nanos {
        clamp_to_nanos(i128::from(self.wall_start.0) + self.wall.shown(now))
    }

    /// The earliest true time at which the monotonic clock shows `deadline` or more, as far as no
    /// further change comes. Not before the latest change; [`Nanos::MAX`] if it is too far off, or
    /// the clock stands still.
    pub fn when(&self, deadline: Nanos) -> Nanos {
        let track = &self.monotonic;
        let need = i128::from(deadline.0) - i128::from(track.since.0) - track.offset;
        if need <= 0 {
            return track.since;
        }
        if track.ppm == FROZEN_PPM {
            return Nanos::MAX;
        }
        // shown(since + d) >= deadline  ⇔  floor(d · rate) >= need  ⇔  d >= need / rate.
        let rate = MILLION + i128::from(track.ppm);
        let wait = (need * MILLION + rate - 1) / rate;
        clamp_to_nanos(i128::from(track.since.0) + wait)
    }

    /// Changes a clock at the true time `now`.
    ///
    /// # Errors
    /// If the change is not possible; nothing is changed then.
    pub fn apply(&mut self, now: Nanos, fault: ClockFault) -> Result<(), ClockRefused> {
        match fault {
            ClockFault::Jump { clock: ClockKind::Monotonic, by_ns } if by_ns < 0 => {
                Err(ClockRefused::MonotonicBack)
            }
            ClockFault::Jump { by_ns, .. } if by_ns.unsigned_abs() > JUMP_NS_MAX as u64 => {
                Err(ClockRefused::JumpTooFar(by_ns))
            }
            ClockFault::Drift { ppm, .. } if !(DRIFT_PPM_MIN..=DRIFT_PPM_MAX).contains(&ppm) => {
                Err(ClockRefused::DriftTooFar(ppm))
            }
            ClockFault::Jump { clock, by_ns } => {
                let track = self.track(clock);
                track.rebase(now);
                track.offset += i128::from(by_ns);
                Ok(())
            }
            ClockFault::Drift { clock, ppm } => {
                let track = self.track(clock);
                track.rebase(now);
                track.ppm = ppm;
                Ok(())
            }
            ClockFault::Freeze { clock } => {
                let track = self.track(clock);
                track.rebase(now);
                track.ppm = FROZEN_PPM;
                Ok(())
            }
        }
    }

    /// Ends every clock fault at the true time `now`: both rates are the true one again and the
    /// wall clock is right (it may step back); the monotonic clock keeps its offset.
    pub fn heal(&mut self, now: Nanos) {
        self.wall.rebase(now);
        self.wall.ppm = 0;
        self.wall.offset = 0;
        self.monotonic.rebase(now);
        self.monotonic.ppm = 0;
    }

    /// How far the clocks are from the true ones at the true time `now`; saturates.
    pub fn offsets(&self, now: Nanos) -> ClockOffsets {
        let wall_ns = clamp_to_i64(self.wall.shown(now) - i128::from(now.0));
        let monotonic_ns = clamp_to_i64(self.monotonic.shown(now) - i128::from(now.0));
        ClockOffsets { wall_ns, monotonic_ns }
    }

    fn track(&mut self, clock: ClockKind) -> &mut Track {
        match clock {
            ClockKind::Wall => &mut self.wall,
            ClockKind::Monotonic => &mut self.monotonic,
        }
    }
}

/// One clock since its latest change.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Track {
    /// The true time of the change.
    since: Nanos,
    /// How far the clock was from the true time then.
    offset: i128,
    /// Its rate since.
    ppm: i32,
}

impl Track {
    const TRUE: Track = Track { since: Nanos::ZERO, offset: 0, ppm: 0 };

    fn shown(&self, now: Nanos) -> i128 {
        let now = now.max(self.since);
        let passed = i128::from(now.0 - self.since.0);
        // Rounded down at every rate: with a rate above zero the sum never decreases.
        let drifted = (passed * i128::from(self.ppm)).div_euclid(MILLION);
        i128::from(now.0) + self.offset + drifted
    }

    /// Makes `now` the latest change, without changing what is shown.
    fn rebase(&mut self, now: Nanos) {
        let now = now.max(self.since);
        self.offset = self.shown(now) - i128::from(now.0);
        self.since = now;
    }
}

fn clamp_to_nanos(value: i128) -> Nanos {
    Nanos(u64::try_from(value.max(0)).unwrap_or(u64::MAX))
}

fn clamp_to_i64(value: i128) -> i64 {
    value.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

#[cfg(test)]
mod tests;
