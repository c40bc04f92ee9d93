//! Changes of a history of which it is known what they do to its verdict.

use tribunal_history::{ErrorClass, Function, Outcome, Random, Verdict};

use crate::objects::Object;
use crate::plan::{Call, Plan, Step};

/// Makes another history of one; `None` if it has nothing to change.
type Make = fn(&Object, &mut Random, &Plan) -> Option<Plan>;

/// A change, and what it does to the legal orders.
#[derive(Clone, Copy)]
pub(crate) enum Change {
    /// There is one if and only if there was one.
    Same(Make),
    /// There is one if there was one.
    Looser(Make),
    /// There is none if there was none.
    Stricter(Make),
}

impl Change {
    pub(crate) fn of(self, object: &Object, random: &mut Random, plan: &Plan) -> Option<Plan> {
        let (Change::Same(make) | Change::Looser(make) | Change::Stricter(make)) = self;
        make(object, random, plan)
    }

    /// Whether these may be the verdicts before and after it.
    pub(crate) fn allows(self, before: Verdict, after: Verdict) -> bool {
        match self {
            Change::Same(_) => before == after,
            Change::Looser(_) => before != Verdict::Valid || after == Verdict::Valid,
            Change::Stricter(_) => before != Verdict::Invalid || after == Verdict::Invalid,
        }
    }
}

/// One of the calls that are as wanted.
fn pick(random: &mut Random, plan: &Plan, wanted: impl Fn(&Call) -> bool) -> Option<usize> {
    let mut calls = plan.present();
    calls.retain(|call| wanted(&plan.calls[*call]));
    random.pick(&calls).copied()
}

/// Where a step is.
fn place(plan: &Plan, call: usize, ends: bool) -> usize {
    let wanted = Step { call, ends };
    plan.steps.iter().position(|step| *step == wanted).expect("it is there")
}

/// Values under other names. Where the model does more with them than to compare them, the change
/// respects it: amounts grow in proportion, priorities and tokens keep their order.
pub(crate) fn other_values(object: &Object, _: &mut Random, plan: &Plan) -> Option<Plan> {
    let mut plan = plan.clone();
    for call in &mut plan.calls {
        call.argument = (object.rename)(call.function, false, &call.argument);
        if let Outcome::Ok(answer) = &mut call.outcome {
            *answer = (object.rename)(call.function, true, answer);
        }
    }
    Some(plan)
}

/// Processes under other names, in another order.
pub(crate) fn other_processes(_: &Object, random: &mut Random, plan: &Plan) -> Option<Plan> {
    let mut plan = plan.clone();
    let mut names: Vec<u32> = (0..plan.nobody() * 3).collect();
    random.shuffle(&mut names);
    for call in &mut plan.calls {
        call.process = names[call.process as usize];
    }
    Some(plan)
}

/// The same a day later, and slower.
pub(crate) fn other_times(_: &Object, random: &mut Random, plan: &Plan) -> Option<Plan> {
    let clock = (86_400_000_000_000, random.below(10_000_000_000));
    Some(Plan { clock, ..plan.clone() })
}

/// Exchanges steps that follow each other, of different processes, where `may` says so.
fn exchanged(
    random: &mut Random,
    plan: &Plan,
    may: impl Fn(&Plan, Step, Step) -> bool,
) -> Option<Plan> {
    let (mut plan, mut done) = (plan.clone(), false);
    for _ in 0..4 * plan.steps.len() {
        let at = random.below((plan.steps.len().max(2) - 1) as u64) as usize;
        let (Some(one), Some(other)) = (plan.steps.get(at), plan.steps.get(at + 1)) else { break };
        let process = |step: &Step| plan.calls[step.call].process;
        if process(one) != process(other) && may(&plan, *one, *other) {
            plan.steps.swap(at, at + 1);
            done = true;
        }
    }
    done.then_some(plan)
}

fn is_ok(plan: &Plan, step: Step) -> bool {
    plan.calls[step.call].is_ok()
}

/// Beginnings among themselves, ends among themselves, and whatever is of an end that says nothing:
/// no operation comes to precede another, and none ceases to.
pub(crate) fn swapped(_: &Object, random: &mut Random, plan: &Plan) -> Option<Plan> {
    let says_nothing = |plan: &Plan, step: Step| step.ends && !is_ok(plan, step);
    exchanged(random, plan, |plan, one, other| {
        one.ends == other.ends || says_nothing(plan, one) || says_nothing(plan, other)
    })
}

/// Ends later, begins earlier.
pub(crate) fn wider(_: &Object, random: &mut Random, plan: &Plan) -> Option<Plan> {
    exchanged(random, plan, |_, one, other| one.ends && !other.ends)
}

/// Ends earlier, begins later.
pub(crate) fn narrower(_: &Object, random: &mut Random, plan: &Plan) -> Option<Plan> {
    exchanged(random, plan, |_, one, other| !one.ends && other.ends)
}

/// What failed did not happen: one is left out, and another comes.
pub(crate) fn failures(object: &Object, random: &mut Random, plan: &Plan) -> Option<Plan> {
    let failed = pick(random, plan, |call| matches!(call.outcome, Outcome::Fail(_)));
    let plan = failed.map_or_else(|| plan.clone(), |call| plan.without(call));
    Some(invented(object, random, &plan, Outcome::Fail(ErrorClass::NoLeader)))
}

/// One more operation of a process of its own.
fn invented(object: &Object, random: &mut Random, plan: &Plan, outcome: Outcome) -> Plan {
    let number = random.below(40) as i64;
    let (function, argument) = (object.ask)(random, &[], number);
    let call = Call { process: plan.nobody(), key: 0, function, argument, outcome };
    let begin = random.below(plan.steps.len() as u64 + 1) as usize;
    let end = random.between(begin as u64, plan.steps.len() as u64) as usize;
    plan.with(call, begin, end)
}

const fn only_looks(function: Function) -> bool {
    use Function::{Contains, Get, Peek, Poll, Read};
    matches!(function, Read | Get | Peek | Contains | Poll)
}

/// A read that ended is done once more while it lasts, by somebody else.
pub(crate) fn read_again(_: &Object, random: &mut Random, plan: &Plan) -> Option<Plan> {
    let read = pick(random, plan, |call| call.is_ok() && only_looks(call.function))?;
    let (begin, end) = (place(plan, read, false), place(plan, read, true));
    let call = Call { process: plan.nobody(), ..plan.calls[read].clone() };
    Some(plan.with(call, begin, end + 1))
}

/// Nobody knows any more what came of the last operation of some process.
pub(crate) fn crashed(_: &Object, random: &mut Random, plan: &Plan) -> Option<Plan> {
    let is_last = |call: usize| {
        let process = plan.calls[call].process;
        let begin = place(plan, call, false);
        plan.steps[begin + 1..]
            .iter()
            .all(|step| step.ends || plan.calls[step.call].process != process)
    };
    let mut calls = plan.present();
    calls.retain(|call| plan.calls[*call].is_ok() && is_last(*call));
    let call = *random.pick(&calls)?;
    let mut plan = plan.clone();
    plan.calls[call].outcome = Outcome::Info(ErrorClass::Timeout);
    Some(plan)
}

/// An operation that may never have happened.
pub(crate) fn one_crash_more(object: &Object, random: &mut Random, plan: &Plan) -> Option<Plan> {
    Some(invented(object, random, plan, Outcome::Info(ErrorClass::Timeout)))
}

/// Without an operation that may never have happened.
pub(crate) fn one_crash_less(_: &Object, random: &mut Random, plan: &Plan) -> Option<Plan> {
    pick(random, plan, Call::is_crashed).map(|call| plan.without(call))
}

/// Without an operation that changes nothing.
pub(crate) fn without_a_read(_: &Object, random: &mut Random, plan: &Plan) -> Option<Plan> {
    let read = pick(random, plan, |call| only_looks(call.function))?;
    Some(plan.without(read))
}

/// What happened up to a moment; what was under way then has no end.
pub(crate) fn cut(_: &Object, random: &mut Random, plan: &Plan) -> Option<Plan> {
    let mut plan = plan.clone();
    plan.steps.truncate(random.below(plan.steps.len() as u64) as usize);
    Some(plan)
}
