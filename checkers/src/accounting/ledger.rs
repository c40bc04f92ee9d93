//! Key by key to one finding: what all accounting checkers have in common.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use tribunal_history::{Call, Cost, Finding, Misfit, Record, ValueId, Values, Verdict};

use super::case::{Case, show};
use super::doubt::Doubt;
use super::ruling::{Figures, Ruling};
use crate::Budget;
use crate::count::{grouped, plural};

/// Keys besides the first that get a line of their own in the details, at most.
const LINES_MAX: usize = 6;

/// Judges the calls of one key.
pub(crate) trait Account {
    /// The name findings carry.
    const NAME: &'static str;
    /// What is judged when there are no keys, as `the set`.
    const OBJECT: &'static str;
    /// Whether a key is an object of its own. If not, one case holds all calls.
    const PER_KEY: bool = true;

    /// What is claimed when nothing is found, as one sentence without full stop.
    fn claim(&self) -> &'static str;

    /// What there is to say of one key.
    fn judge(&self, case: Case<'_>) -> Result<Ruling, Doubt>;
}

/// Judges every key of a record, in order of the keys' values, and speaks of the first bad one.
/// O(n log n) beside what the account costs.
pub(crate) fn check<A: Account>(account: &A, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
    let history = &record.history;
    let mut calls = history.calls();
    let groups = if A::PER_KEY {
        by_key(&mut calls, history.values())
    } else {
        vec![(ValueId::NIL, calls.len())]
    };
    let operations = calls.len() as u64;
    let mut ledger = Ledger::new(history.values(), operations);
    let mut from = 0;
    for (key, to) in groups {
        let case = Case { history, calls: &calls[from..to], budget };
        let answer = if (budget.stop)() { Err(Doubt::Stopped) } else { account.judge(case) };
        let ruling = answer.unwrap_or_else(|doubt| {
            let unknown = Ruling::unknown(doubt.to_string(), Vec::new());
            Ruling { misfit: doubt.misfit(), ..unknown }
        });
        ledger.enter::<A>(key, ruling);
        from = to;
    }
    if ledger.keys == 0 {
        ledger.enter::<A>(ValueId::NIL, Ruling::unknown("the history is empty", Vec::new()));
        ledger.keys = 0;
    }
    ledger.cost.bytes += (calls.capacity() * size_of::<Call>()) as u64;
    vec![ledger.finding(account)]
}

/// Sorts the calls by key, in the order of the keys' values, and gives where each key's end.
fn by_key(calls: &mut [Call], values: &Values) -> Vec<(ValueId, usize)> {
    let mut counts: HashMap<ValueId, usize, FixedState> =
        HashMap::with_hasher(FixedState::with_seed(0x6c65_6467));
    let mut groups: Vec<(ValueId, usize)> = Vec::new();
    for call in calls.iter() {
        let group = *counts.entry(call.key).or_insert_with(|| {
            groups.push((call.key, 0));
            groups.len() - 1
        });
        groups[group].1 += 1;
    }
    if groups.len() > 1 {
        groups.sort_by_cached_key(|(key, _)| values.get(*key));
        for (rank, (key, _)) in groups.iter().enumerate() {
            counts.insert(*key, rank);
        }
        // Stable: calls of a key stay in order of invocation.
        calls.sort_by_key(|call| counts.get(&call.key).copied());
    }
    let mut end = 0;
    for group in &mut groups {
        end += group.1;
        group.1 = end;
    }
    groups
}

/// The sum of all rulings, and the first of the gravest.
struct Ledger<'a> {
    values: &'a Values,
    first: Option<(ValueId, Ruling)>,
    figures: Figures,
    /// A line for each of the first keys that are not valid.
    others: Vec<(Verdict, ValueId, String)>,
    keys: u64,
    unknown: u64,
    invalid: u64,
    misfit: Option<Misfit>,
    cost: Cost,
}

impl<'a> Ledger<'a> {
    const fn new(values: &'a Values, operations: u64) -> Ledger<'a> {
        Ledger {
            values,
            first: None,
            figures: Vec::new(),
            others: Vec::new(),
            keys: 0,
            unknown: 0,
            invalid: 0,
            misfit: None,
            cost: Cost { operations, keys: 0, states: 0, bytes: 0 },
        }
    }

    fn enter<A: Account>(&mut self, key: ValueId, ruling: Ruling) {
        self.keys += 1;
        self.cost.bytes = self.cost.bytes.max(ruling.bytes);
        self.misfit = self.misfit.take().or_else(|| ruling.misfit.clone());
        for (place, (name, count)) in ruling.figures.iter().enumerate() {
            match self.figures.get_mut(place) {
                Some(figure) => figure.1 = figure.1.saturating_add(*count),
                None => self.figures.push((name, *count)),
            }
        }
        match ruling.verdict {
            Verdict::Valid => {}
            Verdict::Unknown => self.unknown += 1,
            Verdict::Invalid => self.invalid += 1,
        }
        let of = |verdict| self.others.iter().filter(|(other, _, _)| *other == verdict).count();
        if ruling.verdict != Verdict::Valid && of(ruling.verdict) <= LINES_MAX {
            let line = match &ruling.charge {
                Some(charge) => charge.headline.clone(),
                None => ruling.reason.clone(),
            };
            self.others.push((ruling.verdict, key, line));
        }
        let graver = self.first.as_ref().is_none_or(|(_, first)| ruling.verdict > first.verdict);
        if graver {
            self.first = Some((key, ruling));
        }
    }

    fn finding<A: Account>(mut self, account: &A) -> Finding {
        self.cost.keys = self.keys;
        let (key, ruling) = self.first.take().expect("invariant: one ruling was entered");
        let summary = match &ruling.charge {
            Some(charge) => self.invalid_summary::<A>(key, &charge.headline),
            None if ruling.verdict == Verdict::Unknown => {
                self.unknown_summary::<A>(key, &ruling.reason)
            }
            None => self.valid_summary(account),
        };
        let mut details = Vec::new();
        if self.keys <= 1 || ruling.verdict != Verdict::Valid {
            details.extend(ruling.lines);
        }
        self.tell_others(key, &mut details);
        if !self.figures.is_empty() {
            let figures: Vec<String> = self
                .figures
                .iter()
                .map(|(name, count)| format!("{name}: {}", grouped(*count)))
                .collect();
            let all = if self.keys > 1 { "in all keys: " } else { "" };
            details.push(format!("{all}{}", figures.join(", ")));
        }
        let mut finding = Finding {
            checker: A::NAME.to_owned(),
            verdict: ruling.verdict,
            anomaly: String::new(),
            subject: String::new(),
            summary,
            details,
            at: None,
            misfit: self.misfit,
            witness: None,
            cost: self.cost,
        };
        if !key.is_nil() && ruling.verdict != Verdict::Valid {
            finding.subject = format!("key {}", show(self.values, key));
        }
        if let Some(charge) = ruling.charge {
            charge.anomaly.clone_into(&mut finding.anomaly);
            if key.is_nil() {
                finding.subject = charge.subject;
            }
            finding.at = charge.at;
            finding.witness = Some(charge.witness);
        }
        finding
    }

    fn name<A: Account>(&self, key: ValueId) -> String {
        if key.is_nil() { A::OBJECT.to_owned() } else { format!("key {}", show(self.values, key)) }
    }

    fn valid_summary<A: Account>(&self, account: &A) -> String {
        let operations = plural(self.cost.operations, "operation");
        let keys = match self.keys {
            1 => String::new(),
            more => format!("{}, ", plural(more, "key")),
        };
        format!("{}: no violation found in {keys}{operations}", account.claim())
    }

    fn invalid_summary<A: Account>(&self, key: ValueId, headline: &str) -> String {
        let name = self.name::<A>(key);
        if self.keys == 1 {
            return format!("{name} {headline}");
        }
        let verb = if self.invalid == 1 { "is" } else { "are" };
        let (bad, all) = (grouped(self.invalid), grouped(self.keys));
        format!("{bad} of {all} keys {verb} wrong: {name} {headline}")
    }

    fn unknown_summary<A: Account>(&self, key: ValueId, reason: &str) -> String {
        if self.keys <= 1 {
            return format!("{} could not be judged: {reason}", self.name::<A>(key));
        }
        let (open, all) = (grouped(self.unknown), plural(self.keys, "key"));
        format!("{open} of {all} could not be judged: {}: {reason}", self.name::<A>(key))
    }

    /// A line for each of the first bad or doubtful keys other than `first`.
    fn tell_others(&self, first: ValueId, details: &mut Vec<String>) {
        for (verdict, count) in [(Verdict::Invalid, self.invalid), (Verdict::Unknown, self.unknown)]
        {
            let mut told = 0;
            let of = self.others.iter().filter(|(of, key, _)| *of == verdict && *key != first);
            for (_, key, line) in of.take(LINES_MAX) {
                details.push(format!("key {}: {line}", show(self.values, *key)));
                told += 1;
            }
            let here = self.others.iter().any(|(of, key, _)| *of == verdict && *key == first);
            let more = count.saturating_sub(told + u64::from(here));
            if more > 0 {
                details.push(format!("{verdict} as well: {}", plural(more, "more key")));
            }
        }
    }
}
