//! What the mixes of operations keep to over long runs.

use std::collections::{BTreeMap, BTreeSet};

use tribunal_checkers::Budget;
use tribunal_history::{
    Function, History, Nanos, NodeId, Operation, Outcome, ProcessId, Random, Record, Seed, Value,
    Verdict,
};
use tribunal_workloads::{Generator, GeneratorOptions, WORKLOADS, Workload, find};

/// A perfect system: every operation takes effect at once, in the order of `apply`.
#[derive(Default)]
struct Perfect {
    cells: BTreeMap<Value, Value>,
}

impl Perfect {
    fn apply(&mut self, operation: &Operation) -> Outcome {
        let cell = self.cells.entry(operation.key.clone()).or_default();
        let argument = operation.value.clone();
        Outcome::Ok(match operation.function {
            Function::Read | Function::Get => cell.clone(),
            Function::Cas => {
                let (expected, new) = argument.as_pair().unwrap();
                let seen = cell.clone();
                if seen == *expected {
                    *cell = new.clone();
                }
                Value::pair(seen, new.clone())
            }
            Function::Append => {
                let old =
                    if let Value::Text(text) = &*cell { text.to_string() } else { String::new() };
                let Value::Text(token) = &argument else { panic!("{operation}") };
                *cell = Value::text(old + token);
                argument
            }
            Function::Write | Function::Put => {
                *cell = argument.clone();
                argument
            }
            other => panic!("{other} is no function of these workloads"),
        })
    }
}

/// Threads that invoke and complete in random order, so that operations overlap.
struct Load {
    generator: Box<dyn Generator>,
    random: Random,
    system: Perfect,
    /// Per thread what it does, and how that ended once it took effect.
    outstanding: Vec<Option<(Operation, Option<Outcome>)>>,
    history: History,
    done: Vec<(Operation, Outcome)>,
}

impl Load {
    fn new(workload: &Workload, threads: u32, seed: u64) -> Load {
        let options = GeneratorOptions::new(Seed(seed), threads);
        Load {
            generator: (workload.generator)(&options),
            random: Seed(seed).child("test").random(),
            system: Perfect::default(),
            outstanding: vec![None; threads as usize],
            history: History::new(),
            done: Vec::new(),
        }
    }

    fn run(&mut self, operations: usize) {
        while self.done.len() < operations {
            let thread = self.random.below(self.outstanding.len() as u64) as usize;
            let (process, now) = (ProcessId(thread as u32), Nanos(self.history.len() as u64));
            match self.outstanding[thread].take() {
                None => {
                    let operation = self.generator.next(thread as u32, NodeId(1)).unwrap();
                    self.history.invoke(now, process, None, &operation).unwrap();
                    self.outstanding[thread] = Some((operation, None));
                }
                Some((operation, None)) => {
                    let outcome = self.system.apply(&operation);
                    self.outstanding[thread] = Some((operation, Some(outcome)));
                }
                Some((operation, Some(outcome))) => {
                    self.history.complete(now, process, &outcome).unwrap();
                    self.generator.completed(thread as u32, &operation, &outcome);
                    self.done.push((operation, outcome));
                }
            }
        }
    }

    fn keys(&self) -> BTreeMap<Value, usize> {
        let mut keys = BTreeMap::new();
        for (operation, _) in &self.done {
            *keys.entry(operation.key.clone()).or_default() += 1;
        }
        keys
    }
}

fn register(threads: u32, seed: u64) -> Load {
    Load::new(find("register").unwrap(), threads, seed)
}

#[test]
fn every_written_value_is_written_once() {
    for workload in WORKLOADS {
        let mut load = Load::new(workload, 7, 1);
        load.run(50_000);
        let mut written = BTreeSet::new();
        for (operation, _) in &load.done {
            let value = match (operation.function, operation.value.as_pair()) {
                (Function::Cas, Some((_, new))) => new.clone(),
                _ => operation.value.clone(),
            };
            if !operation.function.is_read() {
                assert!(written.insert(value), "{operation} in {}", workload.name);
            }
        }
        assert!(written.len() > 20_000);
    }
}

#[test]
fn functions_come_in_their_shares() {
    let share = |workload: &Workload, function| {
        let mut load = Load::new(workload, 10, 2);
        load.run(20_000);
        let of = load.done.iter().filter(|(operation, _)| operation.function == function).count();
        of * 100 / load.done.len()
    };
    let (register, append) = (find("register").unwrap(), find("kv-append").unwrap());
    assert!((48..=52).contains(&share(register, Function::Read)));
    assert!((23..=30).contains(&share(register, Function::Write)));
    assert!((20..=26).contains(&share(register, Function::Cas)));
    assert!((43..=47).contains(&share(append, Function::Get)));
    assert!((48..=52).contains(&share(append, Function::Append)));
    assert!((4..=6).contains(&share(append, Function::Put)));
    for workload in WORKLOADS {
        for function in workload.functions {
            assert!(share(workload, *function) > 0, "{function} of {}", workload.name);
        }
        let required: BTreeSet<_> = workload.required.iter().collect();
        assert!(required.is_subset(&workload.functions.iter().collect()));
    }
}

#[test]
fn many_cas_take_effect_and_many_are_refused() {
    for threads in [2, 5, 10, 30] {
        let mut load = register(threads, 3);
        load.run(20_000);
        let cas = load.done.iter().filter(|(operation, _)| operation.function == Function::Cas);
        let (mut applied, mut refused) = (0, 0);
        for (operation, outcome) in cas {
            let Outcome::Ok(result) = outcome else { panic!("{outcome:?}") };
            let took = result.as_pair().unwrap().0 == operation.value.as_pair().unwrap().0;
            *(if took { &mut applied } else { &mut refused }) += 1;
        }
        let share = applied * 100 / (applied + refused);
        assert!((25..=85).contains(&share), "{share} % of cas took effect with {threads} threads");
        assert!(applied + refused > 3_000);
    }
}

#[test]
fn keys_are_contended_long_and_short_and_turn_at_their_limits() {
    let mut load = register(10, 4);
    load.run(40_000);
    let slots = 6;
    let keys = load.keys();
    let turned = |key: i64| keys.contains_key(&Value::Int(key + slots));
    for (key, uses) in &keys {
        let Value::Int(key) = *key else { panic!("{key}") };
        // A use is counted at invocation, and ten may be outstanding at the end.
        let range = if key % 2 == 0 { 1_990..=2_000 } else { 50..=100 };
        assert!(*uses <= *range.end(), "{key}: {uses}");
        assert!(!turned(key) || range.contains(uses), "{key}: {uses}");
    }
    let long = keys.keys().filter(|key| matches!(key, Value::Int(key) if key % 2 == 0)).count();
    assert!((8..=14).contains(&long), "{long} long-lived keys");
    assert!((220..=280).contains(&(keys.len() - long)), "{} short-lived", keys.len() - long);
    let short: BTreeSet<_> = keys.values().filter(|uses| **uses <= 100).collect();
    assert!(short.len() > 20, "short keys have many lengths");
}

#[test]
fn every_key_used_is_read_at_the_end_and_no_other() {
    for workload in WORKLOADS {
        for operations in [0, 1, 10, 20_000] {
            let mut load = Load::new(workload, 10, 5);
            load.run(operations);
            let mut used: BTreeSet<_> = load.keys().into_keys().collect();
            let open = load.outstanding.iter().flatten();
            used.extend(open.map(|(operation, _)| operation.key.clone()));
            let reads = load.generator.final_reads();
            assert!(reads.iter().all(|read| read.function.is_read() && read.value.is_nil()));
            let read: BTreeSet<_> = reads.iter().map(|read| read.key.clone()).collect();
            assert_eq!(read.len(), reads.len());
            assert_eq!(read, used, "{} after {operations}", workload.name);
            assert!(reads.len() <= 20 + operations / 100, "{}: {}", workload.name, reads.len());
        }
    }
}

#[test]
fn appended_text_stays_small() {
    let mut load = Load::new(find("kv-append").unwrap(), 10, 6);
    load.run(100_000);
    let bytes = |value: &Value| if let Value::Text(text) = value { text.len() } else { 0 };
    let longest = load.system.cells.values().map(bytes).max().unwrap();
    assert!((200..1_200).contains(&longest), "{longest}");
}

#[test]
fn equal_seeds_give_equal_operations() {
    for workload in WORKLOADS {
        let operations = |seed| {
            let mut load = Load::new(workload, 5, seed);
            load.run(5_000);
            load.done
        };
        assert_eq!(operations(7), operations(7));
        assert_ne!(operations(7), operations(8));
    }
}

#[test]
fn a_perfect_system_is_judged_valid_and_a_forgetful_one_is_not() {
    for workload in WORKLOADS {
        let mut load = Load::new(workload, 8, 9);
        load.run(4_000);
        let verdict = |history: &History| -> Verdict {
            let record = Record { history: history.clone(), ..Record::default() };
            let checkers = (workload.checkers)();
            assert!(!checkers.is_empty());
            let budget = Budget::default();
            let findings = checkers.iter().flat_map(|checker| checker.check(&record, &budget));
            findings.map(|finding| finding.verdict).collect()
        };
        assert_eq!(verdict(&load.history), Verdict::Valid, "{}", workload.name);
        load.system = Perfect::default();
        load.run(8_000);
        assert_eq!(verdict(&load.history), Verdict::Invalid, "{}", workload.name);
    }
}
