//! What is in force in one network namespace.

use std::collections::{BTreeMap, BTreeSet};

use tribunal_history::{Link, PPM};

use super::breaks::{BREAKS_MAX, Breaks};
use super::cuts::{CUTS_MAX, Cuts, Rule};
use super::packets::{Harms, PEERS_MAX};
use crate::protocol::{Abilities, Cut, CutFate, LinkFigures, Path, Wanted, Way};

/// The network namespace of the thread that opens it, and what was done to it.
pub(super) struct Namespace {
    cuts: Result<Cuts, String>,
    harms: Result<Harms, String>,
    breaks: Result<Breaks, String>,
    wanted: Wanted,
    /// Links that were ever named.
    links: BTreeSet<Link>,
    /// Nothing comes into force any more.
    is_closed: bool,
}

impl Namespace {
    /// Tries what the kernel allows, and removes what an earlier agent left. Connections from the
    /// port `spared` are never harmed.
    pub(super) fn open(spared: u16) -> Namespace {
        Namespace {
            cuts: Cuts::open(),
            harms: Harms::open(spared),
            breaks: Breaks::open(),
            wanted: Wanted::default(),
            links: BTreeSet::new(),
            is_closed: false,
        }
    }

    /// Heals everything, for good: whatever is asked later is refused.
    ///
    /// # Errors
    /// What could not be healed.
    pub(super) fn close(&mut self) -> Result<(), String> {
        let healed = self.set(&Wanted::default(), &[]).map(drop);
        self.is_closed = true;
        healed
    }

    /// What can be done here.
    pub(super) fn abilities(&self) -> Abilities {
        Abilities {
            no_cuts: self.cuts.as_ref().err().cloned(),
            no_packets: self.harms.as_ref().err().cloned(),
            no_breaks: self.breaks.as_ref().err().cloned(),
        }
    }

    /// Brings exactly `wanted` into force, breaks connections, and returns how many.
    ///
    /// # Errors
    /// What could not be done. What was in force before is so again, or the text says that it is
    /// not; connections that were broken stay so.
    pub(super) fn set(&mut self, wanted: &Wanted, breaks: &[Path]) -> Result<u64, String> {
        if self.is_closed {
            return Err("this agent is ending".to_owned());
        }
        check(wanted, breaks)?;
        self.check_abilities(wanted, breaks)?;
        let before = self.wanted.clone();
        match self.apply(wanted, breaks) {
            Ok(broken) => {
                self.wanted = wanted.clone();
                self.links.extend(wanted.cuts.iter().map(|cut| cut.path.link));
                self.links.extend(wanted.packets.iter().map(|harm| harm.link));
                self.links.extend(breaks.iter().map(|path| path.link));
                Ok(broken)
            }
            Err(error) => Err(match self.apply(&before, &[]) {
                Ok(_) => error,
                Err(again) => format!("{error}; nor could what was before be restored: {again}"),
            }),
        }
    }

    /// What happened on every link that was ever named.
    ///
    /// # Errors
    /// If the kernel does not say.
    pub(super) fn figures(&mut self) -> Result<Vec<LinkFigures>, String> {
        let tallies = match &mut self.cuts {
            Ok(cuts) => cuts.tallies()?,
            Err(_) => BTreeMap::new(),
        };
        let harmed = match &mut self.harms {
            Ok(harms) => harms.counters()?,
            Err(_) => BTreeMap::new(),
        };
        let figures = |link: &Link| {
            let tally = tallies.get(link).copied().unwrap_or_default();
            let (cut_packets, cut_bytes) = (tally.packets, tally.bytes);
            let harmed = harmed.get(link).copied().unwrap_or_default();
            LinkFigures { link: *link, cut_packets, cut_bytes, harmed }
        };
        Ok(self.links.iter().map(figures).collect())
    }

    /// Cuts, harms, breaks. While connections are broken, cuts of their own packets that would
    /// swallow the resets let resets pass, and nothing else.
    fn apply(&mut self, wanted: &Wanted, breaks: &[Path]) -> Result<u64, String> {
        if let Ok(harms) = &mut self.harms {
            harms.set(&wanted.packets)?;
        }
        let rules = |sparing: &[Path]| -> Vec<Rule> {
            let rule = |cut: &Cut| Rule { cut: *cut, spares_resets: swallows(cut, sparing) };
            wanted.cuts.iter().map(rule).collect()
        };
        if let Ok(cuts) = &mut self.cuts {
            cuts.set(&rules(breaks))?;
        }
        let broken = match &mut self.breaks {
            Ok(breaker) => breaker.apply(breaks)?,
            Err(_) => 0,
        };
        if let Ok(cuts) = &mut self.cuts {
            cuts.set(&rules(&[]))?;
        }
        Ok(broken)
    }

    fn check_abilities(&self, wanted: &Wanted, breaks: &[Path]) -> Result<(), String> {
        let lacks = |what: &str, why: &String| Err(format!("no {what} here: {why}"));
        match (&self.cuts, &self.harms, &self.breaks) {
            (Err(why), _, _) if !wanted.cuts.is_empty() => lacks("cuts", why),
            (_, Err(why), _) if !wanted.packets.is_empty() => lacks("packet faults", why),
            (_, _, Err(why)) if !breaks.is_empty() => lacks("breaking of connections", why),
            _ => Ok(()),
        }
    }
}

/// Whether a cut would swallow the resets that breaking these paths sends.
fn swallows(cut: &Cut, breaks: &[Path]) -> bool {
    let ends = |path: &Path| (path.peer, path.port);
    cut.fate == CutFate::Drop
        && cut.path.way == Way::Out
        && breaks.iter().any(|path| ends(path) == ends(&cut.path))
}

/// Refuses what makes no sense or is too much.
fn check(wanted: &Wanted, breaks: &[Path]) -> Result<(), String> {
    let bounded = |what: &str, count: usize, most: usize| match count > most {
        true => Err(format!("{count} {what} are wanted; {most} at most")),
        false => Ok(()),
    };
    bounded("cuts", wanted.cuts.len(), CUTS_MAX)?;
    bounded("harmed links", wanted.packets.len(), PEERS_MAX)?;
    bounded("breaks", breaks.len(), BREAKS_MAX)?;
    let mut links = BTreeSet::new();
    if let Some(cut) = wanted.cuts.iter().find(|cut| !links.insert(cut.path.link)) {
        return Err(format!("the link {} is cut twice", cut.path.link));
    }
    let (mut links, mut peers) = (BTreeSet::new(), BTreeSet::new());
    for harm in &wanted.packets {
        if !links.insert(harm.link) {
            return Err(format!("the link {} is harmed twice", harm.link));
        }
        if !peers.insert(harm.peer) {
            return Err(format!("packets for {} are harmed twice", harm.peer));
        }
        let fault = harm.fault;
        if fault.loss_ppm.max(fault.duplicate_ppm).max(fault.reorder_ppm) > PPM {
            return Err(format!("a chance on {} is above {PPM} parts per million", harm.link));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tribunal_history::{NodeId, PacketFault};

    use super::*;
    use crate::protocol::Harm;

    fn path(peer: u8, way: Way) -> Path {
        let link = Link::between(NodeId(peer.into()), NodeId(1));
        Path { link, way, peer: Ipv4Addr::new(10, 0, 0, peer), port: 7001 }
    }

    fn harm(peer: u8, loss_ppm: u32) -> Harm {
        let fault = PacketFault { loss_ppm, ..PacketFault::default() };
        let Path { link, peer, .. } = path(peer, Way::Out);
        Harm { link, peer, fault, seed: 0 }
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        let cut = Cut { path: path(2, Way::In), fate: CutFate::Drop };
        let refused = |wanted: Wanted, breaks: &[Path], words: &str| {
            let error = check(&wanted, breaks).expect_err(words);
            assert!(error.contains(words), "{error}");
        };
        let cuts = |cuts: Vec<Cut>| Wanted { cuts, packets: Vec::new() };
        let packets = |packets: Vec<Harm>| Wanted { cuts: Vec::new(), packets };
        refused(cuts(vec![cut, cut]), &[], "cut twice");
        refused(cuts(vec![cut; CUTS_MAX + 1]), &[], "128 at most");
        refused(packets(vec![harm(2, 0), harm(2, 0)]), &[], "harmed twice");
        let twin = Harm { link: Link::requests(NodeId(3)), ..harm(2, 0) };
        refused(packets(vec![harm(2, 0), twin]), &[], "packets for 10.0.0.2");
        refused(packets(vec![harm(2, PPM + 1)]), &[], "parts per million");
        refused(packets((0..17).map(|peer| harm(peer, 0)).collect()), &[], "16 at most");
        refused(Wanted::default(), &[path(2, Way::In); BREAKS_MAX + 1], "128 at most");
        check(&packets(vec![harm(2, PPM)]), &[]).expect("all packets may be lost");
    }

    #[test]
    fn only_dropping_cuts_of_a_broken_path_spare_resets() {
        let cut = |peer, way, fate| Cut { path: path(peer, way), fate };
        // Both ways of a path are the same connections.
        let breaks = [path(2, Way::In)];
        assert!(swallows(&cut(2, Way::Out, CutFate::Drop), &breaks));
        assert!(!swallows(&cut(2, Way::In, CutFate::Drop), &breaks));
        assert!(!swallows(&cut(3, Way::Out, CutFate::Drop), &breaks));
        assert!(!swallows(&cut(2, Way::Out, CutFate::Reset), &breaks));
    }
}
