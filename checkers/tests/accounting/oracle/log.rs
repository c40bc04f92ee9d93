//! Logs: every offset and every value.

use std::collections::{BTreeMap, BTreeSet};

use tribunal_history::{Function, History, Value, Verdict};

use super::{Op, Says, count, done, number, ops};

/// Keyed sends and polls.
pub(crate) fn log(history: &History) -> Says {
    let ops = ops(history);
    let key = |op: &Op| history.value(op.call.key);
    let pair = |value: &Value| {
        let (offset, value) = value.as_pair().unwrap();
        (number(offset), value.clone())
    };
    let sends = || ops.iter().filter(|op| op.call.function == Function::Send);
    let polls = || ops.iter().filter(|op| op.call.function == Function::Poll && done(op));
    let batch = |op: &Op| -> Vec<(i64, Value)> { op.items().iter().map(pair).collect() };
    let mut figures: BTreeMap<&'static str, u64> = BTreeMap::new();
    let partitions: BTreeSet<Value> = ops.iter().map(key).collect();
    for partition in &partitions {
        let acknowledged: Vec<(i64, Value)> = sends()
            .filter(|op| key(op) == *partition && done(op))
            .map(|op| pair(op.result.as_ref().unwrap()))
            .collect();
        let polled: Vec<(u32, i64, Value)> = polls()
            .filter(|op| key(op) == *partition)
            .flat_map(|op| batch(op).into_iter().map(|(o, v)| (op.call.completed, o, v)))
            .collect();
        let top = polled.iter().map(|(_, offset, _)| *offset).max();
        let shown: BTreeSet<(i64, Value)> = acknowledged
            .iter()
            .cloned()
            .chain(polled.iter().map(|(_, offset, value)| (*offset, value.clone())))
            .collect();
        let offsets: BTreeSet<i64> = shown.iter().map(|(offset, _)| *offset).collect();
        let mut enter = |name, is: bool| *figures.entry(name).or_default() += count(is);
        for offset in &offsets {
            let values = shown.iter().filter(|(at, _)| at == offset).count();
            (1..values).for_each(|_| enter("inconsistent offsets", true));
        }
        let values: BTreeSet<Value> = shown.iter().map(|(_, value)| value.clone()).collect();
        for value in &values {
            let of = || sends().filter(|op| key(op) == *partition && op.argument == *value);
            let places = shown.iter().filter(|(_, one)| one == value).count();
            let attempts = of().filter(|op| !op.failed()).count();
            enter("duplicate", places > attempts.max(1));
            let seen = polled.iter().any(|(_, _, one)| one == value);
            // Judged by the poll that was invoked first.
            let first = polls()
                .filter(|op| key(op) == *partition)
                .find(|op| batch(op).iter().any(|(_, one)| one == value));
            let aborted = attempts == 0 && of().next().is_some();
            enter("aborted read", seen && aborted);
            let timely = first.is_some_and(|poll| {
                of().any(|op| !op.failed() && op.call.invoked < poll.call.completed)
            });
            enter("value from nowhere", seen && !aborted && !timely);
            let offset = acknowledged.iter().find(|(_, one)| one == value);
            if let Some((offset, _)) = offset.filter(|_| !seen) {
                enter("lost write", top.is_some_and(|top| *offset <= top));
                enter("unseen at the end", top.is_none_or(|top| *offset > top));
            }
        }
        let mut walk =
            |moves: Vec<(u32, i64)>, inner: [&'static str; 2], outer: [&'static str; 2]| {
                for two in moves.windows(2) {
                    let names = if two[0].0 == two[1].0 { inner } else { outer };
                    let (from, to) = (two[0].1, two[1].1);
                    enter(names[0], to <= from);
                    enter(names[1], offsets.iter().any(|offset| from < *offset && *offset < to));
                }
            };
        let processes: BTreeSet<_> = ops.iter().map(|op| op.call.process).collect();
        for process in processes {
            let mine = |op: &&Op| key(op) == *partition && op.call.process == process;
            let moves = polls()
                .filter(mine)
                .flat_map(|op| batch(op).into_iter().map(|(offset, _)| (op.call.invoked, offset)));
            walk(
                moves.collect(),
                ["internal nonmonotonic poll", "internal poll skip"],
                ["nonmonotonic poll", "poll skip"],
            );
            let moves = sends().filter(mine).filter(|op| done(op));
            let moves = moves.map(|op| (op.call.invoked, pair(op.result.as_ref().unwrap()).0));
            walk(moves.collect(), ["", ""], ["nonmonotonic send", ""]);
        }
    }
    figures.remove("");
    let order = [
        "lost write",
        "inconsistent offsets",
        "duplicate",
        "aborted read",
        "value from nowhere",
        "internal nonmonotonic poll",
        "internal poll skip",
        "nonmonotonic poll",
        "poll skip",
        "internal nonmonotonic send",
        "nonmonotonic send",
    ];
    let worst = order.into_iter().find(|name| figures.get(name).is_some_and(|count| *count > 0));
    let any = polls().any(|op| !op.items().is_empty());
    let figures = figures.into_iter().collect();
    match worst {
        Some(name) => (Verdict::Invalid, name, figures),
        None if any => (Verdict::Valid, "", figures),
        None => (Verdict::Unknown, "", figures),
    }
}
