//! `run --swarm`: what nobody asked for is drawn from the seed.
//!
//! Runs that all have the same size, timeouts and faults find the same bugs again and again; runs
//! that each leave out most of what could be done find others (Groce et al., *Swarm Testing*,
//! ISSTA 2012).

use std::collections::BTreeMap;

use tribunal_history::{FaultFamily, Nanos, Random, Seed};
use tribunal_nemesis::{NEMESES, NemesisInfo, Reach};
use tribunal_systems::System;

use crate::clusters::SIM;

/// Settings and options of one run, as flags would say them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Drawn {
    settings: BTreeMap<&'static str, String>,
    options: BTreeMap<&'static str, String>,
    /// Whether faults overlap.
    pub overlap: bool,
    /// Length of a slot of the schedule, if it is not what the nemeses are made for.
    pub interval: Option<Nanos>,
}

impl Drawn {
    /// What the seed means for runs of this system in this cluster.
    ///
    /// Each thing has its own child of the seed: what a flag says moves nothing else.
    pub(crate) fn new(seed: Seed, system: &System, cluster: &str) -> Drawn {
        let seed = seed.child("swarm");
        let mut drawn = Drawn::default();
        let of = |name: &str| seed.child(name).random();
        let nodes = of("nodes").between(3, 7);
        let (min, max) = (u64::from(system.nodes.min), u64::from(system.nodes.max));
        drawn.settings.insert("nodes", nodes.clamp(min, max).to_string());
        drawn.settings.insert("concurrency", of("concurrency").between(2, 12).to_string());
        drawn.settings.insert("rate", pick(&mut of("rate"), &[25, 50, 100, 200, 500]));
        drawn.settings.insert("nemesis", nemesis(&mut of("nemesis"), system, max > 1));
        drawn.overlap = of("overlap").chance(1, 2);
        let millis = of("interval").pick(&[0, 500, 1_000, 2_000, 4_000]).copied();
        drawn.interval = millis.filter(|millis| *millis > 0).map(Nanos::from_millis);
        drawn.node_options(&of);
        if cluster == SIM {
            drawn.options.insert("transport", word(&mut of("transport"), &["stream", "datagram"]));
            let delays = ["local", "local", "jitter", "slow", "tail", "uneven"];
            drawn.options.insert("delay", word(&mut of("delay"), &delays));
            for name in ["loss-ppm", "duplicate-ppm"] {
                drawn.options.insert(name, pick(&mut of(name), &[0, 0, 1_000, 20_000]));
            }
        }
        drawn
    }

    /// Timeouts, batches, and thresholds so low that a short run crosses them.
    fn node_options(&mut self, of: &dyn Fn(&str) -> Random) {
        let heartbeat = of("heartbeat-ms").pick(&[20, 50, 100]).copied().unwrap_or(100);
        let times = of("election-ms").pick(&[3, 5, 8]).copied().unwrap_or(5);
        self.options.insert("heartbeat-ms", heartbeat.to_string());
        self.options.insert("election-ms", (heartbeat * times).to_string());
        let thresholds: [(&'static str, &[u64]); 5] = [
            ("batch-entries", &[1, 2, 8, 256]),
            ("compact-entries", &[10, 30, 100, 2_000]),
            ("chunk-bytes", &[64, 512, 65_536]),
            ("segment-bytes", &[256, 4_096, 65_536, 4 << 20]),
            ("sessions", &[16, 10_000, 10_000]),
        ];
        for (name, choices) in thresholds {
            self.options.insert(name, pick(&mut of(name), choices));
        }
    }

    /// A setting, if it is one that is drawn.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// The options, by name.
    pub(crate) fn options(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.options.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

/// A few of the families and templates that the system claims to survive; at least one.
fn nemesis(random: &mut Random, system: &System, has_links: bool) -> String {
    let claim = (system.claim)();
    let claimed = |family: FaultFamily| claim.rungs.iter().any(|it| it.faults.contains(&family));
    let of_links = |family| matches!(family, FaultFamily::Partition | FaultFamily::Packet);
    let mut names: Vec<&str> = NEMESES
        .iter()
        .filter(|nemesis| is_drawn(nemesis) && claimed(nemesis.family))
        .filter(|nemesis| has_links || !of_links(nemesis.family))
        .map(|nemesis| nemesis.name)
        .collect();
    random.shuffle(&mut names);
    let most = names.len().min(5) as u64;
    let count = if most == 0 { 0 } else { random.between(1, most) };
    names.truncate(count as usize);
    names.sort_unstable();
    if names.is_empty() { "none".to_owned() } else { names.join(",") }
}

/// Families and templates, and what only a simulator can do and no family has.
fn is_drawn(nemesis: &NemesisInfo) -> bool {
    let is_narrow = nemesis.name.contains(':');
    !is_narrow || nemesis.reach() == Reach::Simulated && nemesis.family != FaultFamily::Disk
}

fn pick(random: &mut Random, choices: &[u64]) -> String {
    random.pick(choices).map(u64::to_string).unwrap_or_default()
}

fn word(random: &mut Random, choices: &[&str]) -> String {
    random.pick(choices).copied().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tribunal_nemesis::Spec;

    use super::*;

    fn raft(seed: u64) -> Drawn {
        let raft = tribunal_systems::find("raft").unwrap();
        Drawn::new(Seed(seed), raft, SIM)
    }

    #[test]
    fn equal_seeds_draw_equal_runs_and_different_ones_differ() {
        assert_eq!(raft(7), raft(7));
        let nemeses: BTreeSet<_> =
            (0..200).filter_map(|seed| raft(seed).setting("nemesis").map(str::to_owned)).collect();
        assert!(nemeses.len() > 100, "{}", nemeses.len());
        let sizes: BTreeSet<_> =
            (0..200).filter_map(|seed| raft(seed).setting("nodes").map(str::to_owned)).collect();
        assert_eq!(sizes.len(), 5);
    }

    #[test]
    fn what_is_drawn_can_be_asked_for() {
        for seed in 0..200 {
            let drawn = raft(seed);
            let spec: Spec = drawn.setting("nemesis").unwrap().parse().unwrap();
            assert!(!spec.is_none());
            for (name, value) in drawn.options() {
                let known = tribunal_systems::NODE_OPTIONS.iter().find(|it| it.name == name);
                let number = value.parse::<u32>();
                assert!(
                    known.is_none_or(|it| (it.min..=it.max).contains(&number.unwrap())),
                    "{name}"
                );
            }
        }
        let single = tribunal_systems::find("single").unwrap();
        let drawn = Drawn::new(Seed(3), single, SIM);
        assert_eq!(drawn.setting("nodes"), Some("1"));
        let mut names = drawn.setting("nemesis").unwrap().split(',');
        assert!(names.all(|name| !name.starts_with("packet")));
    }
}
