//! Small histories of each object, by hand: what they are judged as, and in which words.

mod rig;

use rig::judge;
use tribunal_checkers::find_checker;
use tribunal_history::{
    ErrorClass, Finding, Function, History, Nanos, Operation, Outcome, ProcessId, Value, Verdict,
};

/// A history, an event a line: `1 add 5` (process 1 invokes), `1 ok 5`, `1 fail`, `1 info`; or
/// invocation and completion at once, as `1 add 5 ok 5`.
fn history(script: &str) -> History {
    let mut history = History::new();
    for (time, line) in script.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate() {
        let time = Nanos::from_millis(time as u64);
        let (process, rest) = line.split_once(' ').expect("a process");
        let process = ProcessId(process.parse().expect("a number"));
        let words = words(rest);
        let end = words.iter().position(|word| matches!(&**word, "ok" | "fail" | "info"));
        let end = end.unwrap_or(words.len());
        if end > 0 {
            let function = Function::from_name(&words[0]).expect("a function");
            let argument = words[1..end].first().map_or(Value::Nil, |word| value(word));
            let operation = Operation { function, key: Value::Nil, value: argument };
            history.invoke(time, process, None, &operation).unwrap();
        }
        if let Some(word) = words.get(end) {
            let outcome = match &**word {
                "ok" => Outcome::Ok(words.get(end + 1).map_or(Value::Nil, |word| value(word))),
                "fail" => Outcome::Fail(ErrorClass::Rejected),
                _ => Outcome::Info(ErrorClass::Timeout),
            };
            history.complete(time, process, &outcome).unwrap();
        }
    }
    history
}

/// Words at blanks that are in no list.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut depth = 0;
    for character in text.chars() {
        depth += i32::from(character == '[') - i32::from(character == ']');
        match words.last_mut() {
            Some(word) if character != ' ' || depth > 0 => word.push(character),
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn value(word: &str) -> Value {
    if let Some(inner) = word.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Value::List(words(inner).iter().map(|word| value(word)).collect());
    }
    match word.parse() {
        Ok(number) => Value::Int(number),
        Err(_) if word == "nil" => Value::Nil,
        Err(_) => Value::text(word),
    }
}

fn finding(checker: &str, script: &str) -> Finding {
    let named = find_checker(checker).unwrap_or_else(|| panic!("no checker {checker}"));
    judge(&*(named.make)(), &history(script))
}

/// The verdict, and the class of what is wrong.
fn expect(checker: &str, script: &str, verdict: Verdict, anomaly: &str) -> Finding {
    let finding = finding(checker, script);
    assert_eq!(finding.verdict, verdict, "{checker}: {script}\n{finding:#?}");
    assert_eq!(finding.anomaly, anomaly, "{checker}: {script}\n{finding:#?}");
    if let Some(witness) = &finding.witness {
        println!("{}\n{}\n", finding.summary, witness.words.join("\n"));
        assert!(witness.operations.len() <= 8, "{:#?}", witness.words);
        assert!(witness.words.last().is_some_and(|line| line.ends_with("a contradiction")));
    }
    finding
}

fn valid(checker: &str, script: &str) {
    expect(checker, script, Verdict::Valid, "");
}

fn invalid(checker: &str, script: &str, anomaly: &str) -> Finding {
    expect(checker, script, Verdict::Invalid, anomaly)
}

#[test]
fn sets() {
    let name = "set-linearizable";
    valid(name, "1 add 5 ok 5\n1 contains 5 ok true\n1 remove 5 ok\n1 contains 5 ok false");
    valid(name, "1 add 5 ok true\n2 add 5 ok false\n1 remove 5 ok true\n2 remove 5 ok false");
    invalid(name, "1 add 5 ok\n1 contains 5 ok false", "lost element");
    invalid(name, "1 contains 5 ok true", "element from nowhere");
    invalid(name, "1 add 5 ok\n1 remove 5 ok\n2 contains 5 ok true", "removed element");
    // Missing, strictly between two that find it.
    let between =
        "1 add 5\n2 contains 5 ok true\n2 contains 5 ok false\n2 contains 5 ok true\n1 ok";
    invalid(name, between, "lost element");
    // The same, and it may have been removed and added again in between: not by these.
    valid(name, "1 add 5\n2 remove 5\n3 contains 5 ok true\n3 contains 5 ok false\n1 ok\n2 ok");
    valid(name, "1 add 1 ok\n1 read ok [1]\n1 add 2 info\n2 read ok [2 1]\n2 read ok [1 2]");
    valid(name, "1 read ok nil\n1 read ok []");
    invalid(name, "1 add 1 ok\n1 add 2 ok\n1 read ok [2]", "lost element");
    invalid(name, "1 add 1\n2 add 2\n3 read ok [1]\n4 read ok [2]\n1 ok\n2 ok", "lost element");
    invalid(name, "1 add 1 info\n2 read ok [1]\n2 read ok []", "lost element");
    invalid(name, "1 add 1 ok\n1 read ok [1 7]", "element from nowhere");
    valid(name, "1 add 1 ok\n1 remove 1\n2 read ok [1]\n3 read ok []\n1 ok");
}

#[test]
fn counters() {
    let name = "counter-linearizable";
    valid(name, "1 add 1 ok\n1 read ok 1\n1 add -3 ok\n1 read ok -2");
    valid(name, "1 add 1 info\n2 read ok 0\n2 read ok 1");
    let lost = invalid(name, "1 add 1 ok\n1 add 1 ok\n2 read ok 1", "count too low");
    let words = lost.witness.unwrap().words;
    assert!(words.iter().any(|line| line.contains("at least 2")), "{words:#?}");
    let back = "1 add 1 ok\n2 add 1\n3 read ok 2\n3 read ok 1\n2 ok";
    invalid(name, back, "count too low");
    invalid(name, "1 add 1\n2 read ok 2\n1 ok", "count too high");
    invalid(name, "1 read ok -1\n1 add 1 ok", "count too low");
    invalid(name, "1 add 2 ok\n2 add -1 ok\n2 read ok 2", "count too high");
    // Too few to choose from: a subset of the open ones.
    valid(name, "1 add 2\n2 add 3\n3 add 10\n4 read ok 5\n4 read ok 15\n1 ok\n2 ok\n3 ok");
    invalid(name, "1 add 2\n2 add 3\n3 read ok 4\n1 ok\n2 ok", "not linearizable");
}

#[test]
fn long_counters_have_short_counterexamples() {
    let mut script = String::new();
    for number in 1..=300 {
        script += &format!("1 add 1 ok\n2 read ok {number}\n");
    }
    let stale = format!("{script}1 add 1 ok\n2 read ok 300\n");
    let finding = invalid("counter-linearizable", &stale, "count too low");
    assert!(finding.witness.unwrap().operations.len() <= 3);
    let ahead = format!("{script}2 read ok 301\n");
    let finding = invalid("counter-linearizable", &ahead, "count too high");
    assert!(finding.witness.unwrap().operations.len() <= 3);
    let unread: String = (0..300).map(|_| "1 add 1 ok\n").collect();
    let finding =
        invalid("counter-linearizable", &format!("{unread}1 read ok 299"), "count too low");
    let words = finding.witness.unwrap().words;
    assert!(words.iter().any(|line| line.contains("and others like it")), "{words:#?}");
}

#[test]
fn ids() {
    let name = "id-generator";
    valid(name, "1 generate ok 7\n2 generate info\n1 generate ok 3\n1 generate ok x");
    invalid(name, "1 generate ok 7\n1 generate ok 8\n2 generate ok 7", "duplicate id");
}

#[test]
fn locks() {
    let name = "mutex";
    valid(name, "1 acquire ok\n2 acquire\n1 release ok\n2 ok\n2 release ok");
    valid(name, "1 acquire info\n2 acquire ok\n2 release ok");
    valid(name, "1 acquire ok\n1 release info\n2 acquire ok");
    valid(name, "1 acquire ok\n2 acquire ok false\n1 release ok\n2 acquire ok true");
    valid(name, "1 acquire ok\n2 acquire fail\n1 release ok");
    invalid(name, "1 acquire ok\n2 acquire ok", "two holders");
    invalid(name, "1 acquire ok\n1 acquire ok", "held too often");
    invalid(name, "1 release ok", "release without hold");
    invalid(name, "1 acquire ok\n2 release ok", "release without hold");
    invalid(name, "1 acquire ok\n1 release ok\n2 acquire ok false", "refused for nothing");
    let overlap = "1 acquire\n2 acquire\n1 ok\n2 ok\n1 release ok\n2 release ok";
    invalid(name, overlap, "two holders");
    let name = "reentrant-mutex";
    valid(name, "1 acquire ok\n1 acquire ok\n1 release ok\n1 release ok\n2 acquire ok");
    invalid(name, "1 acquire ok\n1 acquire ok\n1 release ok\n2 acquire ok", "two holders");
}

#[test]
fn fenced_locks() {
    let name = "fenced-lock";
    valid(name, "1 acquire ok 3\n1 release ok\n2 acquire ok 5\n2 release ok");
    valid(name, "1 acquire ok 3\n1 release ok\n2 acquire info\n3 acquire ok 4");
    let back = "1 acquire ok 3\n1 release ok\n2 acquire ok 2\n2 release ok";
    invalid(name, back, "token went back");
    let twice = "1 acquire\n2 acquire ok 3\n2 release ok\n1 ok 3\n1 release ok";
    invalid(name, twice, "token given twice");
    invalid(name, "1 acquire ok 1\n2 acquire ok 2", "two holders");
    let unknown = finding(name, "1 acquire ok maybe");
    assert_eq!(unknown.verdict, Verdict::Unknown);
    assert!(unknown.summary.contains("acquire answers a token"), "{}", unknown.summary);
}

#[test]
fn semaphores() {
    let name = "semaphore";
    valid(name, "1 acquire ok\n2 acquire ok false\n2 release ok\n2 acquire 1 ok");
    invalid(name, "1 acquire ok\n2 acquire ok", "too many permits");
    invalid(name, "1 acquire ok\n1 release ok\n2 release ok", "release without hold");
    invalid(name, "1 acquire 2 ok", "too many permits");
}

#[test]
fn transactions() {
    let name = "multi-register";
    valid(name, "1 txn [[w x 1] [r x nil]] ok [[w x 1] [r x 1]]");
    valid(name, "1 txn [[r x nil] [r y nil]] ok [[r x nil] [r y nil]]");
    let torn = "1 txn [[w x 1] [w y 1]] info\n2 txn [[r x nil] [r y nil]] ok [[r x 1] [r y nil]]";
    invalid(name, torn, "not linearizable");
    let stale = "1 txn [[w x 1] [w y 1]] ok [[w x 1] [w y 1]]\n2 txn [[r y nil]] ok [[r y nil]]";
    invalid(name, stale, "not linearizable");
    let apart = "1 txn [[w x 1]] ok [[w x 1]]\n2 txn [[w y 1]] ok [[w y 1]]\n\
                 1 txn [[r y nil]] ok [[r y 2]]";
    let finding = invalid(name, apart, "not linearizable");
    assert!(finding.witness.unwrap().operations.len() <= 2);
    assert_eq!(finding_of_shape("1 txn 5 ok 5").verdict, Verdict::Unknown);
}

fn finding_of_shape(script: &str) -> Finding {
    finding("multi-register", script)
}
