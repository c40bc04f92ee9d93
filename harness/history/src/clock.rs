//! What the times of a history count.

use serde::{Deserialize, Serialize};

use crate::{Nanos, grouped};

/// What the times of a history count: a file may tell none, and then they say only which entry
/// came before which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// Nanoseconds since the run began.
    #[default]
    Time,
    /// Lines of the file, from 1: it tells no times.
    Lines,
    /// Events, from 1: the file tells no times, and its entries do not stand on lines of their own.
    Events,
}

impl Clock {
    /// Whether the times are times.
    pub fn is_time(self) -> bool {
        self == Clock::Time
    }

    /// An instant for people, to the millisecond: `31.204 s`, `line 7`, `event 7`.
    pub fn instant(self, at: Nanos) -> String {
        match self {
            Clock::Time => seconds(at),
            Clock::Lines => format!("line {}", grouped(at.0)),
            Clock::Events => format!("event {}", grouped(at.0)),
        }
    }

    /// A stretch for people: `from 30.911 s to 31.204 s`, `from line 3 on`.
    pub fn stretch(self, from: Nanos, to: Option<Nanos>) -> String {
        match to {
            Some(to) => format!("from {} to {}", self.instant(from), self.instant(to)),
            None => format!("from {} on", self.instant(from)),
        }
    }

    /// How long after `earlier` something was, with a blank: `148 ms `. Empty if it was not, or if
    /// there are no times to tell it.
    pub fn gap(self, earlier: Nanos, later: Nanos) -> String {
        match later.since(earlier) {
            gap if gap > Nanos::ZERO && self.is_time() => format!("{gap} "),
            _ => String::new(),
        }
    }
}

fn seconds(time: Nanos) -> String {
    let millis = time.as_millis();
    format!("{}.{:03} s", millis / 1_000, millis % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_times_are_told_in_seconds() {
        let (from, to) = (Nanos(3), Nanos(1_234_567));
        assert_eq!(Clock::Time.stretch(from, Some(to)), "from 0.000 s to 0.001 s");
        assert_eq!(Clock::Lines.stretch(from, Some(to)), "from line 3 to line 1,234,567");
        assert_eq!(Clock::Events.stretch(from, None), "from event 3 on");
        assert_eq!(Clock::Time.gap(from, Nanos(2_000_003)), "2.00 ms ");
        assert_eq!(Clock::Time.gap(to, from), "");
        assert_eq!(Clock::Lines.gap(from, to), "");
    }
}
