//! Histories that are known, with verdict and words.

use tribunal_checkers::{Budget, find_checker};
use tribunal_history::{
    ErrorClass, Finding, Function, History, Nanos, Operation, Outcome, ProcessId, Record, Value,
    Verdict,
};

/// Judges lines of `begin end function value`; `?` for an end is unknown, `-` for a value nothing.
fn judge(model: &str, lines: &str) -> Finding {
    let mut events: Vec<(u64, u32, Operation, Option<Outcome>)> = Vec::new();
    for (process, line) in (0..).zip(lines.lines().filter(|line| !line.trim().is_empty())) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let function = Function::from_name(words[2]).unwrap();
        let puts = matches!(function, Function::Enqueue | Function::Push);
        let numbers: Vec<Value> =
            words[3..].iter().filter_map(|word| word.parse().ok()).map(Value::Int).collect();
        let value = if function == Function::Drain {
            Value::List(numbers.into())
        } else {
            numbers.first().cloned().unwrap_or_default()
        };
        let argument = if puts { value.clone() } else { Value::Nil };
        let operation = Operation { function, key: Value::Nil, value: argument };
        let outcome = match words[1] {
            "?" => None,
            "fail" => Some(Outcome::Fail(ErrorClass::NoLeader)),
            _ => Some(Outcome::Ok(value)),
        };
        let end = words[1].parse().unwrap_or(1_000 + u64::from(process));
        events.push((words[0].parse().unwrap(), process, operation.clone(), None));
        let outcome = outcome.unwrap_or(Outcome::Info(ErrorClass::Timeout));
        events.push((end, process, operation, Some(outcome)));
    }
    events.sort_by_key(|(time, process, _, outcome)| (*time, outcome.is_some(), *process));
    let mut history = History::new();
    for (time, process, operation, outcome) in events {
        let (at, process) = (Nanos::from_millis(time), ProcessId(process));
        match outcome {
            None => drop(history.invoke(at, process, None, &operation).unwrap()),
            Some(outcome) => drop(history.complete(at, process, &outcome).unwrap()),
        }
    }
    let record = Record { history, ..Record::default() };
    let checker = (find_checker(model).unwrap().make)();
    checker.check(&record, &Budget::DEFAULT).remove(0)
}

fn assert_valid(model: &str, lines: &str) {
    let finding = judge(model, lines);
    assert_eq!(finding.verdict, Verdict::Valid, "{}: {lines}", finding.summary);
}

/// The finding's class and how many operations its witness has.
fn assert_invalid(model: &str, lines: &str) -> (String, usize) {
    let finding = judge(model, lines);
    assert_eq!(finding.verdict, Verdict::Invalid, "{}: {lines}", finding.summary);
    (finding.anomaly, finding.witness.unwrap().operations.len())
}

fn class(name: &str, operations: usize) -> (String, usize) {
    (name.to_owned(), operations)
}

/// Five operations on which a published monitor does not end.
#[test]
fn a_stack_with_a_peek() {
    assert_valid("stack", "1 2 push 1\n 3 6 push 2\n 4 9 peek 1\n 7 8 pop 2\n 10 11 pop 1");
    assert_valid("stack", "1 8 push 1\n 2 9 push 2\n 3 7 peek 1\n 4 10 pop 1\n 5 11 pop 2");
    let late =
        assert_invalid("stack", "1 2 push 1\n 3 4 push 2\n 5 6 peek 1\n 7 8 pop 2\n 9 10 pop 1");
    assert_eq!(late, class("out of order", 5));
}

/// Each two of the three values can be put in order, and so can all without the peek: who was first
/// put, who was at the head, and who left when make a circle of three.
#[test]
fn a_queue_whose_three_values_go_round() {
    let puts = "1 7 enqueue 3\n 8 15 enqueue 1\n 5 14 enqueue 2\n";
    let rest = "10 40 dequeue 1\n 20 21 peek 2\n 25 60 dequeue 3\n 50 51 dequeue 2";
    assert_eq!(assert_invalid("fifo-queue", &format!("{puts}{rest}")), class("out of order", 7));
    let without_peek = rest.lines().filter(|line| !line.contains("peek")).collect::<Vec<_>>();
    assert_valid("fifo-queue", &format!("{puts}{}", without_peek.join("\n")));
    for value in 1..=3 {
        let ends = format!(" {value}");
        let all = format!("{puts}{rest}");
        let others: Vec<&str> = all.lines().filter(|line| !line.ends_with(&ends)).collect();
        assert_valid("fifo-queue", &others.join("\n"));
    }
}

#[test]
fn queues() {
    let queue = "fifo-queue";
    assert_valid(queue, "1 2 enqueue 1\n 3 4 enqueue 2\n 5 8 dequeue 2\n 6 7 dequeue 1");
    assert_valid(queue, "1 4 enqueue 1\n 2 3 dequeue -\n 5 6 drain 1\n 7 8 drain");
    let two = "1 2 enqueue 1\n 3 4 enqueue 2\n";
    let reordered = assert_invalid(queue, &format!("{two} 5 6 dequeue 2\n 7 8 dequeue 1"));
    assert_eq!(reordered, class("out of order", 4));
    assert_eq!(assert_invalid(queue, &format!("{two} 5 6 dequeue 2")), class("out of order", 3));
    assert_eq!(assert_invalid(queue, &format!("{two} 5 6 drain 2 1")), class("out of order", 3));
    assert_eq!(assert_invalid(queue, "1 2 dequeue 7"), class("value from nowhere", 1));
    let twice = "1 2 enqueue 1\n 3 4 dequeue 1\n 5 6 dequeue 1";
    assert_eq!(assert_invalid(queue, twice), class("taken twice", 3));
    assert_eq!(assert_invalid(queue, "1 2 enqueue 1\n 3 4 dequeue -"), class("empty while not", 2));
}

/// A crashed dequeue may have taken what is missing, but only one value; one that failed took none.
#[test]
fn crashed_takes() {
    let three = "1 2 enqueue 1\n 3 4 enqueue 2\n 5 6 enqueue 3\n";
    assert_valid("fifo-queue", &format!("{three} 7 ? dequeue -\n 8 9 dequeue 2"));
    assert_valid("stack", "1 2 push 1\n 3 4 push 2\n 5 ? pop -\n 6 7 pop 1");
    assert_valid("unordered-queue", "1 2 enqueue 1\n 5 ? dequeue -\n 6 7 dequeue -");
    let one = assert_invalid("fifo-queue", &format!("{three} 7 ? dequeue -\n 8 9 dequeue 3"));
    assert_eq!(one, class("out of order", 5));
    let failed = format!("{three} 7 fail dequeue -\n 8 9 dequeue 2");
    assert_eq!(assert_invalid("queue-linearizable", &failed), class("out of order", 3));
}

#[test]
fn nothing_happened() {
    for model in ["fifo-queue", "unordered-queue", "stack", "priority-queue"] {
        let take = if model == "stack" { "pop" } else { "dequeue" };
        assert_valid(model, &format!("1 fail {take} -"));
        assert_valid(model, &format!("1 ? {take} -\n 2 3 {take} -"));
        assert_valid(model, "1 ? peek -");
    }
}

#[test]
fn priority_queues_and_bags() {
    let three = "1 2 enqueue 5\n 3 4 enqueue 9\n 5 6 enqueue 7\n";
    assert_valid(
        "priority-queue",
        &format!("{three} 7 8 dequeue 9\n 9 10 peek 7\n 11 12 drain 7 5"),
    );
    let low = format!("{three} 7 8 dequeue 5");
    assert_eq!(assert_invalid("priority-queue", &low), class("out of order", 3));
    assert_valid("unordered-queue", &low);
    // Two values cover the answer together; neither does alone.
    let chain = "1 2 enqueue 9\n 3 4 enqueue 1\n 5 20 dequeue 1\n 7 8 enqueue 8\n 9 10 dequeue 9\n \
                 21 22 dequeue 8";
    assert_eq!(assert_invalid("priority-queue", chain), class("out of order", 6));
}

#[test]
fn words() {
    let finding =
        judge("fifo-queue", "1 2 enqueue 1\n 3 4 enqueue 2\n 5 6 dequeue 2\n 7 8 dequeue 1");
    assert_eq!(
        finding.summary,
        "the object is not linearizable: it gave values in another order than it may"
    );
    let words = finding.witness.unwrap().words;
    let expected = [
        "Let:",
        "  A = enqueue ← 1, ok, process 0, from 0.001 s to 0.002 s",
        "  B = enqueue ← 2, ok, process 1, from 0.003 s to 0.004 s",
        "  C = dequeue → 2, ok, process 2, from 0.005 s to 0.006 s",
        "  D = dequeue → 1, ok, process 3, from 0.007 s to 0.008 s",
        "Then:",
        "  A ended 1.00 ms before B began, so A comes before B;",
        "  B ended 1.00 ms before C began, so B comes before C;",
        "  C ended 1.00 ms before D began, so C comes before D;",
        "  the furthest any order gets is A, B, then the state is [1 2];",
        "  C got 2, which is not next: the queue is [1 2];",
        "  so no order of these operations is legal: a contradiction",
    ];
    assert_eq!(words, expected);
    let finding = judge("stack", "1 2 push 1\n 3 4 enqueue 2");
    assert_eq!(finding.verdict, Verdict::Unknown);
    let why = "1 of 1 key could not be judged: the object: enqueue is no operation of a stack";
    assert_eq!(finding.summary, why);
}
