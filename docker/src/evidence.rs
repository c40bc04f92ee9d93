//! Words for what was done to links, and what came of it.

use std::ops::{Add, Sub};

use tribunal_cluster::{LinkCounters, named_links, quantity};
use tribunal_history::{FaultKind, Link, LinkFault};

use crate::protocol::{HarmCounters, LinkFigures};

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

    /// What of it is the doing of a fault of this kind: others may be in force on the same links.
    fn of(self, kind: FaultKind) -> Vec<(u64, &'static str, String)> {
        let HarmCounters { lost, duplicated, reordered, delayed, overflowed, .. } = self.harmed;
        let counters = self.counters;
        let cut = (self.cut_packets, "packet", format!("met a cut ({} bytes)", self.cut_bytes));
        let reset = (counters.resets, "connection", "reset".into());
        let refused = (counters.refused, "connection", "refused".into());
        match kind {
            FaultKind::Link(LinkFault::Hold { .. }) => vec![cut],
            FaultKind::Link(LinkFault::Reset) => vec![cut, reset, refused],
            FaultKind::Link(LinkFault::Refuse) => vec![cut, refused],
            FaultKind::Link(LinkFault::LoseReply) => {
                vec![(counters.replies_lost, "reply", "swallowed".into())]
            }
            FaultKind::Link(LinkFault::Packet(_)) => vec![
                (lost, "packet", "lost".into()),
                (duplicated, "packet", "doubled".into()),
                (reordered, "packet", "sent ahead of others".into()),
                (delayed, "packet", "delayed".into()),
                (overflowed, "packet", "lost because too many waited".into()),
                (counters.delayed, "chunk", "delayed by the proxy".into()),
            ],
            _ => Vec::new(),
        }
    }

    /// Whether a fault of this kind met anything.
    pub(crate) fn is_any(self, kind: FaultKind) -> bool {
        self.of(kind).iter().any(|(count, _, _)| *count > 0)
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

/// `1 link: n1→n2; packets dropped by nftables from now on`.
pub(crate) fn at_install(links: &[Link], kind: FaultKind) -> String {
    let how = match kind {
        FaultKind::Link(LinkFault::Hold { .. }) => "packets dropped by nftables from now on",
        FaultKind::Link(LinkFault::Reset) => "connections reset from now on",
        FaultKind::Link(LinkFault::Refuse) => "new connections refused from now on",
        FaultKind::Link(LinkFault::LoseReply) => "replies swallowed by the proxy from now on",
        _ => "packets harmed on their way out from now on",
    };
    format!("{}; {how}", named_links(links))
}

/// What became of what was sent while a fault was in force; what did not occur is left out.
pub(crate) fn during(links: &[Link], kind: FaultKind, met: Met) -> String {
    let mut parts: Vec<String> = met
        .of(kind)
        .iter()
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, noun, how)| format!("{} {how}", quantity(*count, noun)))
        .collect();
    if parts.is_empty() {
        parts.push("nothing was sent meanwhile".into());
        if met.harmed.seen > 0 && matches!(kind, FaultKind::Link(LinkFault::Packet(_))) {
            parts = vec!["no packet was harmed".into()];
        }
    }
    if matches!(kind, FaultKind::Link(LinkFault::Packet(_))) && met.harmed.seen > 0 {
        parts.push(format!("of {} on their way", quantity(met.harmed.seen, "packet")));
    }
    if met.broken > 0 {
        parts.push(format!("{} broken at the heal", quantity(met.broken, "connection")));
    }
    format!("{}; {}", named_links(links), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use tribunal_history::{LinkHeal, NodeId, PacketFault};

    use super::*;

    const HOLD: FaultKind = FaultKind::Link(LinkFault::Hold { at_heal: LinkHeal::Deliver });
    const PACKET: FaultKind = FaultKind::Link(LinkFault::Packet(PacketFault::CLEAR));

    #[test]
    fn a_fault_is_told_by_its_own_figures_whatever_else_is_in_force() {
        let link = Link::between(NodeId(1), NodeId(2));
        let harmed = HarmCounters { seen: 9, lost: 1, ..HarmCounters::default() };
        let figures = LinkFigures { link, cut_packets: 3, cut_bytes: 180, harmed };
        let met = Met::default().with(&figures);
        assert!(met.is_any(HOLD) && met.is_any(PACKET) && !(met - met).is_any(HOLD));
        let text = during(&[link], HOLD, met);
        assert_eq!(text, "1 link: n1→n2; 3 packets met a cut (180 bytes)");
        let text = during(&[link], PACKET, met);
        assert_eq!(text, "1 link: n1→n2; 1 packet lost, of 9 packets on their way");
        let text = during(&[link], HOLD, met - met);
        assert_eq!(text, "1 link: n1→n2; nothing was sent meanwhile");

        let only_cut = Met { harmed: HarmCounters::default(), ..met };
        assert!(only_cut.is_any(HOLD) && !only_cut.is_any(PACKET));
        let lose_reply = FaultKind::Link(LinkFault::LoseReply);
        assert!(!met.is_any(lose_reply) && !met.is_any(FaultKind::Kill));
        let seen = Met { harmed: HarmCounters { seen: 4, ..HarmCounters::default() }, ..only_cut };
        let text = during(&[link], PACKET, seen);
        assert_eq!(text, "1 link: n1→n2; no packet was harmed, of 4 packets on their way");
    }
}
