//! What locks have in common: who holds them from when to when, and which of these holds bear on a
//! contradiction.

use std::collections::{BTreeMap, BTreeSet};

use tribunal_history::{Call, Function};

use super::words::{Class, last_end};
use crate::certificate::is_plain_reduction;
use crate::{Interval, Model, Reductions, WhyNot};

/// What a client asks of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockInput {
    /// Be held by this client.
    Acquire(u32),
    /// Be held by this client no more, or once less.
    Release(u32),
}

/// What a lock answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockOutput {
    /// Done.
    Done,
    /// Not done: somebody holds the lock; of a release, the client does not.
    Refused,
}

impl LockInput {
    /// The client.
    pub const fn holder(&self) -> u32 {
        match self {
            LockInput::Acquire(holder) | LockInput::Release(holder) => *holder,
        }
    }

    /// Whether it takes the lock.
    pub const fn is_acquire(&self) -> bool {
        matches!(self, LockInput::Acquire(_))
    }

    /// What a call asks for, by its process; `None` if it is none of a lock's.
    pub(super) const fn of(call: &Call) -> Option<LockInput> {
        match call.function {
            Function::Acquire => Some(LockInput::Acquire(call.process.0)),
            Function::Release => Some(LockInput::Release(call.process.0)),
            _ => None,
        }
    }
}

/// Why a lock refuses.
impl WhyNot {
    /// Somebody else holds it.
    pub(super) const TAKEN: WhyNot = WhyNot("cannot take it");
    /// It holds it as often as it may.
    pub(super) const OWN: WhyNot = WhyNot("cannot take it again");
    /// It does not hold it.
    pub(super) const NOT_HOLDER: WhyNot = WhyNot("cannot give back what it does not hold");
    /// It says that it was refused, and had no reason to be.
    pub(super) const REFUSED: WhyNot = WhyNot("was refused without reason");
    /// The token is not greater than those before.
    pub(super) const TOKEN: WhyNot = WhyNot("was given a token that is not greater");
}

/// A lock that belongs to its holder.
pub(crate) trait Lock: Model<Input = LockInput> {
    /// How often it may be held at once.
    fn limit(&self) -> u32;

    /// Whether the answer is a refusal.
    fn is_refused(output: Option<&Self::Output>) -> bool;
}

/// Whether `core`, if it has no legal order, shows that `all` has none: the rule that knows no
/// model, or *it consists of holds*. O(n log n).
///
/// It consists of holds, if for every client in it, of what that client asked before the core's
/// last end and was not refused: no two overlap, none comes after one of unknown end, and each
/// *hold* (from when the client takes the free lock to when the lock is free again) is not in the
/// core, or with its first acquire and with the release that ends it, if there is one; and of those
/// between, at no time more acquires than releases too many, nor so few that the lock would be
/// free. The core holds no refused acquire.
///
/// *Proof.* In every legal order a client's operations stand in their own order, so the lock is
/// free for it at the same places (if an acquire or a release is illegal in that order already,
/// there is no legal order, and the claim holds). A legal order of `all` is a row of holds, one
/// after the other, and crashed acquires that nobody ends; leave out all that is not in the core.
/// What is left of a hold is a hold, so it is a row of holds; and where a release was refused, its
/// client held nothing, and does not now. ∎
pub(super) fn is_reduction<L: Lock>(lock: &L, core: &[Interval<L>], all: &[Interval<L>]) -> bool {
    consists_of_holds(lock, core, all) || is_plain_reduction(lock, core, all)
}

fn consists_of_holds<L: Lock>(lock: &L, core: &[Interval<L>], all: &[Interval<L>]) -> bool {
    let refused = |operation: &Interval<L>| L::is_refused(operation.output.as_ref());
    if core.iter().any(|operation| operation.input.is_acquire() && refused(operation)) {
        return false;
    }
    let until = last_end(core);
    let clients: BTreeSet<u32> = core.iter().map(|operation| operation.input.holder()).collect();
    let mut kept: BTreeMap<usize, &Interval<L>> =
        core.iter().map(|operation| (operation.call, operation)).collect();
    if kept.len() != core.len() {
        return false;
    }
    let mut asked: Vec<&Interval<L>> = Vec::new();
    for original in all {
        let relevant = clients.contains(&original.input.holder()) && original.begin <= until;
        match kept.get(&original.call) {
            Some(form) if form.is_weaker_form_of(original) && relevant => {}
            Some(_) => return false,
            None => {}
        }
        // What is refused changes nothing: the core need not hold it.
        if relevant && !refused(original) {
            asked.push(original);
        } else {
            kept.remove(&original.call);
        }
    }
    asked.sort_by_key(|operation| (operation.input.holder(), operation.begin));
    let mut seen = 0;
    for client in asked.chunk_by(|one, other| one.input.holder() == other.input.holder()) {
        let ordered = client.windows(2).all(|pair| pair[0].precedes(pair[1]));
        let mut holds = Holds::default();
        for operation in client {
            let is_kept = kept.contains_key(&operation.call);
            seen += usize::from(is_kept);
            match holds.take(operation, is_kept, lock.limit()) {
                _ if !ordered => return false,
                Step::Fine => {}
                Step::Broken => return false,
                // Illegal whatever the others do.
                Step::Illegal => return true,
            }
        }
    }
    seen == kept.len()
}

/// The holds of one client: how often it holds the lock, and how often by what is kept.
#[derive(Default)]
struct Holds {
    times: u32,
    kept: u32,
}

enum Step {
    Fine,
    Broken,
    Illegal,
}

impl Holds {
    fn take<L: Lock>(&mut self, operation: &Interval<L>, is_kept: bool, limit: u32) -> Step {
        let (times, kept) = (self.times, self.kept);
        match (operation.input.is_acquire(), operation.is_pending()) {
            (true, false) if times == limit => return Step::Illegal,
            (false, false) if times == 0 => return Step::Illegal,
            // Where it ends nobody knows, and it is this client's last.
            (true, true) => return Step::Fine,
            (true, false) => {
                self.times += 1;
                self.kept += u32::from(is_kept);
            }
            (false, _) => {
                self.times = times.saturating_sub(1);
                if is_kept {
                    self.kept = kept.saturating_sub(1);
                }
            }
        }
        let broken = if times == 0 {
            false
        } else if kept == 0 {
            // Its first acquire is not kept, so nothing of the hold is.
            is_kept
        } else {
            (self.kept == 0) != (self.times == 0) || self.kept > self.times
        };
        if broken { Step::Broken } else { Step::Fine }
    }
}

/// Holds can be left out one by one.
pub(super) fn reductions<L: Lock>() -> Reductions<L> {
    Reductions { units: |_, operations| clients(operations), without, ..Reductions::default() }
}

/// The clients, each a unit: all its holds go together.
fn clients<L: Lock>(operations: &[Interval<L>]) -> Vec<u64> {
    let clients: BTreeSet<u64> =
        operations.iter().map(|operation| u64::from(operation.input.holder())).collect();
    clients.into_iter().collect()
}

/// Without these clients, and without what was refused because of them.
///
/// *Monotone*: without a client's holds the lock is free more often. A refused acquire may need one
/// of them, and changes nothing, so it goes as well.
fn without<L: Lock>(_: &L, operations: &[Interval<L>], units: &[u64]) -> Vec<Interval<L>> {
    operations
        .iter()
        .filter(|operation| {
            let gone = units.binary_search(&u64::from(operation.input.holder())).is_ok();
            let refused = L::is_refused(operation.output.as_ref());
            !(gone || operation.input.is_acquire() && refused)
        })
        .cloned()
        .collect()
}

/// The class of a contradiction: read off the core.
pub(crate) fn classify<L: Lock>(core: &[Interval<L>]) -> Class {
    let clients: BTreeSet<u32> = core.iter().map(|operation| operation.input.holder()).collect();
    let refused = core.iter().any(|operation| L::is_refused(operation.output.as_ref()));
    let acquires = core.iter().filter(|operation| operation.input.is_acquire()).count();
    match (clients.len(), acquires) {
        _ if refused => Class { class: "refused for nothing", headline: "refused without reason" },
        (1, 0) => Class {
            class: "release without hold",
            headline: "was given back by who did not hold it",
        },
        (1, _) if acquires == core.len() => {
            Class { class: "held too often", headline: "was taken again by who held it" }
        }
        (2, _) => Class { class: "two holders", headline: "had two holders at once" },
        _ => Class::PLAIN,
    }
}
