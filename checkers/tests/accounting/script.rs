//! Histories written line by line, as `0 invoke add 5` and `0 ok add 5`.
//!
//! Process, type, function (with `@key` if the operation has one), value. Values are written as
//! reports show them: `5`, `nil`, `word`, `[1 [2 nil]]`. Each line is a millisecond later.

use tribunal_checkers::{Budget, Checker};
use tribunal_history::{
    Event, EventKind, Finding, Function, History, Nanos, ProcessId, Record, Value, ValueId,
};

/// One event before it is in a history.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) process: u32,
    pub(crate) kind: EventKind,
    pub(crate) function: String,
    pub(crate) key: Value,
    pub(crate) value: Value,
}

/// The history of these lines.
///
/// # Panics
/// If they are none.
pub(crate) fn history(lines: &[Line]) -> History {
    let mut history = History::new();
    for (number, line) in lines.iter().enumerate() {
        let function = Function::from_name(&line.function)
            .unwrap_or_else(|| Function::Other(history.values_mut().intern_text(&line.function)));
        let key = history.values_mut().intern(&line.key);
        let value = history.values_mut().intern(&line.value);
        let event = Event {
            time: Nanos::from_millis(number as u64),
            process: ProcessId(line.process),
            node: None,
            kind: line.kind,
            function,
            key,
            value,
            error: ValueId::NIL,
        };
        history.push(event).unwrap_or_else(|error| panic!("{error}: {lines:#?}"));
    }
    history
}

/// The lines of a script.
pub(crate) fn lines(script: &str) -> Vec<Line> {
    script.lines().map(str::trim).filter(|line| !line.is_empty()).map(line).collect()
}

fn line(text: &str) -> Line {
    let mut words = text.splitn(4, ' ').filter(|word| !word.is_empty());
    let process = words.next().unwrap().parse().unwrap();
    let kind = match words.next().unwrap() {
        "invoke" => EventKind::Invoke,
        "ok" => EventKind::Ok,
        "fail" => EventKind::Fail,
        "info" => EventKind::Info,
        other => panic!("{other} is no type"),
    };
    let name = words.next().unwrap();
    let (function, key) = name.split_once('@').unwrap_or((name, "nil"));
    let value = value(words.next().unwrap_or("nil"));
    Line { process, kind, function: function.to_owned(), key: self::value(key), value }
}

/// The value of a text.
pub(crate) fn value(text: &str) -> Value {
    let spaced = text.replace('[', " [ ").replace(']', " ] ");
    let mut open: Vec<Vec<Value>> = vec![Vec::new()];
    for token in spaced.split_whitespace() {
        match token {
            "[" => open.push(Vec::new()),
            "]" => {
                let list = open.pop().unwrap();
                open.last_mut().unwrap().push(Value::List(list.into()));
            }
            "nil" => open.last_mut().unwrap().push(Value::Nil),
            word => open.last_mut().unwrap().push(match word.parse() {
                Ok(number) => Value::Int(number),
                Err(_) => Value::text(word),
            }),
        }
    }
    open.remove(0).remove(0)
}

/// What a checker says of a history.
pub(crate) fn judge(checker: &dyn Checker, history: History) -> Finding {
    let record = Record { history, ..Record::default() };
    let mut findings = checker.check(&record, &Budget::DEFAULT);
    assert_eq!(findings.len(), 1);
    let finding = findings.remove(0);
    let again = checker.check(&record, &Budget::DEFAULT).remove(0);
    assert_eq!(finding, again, "equal records give equal findings");
    well_formed(&finding);
    finding
}

/// What a checker says of a script.
pub(crate) fn judge_script(checker: &dyn Checker, script: &str) -> Finding {
    judge(checker, history(&lines(script)))
}

/// What every finding keeps.
pub(crate) fn well_formed(finding: &Finding) {
    let invalid = finding.verdict == tribunal_history::Verdict::Invalid;
    assert_eq!(invalid, !finding.anomaly.is_empty(), "{finding:?}");
    assert_eq!(invalid, finding.witness.is_some(), "{finding:?}");
    assert!(!finding.summary.is_empty() && !finding.summary.ends_with('.'), "{finding:?}");
    let Some(witness) = &finding.witness else { return };
    assert!((1..=40).contains(&witness.operations.len()), "{finding:?}");
    assert!(witness.operations.is_sorted_by_key(|operation| operation.index), "{finding:?}");
    assert!(witness.refused.iter().all(|(at, _)| usize::from(*at) < witness.operations.len()));
    assert_eq!(witness.words.first().map(String::as_str), Some("Let:"));
    assert!(witness.words.contains(&"Then:".to_owned()));
    assert!(witness.words.last().unwrap().ends_with(": a contradiction"), "{finding:?}");
    assert!(finding.at.is_some(), "{finding:?}");
}

/// The count of this name in the last line of the details.
pub(crate) fn figure(finding: &Finding, name: &str) -> u64 {
    let line = finding.details.last().unwrap_or_else(|| panic!("no figures: {finding:?}"));
    let line = line.strip_prefix("in all keys: ").unwrap_or(line);
    let entry = line.replace(',', "\u{1}").replace("\u{1} ", ",");
    let found = entry.split(',').find_map(|entry| entry.strip_prefix(&format!("{name}: ")));
    // The log tells only of what was met.
    let none = (finding.checker == "log").then_some("0");
    let digits = found.or(none).unwrap_or_else(|| panic!("no {name} in {line}"));
    let digits = digits.replace('\u{1}', "");
    digits.parse().unwrap()
}
