//! What is tried, in which order, to make a failure small.

use std::collections::BTreeSet;

use tribunal_history::{Nanos, Plan, PlannedFault, ScriptedOperation, Span};

use super::case::{groups, length, spans, until, window, written_down};
use super::ddmin::ddmin;
use super::step::{self, Step};
use super::{Shrinker, whole};

/// Rounds over everything that can be taken away, at most.
const ROUNDS_MAX: u32 = 12;
/// Events that may be simulated to try one candidate with other seeds.
const EVENTS: u64 = 400_000;
/// Seeds with which such a candidate is tried, at least and at most.
const SEEDS: (u64, u64) = (12, 300);
/// Of more faults than these a part is tried afresh.
const AFRESH_FAULTS: usize = 12;
/// Events that may be simulated to find the failure in a part.
const AFRESH_EVENTS: u64 = 100_000_000;
/// How long the parts are.
const PARTS: [Nanos; 3] = [Nanos::from_secs(2), Nanos::from_secs(4), Nanos::from_secs(8)];
/// How long the load goes on after the failure.
const AFTER: Nanos = Nanos::from_millis(10);

impl Shrinker {
    /// Takes away what can be, until nothing can or time is up.
    pub(super) fn shrink(&mut self) {
        self.cut();
        self.afresh();
        self.cut();
        self.calm();
        for round in 0..ROUNDS_MAX {
            let before = self.plan.clone();
            self.faults();
            self.operations_by(|operation| operation.operation.key.clone());
            self.operations_by(|operation| operation.process);
            self.each_operation();
            self.cut();
            if round > 0 || before == self.plan {
                self.by_chance();
            }
            self.calm();
            if round > 0 && before == self.plan || self.oracle.over().is_some() {
                break;
            }
        }
        self.bar.finish_and_clear();
    }

    /// Looks for the same failure in short parts of a long run, with other seeds, and faults meant
    /// as they were meant at first: at whoever leads then. Where it is found it is written down.
    fn afresh(&mut self) {
        let Some(failed) = self.oracle.failed_at else { return };
        if self.plan.schedule.faults.len() <= AFRESH_FAULTS {
            return;
        }
        let (base, spent) = (self.plan.clone(), self.oracle.spent);
        for number in 1.. {
            if self.oracle.is_half_over() || self.oracle.spent - spent > AFRESH_EVENTS {
                break;
            }
            let seed = base.seed.child_at("afresh", number);
            let lasts = PARTS[number as usize % PARTS.len()];
            let latest = failed.since(lasts);
            // Every other time the part that failed.
            let from =
                if number % 2 == 0 { latest } else { Nanos(seed.random().below(latest.0 + 1)) };
            let part = window(&Plan { seed, ..base.clone() }, &self.meant, from, lasts);
            let looked = self.oracle.look(&part);
            self.tell();
            if let Some(it) = looked
                && let Some(written) = written_down(&part, &it.record, &it.phases)
                && self.try_plan(written)
            {
                return;
            }
        }
        // What failed last was no part.
        self.oracle.failed_at = Some(failed);
    }

    /// Takes steps after which what is left to chance may have to be otherwise.
    fn by_chance(&mut self) {
        for steps in [
            step::fewer_faults,
            step::merged,
            step::fewer_operations,
            step::fewer_nodes,
            step::fewer_targets,
            step::calmer,
            step::fewer_options,
            step::plainer,
            step::shorter,
            step::gaps,
        ] {
            self.take(steps);
            self.cut();
        }
    }

    /// Takes all steps of a kind that can be taken.
    fn take(&mut self, steps: fn(&Plan) -> Vec<Step>) {
        let mut number = 0;
        // What was refused is not asked again in this round; what was taken leaves other steps.
        while let Some(step) = steps(&self.plan).get(number)
            && self.oracle.over().is_none()
        {
            if !self.try_with_other_seeds(&step.of(&self.plan)) {
                number += 1;
            }
        }
    }

    /// Takes the candidate if it fails in the same way, with its seed or with one of some others,
    /// which move what is left to chance: the more, the less happens in it.
    fn try_with_other_seeds(&mut self, plan: &Plan) -> bool {
        let first = plan.seed;
        let seeds = (EVENTS / self.oracle.events.max(1)).clamp(SEEDS.0, SEEDS.1);
        (0..seeds).any(|number| {
            let seed = if number == 0 { first } else { first.child_at("shrink", number) };
            self.oracle.over().is_none() && self.try_plan(Plan { seed, ..plan.clone() })
        })
    }

    /// Ends the load where it failed, or when the last operation can have ended.
    fn cut(&mut self) {
        let failed = self.oracle.failed_at.map(|at| at + AFTER);
        for end in failed.into_iter().chain([length(&self.plan)]) {
            if end < self.plan.time_limit && self.try_plan(until(&self.plan, end)) {
                return;
            }
        }
    }

    /// Lets messages, syncs and starts take their usual time, wherever they may.
    fn calm(&mut self) {
        let all = match self.weather() {
            Some([]) => return,
            Some(spans) => spans.to_vec(),
            None => spans(whole(&self.plan)),
        };
        let base = self.plan.clone();
        let with = |some: &[Span]| {
            let mut plan = base.clone();
            if let Some(script) = &mut plan.script {
                script.weather = Some(some.to_vec());
            }
            plan
        };
        ddmin(&all, |some| self.try_plan(with(some)));
    }

    fn faults(&mut self) {
        let base = self.plan.clone();
        let with = |some: &[PlannedFault]| {
            let mut plan = base.clone();
            plan.schedule.faults = some.to_vec();
            plan
        };
        // What fails is taken at once: when time is up, what was reached is kept.
        ddmin(&base.schedule.faults, |some| self.try_plan(with(some)));
    }

    /// Takes away all operations that have something in common at once.
    fn operations_by<K: Ord + Clone>(&mut self, key: impl Fn(&ScriptedOperation) -> K) {
        let base = self.plan.clone();
        let with = |some: &[K]| {
            let some: BTreeSet<&K> = some.iter().collect();
            let mut plan = base.clone();
            if let Some(script) = &mut plan.script {
                script.operations.retain(|operation| some.contains(&key(operation)));
            }
            plan
        };
        ddmin(&groups(&base, &key), |some| self.try_plan(with(some)));
    }

    fn each_operation(&mut self) {
        let base = self.plan.clone();
        let Some(script) = &base.script else { return };
        let with = |some: &[ScriptedOperation]| {
            let mut plan = base.clone();
            if let Some(script) = &mut plan.script {
                script.operations = some.to_vec();
            }
            plan
        };
        ddmin(&script.operations, |some| self.try_plan(with(some)));
    }
}
