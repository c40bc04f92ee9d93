//! Numbers and times as findings say them.

use tribunal_history::Nanos;

pub(crate) use crate::count::{grouped, plural};

/// `twice`, `3 times`.
pub(crate) fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{} times", grouped(more)),
    }
}

/// An instant, in seconds to the millisecond.
pub(crate) fn seconds(time: Nanos) -> String {
    let millis = time.as_millis();
    format!("{}.{:03} s", millis / 1_000, millis % 1_000)
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}
