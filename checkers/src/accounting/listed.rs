//! Counts and lists, in words.

use crate::count::grouped;

/// Members that are named, at most.
const NAMED_MAX: usize = 10;

/// As `never`, `once`, `twice`, `3 times`.
pub(crate) fn times(count: u64) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{} times", grouped(more)),
    }
}

/// As `lost: 3, 5, 8 and 12 more`; nothing if there are none. `total` counts all of them.
pub(crate) fn listed(
    what: &str,
    names: impl Iterator<Item = String>,
    total: u64,
) -> Option<String> {
    let named: Vec<String> = names.take(NAMED_MAX).collect();
    if named.is_empty() {
        return None;
    }
    let more = match total.saturating_sub(named.len() as u64) {
        0 => String::new(),
        more => format!(" and {} more", grouped(more)),
    };
    Some(format!("{what}: {}{more}", named.join(", ")))
}
