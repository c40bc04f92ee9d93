//! Histories made in code: recorded by threads, judged, and put in words.

mod objects;

use std::collections::BTreeMap;
use std::thread;

use objects::{Object, SMALL, Shape, compare, hints_hold};
use tribunal_checkers::{
    Counter, CounterInput, CounterOutput, Kv, KvOp, Recorder, Register, RegisterOp, RegisterRet,
    Verdict, check,
};
use tribunal_history::Random;

#[test]
fn a_stale_read_is_drawn() {
    let log = Recorder::<Register<u32>>::new();
    log.invoke(RegisterOp::write(1)).ok(RegisterRet::Done);
    let write = log.invoke(RegisterOp::write(2));
    let read = log.invoke(RegisterOp::Read);
    read.ok(RegisterRet::saw(2));
    log.invoke(RegisterOp::Read).ok(RegisterRet::saw(1));
    write.info();
    let report = check(&Register::new(), &log);
    assert_eq!(report.verdict, Verdict::Invalid);
    let text = report.to_string();
    let page = include_str!("../README.md");
    assert!(page.contains(text.trim_end()), "the page shows something else than\n{text}");
}

#[test]
fn what_failed_did_not_happen_and_what_is_dropped_may_have() {
    let log = Recorder::<Counter>::new();
    log.invoke(CounterInput::Add(5)).fail();
    log.invoke(CounterInput::Read).ok(CounterOutput::Value(0));
    drop(log.invoke(CounterInput::Add(1)));
    log.invoke(CounterInput::Add(1)).info();
    log.invoke(CounterInput::Read).ok(CounterOutput::Value(2));
    assert_eq!(log.len(), 5);
    let report = check(&Counter, &log);
    assert_eq!(report.verdict, Verdict::Valid, "{report}");
    assert_eq!(report.to_string(), "no violation found in 4 operations");
    log.invoke(CounterInput::Read).ok(CounterOutput::Value(3));
    let report = check(&Counter, &log);
    assert_eq!(report.verdict, Verdict::Invalid, "{report}");
    assert!(!log.is_empty());
}

#[test]
fn threads_record_at_once() {
    let log = Recorder::<Counter>::new();
    let counter = std::sync::Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    log.record(CounterInput::Add(1), || {
                        *counter.lock().unwrap() += 1;
                        CounterOutput::Done
                    });
                    log.record(CounterInput::Read, || {
                        CounterOutput::Value(*counter.lock().unwrap())
                    });
                }
            });
        }
    });
    let report = check(&Counter, &log);
    assert_eq!(report.verdict, Verdict::Valid, "{report}");
    assert_eq!(report.decided_by, "equal steps, earliest end first");
}

/// A map of a few keys and values.
struct Maps {
    keys: u64,
    unique: bool,
}

impl Object for Maps {
    type Model = Kv<u64, u64>;
    type State = BTreeMap<u64, u64>;

    fn model(&self) -> Kv<u64, u64> {
        Kv::new()
    }

    fn init(&self) -> BTreeMap<u64, u64> {
        BTreeMap::new()
    }

    fn admits(
        &self,
        state: &BTreeMap<u64, u64>,
        asked: &KvOp<u64, u64>,
        answer: Option<&RegisterRet<u64>>,
    ) -> Option<BTreeMap<u64, u64>> {
        let mut state = state.clone();
        let held = state.get(&asked.key).copied();
        let truth = match &asked.op {
            RegisterOp::Write(_) => RegisterRet::Done,
            RegisterOp::Read | RegisterOp::Cas(..) => RegisterRet::Saw(held),
        };
        let new = match asked.op {
            RegisterOp::Write(new) => Some(new),
            RegisterOp::Cas(expected, new) if expected == held => Some(new),
            RegisterOp::Read | RegisterOp::Cas(..) => None,
        };
        match new {
            Some(Some(new)) => drop(state.insert(asked.key, new)),
            Some(None) => drop(state.remove(&asked.key)),
            None => {}
        }
        answer.is_none_or(|answer| *answer == truth).then_some(state)
    }

    fn ask(&self, random: &mut Random, _: u32, number: u64) -> KvOp<u64, u64> {
        let new = if self.unique { number + 1 } else { random.below(2) };
        let old = Some(random.below(if self.unique { number + 1 } else { 2 }));
        let op = match random.below(5) {
            0 | 1 => RegisterOp::Read,
            2 | 3 => RegisterOp::write(new),
            _ if random.chance(1, 4) => RegisterOp::Cas(None, Some(new)),
            _ => RegisterOp::Cas(old, Some(new)),
        };
        op.on(random.below(self.keys))
    }

    fn answer(
        &self,
        _: &mut Random,
        state: &BTreeMap<u64, u64>,
        asked: &KvOp<u64, u64>,
    ) -> Option<RegisterRet<u64>> {
        let held = state.get(&asked.key).copied();
        Some(match asked.op {
            RegisterOp::Write(_) => RegisterRet::Done,
            RegisterOp::Read | RegisterOp::Cas(..) => RegisterRet::Saw(held),
        })
    }

    fn lie(
        &self,
        random: &mut Random,
        asked: &KvOp<u64, u64>,
        truth: &RegisterRet<u64>,
    ) -> RegisterRet<u64> {
        match asked.op {
            RegisterOp::Write(_) => truth.clone(),
            _ if random.chance(1, 5) => RegisterRet::Saw(None),
            _ => RegisterRet::saw(random.below(6)),
        }
    }
}

#[test]
fn maps_of_plain_values_agree_with_brute_force() {
    for (name, object) in [
        ("one key", Maps { keys: 1, unique: false }),
        ("unique", Maps { keys: 1, unique: true }),
        ("two keys", Maps { keys: 2, unique: true }),
    ] {
        let crashing = Shape { crash_every: 3, ..SMALL };
        let counts = compare(name, &object, &[SMALL, crashing], 10_000);
        let valid = counts.valid * 100 / counts.histories;
        assert!((30..=90).contains(&valid), "{valid} % of {name} are valid");
    }
}

#[test]
fn hints_of_maps_are_true() {
    let values = [None, Some(1), Some(2)];
    let mut inputs = Vec::new();
    for key in 0..2_u64 {
        inputs.push(RegisterOp::Read.on(key));
        for one in values {
            inputs.push(RegisterOp::Write(one).on(key));
            inputs.extend(values.map(|other| RegisterOp::Cas(one, other).on(key)));
        }
    }
    let mut outputs = values.map(RegisterRet::Saw).to_vec();
    outputs.push(RegisterRet::Done);
    hints_hold(&Kv::<u64, u64>::new(), &inputs, &outputs, 50);
}
