//! Specifications of stateright's, judged by ours and by its own tester.

use stateright::semantics::register::{Register, RegisterOp, RegisterRet};
use stateright::semantics::vec::{VecOp, VecRet};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};
use std::fmt::Debug;
use std::hash::Hash;

use tribunal_checkers::{Exact, Recorder, Sequential, Verdict, check};
use tribunal_history::{Random, Seed};

/// A random history of the specification, some of whose answers are lies; whether stateright finds
/// it linearizable, and whether we do.
fn judge<S>(
    spec: &S,
    random: &mut Random,
    ask: impl Fn(&mut Random) -> S::Op,
    lie: impl Fn(&mut Random, &S::Op) -> S::Ret,
) -> (bool, Verdict)
where
    S: SequentialSpec + Clone + Debug + PartialEq + Hash + Send + Sync,
    S::Op: Clone + Debug + PartialEq + Hash + Send + Sync,
    S::Ret: Clone + Debug + Hash + Send + Sync,
{
    let mut tester = LinearizabilityTester::new(spec.clone());
    let log = Recorder::<Sequential<S>>::new();
    let mut state = spec.clone();
    let mut clients: Vec<(u64, Option<_>)> = (0..3).map(|name| (name, None)).collect();
    let mut left = random.between(3, 8);
    while left > 0 || clients.iter().any(|(_, doing)| doing.is_some()) {
        let client = random.below(3) as usize;
        let (name, doing) = &mut clients[client];
        match doing.take() {
            None if left > 0 => {
                let op = ask(random);
                let known = tester.on_invoke(*name, op.clone()).is_ok();
                assert!(known, "one operation at a time");
                *doing = Some((log.invoke(op.clone()), op));
                left -= 1;
            }
            None => {}
            // It crashes: another client goes on.
            Some(_) if random.chance(1, 8) => *name += 3,
            Some((pending, op)) => {
                let truth = state.invoke(&op);
                let answer = if random.chance(1, 5) { lie(random, &op) } else { truth };
                let known = tester.on_return(*name, answer.clone()).is_ok();
                assert!(known, "it was invoked");
                pending.ok(Exact(answer));
            }
        }
    }
    let report = check(&Sequential(spec.clone()), &log);
    assert!(!report.to_string().is_empty());
    (tester.is_consistent(), report.verdict)
}

/// Judges many, and asserts that they are a test.
fn compare(name: &str, one: impl Fn(&mut Random) -> (bool, Verdict)) {
    let (count, mut valid) = (4_000, 0);
    for number in 0..count {
        let (expected, verdict) = one(&mut Seed(4).child_at(name, number).random());
        assert_eq!(verdict == Verdict::Valid, expected, "history {number} of {name}");
        valid += u64::from(expected);
    }
    assert!((count / 4..count * 9 / 10).contains(&valid), "{valid} of {count} are valid");
}

#[test]
fn registers_agree_with_stateright() {
    let ask = |random: &mut Random| match random.chance(1, 2) {
        true => RegisterOp::Write(random.below(3)),
        false => RegisterOp::Read,
    };
    let lie = |random: &mut Random, op: &RegisterOp<u64>| match op {
        RegisterOp::Write(_) => RegisterRet::WriteOk,
        RegisterOp::Read => RegisterRet::ReadOk(random.below(3)),
    };
    compare("register", |random| judge(&Register(0), random, ask, lie));
}

#[test]
fn stacks_agree_with_stateright() {
    let ask = |random: &mut Random| match random.below(5) {
        0 | 1 => VecOp::Push(random.below(3)),
        2 | 3 => VecOp::Pop,
        _ => VecOp::Len,
    };
    let lie = |random: &mut Random, op: &VecOp<u64>| match op {
        VecOp::Push(_) => VecRet::PushOk,
        VecOp::Pop if random.chance(1, 3) => VecRet::PopOk(None),
        VecOp::Pop => VecRet::PopOk(Some(random.below(3))),
        VecOp::Len => VecRet::LenOk(random.below(3) as usize),
    };
    compare("stack", |random| judge(&Vec::new(), random, ask, lie));
}
