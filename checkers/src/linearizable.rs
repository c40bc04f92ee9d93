//! The checker `linearizable`: every key behaves like one atomic copy.

mod verdicts;

use std::collections::HashMap;

use foldhash::fast::FixedState;
use rayon::prelude::*;
use tribunal_history::{Call, Clock, Completion, Finding, Record, ValueId, Values, Verdict};

use crate::certificate::{Confirmation, confirm_within};
use crate::decide::{Decision, Doubt, Ground, Ruling, decide_apart, decide_with};
use crate::interval::{Interval, NEVER, moment};
use crate::models::cell::Cell;
use crate::online::keys::Keys;
use crate::weaker::ladder::strongest;
use crate::witness::evidence::Evidence;
use crate::witness::shrink::{Core, shrink};
use crate::{Budget, Checker, Engine, Malformed, Monitor, Notation};
use verdicts::{Judgement, KeyVerdict, Verdicts};

/// The name of the checker.
pub(crate) const LINEARIZABLE: &str = "linearizable";

/// Shares into which the bytes of a budget are cut: no more keys are judged at a time.
const SHARES_MAX: usize = 8;

/// Largest core of an algorithm that is shown as it is.
const CHOSEN_MAX: usize = 8;

/// Operations of a bad key up to which the promises it still keeps are looked for.
const LADDER_MAX: usize = 200_000;

/// States each of these may take.
const LADDER_STATES: u64 = 200_000;

/// Judges whether every key behaves like one atomic copy (Herlihy and Wing 1990).
///
/// Keys are judged independently, all of them, by as many threads as there are processors; the one
/// finding speaks of the first bad key in the order of [`tribunal_history::Value`] and carries its
/// counterexample. A *valid* rests on an order that was replayed by other code; an *invalid* on a
/// few operations of which every order was tried.
///
/// Cost: near-linear where an algorithm of the model's portfolio applies; exponential in the number
/// of operations open at once in the worst case, and then bounded by the budget. See
/// `docs/checkers/linearizability.md`.
#[derive(Clone, Copy, Debug)]
pub struct Linearizable<N = Cell> {
    model: N,
    /// The engine that judges instead of the portfolio, for comparison.
    engine: Option<Engine>,
}

impl Linearizable<Cell> {
    /// Keys are registers: read, write, cas.
    pub const fn register() -> Linearizable<Cell> {
        Linearizable::new(Cell::register())
    }

    /// Keys are those of a map: get, put, delete, append, cas; read and write as well.
    pub const fn kv() -> Linearizable<Cell> {
        Linearizable::new(Cell::kv())
    }
}

impl<N: Notation> Linearizable<N> {
    /// Keys are objects of this model.
    pub const fn new(model: N) -> Linearizable<N> {
        Linearizable { model, engine: None }
    }

    /// The same judged by one engine alone, without the model's algorithms: for comparison.
    pub const fn judged_by(mut self, engine: Engine) -> Linearizable<N> {
        self.engine = Some(engine);
        self
    }
}

/// Does it in a pool of no more threads than there are shares: each thread judges a key, and may
/// hold a share.
fn in_few_threads<T: Send>(act: impl FnOnce() -> T + Send) -> T {
    if rayon::current_num_threads() <= SHARES_MAX {
        return act();
    }
    match rayon::ThreadPoolBuilder::new().num_threads(SHARES_MAX).build() {
        Ok(pool) => pool.install(act),
        // Without threads of its own it takes those there are.
        Err(_) => act(),
    }
}

impl<N: Notation> Checker for Linearizable<N> {
    fn name(&self) -> &'static str {
        LINEARIZABLE
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        let calls = record.history.calls();
        let keys = by_key(&calls, record.history.values());
        let bytes = budget.bytes / keys.len().clamp(1, SHARES_MAX) as u64;
        let budget = &Budget { bytes, ..*budget };
        let values = record.history.values();
        let (model, engine, clock) = (&self.model, self.engine, record.history.clock());
        let judge = Judge { model, engine, calls: &calls, values, clock, budget };
        let judged = in_few_threads(|| judge.keys(keys));
        let verdicts = Verdicts::new(&self.model, &calls, values, budget, judged);
        let mut finding = verdicts.finding(self.name());
        // Where a certificate failed the program is at fault, and nothing it says is relied on.
        if !finding.is_defect()
            && let Some(bad) = verdicts.first(Verdict::Invalid)
        {
            judge.explain(bad, &verdicts, &mut finding);
        }
        vec![finding]
    }

    fn monitor(&self) -> Option<Box<dyn Monitor>> {
        Some(Box::new(Keys::new(self.model.clone())))
    }
}

struct Judge<'a, N> {
    model: &'a N,
    engine: Option<Engine>,
    calls: &'a [Call],
    values: &'a Values,
    clock: Clock,
    budget: &'a Budget<'a>,
}

impl<N: Notation> Judge<'_, N> {
    /// Judges every key, the largest first; the result does not depend on the threads.
    fn keys(&self, keys: Vec<(ValueId, Vec<usize>)>) -> Vec<KeyVerdict<N>> {
        let mut numbered: Vec<_> = keys.into_iter().enumerate().collect();
        numbered.sort_by_key(|(number, (_, members))| (std::cmp::Reverse(members.len()), *number));
        let mut judged: Vec<_> = numbered
            .into_par_iter()
            .with_max_len(1)
            .map(|(number, (key, members))| (number, self.key(key, members)))
            .collect();
        judged.sort_by_key(|(number, _)| *number);
        judged.into_iter().map(|(_, verdict)| verdict).collect()
    }

    fn key(&self, key: ValueId, members: Vec<usize>) -> KeyVerdict<N> {
        let mut verdict = KeyVerdict::new(key, members);
        let operations = match self.decode(&verdict.members) {
            Ok(operations) => operations,
            Err(malformed) => {
                verdict.judgement = Judgement::Malformed(malformed);
                return verdict;
            }
        };
        let Decision { ruling, decided_by, obstacles, applied, cost } = match self.engine {
            None => decide_apart(self.model, &operations, self.budget),
            Some(engine) => decide_with(self.model, &operations, self.budget, engine),
        };
        verdict.judgement = match ruling {
            Ruling::Legal(_) => Judgement::Valid,
            Ruling::Impossible(ground) => Judgement::Impossible(ground),
            Ruling::Unknown(Doubt::Certificate(by)) => Judgement::Defect(by),
            Ruling::Unknown(Doubt::Exhausted(what, wall)) => {
                let reached = wall.and_then(|wall| self.calls[operations[wall].call].completed_at);
                let reached = reached.map(|at| self.clock.instant(at));
                Judgement::Exhausted(what, reached)
            }
        };
        verdict.cost = cost;
        verdict.decided_by = decided_by;
        verdict.obstacles = obstacles
            .into_iter()
            .map(|(name, obstacle)| {
                let example = obstacle.example.map(|position| operations[position].call);
                (name, obstacle.why, example)
            })
            .collect();
        verdict.applied = applied;
        verdict
    }

    /// The operations of one key as intervals; **N1**: what ended `fail` did not happen.
    fn decode(&self, members: &[usize]) -> Result<Vec<Interval<N>>, Malformed> {
        let mut intervals = Vec::with_capacity(members.len());
        for index in members {
            let call = &self.calls[*index];
            if call.completion == Completion::Fail {
                continue;
            }
            let (input, output) = self.model.decode(call, self.values)?;
            let end = if output.is_some() { moment(call.completed) } else { NEVER };
            let begin = moment(call.invoked);
            intervals.push(Interval { input, output, begin, end, call: *index });
        }
        Ok(intervals)
    }

    /// Puts the counterexample of a bad key into the finding.
    fn explain(&self, bad: &KeyVerdict<N>, verdicts: &Verdicts<'_, N>, finding: &mut Finding) {
        let Ok(all) = self.decode(&bad.members) else { return };
        let core = match &bad.judgement {
            // What an algorithm found it chose to be read.
            Judgement::Impossible(Ground::Core(core)) if core.len() <= CHOSEN_MAX => {
                Core { operations: core.clone(), minimal: true, states: 0 }
            }
            Judgement::Impossible(Ground::Core(core)) => {
                shrink(self.model, core.clone(), NEVER, self.budget)
            }
            Judgement::Impossible(Ground::Until(until)) => {
                shrink(self.model, all.clone(), *until, self.budget)
            }
            Judgement::Impossible(Ground::Part(part, until)) => {
                let part = part.iter().map(|position| all[*position].clone()).collect();
                shrink(self.model, part, *until, self.budget)
            }
            _ => return,
        };
        let confirmation = confirm_within(self.model, &core.operations, self.budget);
        if confirmation == Confirmation::Refuted {
            *finding = verdicts.defect(bad, "the search");
            return;
        }
        let kind = self.model.classify(&core.operations, &all);
        let evidence = Evidence {
            model: self.model,
            calls: self.calls,
            values: self.values,
            clock: self.clock,
            core: &core.operations,
            kind: &*kind,
            shrunk_from: bad.members.len() as u64,
        };
        let (witness, impossible) = evidence.witness(self.budget);
        finding.at = impossible.and_then(|position| evidence.call(position).completed_at);
        finding.witness = Some(witness);
        finding.anomaly = kind.class().to_owned();
        finding.summary = verdicts.invalid_summary(bad, kind.headline());
        finding.cost.states += core.states;
        finding.details.splice(0..0, limits(&core, confirmation));
        finding.details.extend(self.ladder(bad, verdicts));
    }

    /// The strongest promise that a bad key still keeps, where it is one of reads and writes.
    fn ladder(&self, bad: &KeyVerdict<N>, verdicts: &Verdicts<'_, N>) -> Option<String> {
        if bad.members.len() > LADDER_MAX {
            return None;
        }
        let calls: Vec<Call> = bad.members.iter().map(|index| self.calls[*index]).collect();
        let budget = Budget { states: LADDER_STATES, ..*self.budget };
        let ladder = strongest(&calls, self.values, &budget, Some(Verdict::Invalid)).ok()?;
        Some(format!("{}: {}", verdicts.name(bad), ladder.words()))
    }
}

/// What the counterexample lacks.
fn limits<N: Notation>(core: &Core<N>, confirmation: Confirmation) -> Vec<String> {
    let small = "the counterexample may not be the smallest: the budget for shrinking ended";
    let unconfirmed = format!(
        "the counterexample of {} operations is too large for every order of it to be tried; it \
         rests on the search alone",
        core.operations.len()
    );
    let mut lines = Vec::new();
    lines.extend((!core.minimal).then(|| small.to_owned()));
    lines.extend((confirmation == Confirmation::TooLarge).then_some(unconfirmed));
    lines
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
