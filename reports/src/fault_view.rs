//! One fault as every output tells it.

use tribunal_history::{At, FaultFamily, FaultRecord, Injection, Nanos, Phase, Record, Trial};

use crate::sides;
use crate::text::{clean, interval, seconds};

/// How long a fault that heals nothing is taken to act.
const INSTANT_WINDOW: Nanos = Nanos::from_secs(1);

/// What came of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Installed,
    Skipped,
    Indeterminate,
    NotReached,
}

impl Fate {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Fate::Installed => "installed",
            Fate::Skipped => "skipped",
            Fate::Indeterminate => "indeterminate",
            Fate::NotReached => "not reached",
        }
    }

    pub(crate) const fn mark(self) -> &'static str {
        match self {
            Fate::Installed => "✓",
            Fate::Skipped => "–",
            Fate::Indeterminate => "?",
            Fate::NotReached => "·",
        }
    }
}

/// A fault, its times absolute and its words ready.
pub(crate) struct FaultView<'a> {
    pub(crate) record: &'a FaultRecord,
    /// As `partition #2`.
    pub(crate) name: String,
    pub(crate) family: FaultFamily,
    pub(crate) what: String,
    pub(crate) fate: Fate,
    /// When it was meant to begin, in the run's time, if that was fixed.
    pub(crate) planned_from: Option<Nanos>,
    /// When it was meant to act, in words.
    pub(crate) planned: String,
    /// When it came into force, or when installing it began.
    pub(crate) began: Option<Nanos>,
    /// When it was healed; `None` while it lasts or if it never began.
    pub(crate) ended: Option<Nanos>,
    /// When it acted, in words.
    pub(crate) actual: String,
    pub(crate) intended: String,
    pub(crate) resolved: String,
    /// Evidence or reason, of installing and of healing.
    pub(crate) evidence: String,
    pub(crate) observation: String,
    pub(crate) recovery: String,
}

impl FaultView<'_> {
    /// Whether it was, or may have been, in force at `time`.
    pub(crate) fn acts_at(&self, time: Nanos) -> bool {
        matches!(self.fate, Fate::Installed | Fate::Indeterminate)
            && self.began.is_some_and(|began| began <= time)
            && self.ended.is_none_or(|ended| time <= ended)
    }
}

/// Every fault of the run, in the record's order.
pub(crate) fn fault_views<'a>(trial: &Trial, record: &'a Record) -> Vec<FaultView<'a>> {
    let load = trial.phases.iter().find(|span| span.phase == Phase::Load);
    let load = load.map_or(Nanos::ZERO, |span| span.began);
    record.faults.iter().map(|fault| view(fault, load, trial.plan.nodes)).collect()
}

fn view(record: &FaultRecord, load: Nanos, nodes: u16) -> FaultView<'_> {
    let planned = &record.planned;
    let planned_from = match planned.at {
        At::Time(after) => Some(load + after),
        At::After { .. } | At::Mark { .. } => None,
    };
    let began = record.installed.or(record.begun);
    let ended = match (record.healed, planned.lasts, began) {
        (Some(healed), _, _) => Some(healed),
        (None, None, Some(began)) => Some(began + INSTANT_WINDOW),
        (None, _, _) => None,
    };
    FaultView {
        record,
        name: format!("{} #{}", planned.family, planned.id),
        family: planned.family,
        what: planned.kind.describe(),
        fate: fate(record),
        planned_from,
        planned: planned_words(record, planned_from),
        began,
        ended,
        actual: actual_words(record, began),
        intended: clean(&planned.targets.to_string(), 80),
        resolved: record.resolved.as_ref().map_or("–".into(), |it| sides::describe(it, nodes)),
        evidence: evidence(record),
        observation: record.observed.as_ref().map_or("–".into(), ToString::to_string),
        recovery: recovery(record),
    }
}

fn fate(record: &FaultRecord) -> Fate {
    match &record.injection {
        Some(Injection::Installed(_)) => Fate::Installed,
        Some(Injection::Skipped(_)) => Fate::Skipped,
        Some(Injection::Indeterminate(_)) => Fate::Indeterminate,
        None => Fate::NotReached,
    }
}

fn planned_words(record: &FaultRecord, from: Option<Nanos>) -> String {
    let lasting = record.planned.lasts.map_or("at once".into(), |lasts| format!("for {lasts}"));
    match (record.planned.at, from) {
        (_, Some(from)) => match record.planned.lasts {
            Some(lasts) => interval(from, Some(from + lasts)),
            None => seconds(from),
        },
        (At::After { fault, delay }, None) => format!("{delay} after #{fault}, {lasting}"),
        (At::Mark { mark }, None) => format!("when {mark}, {lasting}"),
        (At::Time(after), None) => format!("{after} into the load, {lasting}"),
    }
}

fn actual_words(record: &FaultRecord, began: Option<Nanos>) -> String {
    match (began, record.healed, record.planned.lasts) {
        (None, _, _) => "–".into(),
        _ if matches!(record.injection, Some(Injection::Skipped(_))) => "–".into(),
        (Some(began), None, None) => seconds(began),
        (Some(began), None, Some(_)) => format!("{} – never healed", seconds(began)),
        (Some(began), healed, _) => interval(began, healed),
    }
}

fn evidence(record: &FaultRecord) -> String {
    let mut parts = Vec::new();
    if let Some(injection) = &record.injection {
        parts.push(clean(injection.text(), 200));
    }
    match &record.healing {
        Some(Injection::Installed(text)) => parts.push(format!("healed: {}", clean(text, 200))),
        Some(other) => parts.push(format!("heal {}: {}", other.word(), clean(other.text(), 200))),
        None => {}
    }
    for reading in record.readings.iter().take(9) {
        let (before, after) = (millis(reading.before_ns), millis(reading.after_ns));
        parts.push(format!("{} clock {before} → {after}", reading.node));
    }
    if record.effective == Some(false) {
        parts.push("ineffective: it met nothing".into());
    }
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

fn millis(nanos: i64) -> String {
    format!("{:+.1} ms", nanos as f64 / 1e6)
}

fn recovery(record: &FaultRecord) -> String {
    match (record.healed, record.first_ok) {
        (Some(healed), Some(ok)) => format!("{} to first ok", ok.since(healed)),
        (Some(_), None) => "no ok after heal".into(),
        (None, _) => "–".into(),
    }
}
