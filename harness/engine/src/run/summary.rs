//! What a run says of itself: counts, gates, health.

use std::collections::{BTreeMap, BTreeSet};

use tribunal_history::{
    Check, ExitRecord, FaultFamily, Function, Injection, Nanos, NodeId, Outcome, PhaseSpan,
};

use super::Run;
use super::faults::FaultEntry;

/// Notes kept at most; more are counted and dropped.
pub(super) const NOTES_MAX: u64 = 200_000;

/// Characters of a reason that stands beside a figure.
const REASON_CHARS_MAX: usize = 200;

const LONGER: &str = "raise --time-limit";
const LONGER_OR_MORE: &str = "raise --time-limit or --rate";
const MORE_OR_LONGER: &str = "raise --rate or --time-limit";
/// Remedies that cannot help where the load is written down.
const OF_LOAD: [&str; 3] = [LONGER, LONGER_OR_MORE, MORE_OR_LONGER];

/// Running totals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Operations that ended `ok`.
    pub ok: u64,
    /// Operations that ended `fail`.
    pub fail: u64,
    /// Operations that ended `info`.
    pub info: u64,
    /// Answers to operations nobody waited for any more.
    pub late: u64,
    /// Notes heard.
    pub notes: u64,
    /// Notes lost on the way.
    pub notes_dropped: u64,
    /// How late operations were invoked, by power of two of microseconds.
    lags: [u64; 32],
}

impl Counts {
    pub(super) fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Ok(_) => self.ok += 1,
            Outcome::Fail(_) => self.fail += 1,
            Outcome::Info(_) => self.info += 1,
        }
    }

    pub(super) fn lag(&mut self, lag: Nanos) {
        let micros = lag.0 / 1_000;
        let bin = (64 - micros.leading_zeros() as usize).min(self.lags.len() - 1);
        self.lags[bin] += 1;
    }

    /// An upper bound, at most twice too high, of the 99th percentile of how late operations were
    /// invoked.
    pub fn lag_p99(&self) -> Nanos {
        let total: u64 = self.lags.iter().sum();
        let mut seen = 0;
        for (bin, count) in self.lags.iter().enumerate() {
            seen += count;
            if seen * 100 >= total * 99 && total > 0 {
                return Nanos::from_micros(1 << bin);
            }
        }
        Nanos::ZERO
    }
}

/// What must have happened for a run to mean something.
pub(super) struct GateBook {
    required: Vec<Function>,
    succeeded: BTreeMap<Function, u64>,
    nodes: u16,
}

impl GateBook {
    pub(super) const fn new(required: Vec<Function>, nodes: u16) -> GateBook {
        GateBook { required, succeeded: BTreeMap::new(), nodes }
    }

    pub(super) fn succeeded(&mut self, function: Function) {
        *self.succeeded.entry(function).or_default() += 1;
    }
}

/// What is known of a run when it is over, beside its record.
#[derive(Clone, Debug)]
pub struct RunSummary {
    /// Phases, in order.
    pub phases: Vec<PhaseSpan>,
    /// Was the test meaningful?
    pub gates: Vec<Check>,
    /// Can the harness be trusted? What the run itself knows of it.
    pub health: Vec<Check>,
    /// How nodes' processes ended.
    pub exits: Vec<ExitRecord>,
    /// Totals.
    pub counts: Counts,
    /// Families of which at least one fault was certainly in force.
    pub effective: Vec<FaultFamily>,
    /// Nodes that did not answer an operation with `ok` between the last heal and the limit of
    /// recovery. Empty also where nobody asked: something was still in force, or the run was
    /// written down, and has no recovery.
    pub unserved: Vec<NodeId>,
    /// Whether somebody interrupted it.
    pub interrupted: bool,
    /// What broke in the harness, if anything did.
    pub harness_error: Option<String>,
}

impl Run {
    /// What this run says of itself. Meant for after its end; before it, what is known so far.
    pub fn summary(&self) -> RunSummary {
        let entries = self.faults.entries();
        let families: BTreeSet<_> = entries.iter().map(family).collect();
        let mut gates = vec![self.functions_gate()];
        for family in FaultFamily::ALL.iter().filter(|family| families.contains(family)) {
            gates.extend(family_gates(*family, entries));
        }
        if self.threads.is_scripted() {
            let of_load = gates.iter_mut().filter(|it| OF_LOAD.contains(&it.remedy.as_str()));
            of_load.for_each(|gate| gate.remedy.clear());
        }
        gates.extend(healing_gate(entries));
        if !self.threads.is_scripted() {
            gates.push(self.recovery_gate());
            gates.push(self.final_reads_gate());
        }
        let effective = FaultFamily::ALL.iter().copied().filter(|wanted| {
            entries.iter().any(|entry| family(entry) == *wanted && entry.record.is_effective())
        });
        RunSummary {
            phases: self.phases.spans.clone(),
            gates,
            health: self.health(),
            exits: self.exits.clone(),
            counts: self.counts.clone(),
            effective: effective.collect(),
            unserved: self.unserved(),
            interrupted: self.interrupted,
            harness_error: self.harness_error.clone(),
        }
    }

    fn functions_gate(&self) -> Check {
        let count = |function: &Function| self.gates.succeeded.get(function).copied().unwrap_or(0);
        let figures: Vec<_> = self
            .gates
            .required
            .iter()
            .map(|function| format!("{function} {}", count(function)))
            .collect();
        Check {
            name: "ok of every kind".into(),
            passed: Some(self.gates.required.iter().all(|function| count(function) > 0)),
            figure: figures.join(", "),
            remedy: LONGER_OR_MORE.into(),
            shared: true,
        }
    }

    /// Nodes that answered nothing since the last heal.
    fn silent(&self) -> impl Iterator<Item = NodeId> {
        let recovered = &self.phases.recovered;
        NodeId::all(self.gates.nodes).filter(|node| !recovered.contains_key(node))
    }

    fn unserved(&self) -> Vec<NodeId> {
        let is_healed =
            healing_gate(self.faults.entries()).is_none_or(|it| it.passed == Some(true));
        let was_waited_for = is_healed
            && self.phases.healed_at.is_some()
            && !self.interrupted
            && self.harness_error.is_none()
            && !self.threads.is_scripted();
        if was_waited_for { self.silent().collect() } else { Vec::new() }
    }

    fn recovery_gate(&self) -> Check {
        let recovered = &self.phases.recovered;
        let missing: Vec<_> = self.silent().map(|node| node.to_string()).collect();
        let healed = self.phases.healed_at;
        let slowest = recovered.values().max().zip(healed).map(|(last, healed)| *last - healed);
        let figure = match (missing.is_empty(), slowest) {
            (true, Some(slowest)) => format!("{slowest}"),
            _ if healed.is_none() => "never healed".into(),
            _ => format!("not {}", missing.join(", ")),
        };
        Check {
            name: "every node ok after the last heal".into(),
            passed: Some(missing.is_empty() && healed.is_some()),
            figure,
            remedy: "raise --recovery-limit".into(),
            shared: false,
        }
    }

    fn final_reads_gate(&self) -> Check {
        let left = self.phases.unread.len() + self.phases.reading.len();
        let read = self.phases.keys_read;
        Check {
            name: "final read of every key".into(),
            passed: Some(left == 0 && self.phases.healed_at.is_some()),
            figure: format!("{read} / {}", read + left as u64),
            remedy: "raise --recovery-limit".into(),
            shared: false,
        }
    }

    fn health(&self) -> Vec<Check> {
        let counts = &self.counts;
        let lag = counts.lag_p99();
        let lag_limit = Nanos::from_millis(100);
        vec![
            shown("generator lag p99", Some(lag <= lag_limit), format!("≤ {lag}")),
            shown("late replies", None, counts.late.to_string()),
            shown("notes dropped", None, {
                (counts.notes_dropped + counts.notes.saturating_sub(NOTES_MAX)).to_string()
            }),
        ]
    }
}

fn shown(name: &str, passed: Option<bool>, figure: String) -> Check {
    Check { name: name.into(), passed, figure, remedy: String::new(), shared: false }
}

fn family(entry: &FaultEntry) -> FaultFamily {
    entry.record.planned.family
}

/// That whatever was in force, or may have been, is so no more: recovery and final reads say
/// nothing of a cluster that is still disturbed.
fn healing_gate(entries: &[FaultEntry]) -> Option<Check> {
    let begun: Vec<_> = entries.iter().filter(|entry| entry.record.installed.is_some()).collect();
    let is_healed = |entry: &&&FaultEntry| match &entry.record.healing {
        // What the cluster no longer knows is not in force.
        Some(Injection::Installed(_) | Injection::Skipped(_)) => true,
        Some(Injection::Indeterminate(_)) | None => false,
    };
    let healed = begun.iter().filter(is_healed).count();
    let figure = format!("{healed} / {}", begun.len());
    (!begun.is_empty()).then(|| Check {
        name: "every fault healed".into(),
        passed: Some(healed == begun.len()),
        figure,
        remedy: "see the healing of each fault in the report".into(),
        shared: false,
    })
}

/// The first line of a reason, cut where it is long: a node's last lines may follow it.
fn brief(reason: &str) -> String {
    let line = reason.lines().next().unwrap_or_default();
    match line.char_indices().nth(REASON_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// What is asked of one family: that it was in force, and that operations met it.
fn family_gates(wanted: FaultFamily, entries: &[FaultEntry]) -> Vec<Check> {
    let mine: Vec<_> = entries.iter().filter(|entry| family(entry) == wanted).collect();
    let mut installed: Vec<_> = mine.iter().filter(|entry| entry.record.is_installed()).collect();
    let skipped = mine.iter().filter_map(|entry| match &entry.record.injection {
        Some(Injection::Skipped(reason)) => Some(reason.as_str()),
        _ => None,
    });
    let effective = installed.iter().filter(|entry| entry.record.is_effective()).count();
    let mut figure = format!("{} / {}", installed.len(), mine.len());
    if effective < installed.len() {
        figure.push_str(&format!(", {} met nothing", installed.len() - effective));
    }
    let mut unsure = mine.iter().filter_map(|entry| match &entry.record.injection {
        Some(Injection::Indeterminate(reason)) => Some(reason.as_str()),
        _ => None,
    });
    let unsure = unsure.next().filter(|_| installed.is_empty());
    if installed.is_empty()
        && let Some(reason) = unsure.or(skipped.into_iter().next())
    {
        figure.push_str(&format!(" ({})", brief(reason)));
    }
    // One whose time came and that was passed over all the same: more time would not help.
    let refused = mine.iter().any(|entry| {
        entry.record.begun.is_some()
            && matches!(entry.record.injection, Some(Injection::Skipped(_)))
    });
    let remedy = if installed.is_empty() && mine.iter().any(|entry| entry.unsupported) {
        format!("choose another --cluster, or leave {wanted} out of --nemesis")
    } else if unsure.is_some() {
        "see faults.jsonl: the cluster did not do what it was asked in time; see `tribunal doctor`"
            .into()
    } else if refused {
        format!("raise --nodes, or leave {wanted} out of --nemesis")
    } else {
        LONGER.into()
    };
    let gate = Check {
        name: format!("{wanted} faults installed"),
        passed: Some(effective > 0),
        figure,
        remedy,
        shared: true,
    };
    installed.retain(|entry| entry.record.is_effective());
    if installed.is_empty() {
        return vec![gate];
    }
    // Operations under a fault that met nothing met nothing either.
    let invoked: u64 = installed.iter().map(|entry| entry.invoked).sum();
    let ok: u64 = installed.iter().map(|entry| entry.ok).sum();
    // An ok is asked for where a majority was left, and counts only there.
    let mut survivable = installed.iter().filter(|entry| entry.record.survivable).peekable();
    let answered = survivable.peek().is_none() || survivable.any(|entry| entry.ok > 0);
    let met = Check {
        name: format!("operations under {wanted}"),
        passed: Some(invoked > 0 && answered),
        figure: format!("{invoked} invoked, {ok} ok"),
        remedy: MORE_OR_LONGER.into(),
        shared: true,
    };
    vec![gate, met]
}
