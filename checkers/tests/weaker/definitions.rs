//! Each model's definition, word for word, on histories of a handful of operations.
//!
//! Nothing here is clever and nothing is shared with the checkers: orders, causal pasts and
//! visibilities are enumerated. Values may repeat.

use tribunal_history::{Completion, Function, History, Value};

/// An operation as reads and writes see it.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub(crate) session: u32,
    pub(crate) key: Value,
    pub(crate) reads: Option<Value>,
    pub(crate) writes: Option<Value>,
    pub(crate) pending: bool,
    pub(crate) begin: u32,
    pub(crate) end: u32,
}

/// The operations of a history, without those that failed and the reads nobody knows the end of.
pub(crate) fn operations(history: &History) -> Vec<Op> {
    let mut operations = Vec::new();
    for call in history.calls() {
        if call.completion == Completion::Fail {
            continue;
        }
        let argument = history.value(call.argument);
        let result = call.result().map(|id| history.value(id));
        let (reads, writes) = match call.function {
            Function::Read | Function::Get => match &result {
                Some(seen) => (Some(seen.clone()), None),
                None => continue,
            },
            Function::Write | Function::Put => (None, Some(argument)),
            Function::Delete => (None, Some(Value::Nil)),
            Function::Cas => {
                let (expected, new) = argument.as_pair().unwrap();
                match &result {
                    None => (Some(expected.clone()), Some(new.clone())),
                    Some(result) => {
                        let seen = result.as_pair().unwrap().0;
                        let took = seen == expected && expected != new;
                        (Some(seen.clone()), took.then(|| new.clone()))
                    }
                }
            }
            other => unreachable!("no {other} here"),
        };
        operations.push(Op {
            session: call.process.0,
            key: history.value(call.key),
            reads,
            writes,
            pending: result.is_none(),
            begin: call.invoked,
            end: call.completed,
        });
    }
    operations
}

/// Whether it holds for some choice of which pending operations happened.
pub(crate) fn some_choice(all: &[Op], holds: impl Fn(&[Op]) -> bool) -> bool {
    let pending: Vec<usize> = (0..all.len()).filter(|index| all[*index].pending).collect();
    (0..1_u32 << pending.len()).any(|choice| {
        let happened = |index: &usize| match pending.iter().position(|one| one == index) {
            Some(bit) => choice & 1 << bit != 0,
            None => true,
        };
        let chosen: Vec<Op> =
            (0..all.len()).filter(happened).map(|index| all[index].clone()).collect();
        holds(&chosen)
    })
}

/// Whether `two` comes right after or later than `one` in their session.
fn so(operations: &[Op], one: usize, two: usize) -> bool {
    operations[one].session == operations[two].session
        && operations[one].begin < operations[two].begin
}

/// Whether an order that keeps sessions makes every read in it see the last write.
fn ordered(operations: &[Op], placed: u32, state: &[(Value, Value)]) -> bool {
    let open = |index: usize| placed & 1 << index == 0;
    if (0..operations.len()).all(|index| !open(index)) {
        return true;
    }
    (0..operations.len()).filter(|index| open(*index)).any(|next| {
        let first = (0..operations.len()).all(|other| !open(other) || !so(operations, other, next));
        let operation = &operations[next];
        let held = state.iter().rev().find(|(key, _)| *key == operation.key);
        let held = held.map_or(&Value::Nil, |(_, value)| value);
        if !first || operation.reads.as_ref().is_some_and(|seen| seen != held) {
            return false;
        }
        let mut state = state.to_vec();
        let writes = operation.writes.clone();
        state.extend(writes.map(|value| (operation.key.clone(), value)));
        ordered(operations, placed | 1 << next, &state)
    })
}

/// Lamport 1979: one order for all.
pub(crate) fn sequential(all: &[Op]) -> bool {
    some_choice(all, |operations| ordered(operations, 0, &[]))
}

/// One order for each key.
pub(crate) fn sequential_per_key(all: &[Op]) -> bool {
    let mut keys: Vec<Value> = all.iter().map(|operation| operation.key.clone()).collect();
    keys.sort();
    keys.dedup();
    keys.iter().all(|key| {
        let of_key: Vec<Op> =
            all.iter().filter(|operation| operation.key == *key).cloned().collect();
        sequential(&of_key)
    })
}

/// Lipton and Sandberg 1988: one order for each process, of its operations and all writes.
pub(crate) fn pram(all: &[Op]) -> bool {
    let mut sessions: Vec<u32> = all.iter().map(|operation| operation.session).collect();
    sessions.sort_unstable();
    sessions.dedup();
    some_choice(all, |operations| {
        sessions.iter().all(|session| {
            let seen: Vec<Op> = operations
                .iter()
                .filter(|operation| operation.session == *session || operation.writes.is_some())
                .map(|operation| match operation.session == *session {
                    true => operation.clone(),
                    false => Op { reads: None, ..operation.clone() },
                })
                .collect();
            ordered(&seen, 0, &[])
        })
    })
}

/// Which causal model.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CausalModel {
    /// Bouajjani et al. 2017, Definition of CC.
    Weak,
    /// The same paper, CCv.
    Convergent,
}

/// Whether there is a causal order (and for CCv an arbitration that contains it) which explains
/// every read. Every partial order has a linear extension, so all are met by walking over all
/// linear orders that keep sessions and choosing for each operation a causal past among those
/// before it.
pub(crate) fn causal(all: &[Op], model: CausalModel) -> bool {
    some_choice(all, |operations| extend(operations, model, &mut Vec::new()))
}

/// The operations placed so far with the causal past of each, as bits.
fn extend(operations: &[Op], model: CausalModel, placed: &mut Vec<(usize, u32)>) -> bool {
    if placed.len() == operations.len() {
        return true;
    }
    let done = placed.iter().fold(0_u32, |bits, (index, _)| bits | 1 << index);
    for next in 0..operations.len() {
        let before: u32 = (0..operations.len())
            .filter(|other| so(operations, *other, next))
            .fold(0, |bits, other| bits | 1 << other);
        if done & 1 << next != 0 || before & !done != 0 {
            continue;
        }
        for past in 0..=done {
            // A past contains the session's, and the past of its members.
            let closed =
                placed.iter().all(|(index, below)| past & 1 << index == 0 || below & !past == 0);
            if past & !done != 0 || before & !past != 0 || !closed {
                continue;
            }
            if !explains(operations, model, placed, past, next) {
                continue;
            }
            placed.push((next, past));
            if extend(operations, model, placed) {
                return true;
            }
            placed.pop();
        }
    }
    false
}

/// Whether the past of an operation, put in some order (CC) or in that of the arbitration (CCv),
/// ends with what it read.
fn explains(
    operations: &[Op],
    model: CausalModel,
    placed: &[(usize, u32)],
    past: u32,
    next: usize,
) -> bool {
    let Some(seen) = &operations[next].reads else { return true };
    let writes: Vec<(usize, u32)> = placed
        .iter()
        .filter(|(index, _)| past & 1 << index != 0)
        .filter(|(index, _)| {
            operations[*index].key == operations[next].key && operations[*index].writes.is_some()
        })
        .copied()
        .collect();
    if writes.is_empty() {
        return seen.is_nil();
    }
    let left = |index: usize| operations[index].writes.as_ref() == Some(seen);
    match model {
        CausalModel::Convergent => writes.last().is_some_and(|(index, _)| left(*index)),
        // It can be put last among them if it is in the past of none.
        CausalModel::Weak => writes.iter().any(|(index, _)| {
            left(*index) && writes.iter().all(|(_, below)| below & 1 << index == 0)
        }),
    }
}

/// Bits of a set of session guarantees.
pub(crate) const READ_YOUR_WRITES: u8 = 1;
pub(crate) const MONOTONIC_READS: u8 = 2;
pub(crate) const MONOTONIC_WRITES: u8 = 4;
pub(crate) const WRITES_FOLLOW_READS: u8 = 8;

/// Whether there are a visibility and an arbitration with these guarantees (Viotti and Vukolić
/// 2016, §3.4) in which each read sees the last visible write.
pub(crate) fn guarantees(all: &[Op], set: u8) -> bool {
    // A cas that took effect reads, and then writes.
    let mut halves: Vec<Op> = Vec::new();
    for operation in all {
        let (begin, end) = (operation.begin * 2, operation.end);
        if operation.reads.is_some() {
            halves.push(Op { writes: None, begin, end, ..operation.clone() });
        }
        if operation.writes.is_some() {
            halves.push(Op { reads: None, begin: begin + 1, end, ..operation.clone() });
        }
    }
    some_choice_of_halves(all, &halves, |operations| {
        let writes: Vec<usize> =
            (0..operations.len()).filter(|index| operations[*index].writes.is_some()).collect();
        permutations(&writes, &mut |arbitration| visible(operations, arbitration, set))
    })
}

/// As [`some_choice`], both halves of a cas or none.
fn some_choice_of_halves(all: &[Op], halves: &[Op], holds: impl Fn(&[Op]) -> bool) -> bool {
    let pending: Vec<u32> = all.iter().filter(|one| one.pending).map(|one| one.begin).collect();
    (0..1_u32 << pending.len()).any(|choice| {
        let chosen: Vec<Op> = halves
            .iter()
            .filter(|half| match pending.iter().position(|begin| *begin == half.begin / 2) {
                Some(bit) => choice & 1 << bit != 0,
                None => true,
            })
            .cloned()
            .collect();
        holds(&chosen)
    })
}

fn permutations(items: &[usize], holds: &mut impl FnMut(&[usize]) -> bool) -> bool {
    fn extend(
        left: &mut Vec<usize>,
        done: &mut Vec<usize>,
        holds: &mut impl FnMut(&[usize]) -> bool,
    ) -> bool {
        if left.is_empty() {
            return holds(done);
        }
        for place in 0..left.len() {
            let item = left.remove(place);
            done.push(item);
            let found = extend(left, done, holds);
            done.pop();
            left.insert(place, item);
            if found {
                return true;
            }
        }
        false
    }
    extend(&mut items.to_vec(), &mut Vec::new(), holds)
}

/// Whether each read can be given a set of visible writes, under this arbitration.
fn visible(operations: &[Op], arbitration: &[usize], set: u8) -> bool {
    let rank = |write: usize| arbitration.iter().position(|one| *one == write).unwrap();
    let writes = |one: usize, two: usize| {
        so(operations, one, two)
            && operations[one].writes.is_some()
            && operations[two].writes.is_some()
    };
    let all = 0..operations.len();
    if set & MONOTONIC_WRITES != 0
        && all.clone().any(|one| all.clone().any(|two| writes(one, two) && rank(one) > rank(two)))
    {
        return false;
    }
    let reads: Vec<usize> =
        all.clone().filter(|index| operations[*index].reads.is_some()).collect();
    // Of each read the sets of writes that may be visible to it, for itself.
    let choices: Vec<Vec<u32>> = reads
        .iter()
        .map(|read| {
            (0..1_u32 << operations.len())
                .filter(|bits| {
                    all.clone()
                        .all(|index| bits & 1 << index == 0 || operations[index].writes.is_some())
                })
                .filter(|bits| {
                    let last = arbitration.iter().rev().find(|write| {
                        bits & 1 << **write != 0 && operations[**write].key == operations[*read].key
                    });
                    let value = last.and_then(|write| operations[*write].writes.clone());
                    Some(value.unwrap_or_default()) == operations[*read].reads
                })
                .filter(|bits| {
                    set & READ_YOUR_WRITES == 0
                        || all.clone().all(|write| {
                            operations[write].writes.is_none()
                                || !so(operations, write, *read)
                                || bits & 1 << write != 0
                        })
                })
                .filter(|bits| {
                    set & WRITES_FOLLOW_READS == 0
                        || all.clone().all(|write| {
                            operations[write].writes.is_none()
                                || !so(operations, *read, write)
                                || all.clone().all(|seen| {
                                    bits & 1 << seen == 0
                                        || (seen != write && rank(seen) < rank(write))
                                })
                        })
                })
                .collect()
        })
        .collect();
    assign(operations, (&reads, &choices), set, &mut Vec::new())
}

fn assign(
    operations: &[Op],
    (reads, choices): (&[usize], &[Vec<u32>]),
    set: u8,
    chosen: &mut Vec<u32>,
) -> bool {
    let Some(read) = reads.get(chosen.len()) else { return true };
    for bits in &choices[chosen.len()] {
        let monotonic = set & MONOTONIC_READS == 0
            || chosen.iter().enumerate().all(|(place, other)| {
                (!so(operations, reads[place], *read) || other & !bits == 0)
                    && (!so(operations, *read, reads[place]) || bits & !other == 0)
            });
        if !monotonic {
            continue;
        }
        chosen.push(*bits);
        if assign(operations, (reads, choices), set, chosen) {
            return true;
        }
        chosen.pop();
    }
    false
}

/// Weak regularity: each read has a write of its value that began before it ended, with none
/// entirely between the two; or saw nil when no write had ended.
pub(crate) fn regular(operations: &[Op]) -> bool {
    let writes = |key: &Value| {
        let key = key.clone();
        operations.iter().filter(move |one| one.writes.is_some() && one.key == key)
    };
    operations.iter().filter(|one| one.reads.is_some() && !one.pending).all(|read| {
        let replaced = |end: Option<u32>| {
            writes(&read.key)
                .any(|other| end.is_none_or(|end| end < other.begin) && other.end < read.begin)
        };
        let initial = read.reads == Some(Value::Nil) && !replaced(None);
        initial
            || writes(&read.key).any(|write| {
                write.writes == read.reads && write.begin < read.end && !replaced(Some(write.end))
            })
    })
}
