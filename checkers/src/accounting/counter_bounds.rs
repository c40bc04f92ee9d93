//! The checker `counter`: every read lies between what must and what may have been added.

use tribunal_history::{Call, Finding, Function, Record};

use super::case::{Case, is_fail, is_ok};
use super::doubt::Doubt;
use super::ledger::{Account, check};
use super::proof::Proof;
use super::ruling::{Charge, Ruling};
use crate::count::plural;
use crate::{Budget, Checker};

/// Judges each read of a counter against the least and the greatest value it can have seen.
///
/// Operations: `add` of an integer, `read` of the sum (nil is 0, the sum of nothing). An add
/// *certainly counts* for a read if it ended `ok` before the read was invoked; it *may count* if it
/// did not fail and was invoked before the read ended. The least value is the sum of the positive
/// adds that certainly count and the negative ones that may; the greatest the other way round.
/// Failed adds never count.
///
/// A necessary condition of linearizability, not a sufficient one: whether some choice of adds
/// makes up exactly what was read, and whether the reads agree with each other, is not asked. No
/// read that ended `ok`: valid, and the details say that nothing was put to the test.
///
/// O(n log n); memory proportional to operations. Source: Jepsen's `checker/counter`, which knows
/// no negative adds.
#[derive(Clone, Copy, Debug, Default)]
pub struct CounterBounds;

impl Checker for CounterBounds {
    fn name(&self) -> &'static str {
        CounterBounds::NAME
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        check(self, record, budget)
    }
}

/// A read that lies outside of its bounds.
struct Outside {
    read: usize,
    seen: i64,
    low: i128,
    high: i128,
}

impl Account for CounterBounds {
    const NAME: &'static str = "counter";
    const OBJECT: &'static str = "the counter";

    fn claim(&self) -> &'static str {
        "every read lies between what must and what may have been added"
    }

    fn judge(&self, case: Case<'_>) -> Result<Ruling, Doubt> {
        // Of adds that certainly count: the sums of positive and of negative ones. Of those that
        // may: the same. 64-bit numbers, fewer than 2^32 of them, cannot overflow 128 bits.
        let (mut certain, mut possible) = ([0_i128; 2], [0_i128; 2]);
        let mut begun: Vec<[i128; 2]> = vec![[0; 2]; case.calls.len()];
        let (mut reads, mut bad) = (0_u64, 0_u64);
        let mut first: Option<Outside> = None;
        for moment in case.moments() {
            let read = moment.call as usize;
            let call = &case.calls[read];
            let begins = call.invoked == moment.event;
            if call.function == Function::Add {
                let delta = delta(case, call)?;
                let side = usize::from(delta < 0);
                if begins && !is_fail(call) {
                    possible[side] += i128::from(delta);
                } else if !begins && is_ok(call) {
                    certain[side] += i128::from(delta);
                }
                continue;
            }
            if call.function != Function::Read {
                return Err(case.foreign(call, "counter").into());
            }
            if begins {
                begun[read] = certain;
            } else if is_ok(call) {
                let seen = sum_read(case, call)?;
                let (low, high) = (begun[read][0] + possible[1], begun[read][1] + possible[0]);
                reads += 1;
                if i128::from(seen) < low || i128::from(seen) > high {
                    bad += 1;
                    first.get_or_insert(Outside { read, seen, low, high });
                }
            }
        }
        let adds =
            case.calls.len() as u64 - case.calls.iter().filter(|c| is_read(c)).count() as u64;
        let figures = vec![("adds", adds), ("reads", reads), ("reads out of bounds", bad)];
        let mut lines = Vec::new();
        if reads == 0 {
            lines.push("no read ended ok, so nothing was put to the test".to_owned());
        }
        let ruling = match first {
            Some(outside) => Ruling::invalid(charge(case, &outside, bad)?, figures),
            None => Ruling::valid(figures),
        };
        Ok(ruling.with(lines, case.calls.len() as u64 * 64))
    }
}

const fn is_read(call: &Call) -> bool {
    matches!(call.function, Function::Read)
}

/// What an `add` adds.
pub(crate) fn delta(case: Case<'_>, call: &Call) -> Result<i64, Doubt> {
    case.int(call.argument).ok_or_else(|| case.bad_argument(call, "an integer").into())
}

/// What a `read` that ended `ok` saw; nil is 0.
pub(crate) fn sum_read(case: Case<'_>, call: &Call) -> Result<i64, Doubt> {
    match call.result() {
        Some(id) if id.is_nil() => Ok(0),
        Some(id) => case.int(id).ok_or_else(|| case.bad_result(call, "an integer").into()),
        None => Ok(0),
    }
}

fn counting(adds: u64) -> String {
    let verb = if adds == 1 { "counts" } else { "count" };
    format!("{} {verb}", plural(adds, "add"))
}

fn charge(case: Case<'_>, outside: &Outside, bad: u64) -> Result<Charge, Doubt> {
    let Outside { read, seen, low, high } = *outside;
    let reader = &case.calls[read];
    let below = i128::from(seen) < low;
    let mut counted = Vec::new();
    for (position, call) in case.calls.iter().enumerate() {
        if call.function != Function::Add || is_fail(call) || call.invoked > reader.completed {
            continue;
        }
        let certain = is_ok(call) && call.completed < reader.invoked;
        // What lifts the broken bound towards the read, or cannot be left out of it.
        if certain || (delta(case, call)? < 0) == below {
            counted.push(position);
        }
    }
    let many = counted.len() as u64;
    // The latest of them tell most, if they do not all fit.
    let proof = Proof::new(case, read, counted.into_iter().rev());
    let name = proof.name(read);
    let limit = if below { low } else { high };
    let (low_sign, high_sign) =
        if below { ("positive", "negative") } else { ("negative", "positive") };
    let than = if below { "less" } else { "more" };
    let argument = vec![
        format!("{low_sign} adds count that ended ok before {name} began"),
        format!("{high_sign} adds count that began before {name} ended and did not fail"),
        format!("{} so, and make {limit}: {than} cannot have been there", counting(many)),
        format!("{name} saw {seen}"),
    ];
    let word = if below { "least" } else { "greatest" };
    Ok(Charge {
        anomaly: "counter out of bounds",
        subject: String::new(),
        headline: format!(
            "gave {} out of bounds: {seen} was read, and the {word} possible value was {limit}",
            plural(bad, "value")
        ),
        at: reader.completed_at,
        witness: proof.witness(format!("the {word} possible value is {limit}"), argument),
    })
}
