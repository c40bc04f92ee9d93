//! The checker `pn-counter`: the final reads are sums of what was added.

use std::collections::BTreeMap;

use tribunal_history::{Finding, Function, ProcessId, Record};

use super::case::{Case, is_fail, is_ok};
use super::counter_bounds::{delta, sum_read};
use super::doubt::Doubt;
use super::ledger::{Account, check};
use super::proof::Proof;
use super::ruling::{Charge, Ruling};
use super::sums::{Membership, Sums};
use crate::count::plural;
use crate::{Budget, Checker};

/// Judges the final reads of a counter that may take its time: each is the sum of all acknowledged
/// adds and of any of those of unknown outcome.
///
/// Operations: `add` of an integer, `read` of the sum (nil is 0). A read is *final* if it ended
/// `ok`, is the last operation of its process, and was invoked after the last `ok` or `fail` of an
/// add and the last invocation of an add of unknown outcome. Other reads constrain nothing. Without
/// a final read: unknown.
///
/// The sums are kept as a union of intervals: O(adds of unknown outcome · intervals), and the
/// intervals are few when deltas are small. If they are not, bounds and the greatest common divisor
/// decide what they can, and the rest is unknown. Source: Maelstrom's `pn-counter`.
#[derive(Clone, Copy, Debug, Default)]
pub struct PnCounter;

impl Checker for PnCounter {
    fn name(&self) -> &'static str {
        PnCounter::NAME
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        check(self, record, budget)
    }
}

impl Account for PnCounter {
    const NAME: &'static str = "pn-counter";
    const OBJECT: &'static str = "the counter";

    fn claim(&self) -> &'static str {
        "every final read is a sum of all acknowledged adds and some of unknown outcome"
    }

    fn judge(&self, case: Case<'_>) -> Result<Ruling, Doubt> {
        let mut acknowledged = 0_i128;
        let mut open: Vec<i64> = Vec::new();
        let mut quiet = 0;
        let mut last: BTreeMap<ProcessId, usize> = BTreeMap::new();
        for (position, call) in case.calls.iter().enumerate() {
            last.insert(call.process, position);
            match call.function {
                Function::Add => {
                    let delta = delta(case, call)?;
                    let ended = call.completed != u32::MAX;
                    quiet = quiet.max(if ended { call.completed } else { call.invoked });
                    if is_ok(call) {
                        acknowledged += i128::from(delta);
                    } else if !is_fail(call) {
                        open.push(delta);
                    }
                }
                Function::Read if is_ok(call) => {
                    sum_read(case, call)?;
                }
                Function::Read => {}
                _ => return Err(case.foreign(call, "counter").into()),
            }
        }
        let is_final = |position: &usize| {
            let call = &case.calls[*position];
            call.function == Function::Read && is_ok(call) && call.invoked >= quiet
        };
        let mut finals: Vec<usize> = last.into_values().filter(is_final).collect();
        finals.sort_unstable();
        let unknown = open.len() as u64;
        let sums = Sums::new(acknowledged, open);
        close(case, &finals, &sums, unknown)
    }
}

fn close(case: Case<'_>, finals: &[usize], sums: &Sums, unknown: u64) -> Result<Ruling, Doubt> {
    let (mut bad, mut undecided) = (Vec::new(), 0);
    for position in finals {
        match sums.holds(i128::from(sum_read(case, &case.calls[*position])?)) {
            Membership::Yes => {}
            Membership::No => bad.push(*position),
            Membership::Open => undecided += 1,
        }
    }
    let figures = vec![
        ("final reads", finals.len() as u64),
        ("wrong", bad.len() as u64),
        ("adds of unknown outcome", unknown),
    ];
    let ruling = if let Some(read) = bad.first() {
        Ruling::invalid(charge(case, *read, sums, bad.len() as u64)?, figures)
    } else if finals.is_empty() {
        Ruling::unknown("no read was final", figures)
    } else if undecided > 0 {
        let reads = plural(undecided, "final read");
        let adds = plural(unknown, "add");
        let reason = format!("{adds} of unknown outcome make too many sums to judge {reads}");
        Ruling::unknown(reason, figures)
    } else {
        Ruling::valid(figures)
    };
    let lines = vec![format!("acceptable: {}", sums.describe())];
    Ok(ruling.with(lines, sums.bytes()))
}

fn charge(case: Case<'_>, read: usize, sums: &Sums, bad: u64) -> Result<Charge, Doubt> {
    let seen = sum_read(case, &case.calls[read])?;
    let adds = case.calls.iter().enumerate().rev();
    let adds = adds.filter(|(_, call)| call.function == Function::Add && !is_fail(call));
    let proof = Proof::new(case, read, adds.map(|(position, _)| position));
    let name = proof.name(read);
    let argument = vec![
        format!("{name} is the last operation of its process and began after the last add"),
        format!(
            "all acknowledged adds and any of those of unknown outcome make {}",
            sums.describe()
        ),
        format!("{name} saw {seen}"),
    ];
    Ok(Charge {
        anomaly: "wrong final count",
        subject: String::new(),
        headline: format!(
            "gave {} that nothing adds up to: {seen}, where {} is right",
            plural(bad, "final value"),
            sums.describe()
        ),
        at: case.calls[read].completed_at,
        witness: proof.witness(format!("{} is right", sums.describe()), argument),
    })
}
