//! How often a nemesis acts and how long.

use tribunal_history::{Nanos, Random};

use crate::form::{Form, Whom};

/// How long a system may take to go on without a leader it lost: the old one notices (a leader that
/// hears nobody and is heard leads on until it does), then an election, each up to a second. What a
/// shorter fault shows is that nobody answers.
const FAILOVER: Nanos = Nanos::from_millis(2_500);

/// How often a nemesis acts when nothing else is asked for, and how long a fault of it lasts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) period: Nanos,
    /// Shortest and longest; `None` for a fifth of the period, but [`FAILOVER`] at least, and as
    /// long as fits.
    lasts: Option<(Nanos, Nanos)>,
}

const fn millis(period: u64, low: u64, high: u64) -> Pace {
    Pace {
        period: Nanos::from_millis(period),
        lasts: Some((Nanos::from_millis(low), Nanos::from_millis(high))),
    }
}

impl Form {
    pub(crate) const fn pace(self) -> Pace {
        match self {
            // Long enough for the others to elect a new leader and go on without the old one, if
            // elections take up to a second.
            Form::IsolateLeader => millis(6_000, 2_000, 2_700),
            Form::LeaderKillCycle => millis(3_000, 1_000, 1_350),
            Form::ClientCut => Pace { period: Nanos::from_secs(5), lasts: None },
            // Faster than elections: nodes restart while no leader tells them what they forgot.
            Form::RestartStorm => millis(400, 30, 150),
            // One node after the other, each back before the next goes.
            Form::RollingRestart => millis(1_500, 300, 700),
            // Long enough for the calls to come.
            Form::CrashAt(_) => millis(3_000, 1_000, 1_400),
            Form::Clog => millis(1_500, 150, 600),
            Form::LoseReply => millis(600, 150, 250),
            Form::Power(Some(Whom::MajorityWithLeader)) => millis(3_000, 200, 800),
            Form::Partition
            | Form::Shape(_)
            | Form::OneWay
            | Form::Kill(_)
            | Form::Pause(_)
            | Form::Clock(_)
            | Form::Power(_)
            | Form::Packet(_)
            | Form::ClientPacket(_)
            | Form::SwizzleClog
            | Form::Disk(_) => Pace { period: Nanos::from_secs(10), lasts: None },
        }
    }
}

impl Pace {
    /// When within a slot of length `slot` a fault begins, and how long it lasts: it ends within
    /// the slot's first half, so that the second half is for recovery.
    pub(crate) fn draw(self, slot: Nanos, random: &mut Random) -> (Nanos, Nanos) {
        let begins = random.between(slot.0 / 20, slot.0 / 20 * 3);
        let longest = slot.0 / 2 - begins;
        let (low, high) = match self.lasts {
            Some((low, high)) => (low.0.min(longest), high.0.min(longest)),
            None => ((slot.0 / 5).max(FAILOVER.0).min(longest), longest),
        };
        (Nanos(begins), Nanos(random.between(low, high)))
    }
}
