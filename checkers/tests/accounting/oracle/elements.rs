//! Sets, queues and ids: each element by itself.

use std::collections::{BTreeMap, BTreeSet};

use tribunal_history::{History, Value, Verdict};

use super::{Op, Says, count, done, ops};

pub(crate) fn set(history: &History) -> Says {
    let ops = ops(history);
    let Some(read) = ops.iter().rfind(|op| op.is("read") && done(op)) else {
        return (Verdict::Unknown, "", Vec::new());
    };
    let shown: BTreeSet<Value> = read.items().into_iter().collect();
    let adds = || ops.iter().filter(|op| op.is("add"));
    let acknowledged: BTreeSet<Value> = adds()
        .filter(|op| done(op) && op.call.completed < read.call.invoked)
        .map(|op| op.argument.clone())
        .collect();
    let possible: BTreeSet<Value> = adds()
        .filter(|op| !op.failed() && op.call.invoked < read.call.completed)
        .map(|op| op.argument.clone())
        .collect();
    let lost = acknowledged.difference(&shown).count() as u64;
    let unexpected = shown.difference(&possible).count() as u64;
    let recovered = shown.intersection(&possible).filter(|one| !acknowledged.contains(one)).count();
    let figures = vec![
        ("attempted", possible.len() as u64),
        ("acknowledged", acknowledged.len() as u64),
        ("lost", lost),
        ("unexpected", unexpected),
        ("recovered", recovered as u64),
    ];
    match (lost, unexpected) {
        (0, 0) => (Verdict::Valid, "", figures),
        (0, _) => (Verdict::Invalid, "unexpected element", figures),
        _ => (Verdict::Invalid, "lost element", figures),
    }
}

pub(crate) fn set_full(history: &History, linearizable: bool) -> Says {
    let ops = ops(history);
    let reads: Vec<&Op> = ops.iter().filter(|op| op.is("read") && done(op)).collect();
    let mut elements: BTreeSet<Value> = reads.iter().flat_map(|read| read.items()).collect();
    elements.extend(ops.iter().filter(|op| op.is("add")).map(|op| op.argument.clone()));
    let mut figures: BTreeMap<&'static str, u64> = BTreeMap::new();
    for element in elements {
        let adds = || ops.iter().filter(|op| op.is("add") && op.argument == element);
        let shows = |read: &&&Op| read.items().contains(&element);
        let attempted = adds().any(|add| !add.failed());
        let unexpected = reads
            .iter()
            .filter(shows)
            .any(|read| !adds().any(|add| !add.failed() && add.call.invoked < read.call.completed));
        let duplicated =
            reads.iter().any(|read| read.items().iter().filter(|one| **one == element).count() > 1);
        let known = adds()
            .filter(|add| done(add))
            .map(|add| add.call.completed)
            .chain(reads.iter().filter(shows).map(|read| read.call.completed))
            .min();
        // Some read lacks it after it was known, and no read that may have come later shows it.
        let missed: Vec<&&Op> = reads
            .iter()
            .filter(|read| !shows(read) && known.is_some_and(|known| read.call.invoked > known))
            .collect();
        let lost = missed.iter().any(|absent| {
            !reads.iter().filter(shows).any(|read| read.call.completed > absent.call.invoked)
        });
        let shown = reads.iter().any(|read| shows(&read));
        let judged = attempted && !unexpected;
        let stable = judged && shown && !lost;
        let mut enter = |name, is: bool| *figures.entry(name).or_default() += count(is);
        enter("attempted", attempted);
        enter("unexpected", unexpected);
        enter("duplicated", duplicated);
        enter("lost", judged && lost);
        enter("stable", stable);
        enter("stale", stable && !missed.is_empty());
        enter("never read", judged && !shown && !lost);
    }
    let of = |name: &str| figures.get(name).copied().unwrap_or(0);
    let (verdict, anomaly) = if of("lost") > 0 {
        (Verdict::Invalid, "lost element")
    } else if of("unexpected") > 0 {
        (Verdict::Invalid, "unexpected element")
    } else if of("duplicated") > 0 {
        (Verdict::Invalid, "duplicate element")
    } else if of("stale") > 0 && linearizable {
        (Verdict::Invalid, "stale read")
    } else if of("stable") == 0 {
        (Verdict::Unknown, "")
    } else {
        (Verdict::Valid, "")
    };
    (verdict, anomaly, figures.into_iter().collect())
}

/// Whether the crashed dequeues can have taken all that is missing: gives each to one.
fn explained(missing: &mut Vec<Value>, dequeues: usize, drains: usize) -> bool {
    if drains > 0 {
        return true;
    }
    let Some(one) = missing.pop() else { return true };
    let explained = dequeues > 0 && explained(missing, dequeues - 1, drains);
    missing.push(one);
    explained
}

pub(crate) fn queue(history: &History, loses: bool, duplicates: bool) -> Says {
    let ops = ops(history);
    let shows_empty =
        |op: &&Op| op.is("drain") && done(op) || op.is("dequeue") && op.result == Some(Value::Nil);
    let emptied = ops.iter().rfind(shows_empty).map(|op| op.call.invoked);
    let mut deliveries: Vec<(u32, Value)> = Vec::new();
    for op in &ops {
        match &op.result {
            Some(value) if op.is("dequeue") && !value.is_nil() => {
                deliveries.push((op.call.completed, value.clone()));
            }
            _ if op.is("drain") => {
                deliveries.extend(op.items().into_iter().map(|one| (op.call.completed, one)));
            }
            _ => {}
        }
    }
    deliveries.sort_by_key(|(at, _)| *at);
    let puts = |value: &Value| -> Vec<&Op> {
        ops.iter().filter(|op| op.is("enqueue") && op.argument == *value).collect()
    };
    let (mut unexpected, mut extra) = (BTreeSet::new(), 0);
    for (number, (at, value)) in deliveries.iter().enumerate() {
        let so_far = deliveries[..=number].iter().filter(|(_, one)| one == value).count();
        let put = puts(value).iter().filter(|op| !op.failed() && op.call.invoked < *at).count();
        if put == 0 {
            unexpected.insert(value.clone());
        } else if so_far > put {
            extra += 1;
        }
    }
    let values: BTreeSet<Value> =
        ops.iter().filter(|op| op.is("enqueue")).map(|op| op.argument.clone()).collect();
    let (mut missing, mut inside) = (Vec::new(), 0);
    for value in values {
        let delivered = deliveries.iter().filter(|(_, one)| *one == value).count();
        let acknowledged: Vec<&Op> = puts(&value).into_iter().filter(|op| done(op)).collect();
        let due = acknowledged
            .iter()
            .filter(|op| emptied.is_some_and(|emptied| op.call.completed < emptied))
            .count();
        missing.extend(std::iter::repeat_n(value.clone(), due.saturating_sub(delivered)));
        inside += acknowledged.len().saturating_sub(delivered) - due.saturating_sub(delivered);
    }
    let crashed = |name| ops.iter().filter(|op| op.is(name) && op.crashed()).count();
    let figures = vec![
        ("missing", missing.len() as u64),
        ("still inside", inside as u64),
        ("unexpected", unexpected.len() as u64),
        ("duplicated", extra),
        ("delivered", deliveries.len() as u64),
    ];
    let explained = explained(&mut missing, crashed("dequeue"), crashed("drain"));
    let (verdict, anomaly) = if !explained && !loses {
        (Verdict::Invalid, "lost element")
    } else if !unexpected.is_empty() {
        (Verdict::Invalid, "unexpected element")
    } else if extra > 0 && !duplicates {
        (Verdict::Invalid, "duplicate element")
    } else if !ops.iter().any(done) || (!loses && (!missing.is_empty() || inside > 0)) {
        (Verdict::Unknown, "")
    } else {
        (Verdict::Valid, "")
    };
    (verdict, anomaly, figures)
}

pub(crate) fn ids(history: &History) -> Says {
    let given: Vec<Value> = ops(history).into_iter().filter_map(|op| op.result).collect();
    let repeated: BTreeSet<&Value> =
        given.iter().filter(|id| given.iter().filter(|other| other == id).count() > 1).collect();
    let figures = vec![("given more than once", repeated.len() as u64)];
    match (repeated.len(), given.len()) {
        (0, 0) => (Verdict::Unknown, "", figures),
        (0, _) => (Verdict::Valid, "", figures),
        _ => (Verdict::Invalid, "duplicate id", figures),
    }
}
