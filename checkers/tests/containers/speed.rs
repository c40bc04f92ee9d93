//! A million operations on one object: decided and certified in seconds. Run with
//! `cargo test --release -p tribunal-checkers --test containers -- --ignored --nocapture speed`.

use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use tribunal_checkers::{
    Budget, Container, Decision, Fifo, Interval, Lifo, Priority, Ruling, Unordered, decide,
};
use tribunal_history::{Random, Seed};

use crate::object::{Answer, Ask, Plain, Rule};
use crate::{Tested, intervals};

/// Operations of a long history.
const LONG: u64 = 1_000_000;

/// What a container holds, fast.
enum Store {
    First(VecDeque<i64>),
    Last(Vec<i64>),
    Highest(BinaryHeap<i64>),
    Any(Vec<i64>),
}

impl Store {
    fn new(rule: Rule) -> Store {
        match rule {
            Rule::First => Store::First(VecDeque::new()),
            Rule::Last => Store::Last(Vec::new()),
            Rule::Highest => Store::Highest(BinaryHeap::new()),
            Rule::Any => Store::Any(Vec::new()),
        }
    }

    fn effect(&mut self, ask: &Ask, random: &mut Random) -> Answer {
        match (self, ask) {
            (Store::First(line), Ask::Put(value)) => line.push_back(*value),
            (Store::Last(stack) | Store::Any(stack), Ask::Put(value)) => stack.push(*value),
            (Store::Highest(heap), Ask::Put(value)) => heap.push(*value),
            (Store::First(line), Ask::Peek) => return Answer::Got(line.front().copied()),
            (Store::Last(stack) | Store::Any(stack), Ask::Peek) => {
                return Answer::Got(stack.last().copied());
            }
            (Store::Highest(heap), Ask::Peek) => return Answer::Got(heap.peek().copied()),
            (Store::First(line), _) => return Answer::Got(line.pop_front()),
            (Store::Last(stack), _) => return Answer::Got(stack.pop()),
            (Store::Highest(heap), _) => return Answer::Got(heap.pop()),
            (Store::Any(bag), _) if bag.is_empty() => return Answer::Got(None),
            (Store::Any(bag), _) => {
                let place = random.below(bag.len() as u64) as usize;
                return Answer::Got(Some(bag.swap_remove(place)));
            }
        }
        Answer::Done
    }
}

/// A long history of ten clients with a peek in `peek_every`, of `puts` puts in a hundred.
fn long_history(rule: Rule, puts: u64, peek_every: u64, crash_every: u64) -> Vec<Plain> {
    let mut random = Seed(11).random();
    let mut store = Store::new(rule);
    let mut clients: Vec<Option<(Ask, u64, Option<Answer>)>> = vec![None; 10];
    let (mut history, mut started, mut time) = (Vec::new(), 0, 0);
    while history.len() < LONG as usize {
        time += 2;
        let client = random.below(10) as usize;
        match clients[client].take() {
            None => {
                let ask = if peek_every > 0 && random.chance(1, peek_every) {
                    Ask::Peek
                } else if random.chance(puts, 100) {
                    // A number that is new, and in no order.
                    started += 1;
                    Ask::Put(started * 7_368_787 % 15_485_863)
                } else {
                    Ask::Take
                };
                clients[client] = Some((ask, time + 1, None));
            }
            Some((ask @ Ask::Put(_), begin, None))
                if crash_every > 0 && random.chance(1, crash_every) =>
            {
                if random.chance(1, 2) {
                    store.effect(&ask, &mut random);
                }
                history.push(Plain { ask, answer: None, begin, end: u64::MAX });
            }
            Some((ask, begin, None)) => {
                let answer = store.effect(&ask, &mut random);
                clients[client] = Some((ask, begin, Some(answer)));
            }
            Some((ask, begin, answer)) => {
                history.push(Plain { ask, answer, begin, end: time + 1 });
            }
        }
    }
    for (ask, begin, answer) in clients.into_iter().flatten() {
        if let Some(answer) = answer {
            time += 2;
            history.push(Plain { ask, answer: Some(answer), begin, end: time + 1 });
        }
    }
    history.sort_by_key(|operation| operation.begin);
    history
}

/// The time this thread has had a processor, where the system tells; machines are shared.
fn spent() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split_whitespace().next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// The most memory the process has had, where the system tells.
fn peak_memory() -> String {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    text.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("").replace('\t', " ")
}

fn timed<D: Tested>(name: &str, history: &[Plain]) -> Decision<Container<D>> {
    let operations: Vec<Interval<Container<D>>> = intervals::<D>(history);
    let begun = spent();
    let decision = decide(&Container::<D>::new(), &operations, &Budget::DEFAULT);
    let ruling = match decision.ruling {
        Ruling::Legal(_) => "legal",
        Ruling::Impossible(_) => "impossible",
        Ruling::Unknown(_) => "unknown",
    };
    let decided = spent();
    let attempt = tribunal_checkers::Model::algorithms(&Container::<D>::new()).remove(0);
    drop((attempt.attempt)(&Container::<D>::new(), &operations));
    eprintln!(
        "{name}: {ruling} by {} in {:?}, of which the algorithm {:?}; {}",
        decision.decided_by,
        decided - begun,
        spent() - decided,
        peak_memory(),
    );
    decision
}

fn each<D: Tested>(name: &str) {
    let shallow = long_history(D::RULE, 50, 0, 100);
    assert!(matches!(timed::<D>(&format!("{name} shallow"), &shallow).ruling, Ruling::Legal(_)));
    let deep = long_history(D::RULE, 60, 0, 100);
    assert!(matches!(timed::<D>(&format!("{name} deep"), &deep).ruling, Ruling::Legal(_)));
    let peeks = long_history(D::RULE, 55, 10, 0);
    let decision = timed::<D>(&format!("{name} with peeks"), &peeks);
    assert!(matches!(decision.ruling, Ruling::Legal(_)));
    let mut wrong = deep;
    let middle = wrong.len() / 2;
    let answered = |operation: &Plain| matches!(operation.answer, Some(Answer::Got(Some(_))));
    let one = (middle..).find(|index| answered(&wrong[*index])).unwrap();
    let other = (one + 1_000..).find(|index| answered(&wrong[*index])).unwrap();
    let answer = wrong[one].answer.clone();
    wrong[one].answer = std::mem::replace(&mut wrong[other].answer, answer);
    timed::<D>(&format!("{name} wrong"), &wrong);
}

#[test]
#[ignore = "a million operations each; for measuring, in release mode"]
fn speed() {
    each::<Fifo>("fifo");
    each::<Priority>("priority");
    each::<Unordered>("bag");
    each::<Lifo>("stack");
}
