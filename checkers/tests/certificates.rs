//! Certificates that fail: an algorithm that lies is a defect of the checker, whatever else is bad.

use tribunal_checkers::{
    Algorithm, Attempt, Budget, Checker, Decoded, Doubt, Interval, Linearizable, Malformed, Model,
    Notation, Ruling, WhyNot, decide,
};
use tribunal_history::{
    Call, Function, History, Nanos, Operation, Outcome, ProcessId, Record, Value, Values, Verdict,
};

/// Two cells, and an algorithm of one cell that takes the order of recording for a legal one
/// wherever a 13 is written.
#[derive(Clone, Debug)]
struct Liar;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Ask {
    Write { cell: usize, value: i64 },
    Read { cell: usize },
}

impl Ask {
    fn cell(&self) -> usize {
        match self {
            Ask::Write { cell, .. } | Ask::Read { cell } => *cell,
        }
    }
}

const LIE: &str = "order of recording";

fn lie(_: &Liar, operations: &[Interval<Liar>]) -> Attempt<Liar> {
    let is_bait = |one: &Interval<Liar>| matches!(one.input, Ask::Write { value: 13, .. });
    let is_of_one = operations.iter().all(|one| one.input.cell() == operations[0].input.cell());
    match is_of_one && operations.iter().any(is_bait) {
        true => Attempt::Legal((0..operations.len()).collect()),
        false => Attempt::Undecided,
    }
}

impl Model for Liar {
    type State = [i64; 2];
    type Input = Ask;
    type Output = i64;

    fn init(&self) -> [i64; 2] {
        [0, 0]
    }

    fn step(&self, state: &[i64; 2], ask: &Ask, seen: Option<&i64>) -> Result<[i64; 2], WhyNot> {
        let mut next = *state;
        match ask {
            Ask::Write { cell, value } => next[*cell] = *value,
            Ask::Read { cell } if seen.is_some_and(|seen| *seen != state[*cell]) => {
                return Err(WhyNot("saw something else"));
            }
            Ask::Read { .. } => {}
        }
        Ok(next)
    }

    fn parts(&self, operations: &[Interval<Liar>]) -> Vec<Vec<usize>> {
        let of = |cell| {
            let positions = 0..operations.len();
            positions.filter(|at| operations[*at].input.cell() == cell).collect::<Vec<_>>()
        };
        [of(0), of(1)].into_iter().filter(|part| !part.is_empty()).collect()
    }

    fn algorithms(&self) -> Vec<Algorithm<Liar>> {
        vec![Algorithm { name: LIE, attempt: lie }]
    }
}

impl Notation for Liar {
    fn noun(&self) -> &'static str {
        "cell"
    }

    fn decode(&self, call: &Call, values: &Values) -> Result<Decoded<Liar>, Malformed> {
        let number = |id| match values.get(id) {
            Value::Int(number) => number,
            _ => 0,
        };
        let ask = match call.function {
            Function::Write => Ask::Write { cell: 0, value: number(call.argument) },
            _ => Ask::Read { cell: 0 },
        };
        Ok((ask, call.result().map(number)))
    }

    fn describe_op(&self, call: &Call, _values: &Values) -> String {
        call.function.to_string()
    }

    fn describe_state(&self, state: &[i64; 2], _values: &Values) -> String {
        format!("{}", state[0])
    }
}

/// A write of each key, and then a read.
fn record(keys: &[(i64, i64, i64)]) -> Record {
    let (mut history, mut time) = (History::new(), 0);
    for (key, written, seen) in keys {
        let write = Operation::new(Function::Write, *key, Value::Int(*written));
        let read = Operation::new(Function::Read, *key, Value::Nil);
        for (operation, result) in [(write, *written), (read, *seen)] {
            time += 1_000_000;
            history.invoke(Nanos(time), ProcessId(0), None, &operation).unwrap();
            let ok = Outcome::Ok(Value::Int(result));
            history.complete(Nanos(time + 1), ProcessId(0), &ok).unwrap();
        }
    }
    Record { history, ..Record::default() }
}

#[test]
fn a_defect_is_no_verdict_whatever_the_other_keys_are() {
    let checker = Linearizable::new(Liar);
    let lied = (1, 13, 5);
    let (good, bad, worse) = ((2, 7, 7), (3, 7, 8), (4, 7, 9));
    for (keys, others) in [
        (vec![lied], ""),
        (vec![lied, good], ""),
        (vec![lied, bad], "; 1 other key judged not linearizable, the first key 3"),
        (vec![worse, good, lied, bad], "; 2 other keys judged not linearizable, the first key 3"),
    ] {
        let [finding] = &checker.check(&record(&keys), &Budget::DEFAULT)[..] else { panic!("one") };
        assert!(finding.is_defect(), "{finding:#?}");
        assert_eq!((finding.verdict, &*finding.subject), (Verdict::Unknown, "key 1"));
        let words = "key 1: what order of recording found does not hold when checked again; this \
                     is a defect of the checker";
        assert_eq!(finding.summary, format!("{words}{others}"));
        assert_eq!((finding.at, &finding.witness), (None, &None));
        let line = "key 3: judged not linearizable".to_owned();
        assert_eq!(finding.details.contains(&line), !others.is_empty(), "{finding:#?}");
    }
    let [finding] = &checker.check(&record(&[good, bad]), &Budget::DEFAULT)[..] else {
        panic!("one")
    };
    assert_eq!((finding.verdict, finding.is_defect()), (Verdict::Invalid, false));
}

#[test]
fn a_defect_in_a_part_outweighs_what_other_parts_came_to() {
    let written_and_seen = |cell: usize, value: i64, seen: i64| {
        [(Ask::Write { cell, value }, value), (Ask::Read { cell }, seen)]
    };
    let ruling = |asks: [[(Ask, i64); 2]; 2], budget: &Budget<'_>| {
        let operations: Vec<Interval<Liar>> = asks
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(call, (input, output))| {
                let begin = 10 * call as u64;
                Interval { input, output: Some(output), begin, end: begin + 5, call }
            })
            .collect();
        decide(&Liar, &operations, budget).ruling
    };
    // The part that lies is decided first, and the other has no order.
    let impossible = [written_and_seen(0, 13, 5), written_and_seen(1, 7, 8)];
    let found = ruling(impossible, &Budget::DEFAULT);
    assert!(matches!(found, Ruling::Unknown(Doubt::Certificate(LIE))));
    // It is decided second, and the first was too much for the budget.
    let long = [written_and_seen(0, 7, 7), written_and_seen(1, 13, 5)];
    let found = ruling(long, &Budget { states: 0, ..Budget::DEFAULT });
    assert!(matches!(found, Ruling::Unknown(Doubt::Certificate(LIE))));
    let alone = [written_and_seen(0, 7, 7), written_and_seen(1, 7, 7)];
    let found = ruling(alone, &Budget { states: 0, ..Budget::DEFAULT });
    assert!(matches!(found, Ruling::Unknown(Doubt::Exhausted(..))));
}
