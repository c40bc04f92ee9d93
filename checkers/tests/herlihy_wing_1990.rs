//! Herlihy and Wing, *Linearizability: A Correctness Condition for Concurrent Objects*, ACM TOPLAS
//! 12(3), 1990. Its figures on registers, and the sentences of §3 as tests.

mod rig;

use rig::{judge, picture};
use tribunal_checkers::Linearizable;
use tribunal_history::Verdict::{Invalid, Valid};
use tribunal_history::{Seed, Verdict};

fn verdict(picture: &str) -> Verdict {
    judge(&Linearizable::register(), &picture::history(picture)).verdict
}

/// Figure 2 (a): R(0) by C overlaps W(1) by B, which R(1) shows to have happened later.
///
/// The paper's registers hold 0 at first; ours hold nil, so a write of 0 comes before.
#[test]
fn figure_2_a_is_linearizable() {
    let history = "
        a  |-write x 0-| |-read x 1-|
        b   |----write x 1----|            |-read x 0-|
        c                       |-write x 0-|
    ";
    assert_eq!(verdict(history), Valid);
}

/// Figure 2 (b): once A has read 1, nothing can bring 0 back for B.
#[test]
fn figure_2_b_is_not() {
    let history = "
        a  |-write x 0-|  |-read x 1-|                |-write x 3-|
        b   |----write x 1-----|       |-read x 0-|
    ";
    assert_eq!(verdict(history), Invalid);
}

/// §1: "each operation appears to take effect instantaneously at some point between its invocation
/// and its response", so operations that overlap may be put in either order.
#[test]
fn overlapping_operations_may_go_either_way() {
    for seen in [1, 2] {
        let history = format!(
            "
            a  |-----write x 1-----|
            b    |-----write x 2-----|
            c                            |-read x {seen}-|
            "
        );
        assert_eq!(verdict(&history), Valid, "{seen}");
    }
}

/// §2.3, condition L2: what precedes in real time precedes in the order.
#[test]
fn real_time_order_is_kept() {
    let history = "
        a  |-write x 1-|
        b                 |-write x 2-|
        c                                |-read x 1-|
    ";
    assert_eq!(verdict(history), Invalid);
}

/// §2.3: a pending invocation may have taken effect (H is extended with its response) ...
#[test]
fn a_pending_operation_may_have_taken_effect() {
    let history = "
        a  |-write x 1-?
        b                 |-read x 1-|
    ";
    assert_eq!(verdict(history), Valid);
}

/// ... or not (complete(H) leaves it out).
#[test]
fn a_pending_operation_may_be_left_out() {
    let history = "
        a  |-write x 1-?
        b                 |-read x nil-|
    ";
    assert_eq!(verdict(history), Valid);
}

/// But it takes effect once at most.
#[test]
fn a_pending_operation_takes_effect_once() {
    let history = "
        a  |-write x 1-?
        b                 |-read x 1-| |-write x 2-| |-read x 1-|
    ";
    assert_eq!(verdict(history), Invalid);
}

/// §3.1, Theorem 1 (locality): a history is linearizable if and only if it is for each object.
#[test]
fn linearizability_is_local() {
    let good = "
        a  |-write x 1-|  |-read x 1-|
    ";
    let bad = "
        b  |-write y 1-|  |-read y nil-|
    ";
    assert_eq!(verdict(&format!("{good}{}", good.replace('x', "z").replace(" a", " c"))), Valid);
    assert_eq!(verdict(&format!("{good}{bad}")), Invalid);
}

/// §3.1's contrast: this history of two objects is sequentially consistent object by object, and is
/// not linearizable, because each object alone is not.
#[test]
fn sequential_consistency_is_not_enough() {
    let history = "
        a  |-write x 1-|              |-read y nil-|
        b               |-write y 1-|                |-read x nil-|
    ";
    assert_eq!(verdict(history), Invalid);
}

/// §3.2, Theorem 2 (nonblocking): a pending total operation never spoils what is linearizable.
#[test]
fn a_pending_operation_never_spoils_a_history() {
    let mut tried = 0;
    for number in 0..2_000 {
        let mut random = Seed(4).child_at("nonblocking", number).random();
        let mut history = rig::random_history(&mut random, rig::Shape::SMALL);
        if judge(&Linearizable::register(), &history).verdict != Valid {
            continue;
        }
        let operation = tribunal_history::Operation::new(
            tribunal_history::Function::Write,
            0,
            tribunal_history::Value::Int(random.between(1, 3) as i64),
        );
        let process = tribunal_history::ProcessId(999);
        history.invoke(tribunal_history::Nanos::MAX, process, None, &operation).unwrap();
        assert_eq!(judge(&Linearizable::register(), &history).verdict, Valid);
        tried += 1;
    }
    assert!(tried > 500, "{tried} histories");
}
