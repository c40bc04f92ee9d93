//! Counters and banks: every sum there may be.

use std::collections::BTreeSet;

use tribunal_history::{History, Value, Verdict};

use super::{Op, Says, count, done, number, ops};

/// All sums of a base and any of some numbers.
fn subset_sums(base: i64, deltas: &[i64]) -> BTreeSet<i64> {
    let mut sums = BTreeSet::from([base]);
    for delta in deltas {
        sums.extend(sums.clone().into_iter().map(|sum| sum + delta));
    }
    sums
}

pub(crate) fn counter(history: &History) -> Says {
    let ops = ops(history);
    let mut bad = 0;
    for read in ops.iter().filter(|op| op.is("read") && done(op)) {
        let adds = || ops.iter().filter(|op| op.is("add") && !op.failed());
        let certain = |op: &&Op| done(op) && op.call.completed < read.call.invoked;
        let base = adds().filter(certain).map(|op| number(&op.argument)).sum();
        let open: Vec<i64> = adds()
            .filter(|op| !certain(op) && op.call.invoked < read.call.completed)
            .map(|op| number(&op.argument))
            .collect();
        let sums = subset_sums(base, &open);
        let seen = number(read.result.as_ref().unwrap());
        bad += count(seen < *sums.first().unwrap() || seen > *sums.last().unwrap());
    }
    let verdict = if bad > 0 { Verdict::Invalid } else { Verdict::Valid };
    let anomaly = if bad > 0 { "counter out of bounds" } else { "" };
    (verdict, anomaly, vec![("reads out of bounds", bad)])
}

pub(crate) fn pn_counter(history: &History) -> Says {
    let ops = ops(history);
    let adds = || ops.iter().filter(|op| op.is("add") && !op.failed());
    let base = adds().filter(|op| done(op)).map(|op| number(&op.argument)).sum();
    let open: Vec<i64> = adds().filter(|op| op.crashed()).map(|op| number(&op.argument)).collect();
    let sums = subset_sums(base, &open);
    let (mut finals, mut wrong) = (0, 0);
    for read in ops.iter().filter(|op| op.is("read") && done(op)) {
        let later =
            |op: &&Op| op.call.process == read.call.process && op.call.invoked > read.call.invoked;
        let quiet = ops.iter().filter(|op| op.is("add")).all(|add| {
            let end = if add.crashed() { add.call.invoked } else { add.call.completed };
            end < read.call.invoked
        });
        if quiet && !ops.iter().any(|op| later(&op)) {
            finals += 1;
            wrong += count(!sums.contains(&number(read.result.as_ref().unwrap())));
        }
    }
    let figures = vec![("final reads", finals), ("wrong", wrong)];
    match (finals, wrong) {
        (0, _) => (Verdict::Unknown, "", figures),
        (_, 0) => (Verdict::Valid, "", figures),
        _ => (Verdict::Invalid, "wrong final count", figures),
    }
}

/// Total 10, accounts 0, 1 and 2.
pub(crate) fn bank(history: &History) -> Says {
    let ops = ops(history);
    let names = ["unexpected account", "nil balance", "wrong total", "negative balance"];
    let mut reads: Vec<&Op> = ops.iter().filter(|op| op.is("read") && done(op)).collect();
    reads.sort_by_key(|read| read.call.completed);
    let mut errors = Vec::new();
    for read in &reads {
        let pairs = read.items();
        let pairs: Vec<(&Value, &Value)> =
            pairs.iter().map(|pair| pair.as_pair().unwrap()).collect();
        let wrong = [
            pairs.iter().any(|(account, _)| !(0..3).contains(&number(account))),
            pairs.iter().any(|(_, balance)| balance.is_nil()),
            pairs.iter().map(|(_, balance)| number(balance)).sum::<i64>() != 10,
            pairs.iter().any(|(_, balance)| number(balance) < 0),
        ];
        errors.extend(wrong.iter().position(|wrong| *wrong));
    }
    let figure = |class: usize| errors.iter().filter(|error| **error == class).count() as u64;
    let figures = vec![
        ("reads", reads.len() as u64),
        ("unexpected accounts", figure(0)),
        ("nil balances", figure(1)),
        ("wrong totals", figure(2)),
        ("negative balances", figure(3)),
    ];
    match errors.first() {
        Some(first) => (Verdict::Invalid, names[*first], figures),
        None if reads.is_empty() => (Verdict::Unknown, "", figures),
        None => (Verdict::Valid, "", figures),
    }
}
