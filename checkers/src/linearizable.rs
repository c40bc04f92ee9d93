//! The checker `linearizable`: every key behaves like one atomic copy.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use tribunal_history::{Call, Completion, Cost, Finding, Record, ValueId, Values, Verdict};

use crate::anomaly::{classify, first_from_nowhere};
use crate::cell::Cell;
use crate::evidence::Evidence;
use crate::interval::{Interval, NEVER, moment};
use crate::normal::normalise;
use crate::search::{Answer, is_legal, search};
use crate::shrink::{Core, shrink};
use crate::verdicts::{Doubt, Judgement, KeyVerdict, Verdicts};
use crate::{Budget, Checker, Malformed, Model};

/// Judges whether every key behaves like one atomic copy (Herlihy and Wing 1990).
///
/// Keys are judged one by one, all of them; the one finding speaks of the first bad key in the
/// order of [`tribunal_history::Value`] and carries its counterexample. A *valid* rests on an
/// order that was checked again by other code; an *invalid* on a few operations that were judged
//again alone. /
/// Cost: near-linear when values are unique; exponential in the number of operations open at once
/// in the worst case, and then bounded by the budget. See `docs/checkers/linearizability.md`.
#[derive(Clone, Copy, Debug)]
pub struct Linearizable {
    cell: Cell,
}

impl Linearizable {
    /// Keys are registers: read, write, cas.
    pub const fn register() -> Linearizable {
        Linearizable { cell: Cell::register() }
    }

    /// Keys are those of a map: get, put, delete, append, cas; read and write as well.
    pub const fn kv() -> Linearizable {
        Linearizable { cell: Cell::kv() }
    }
}

impl Checker for Linearizable {
    fn name(&self) -> &'static str {
        "linearizable"
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        let calls = record.history.calls();
        let judge =
            Judge { cell: self.cell, calls: &calls, values: record.history.values(), budget };
        let mut verdicts = Verdicts::new(judge.values, budget);
        for (key, members) in by_key(&calls, judge.values) {
            verdicts.push(judge.key(key, members));
        }
        let mut finding = verdicts.finding(self.name());
        if let Some(bad) = verdicts.first(Verdict::Invalid) {
            judge.explain(bad, &verdicts, &mut finding);
        }
        vec![finding]
    }
}

struct Judge<'a> {
    cell: Cell,
    calls: &'a [Call],
    values: &'a Values,
    budget: &'a Budget<'a>,
}

impl Judge<'_> {
    fn key(&self, key: ValueId, members: Vec<usize>) -> KeyVerdict {
        let mut verdict = KeyVerdict::new(key, members);
        let raw = match self.decode(&verdict.members) {
            Ok(raw) => raw,
            Err(malformed) => {
                verdict.judgement = Judgement::Unknown(Doubt::Malformed(malformed));
                return verdict;
            }
        };
        if let Some(reader) = first_from_nowhere(&raw) {
            verdict.judgement = Judgement::FromNowhere(reader);
            return verdict;
        }
        let mut operations = raw;
        verdict.applied = normalise(&mut operations);
        let outcome = search(&self.cell, &operations, self.budget);
        verdict.cost = Cost { states: outcome.states, bytes: outcome.bytes, ..Cost::default() };
        verdict.judgement = match outcome.answer {
            Answer::Legal(order) if is_legal(&self.cell, &operations, &order) => Judgement::Valid,
            Answer::Legal(_) => Judgement::Unknown(Doubt::Certificate),
            Answer::Impossible(stuck) => {
                Judgement::Impossible(stuck.wall.map_or(NEVER, |wall| operations[wall].end))
            }
            Answer::Exhausted(what, stuck) => {
                let reached = stuck.wall.and_then(|w| self.calls[operations[w].call].completed_at);
                Judgement::Unknown(Doubt::Exhausted(what, reached))
            }
        };
        verdict
    }

    /// The operations of one key as intervals; **N1**: what ended `fail` did not happen.
    fn decode(&self, members: &[usize]) -> Result<Vec<Interval<Cell>>, Malformed> {
        let mut intervals = Vec::with_capacity(members.len());
        for index in members {
            let call = &self.calls[*index];
            if call.completion == Completion::Fail {
                continue;
            }
            let (input, output) = self.cell.decode(call, self.values)?;
            let end = if output.is_some() { moment(call.completed) } else { NEVER };
            let begin = moment(call.invoked);
            intervals.push(Interval { input, output, begin, end, call: *index });
        }
        Ok(intervals)
    }

    /// Puts the counterexample of a bad key into the finding.
    fn explain(&self, bad: &KeyVerdict, verdicts: &Verdicts<'_>, finding: &mut Finding) {
        let Ok(all) = self.decode(&bad.members) else { return };
        let core = match bad.judgement {
            Judgement::FromNowhere(reader) => from_nowhere(&all, reader),
            Judgement::Impossible(until) => shrink(&self.cell, all.clone(), until, self.budget),
            Judgement::Valid | Judgement::Unknown(_) => return,
        };
        let anomaly = classify(&core.operations, &all);
        let evidence = Evidence {
            cell: &self.cell,
            calls: self.calls,
            values: self.values,
            core: &core.operations,
            anomaly: &anomaly,
            shrunk_from: bad.members.len() as u64,
        };
        let (witness, impossible) = evidence.witness(self.budget);
        finding.at = impossible.and_then(|position| evidence.call(position).completed_at);
        finding.witness = Some(witness);
        finding.anomaly = anomaly.class().to_owned();
        finding.summary = verdicts.invalid_summary(bad, anomaly.headline());
        finding.cost.states += core.states;
        if !core.minimal {
            finding.details.insert(
                0,
                "the counterexample may not be the smallest: the budget for shrinking ended"
                    .to_owned(),
            );
        }
    }
}

/// The core of a key where `reader` saw a value from nowhere: the reader, and the first operation
/// that writes the value too late. Sound: whatever else happened, nothing can have written it.
fn from_nowhere(all: &[Interval<Cell>], reader: usize) -> Core {
    let seen = all[reader].observes();
    let late =
        all.iter().filter(|operation| operation.value_written() == seen).min_by_key(|o| o.begin);
    let operations = std::iter::once(&all[reader]).chain(late).cloned().collect();
    Core { operations, minimal: true, states: 0 }
}

/// The calls of each key, keys in order of their values.
fn by_key(calls: &[Call], values: &Values) -> Vec<(ValueId, Vec<usize>)> {
    let mut keys: HashMap<ValueId, usize, FixedState> =
        HashMap::with_hasher(FixedState::with_seed(0x6b65_7973));
    let mut groups: Vec<(ValueId, Vec<usize>)> = Vec::new();
    for (index, call) in calls.iter().enumerate() {
        let group = *keys.entry(call.key).or_insert_with(|| {
            groups.push((call.key, Vec::new()));
            groups.len() - 1
        });
        groups[group].1.push(index);
    }
    groups.sort_by_cached_key(|(key, _)| values.get(*key));
    groups
}
