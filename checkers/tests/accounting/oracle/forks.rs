//! Forks: every two reads.

use std::cmp::Ordering;

use tribunal_history::{History, Value, Verdict};

use super::{Op, Says, count, done, ops};

/// A micro-operation: name, key, value.
type Micro = (String, Value, Value);

fn micro(value: &Value) -> Micro {
    let Value::List(parts) = value else { panic!("{value}") };
    let Value::Text(name) = &parts[0] else { panic!("{value}") };
    (name.to_string(), parts[1].clone(), parts[2].clone())
}

fn micros(value: &Value) -> Vec<Micro> {
    let Value::List(items) = value else { panic!("{value}") };
    items.iter().map(micro).collect()
}

pub(crate) fn long_fork(history: &History, sessions: bool) -> Says {
    let ops = ops(history);
    let writes: Vec<(&Op, Value, Value)> = ops
        .iter()
        .filter_map(|op| {
            let (name, key, value) = micros(&op.argument).remove(0);
            (name == "w").then_some((op, key, value))
        })
        .collect();
    let of = |key: &Value| -> Vec<&(&Op, Value, Value)> {
        writes.iter().filter(|(op, of, _)| of == key && !op.failed()).collect()
    };
    let unordered = |key: &Value| {
        let writes = of(key);
        let pairs = writes.iter().flat_map(|one| writes.iter().map(move |other| (one, other)));
        pairs.into_iter().any(|((one, _, v), (other, _, w))| {
            let apart =
                one.call.completed < other.call.invoked || other.call.completed < one.call.invoked;
            !std::ptr::eq(*one, *other) && (!apart || v == w)
        })
    };
    // The version: how many writes of the key were invoked up to it.
    let version = |key: &Value, value: &Value| -> Option<usize> {
        let writes = of(key);
        let place = writes.iter().position(|(_, _, written)| written == value);
        if value.is_nil() { Some(0) } else { place.map(|place| place + 1) }
    };
    let reads: Vec<(&Op, Vec<Micro>)> = ops
        .iter()
        .filter(|op| done(op) && micros(&op.argument)[0].0 == "r")
        .map(|op| (op, micros(op.result.as_ref().unwrap())))
        .collect();
    let (mut nowhere, mut fork, mut back, mut open) = (0, false, false, false);
    for (read, seen) in &reads {
        for (_, key, value) in seen {
            let known = value.is_nil()
                || of(key).iter().any(|(op, _, written)| {
                    written == value && op.call.invoked < read.call.completed
                });
            nowhere += count(!known);
            open |= unordered(key);
        }
    }
    let strange = |read: &Op, seen: &[Micro]| {
        seen.iter().any(|(_, key, value)| {
            let timely = |write: &Op| write.call.invoked < read.call.completed;
            let mut writes = of(key).into_iter();
            !value.is_nil() && !writes.any(|(write, _, one)| one == value && timely(write))
        })
    };
    for (one, a) in &reads {
        for (other, b) in &reads {
            let compare = |(left, right): (&Micro, &Micro)| match unordered(&left.1) {
                true => Ordering::Equal,
                false => version(&left.1, &left.2).cmp(&version(&left.1, &right.2)),
            };
            let groups = [a, b].map(|seen| seen.iter().map(|micro| &micro.1).collect::<Vec<_>>());
            if groups[0] != groups[1] || strange(one, a) || strange(other, b) {
                continue;
            }
            let orders: Vec<_> = a.iter().zip(b).map(compare).collect();
            let [less, more] = [Ordering::Less, Ordering::Greater].map(|one| orders.contains(&one));
            fork |= less && more;
            let later =
                one.call.process == other.call.process && one.call.invoked < other.call.invoked;
            back |= later && more;
        }
    }
    open |= writes.iter().any(|(_, key, _)| unordered(key));
    let figures = vec![("values from nowhere", nowhere), ("reads", reads.len() as u64)];
    let (verdict, anomaly) = if fork {
        (Verdict::Invalid, "long fork")
    } else if nowhere > 0 {
        (Verdict::Invalid, "value from nowhere")
    } else if back && sessions {
        (Verdict::Invalid, "backward read")
    } else if reads.is_empty() || open {
        (Verdict::Unknown, "")
    } else {
        (Verdict::Valid, "")
    };
    (verdict, anomaly, figures)
}
