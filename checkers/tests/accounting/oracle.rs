//! The rules again, from their definitions, without any cleverness: every pair, every subset.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use tribunal_history::{Call, Completion, Function, History, Value, Verdict};

/// What an oracle says: the verdict, the anomaly, and counts under the checker's names.
pub(crate) type Says = (Verdict, &'static str, Vec<(&'static str, u64)>);

/// A call with its values.
pub(crate) struct Op {
    pub(crate) call: Call,
    pub(crate) name: String,
    pub(crate) argument: Value,
    /// Of an ok call.
    pub(crate) result: Option<Value>,
}

impl Op {
    fn failed(&self) -> bool {
        self.call.completion == Completion::Fail
    }
    fn crashed(&self) -> bool {
        self.call.completion == Completion::Info
    }
    fn is(&self, name: &str) -> bool {
        self.name == name
    }
    fn items(&self) -> Vec<Value> {
        match &self.result {
            Some(Value::List(items)) => items.to_vec(),
            _ => Vec::new(),
        }
    }
}

pub(crate) fn ops(history: &History) -> Vec<Op> {
    let op = |call: Call| Op {
        call,
        name: history.function_name(call.function).to_owned(),
        argument: history.value(call.argument),
        result: call.result().map(|id| history.value(id)),
    };
    history.calls().into_iter().map(op).collect()
}

fn done(op: &Op) -> bool {
    op.result.is_some()
}

fn count(is: bool) -> u64 {
    u64::from(is)
}

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

fn number(value: &Value) -> i64 {
    match value {
        Value::Int(number) => *number,
        _ => 0,
    }
}

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
