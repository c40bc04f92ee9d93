//! Words for what was done to links, and what came of it.

use std::ops::{Add, Sub};

use tribunal_cluster::LinkCounters;
use tribunal_history::{FaultKind, Link, LinkFault};

use crate::protocol::{HarmCounters, LinkFigures};

/// Links that are named; of more only the number is given.
const NAMED_MAX: usize = 8;

/// What happened on some links, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Met {
    pub(crate) cut_packets: u64,
    pub(crate) cut_bytes: u64,
    pub(crate) harmed: HarmCounters,
    /// Connections broken at the heal.
    pub(crate) broken: u64,
    /// In the proxies before the client ports.
    pub(crate) counters: LinkCounters,
}

impl Met {
    pub(crate) fn with(self, figures: &LinkFigures) -> Met {
        Met {
            cut_packets: self.cut_packets + figures.cut_packets,
            cut_bytes: self.cut_bytes + figures.cut_bytes,
            harmed: self.harmed + figures.harmed,
            ..self
        }
    }

    /// Whether a fault met anything at all.
    pub(crate) const fn is_any(&self) -> bool {
        let HarmCounters { lost, duplicated, reordered, delayed, overflowed, .. } = self.harmed;
        self.cut_packets + lost + duplicated + reordered + delayed + overflowed > 0
            || self.counters.stopped() > 0
    }
}

impl Sub for Met {
    type Output = Met;
    fn sub(self, other: Met) -> Met {
        Met {
            cut_packets: self.cut_packets.saturating_sub(other.cut_packets),
            cut_bytes: self.cut_bytes.saturating_sub(other.cut_bytes),
            harmed: self.harmed - other.harmed,
            // Not a sum since the beginning, as the others are.
            broken: self.broken,
            counters: self.counters - other.counters,
        }
    }
}

impl Add for HarmCounters {
    type Output = HarmCounters;
    fn add(self, other: HarmCounters) -> HarmCounters {
        combine(self, other, u64::saturating_add)
    }
}

impl Sub for HarmCounters {
    type Output = HarmCounters;
    fn sub(self, other: HarmCounters) -> HarmCounters {
        combine(self, other, u64::saturating_sub)
    }
}

fn combine(one: HarmCounters, other: HarmCounters, with: fn(u64, u64) -> u64) -> HarmCounters {
    HarmCounters {
        seen: with(one.seen, other.seen),
        sent: with(one.sent, other.sent),
        lost: with(one.lost, other.lost),
        duplicated: with(one.duplicated, other.duplicated),
        reordered: with(one.reordered, other.reordered),
        delayed: with(one.delayed, other.delayed),
        overflowed: with(one.overflowed, other.overflowed),
    }
}

/// `2 links: n1→n2, n2→n1; dropped in the receivers' input hooks`.
pub(crate) fn at_install(links: &[Link], kind: FaultKind) -> String {
    let how = match kind {
        FaultKind::Link(LinkFault::Hold { .. }) => "packets dropped by nftables from now on",
        FaultKind::Link(LinkFault::Reset) => "connections reset from now on",
        FaultKind::Link(LinkFault::Refuse) => "new connections refused from now on",
        FaultKind::Link(LinkFault::LoseReply) => "replies swallowed by the proxy from now on",
        _ => "packets harmed on their way out from now on",
    };
    format!("{}; {how}", named(links))
}

/// What became of what was sent while a fault was in force; what did not occur is left out.
pub(crate) fn during(links: &[Link], met: Met) -> String {
    let HarmCounters { seen, lost, duplicated, reordered, delayed, overflowed, .. } = met.harmed;
    let figures = [
        (met.cut_packets, "packet", format!("met a cut ({} bytes)", met.cut_bytes)),
        (seen, "packet", "came to harm's way".into()),
        (lost, "packet", "lost".into()),
        (duplicated, "packet", "doubled".into()),
        (reordered, "packet", "sent ahead of others".into()),
        (delayed, "packet", "delayed".into()),
        (overflowed, "packet", "lost because too many waited".into()),
        (met.broken, "connection", "broken at the heal".into()),
        (met.counters.held, "byte", "had to wait".into()),
        (met.counters.resets, "connection", "reset".into()),
        (met.counters.refused, "connection", "refused".into()),
        (met.counters.replies_lost, "reply", "swallowed".into()),
    ];
    let parts: Vec<String> = figures
        .iter()
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, noun, how)| format!("{} {how}", quantity(*count, noun)))
        .collect();
    let what =
        if parts.is_empty() { "nothing was sent meanwhile".into() } else { parts.join(", ") };
    format!("{}; {what}", named(links))
}

fn named(links: &[Link]) -> String {
    let mut names: Vec<_> = links.iter().take(NAMED_MAX).map(Link::to_string).collect();
    if links.len() > NAMED_MAX {
        names.push(format!("and {} more", links.len() - NAMED_MAX));
    }
    format!("{}: {}", quantity(links.len() as u64, "link"), names.join(", "))
}

fn quantity(count: u64, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use tribunal_history::NodeId;

    use super::*;

    #[test]
    fn figures_read_as_sentences_and_decide_what_was_met() {
        let link = Link::between(NodeId(1), NodeId(2));
        let harmed = HarmCounters { seen: 9, lost: 1, ..HarmCounters::default() };
        let figures = LinkFigures { link, cut_packets: 3, cut_bytes: 180, harmed };
        let met = Met::default().with(&figures);
        assert!(met.is_any() && !(met - met).is_any());
        assert_eq!(
            during(&[link], met),
            "1 link: n1→n2; 3 packets met a cut (180 bytes), 9 packets came to harm's way, \
             1 packet lost"
        );
        assert_eq!(during(&[link], met - met), "1 link: n1→n2; nothing was sent meanwhile");
    }
}
