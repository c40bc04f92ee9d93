//! What is known of each key, and the one finding about all of them.

use std::collections::BTreeMap;

use tribunal_history::{Call, Cost, Finding, Misfit, ValueId, Values, Verdict};

use super::LINEARIZABLE;
use crate::count::{grouped, plural};
use crate::decide::{Ground, SEARCH};
use crate::engine::Exhausted;
use crate::normal::Applied;
use crate::{Budget, Datum, Malformed, Notation};

/// Keys that get a line of their own in the details, at most, of each kind.
const LINES_MAX: usize = 6;

/// What is known of a key.
pub(super) enum Judgement<N: Notation> {
    /// There is a legal order, checked twice.
    Valid,
    /// No order is legal.
    Impossible(Ground<N>),
    /// An operation is none of the model's.
    Malformed(Malformed),
    /// The budget ended; up to this instant the key is linearizable.
    Exhausted(Exhausted, Option<String>),
    /// This algorithm's answer does not hold when checked again: a defect of this program.
    Defect(&'static str),
}

/// One key with its operations and what became of them.
pub(super) struct KeyVerdict<N: Notation> {
    pub key: ValueId,
    /// Positions of its calls.
    pub members: Vec<usize>,
    pub judgement: Judgement<N>,
    /// The algorithm that decided; empty if none did.
    pub decided_by: &'static str,
    /// Algorithms that did not apply: their names, why, and a call that shows it.
    pub obstacles: Vec<(&'static str, String, Option<usize>)>,
    pub applied: Applied,
    pub cost: Cost,
}

impl<N: Notation> KeyVerdict<N> {
    /// Nothing is known yet, and nothing speaks against the key.
    pub(super) fn new(key: ValueId, members: Vec<usize>) -> KeyVerdict<N> {
        KeyVerdict {
            key,
            members,
            judgement: Judgement::Valid,
            decided_by: "",
            obstacles: Vec::new(),
            applied: Applied::default(),
            cost: Cost::default(),
        }
    }

    const fn verdict(&self) -> Verdict {
        match self.judgement {
            Judgement::Valid => Verdict::Valid,
            Judgement::Impossible(_) => Verdict::Invalid,
            _ => Verdict::Unknown,
        }
    }

    /// The operation that is none of the model's, if that is why there is no verdict.
    fn misfit(&self) -> Option<Misfit> {
        match &self.judgement {
            Judgement::Malformed(malformed) => Some(malformed.misfit()),
            _ => None,
        }
    }
}

/// All keys of a history, in order.
pub(super) struct Verdicts<'a, N: Notation> {
    model: &'a N,
    calls: &'a [Call],
    values: &'a Values,
    budget: &'a Budget<'a>,
    keys: Vec<KeyVerdict<N>>,
}

impl<'a, N: Notation> Verdicts<'a, N> {
    /// These, in order of their keys.
    pub(super) const fn new(
        model: &'a N,
        calls: &'a [Call],
        values: &'a Values,
        budget: &'a Budget<'a>,
        keys: Vec<KeyVerdict<N>>,
    ) -> Verdicts<'a, N> {
        Verdicts { model, calls, values, budget, keys }
    }

    /// The first key of this verdict.
    pub(super) fn first(&self, verdict: Verdict) -> Option<&KeyVerdict<N>> {
        self.keys.iter().find(|key| key.verdict() == verdict)
    }

    /// The finding about all keys, without the counterexample. A defect is never a verdict,
    /// whatever the other keys are.
    pub(super) fn finding(&self, checker: &str) -> Finding {
        let defect = self.keys.iter().find_map(|key| match key.judgement {
            Judgement::Defect(by) => Some((key, by)),
            _ => None,
        });
        match defect {
            Some((key, by)) => self.defect(key, by),
            None => self.judged(checker),
        }
    }

    fn judged(&self, checker: &str) -> Finding {
        let verdict = self.keys.iter().map(KeyVerdict::verdict).collect();
        let first = self.first(verdict).filter(|_| verdict != Verdict::Valid);
        Finding {
            checker: checker.to_owned(),
            verdict,
            anomaly: String::new(),
            subject: first.map(|key| self.name(key)).unwrap_or_default(),
            summary: match first {
                None => self.valid_summary(),
                Some(key) if verdict == Verdict::Unknown => self.unknown_summary(key),
                Some(key) => self.invalid_summary(key, "has no legal order"),
            },
            details: self.details(),
            at: None,
            misfit: self.keys.iter().find_map(KeyVerdict::misfit),
            witness: None,
            cost: self.cost(),
        }
    }

    /// The sentence of an *invalid* whose first bad key did what `headline` says.
    pub(super) fn invalid_summary(&self, bad: &KeyVerdict<N>, headline: &str) -> String {
        let name = self.name(bad);
        let count = self.count(Verdict::Invalid);
        if self.keys.len() == 1 {
            return format!("{name} is not linearizable: it {headline}");
        }
        let verb = if count == 1 { "is" } else { "are" };
        let total = grouped(self.keys.len() as u64);
        format!("{} of {total} keys {verb} not linearizable: {name} {headline}", grouped(count))
    }

    fn valid_summary(&self) -> String {
        let Cost { operations, keys, .. } = self.cost();
        format!(
            "no violation found in {}, {}",
            plural(keys, "key"),
            plural(operations, "operation")
        )
    }

    /// The finding where an answer about `key` did not hold when checked again: it says so, and
    /// which other keys were judged bad.
    pub(super) fn defect(&self, key: &KeyVerdict<N>, by: &str) -> Finding {
        let mut judged = self.judged(LINEARIZABLE);
        let is_other = |one: &&KeyVerdict<N>| one.key != key.key;
        let is_bad = |one: &&KeyVerdict<N>| one.verdict() == Verdict::Invalid;
        let bad = self.keys.iter().filter(is_other).filter(is_bad);
        let bad: Vec<_> = bad.map(|key| (key, "judged not linearizable".to_owned())).collect();
        let mut summary = format!("{}: {}", self.name(key), defect(by));
        if let Some((first, _)) = bad.first() {
            let count = plural(bad.len() as u64, "other key");
            let name = self.name(first);
            summary += &format!("; {count} judged not linearizable, the first {name}");
        }
        let mut details = Vec::new();
        self.list(bad, &mut details);
        judged.details.splice(0..0, details);
        Finding {
            verdict: Verdict::Unknown,
            anomaly: Finding::DEFECT.to_owned(),
            subject: self.name(key),
            summary,
            ..judged
        }
    }

    fn unknown_summary(&self, key: &KeyVerdict<N>) -> String {
        let count = grouped(self.count(Verdict::Unknown));
        let total = plural(self.keys.len() as u64, "key");
        let doubt = self.doubt(key).unwrap_or_default();
        format!("{count} of {total} could not be judged: {}: {doubt}", self.name(key))
    }

    /// Why a key could not be judged.
    fn doubt(&self, key: &KeyVerdict<N>) -> Option<String> {
        let Budget { states, bytes, .. } = self.budget;
        match &key.judgement {
            Judgement::Valid | Judgement::Impossible(_) => None,
            Judgement::Malformed(malformed) => Some(malformed.to_string()),
            Judgement::Defect(by) => Some(defect(by)),
            Judgement::Exhausted(what, reached) => {
                let what = match what {
                    Exhausted::States => format!("{} were not enough", plural(*states, "state")),
                    Exhausted::Bytes => format!("{} were not enough", plural(*bytes, "byte")),
                    Exhausted::Stopped => "the search was stopped".to_owned(),
                };
                let Some(instant) = reached else { return Some(what) };
                Some(format!("{what}; what ended before {instant} has a legal order"))
            }
        }
    }

    fn details(&self) -> Vec<String> {
        let mut details = Vec::new();
        let each = |of: &dyn Fn(&KeyVerdict<N>) -> Option<String>| {
            self.keys.iter().filter_map(|key| Some((key, of(key)?))).collect()
        };
        self.list(each(&|key| self.doubt(key)), &mut details);
        details.extend(self.decided_by());
        self.list(each(&|key| self.obstacle(key)), &mut details);
        self.list(each(&|key| self.kept(key)), &mut details);
        details.extend(self.normal_form());
        details
    }

    /// How many keys each algorithm decided.
    fn decided_by(&self) -> Option<String> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for key in self.keys.iter().filter(|key| !key.decided_by.is_empty()) {
            *counts.entry(key.decided_by).or_insert(0) += 1;
        }
        let parts: Vec<String> = counts
            .iter()
            .map(|(name, count)| format!("{name} ({})", plural(*count, "key")))
            .collect();
        (!parts.is_empty()).then(|| format!("decided by: {}", parts.join(", ")))
    }

    /// Why the first faster algorithm did not apply to a key.
    fn obstacle(&self, key: &KeyVerdict<N>) -> Option<String> {
        let (name, why, example) = key.obstacles.first()?;
        let example = example
            .map(|call| format!(" ({})", self.model.describe_op(&self.calls[call], self.values)))
            .unwrap_or_default();
        Some(format!("{name} did not apply: {why}{example}"))
    }

    /// A line for each of the first keys, and how many more there are.
    fn list(&self, lines: Vec<(&KeyVerdict<N>, String)>, details: &mut Vec<String>) {
        for (key, line) in lines.iter().take(LINES_MAX) {
            details.push(format!("{}: {line}", self.name(key)));
        }
        if let Some(more) = lines.len().checked_sub(LINES_MAX).filter(|more| *more > 0) {
            details.push(format!("and so on for {}", plural(more as u64, "more key")));
        }
    }

    /// Why crashed operations of a key had to be kept by the search.
    fn kept(&self, KeyVerdict { applied, decided_by, .. }: &KeyVerdict<N>) -> Option<String> {
        if *decided_by != SEARCH {
            return None;
        }
        let kept = match applied.kept {
            0 => return None,
            1 => "1 crashed operation stays as it is".to_owned(),
            more => format!("{} crashed operations stay as they are", grouped(more as u64)),
        };
        Some(match &applied.why_kept {
            Some((why, call)) => {
                let shown = self.model.describe_op(&self.calls[*call], self.values);
                format!("{kept}: {why} ({shown})")
            }
            None => kept,
        })
    }

    /// What became of the crashed operations of all keys.
    fn normal_form(&self) -> Option<String> {
        let sum = |of: fn(&Applied) -> usize| -> u64 {
            self.keys.iter().map(|key| of(&key.applied) as u64).sum()
        };
        let parts = [
            (sum(|applied| applied.pure), "would have changed nothing"),
            (sum(|applied| applied.unobserved), "had no effect that anybody saw"),
            (sum(|applied| applied.bounded), "did happen, because somebody saw it"),
            (sum(|applied| applied.kept), "may have happened at any time or never"),
        ];
        let total: u64 = parts.iter().map(|(count, _)| count).sum();
        let parts: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{} {what}", grouped(*count)))
            .collect();
        (total > 0)
            .then(|| format!("of {}: {}", plural(total, "crashed operation"), parts.join(", ")))
    }

    fn cost(&self) -> Cost {
        let mut cost = Cost { keys: self.keys.len() as u64, ..Cost::default() };
        for key in &self.keys {
            cost.operations += key.members.len() as u64;
            cost.states += key.cost.states;
            cost.bytes = cost.bytes.max(key.cost.bytes);
        }
        cost
    }

    fn count(&self, verdict: Verdict) -> u64 {
        self.keys.iter().filter(|key| key.verdict() == verdict).count() as u64
    }

    pub(super) fn name(&self, key: &KeyVerdict<N>) -> String {
        if key.key.is_nil() {
            return "the object".to_owned();
        }
        format!("key {}", Datum::of(key.key, self.values).show(self.values))
    }
}

fn defect(by: &str) -> String {
    format!("what {by} found does not hold when checked again; this is a defect of the checker")
}
