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
fn what_became_of_crashed_operations_is_said_also_where_an_algorithm_refutes() {
    let said = |script: &str| {
        let finding = invalid("set-linearizable", script, "lost element");
        finding.details.into_iter().find(|line| line.contains("crashed operation"))
    };
    let of = "of 2 crashed operations: 1 would have changed nothing, 1 had no effect that anybody \
              saw";
    let crashed = "1 add 5 ok\n2 add 6 info\n3 contains 9 info\n1 contains 5 ok false";
    assert_eq!(said(crashed).as_deref(), Some(of));
    assert_eq!(said("1 add 5 ok\n1 contains 5 ok false"), None);
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

#[test]
fn append_only_lists() {
    let name = "append-list";
    valid(name, "1 read ok nil\n1 append 1 ok\n1 append 2 ok\n2 read ok [1 2]");
    valid(name, "1 append 1 info\n2 append 2 info\n3 read ok [2]\n3 read ok [2 1]");
    invalid(name, "1 append 1 ok\n1 append 2 ok\n2 read ok [1]", "lost write");
    invalid(name, "1 append 1 ok\n1 append 2 ok\n2 read ok [1]\n2 read ok [1 2]", "stale read");
    invalid(name, "1 append 1\n2 read ok [1]\n2 read ok []\n1 ok", "stale read");
    invalid(name, "1 read ok [7]", "value from nowhere");
    invalid(name, "1 append 7 ok\n1 read ok [7 7]", "duplicate append");
    invalid(name, "1 append 1 ok\n1 append 2 ok\n2 read ok [2 1]", "reordered");
    let forked = "1 append 1\n2 append 2\n3 read ok [1]\n4 read ok [2]\n1 ok\n2 ok";
    invalid(name, forked, "stale read");
    let at_once = "1 append 1\n2 append 2\n3 read\n4 read ok [2 1]\n3 ok [1]\n1 ok\n2 ok";
    invalid(name, at_once, "fork");
    // Elements that are not unique are searched.
    let twice = finding(name, "1 append 1 ok\n1 append 1 ok\n1 read ok [1 1]");
    assert_eq!(twice.verdict, Verdict::Valid);
    let why = "the object: order of the longest list did not apply: elements are not unique: 2 \
               operations append the same (append ← 1)";
    assert!(twice.details.contains(&why.to_owned()), "{:#?}", twice.details);
}

#[test]
fn long_lists_have_short_counterexamples() {
    let mut script = String::new();
    for number in 0..100 {
        script += &format!("1 append {number} ok\n");
    }
    let seen: Vec<String> = (0..100).filter(|one| *one != 50).map(|one| one.to_string()).collect();
    script += &format!("2 read ok [{}]", seen.join(" "));
    let finding = invalid("append-list", &script, "lost write");
    let words = finding.witness.unwrap().words;
    let expected = [
        "Let:",
        "  A = append ← 50, ok, process 1, from 0.050 s to 0.050 s",
        "  B = read → [0 1 2 3 4 5 … 94 95 96 97 98 99] (99 elements), ok, process 2 (some of what \
         it read does not matter), from 0.100 s to 0.100 s",
        "Then:",
        "  A ended 50.0 ms before B began, so A comes before B;",
        "  the furthest any order gets is A, then the state is [50];",
        "  B needs [], but the state is [50];",
        "  so no order of these operations is legal: a contradiction",
    ];
    assert_eq!(words, expected);
}

#[test]
fn versioned_registers() {
    let name = "versioned";
    valid(name, "1 read ok nil\n1 write 5 ok [5 1]\n2 read ok [5 1]\n2 cas [1 6] ok [6 2]");
    valid(name, "1 write 5 ok [5 1]\n2 cas [7 6] ok 1\n2 read ok [5 1]");
    // A crashed write explains what is missing.
    valid(name, "1 write 5 ok [5 1]\n2 write 6 info\n1 write 7 ok [7 3]");
    valid(name, "1 write 5 ok [5 1]\n2 cas [1 6] info\n3 cas [2 8] info\n1 read ok [6 2]");
    invalid(name, "1 write 5 ok [5 1]\n1 write 7 ok [7 3]", "missing revision");
    invalid(name, "1 write 5 ok [5 1]\n1 write 6 ok [6 1]", "lost update");
    invalid(name, "1 write 5 ok [5 1]\n1 write 6 ok [6 2]\n2 read ok [5 1]", "stale read");
    invalid(name, "1 write 5 ok [5 1]\n2 read ok [6 1]", "two values");
    invalid(name, "1 write 5 ok [5 1]\n2 read ok [6 2]", "value from nowhere");
    invalid(name, "1 write 5 ok [6 1]", "missing revision");
    invalid(name, "1 write 5 ok [5 1]\n2 cas [1 6] ok 1", "missing revision");
    let stale = "1 write 5 ok [5 1]\n1 write 6 ok [6 2]\n1 write 7 ok [7 3]\n2 cas [9 1] ok 2";
    let words = invalid(name, stale, "stale read").witness.unwrap().words;
    assert!(words.iter().any(|line| line.contains("refused, saw revision 2")), "{words:#?}");
}

#[test]
fn logs() {
    let name = "log-linearizable";
    valid(name, "1 poll ok nil\n1 send 5 ok 0\n1 send 6 ok 1\n2 poll 1 ok [[1 6]]\n2 poll 2 ok []");
    valid(name, "1 send 5 ok 0\n1 send 6 ok 1\n2 poll [0 1] ok [[0 5]]\n2 poll [0 0] ok []");
    valid(name, "1 send 5 info\n2 poll ok []\n2 send 6 ok 1\n3 poll ok [[0 5] [1 6]]");
    invalid(name, "1 send 5 ok 0\n1 send 6 ok 1\n2 poll ok [[0 5]]", "stale read");
    invalid(name, "1 send 5 ok 0\n1 send 6 ok 1\n2 poll 1 ok []", "stale read");
    invalid(name, "1 send 5 ok 0\n1 send 6 ok 0", "lost update");
    invalid(name, "1 send 5 ok 0\n2 poll ok [[0 6]]", "two values");
    invalid(name, "1 poll ok [[0 6]]", "value from nowhere");
    invalid(name, "1 send 5 ok 0\n1 send 6 ok 2", "missing offset");
    invalid(name, "1 send 5 ok 0\n1 poll 0 ok [[1 5]]", "wrong offsets");
    invalid(name, "1 send 5 ok 1\n1 send 6 ok 0", "reordered");
    valid(name, "1 send 5\n2 send 6 ok 1\n2 send 7 ok 2\n1 ok 0\n2 send 8 ok 3");
}

#[test]
fn fetch_and_add() {
    let name = "fetch-add";
    valid(name, "1 fetch-add 5 ok 0\n2 fetch-add 1 ok 5\n1 read ok 6");
    valid(name, "1 fetch-add 5\n2 fetch-add 1 ok 0\n1 ok 1");
    valid(name, "1 fetch-add 1 info\n2 fetch-add 1 info\n3 read ok 0\n3 fetch-add 4 ok 2");
    invalid(name, "1 fetch-add 5 ok 0\n2 fetch-add 1 ok 0", "lost update");
    invalid(name, "1 fetch-add 5 ok 0\n2 read ok 0", "stale read");
    invalid(name, "1 fetch-add 5 ok 0\n2 read ok 7", "value from nowhere");
    invalid(name, "1 read ok -1", "value from nowhere");
    invalid(name, "1 fetch-add 5\n2 read ok 3\n1 ok 0", "value from nowhere");
    let different = "1 fetch-add 2 info\n2 fetch-add 3 info\n3 read ok 5";
    assert_eq!(finding(name, different).verdict, Verdict::Valid);
}

#[test]
fn operations_of_another_shape_are_told() {
    let told = |checker: &str, script: &str, words: &str| {
        let finding = expect(checker, script, Verdict::Unknown, "");
        assert!(finding.summary.ends_with(words), "{}", finding.summary);
    };
    told("append-list", "1 append nil ok", "append takes an element, not nil");
    told("append-list", "1 read ok 5", "read answers a list of elements, not 5");
    told("append-list", "1 write 5 ok", "write is no operation of a append-only list");
    told("versioned", "1 write 5 ok 7", "write answers a pair [value revision], not 7");
    told("versioned", "1 cas 5 ok 7", "cas takes a pair [expected-revision new], not 5");
    told("log-linearizable", "1 send 5 ok -1", "send answers an offset, not -1");
    let pairs = "poll answers a list of pairs [offset value], not [5]";
    told("log-linearizable", "1 poll ok [5]", pairs);
    told("fetch-add", "1 fetch-add 5 ok nil", "fetch-add answers a whole number, not nil");
}
