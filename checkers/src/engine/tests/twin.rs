//! Random small histories: every order of search, alone and in the race, and the twins.

use tribunal_history::Seed;

use super::toys::{Counter, Queue, Toy, first_impossible, longest, random_history};
use crate::engine::race::Entrant;
use crate::engine::{Answer, Engine, Stuck, just_in_time};
use crate::tell::tell;
use crate::{Budget, Cell, Interval, is_linearization};

/// Judges one history in every way; whether it has an order.
fn judge<T: Toy>(toy: &T, operations: &[Interval<T>], context: &str) -> bool {
    let budget = Budget::DEFAULT;
    let context = || format!("{context}\n{operations:#?}");
    let wall = first_impossible(toy, operations);
    let most = wall.map(|wall| longest(toy, operations, wall, &toy.init(), 0).unwrap());
    let check = |answer: &Answer, who: &str| match answer {
        Answer::Legal(order) => {
            assert_eq!(wall, None, "{who}: {}", context());
            assert!(is_linearization(toy, operations, order), "{who}: {order:?} {}", context());
        }
        Answer::Impossible(stuck) => {
            let end = stuck.wall.map(|wall| operations[wall].end);
            assert_eq!(end, wall, "{who}: {}", context());
            assert!(wall.is_some(), "{who}: {}", context());
            let settled = stuck.order.iter().filter(|at| !operations[**at].is_pending()).count();
            assert_eq!(Some(settled as u32), most, "{who}: {stuck:?} {}", context());
            assert!(is_prefix(toy, operations, stuck), "{who}: {stuck:?} {}", context());
        }
        Answer::Exhausted(..) => panic!("{who}: {}", context()),
    };
    let race = Engine::JustInTime.search(toy, operations, &budget);
    assert_eq!(race, Engine::JustInTime.search(toy, operations, &budget), "{}", context());
    check(&race.answer, "race");
    for entrant in Entrant::ALL {
        let alone = just_in_time(toy, operations, &budget, &[entrant]);
        check(&alone.answer, &format!("{entrant:?}"));
    }
    for twin in [Engine::WingGongLowe, Engine::PlainWingGongLowe] {
        check(&twin.search(toy, operations, &budget).answer, &format!("{twin:?}"));
    }
    wall.is_none()
}

/// Whether the order is legal and places all that ends before the wall does.
fn is_prefix<T: Toy>(toy: &T, operations: &[Interval<T>], stuck: &Stuck) -> bool {
    let until = stuck.wall.map_or(0, |wall| operations[wall].end);
    // What ends later may be left out. Its answer stays known, and its end is of no consequence:
    // nothing that begins after the wall is in the order.
    let mut prefix = operations.to_vec();
    for operation in prefix.iter_mut().filter(|operation| operation.end >= until) {
        operation.end = crate::NEVER;
    }
    is_linearization(toy, &prefix, &stuck.order)
        && stuck.order.iter().all(|at| operations[*at].begin <= until)
}

/// Judges so many histories; both verdicts must be common.
fn compare<T: Toy>(name: &str, toy: &T, count: u64) {
    let mut valid = 0;
    for number in 0..count {
        let mut random = Seed(11).child_at(name, number).random();
        let operations = random_history(toy, &mut random);
        valid += u64::from(judge(toy, &operations, &format!("history {number} of {name}")));
    }
    tell(&format!("search, {name}"), count, valid, count - valid);
    let share = valid * 100 / count;
    assert!((30..=85).contains(&share), "{share} % of {name} are valid: the generator is no test");
}

const FEW: u64 = 5_000;

#[test]
fn registers() {
    compare("register", &Cell::register(), FEW);
}

#[test]
fn maps() {
    compare("map", &Cell::kv(), FEW);
}

#[test]
fn queues() {
    compare("queue", &Queue, FEW);
}

#[test]
fn counters() {
    compare("counter", &Counter, FEW);
}

/// The long version, a million histories of each model: `cargo test --release -p tribunal-checkers
/// --lib -- --ignored a_million`.
mod a_million {
    use super::*;

    const MANY: u64 = 1_000_000;

    #[test]
    #[ignore = "takes minutes in release mode"]
    fn registers() {
        compare("register", &Cell::register(), MANY);
    }

    #[test]
    #[ignore = "takes minutes in release mode"]
    fn maps() {
        compare("map", &Cell::kv(), MANY);
    }

    #[test]
    #[ignore = "takes minutes in release mode"]
    fn queues() {
        compare("queue", &Queue, MANY);
    }

    #[test]
    #[ignore = "takes minutes in release mode"]
    fn counters() {
        compare("counter", &Counter, MANY);
    }
}
