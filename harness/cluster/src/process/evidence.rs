//! Words for what was done to links.

use tribunal_history::{FaultKind, LinkFault, Nanos};

use crate::LinkCounters;
use crate::live::quantity;

/// What is on links at the moment they are cut.
pub(super) fn at_install(now: LinkCounters) -> String {
    format!("{} open, {} waiting", quantity(now.open, "connection"), quantity(now.waiting, "byte"))
}

/// What became of what was on links while a fault was in force; what did not occur is left out.
pub(super) fn during(delta: LinkCounters, waiting: u64) -> String {
    let figures = [
        (delta.held, "byte", "had to wait"),
        (waiting, "byte", "waiting at the heal"),
        (delta.delayed_connections, "new connection", "had to wait"),
        (delta.resets, "connection", "reset"),
        (delta.refused, "connection", "refused"),
        (delta.replies_lost, "reply", "swallowed"),
        (delta.passed, "byte", "passed"),
        (delta.over_limit, "connection", "over the harness's own limit"),
    ];
    let mut parts: Vec<_> = figures
        .iter()
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, what, how)| format!("{} {how}", quantity(*count, what)))
        .collect();
    parts.splice(..0, delays(delta));
    if parts.is_empty() { "nothing was sent meanwhile".into() } else { parts.join(", ") }
}

/// `1240 chunks delayed, 52.0 ms on average, 61.0 ms at most`.
fn delays(delta: LinkCounters) -> Option<String> {
    let chunks = quantity(delta.delayed, "chunk");
    let average = Nanos(delta.delay_sum.checked_div(delta.delayed)?);
    let most = Nanos(delta.delay_max);
    Some(format!("{chunks} delayed, {average} on average, {most} at most"))
}

/// Whether a fault of links met anything: something was stopped by a cut, or delayed by harm to
/// packets, or waited when it was healed.
pub(super) fn met(kind: FaultKind, delta: LinkCounters, waiting: u64) -> bool {
    let touched = match kind {
        FaultKind::Link(LinkFault::Packet(_)) => delta.delayed,
        _ => delta.stopped(),
    };
    touched > 0 || waiting > 0
}

#[cfg(test)]
mod tests {
    use tribunal_history::PacketFault;

    use super::*;

    #[test]
    fn harm_to_packets_is_told_by_what_was_delayed_and_a_cut_by_what_was_stopped() {
        let delta = LinkCounters {
            delayed: 3,
            delay_sum: 156_000_000,
            delay_max: 61_000_000,
            passed: 90,
            ..LinkCounters::default()
        };
        let text = "3 chunks delayed, 52.0 ms on average, 61.0 ms at most, 90 bytes passed";
        assert_eq!(during(delta, 0), text);
        let packet = FaultKind::Link(LinkFault::Packet(PacketFault::CLEAR));
        let cut = FaultKind::Link(LinkFault::Reset);
        assert!(met(packet, delta, 0) && !met(cut, delta, 0) && met(cut, delta, 1));
        let reset = LinkCounters { resets: 1, ..LinkCounters::default() };
        assert!(!met(packet, reset, 0) && met(cut, reset, 0));
    }

    #[test]
    fn figures_read_as_sentences() {
        let delta = LinkCounters { held: 1, replies_lost: 2, ..LinkCounters::default() };
        assert_eq!(during(delta, 0), "1 byte had to wait, 2 replies swallowed");
        assert_eq!(during(LinkCounters::default(), 0), "nothing was sent meanwhile");
    }
}
