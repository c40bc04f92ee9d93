//! A second oracle that is not ours: stateright's `LinearizabilityTester`.

mod rig;

use rig::{Shape, judge, random_history, show};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};
use tribunal_checkers::Linearizable;
use tribunal_history::{Completion, Function, History, Seed, Value, Verdict};

/// A register with cas, as stateright wants it.
#[derive(Clone, Debug, Default)]
struct Register(Value);

impl SequentialSpec for Register {
    type Op = (Function, Value);
    type Ret = Value;

    fn invoke(&mut self, (function, argument): &(Function, Value)) -> Value {
        match function {
            Function::Read => self.0.clone(),
            Function::Write => {
                self.0 = argument.clone();
                Value::Nil
            }
            _ => {
                let (expected, new) = argument.as_pair().expect("a cas takes a pair");
                let seen = self.0.clone();
                if seen == *expected {
                    self.0 = new.clone();
                }
                seen
            }
        }
    }
}

fn is_consistent(history: &History) -> bool {
    let mut events = Vec::new();
    for call in history.calls() {
        if call.completion == Completion::Fail {
            continue;
        }
        let operation = (call.function, history.value(call.argument));
        events.push((call.invoked, call.process, Ok(operation)));
        if let Some(result) = call.result() {
            let result = history.value(result);
            let answer = match call.function {
                Function::Read => result,
                Function::Write => Value::Nil,
                _ => result.as_pair().expect("a cas answers a pair").0.clone(),
            };
            events.push((call.completed, call.process, Err(answer)));
        }
    }
    events.sort_by_key(|(position, ..)| *position);
    let mut tester = LinearizabilityTester::new(Register::default());
    for (_, process, event) in events {
        match event {
            Ok(operation) => tester.on_invoke(process, operation).unwrap(),
            Err(answer) => tester.on_return(process, answer).unwrap(),
        };
    }
    tester.is_consistent()
}

#[test]
fn stateright_agrees() {
    let (count, mut valid) = (6_000, 0);
    for number in 0..count {
        let mut random = Seed(2).child_at("stateright", number).random();
        let unique = random.chance(1, 2);
        let history = random_history(&mut random, Shape { unique, ..Shape::SMALL });
        let expected = is_consistent(&history);
        let verdict = judge(&Linearizable::register(), &history).verdict;
        assert_eq!(verdict == Verdict::Valid, expected, "{number}\n{}", show(&history));
        valid += u64::from(expected);
    }
    assert!((count / 4..count * 3 / 4).contains(&valid), "{valid} of {count} are valid");
}
