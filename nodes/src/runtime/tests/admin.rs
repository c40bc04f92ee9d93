//! The controller's channel: token, notes, clocks.

use std::time::{Duration, Instant};

use tribunal_history::admin::{Ask as Question, FromNode, Reply};
use tribunal_history::{ClockKind, Mark, Note, Role, Value};

use super::node::{Controller, TOKEN, options};
use super::{Ask, Probe, Running};
use crate::{ClockFault, Response};

const HOUR_NS: i64 = 3_600_000_000_000;

fn offsets(reply: &Reply) -> [i64; 4] {
    match *reply {
        Reply::Clock { wall_before_ns, wall_after_ns, monotonic_before_ns, monotonic_after_ns } => {
            [wall_before_ns, wall_after_ns, monotonic_before_ns, monotonic_after_ns]
        }
        _ => panic!("{reply:?}"),
    }
}

#[test]
fn only_the_token_opens_the_channel() {
    let data = tempfile::tempdir().unwrap();
    let node = Running::start::<Probe>(options(1, data.path()));
    let hello = |token: &str| {
        format!(r#"{{"number":1,"ask":{{"hello":{{"token":"{token}","all_notes":false}}}}}}"#)
    };
    let wrong = [hello("another"), hello(""), r#"{"number":1,"ask":"role"}"#.into(), "?".into()];
    for line in wrong {
        let mut controller = Controller::connect(node.bound.admin.unwrap());
        controller.write(&line);
        assert_eq!(controller.read(), None, "{line}");
    }
    let mut controller = Controller::connect(node.bound.admin.unwrap());
    controller.write(&hello(TOKEN));
    let reply = Reply::Hello { node: tribunal_history::NodeId(1), pid: std::process::id() };
    assert_eq!(controller.read(), Some(FromNode::Reply { number: 1, reply }));
}

#[test]
fn without_token_there_is_no_channel() {
    let data = tempfile::tempdir().unwrap();
    let mut options = options(1, data.path());
    options.token = None;
    assert!(Running::start::<Probe>(options).bound.admin.is_none());
}

#[test]
fn a_clock_fault_is_seen_by_the_core_and_fires_its_timers() {
    let data = tempfile::tempdir().unwrap();
    let node = Running::start::<Probe>(options(1, data.path()));
    let mut client = node.client();
    let mut controller = node.admin(false);
    client.send(&Ask::InAnHour.request(1));
    // The timer is set when a later request was answered.
    let Response::Read(Value::Int(before)) = client.ask(Ask::Clock.request(2)) else {
        panic!("no clock")
    };
    assert!(before < HOUR_NS);
    let jump = Question::ClockJump { clock: ClockKind::Monotonic, by_ns: HOUR_NS };
    assert_eq!(offsets(&controller.ask(jump)), [0, 0, 0, HOUR_NS]);
    assert_eq!(client.answer().unwrap().response, Response::Read(Value::Nil));
    let Response::Read(Value::Int(after)) = client.ask(Ask::Clock.request(3)) else {
        panic!("no clock")
    };
    assert!(after > before + HOUR_NS);
    let back = Question::ClockJump { clock: ClockKind::Monotonic, by_ns: -1 };
    assert!(matches!(controller.ask(back), Reply::Refused { .. }));
    let jump = Question::ClockJump { clock: ClockKind::Wall, by_ns: -HOUR_NS };
    assert_eq!(offsets(&controller.ask(jump)), [0, -HOUR_NS, HOUR_NS, HOUR_NS]);
    assert_eq!(offsets(&controller.ask(Question::ClockHeal)), [-HOUR_NS, 0, HOUR_NS, HOUR_NS]);
    assert_eq!(offsets(&controller.ask(Question::ClockRead)), [0, 0, HOUR_NS, HOUR_NS]);
}

#[test]
fn a_drift_makes_a_timer_fire_early() {
    let data = tempfile::tempdir().unwrap();
    let node = Running::start::<Probe>(options(1, data.path()));
    let mut client = node.client();
    let mut controller = node.admin(false);
    client.send(&Ask::InAnHour.request(1));
    client.ask(Ask::Clock.request(2));
    // Five seconds are left, and pass ten times as fast.
    let near = Question::ClockJump { clock: ClockKind::Monotonic, by_ns: HOUR_NS - 5_000_000_000 };
    controller.ask(near);
    let asked = Instant::now();
    let drift = Question::ClockDrift { clock: ClockKind::Monotonic, ppm: 9_000_000 };
    controller.ask(drift);
    assert_eq!(client.answer().unwrap().response, Response::Read(Value::Nil));
    assert!(asked.elapsed() < Duration::from_secs(4));
}

#[test]
fn a_node_can_start_under_a_clock_fault() {
    let data = tempfile::tempdir().unwrap();
    let mut options = options(1, data.path());
    let clock = ClockKind::Wall;
    options.clock = vec![ClockFault::Jump { clock, by_ns: -5 }];
    let node = Running::start::<Probe>(options);
    assert_eq!(offsets(&node.admin(false).ask(Question::ClockRead)), [-5, -5, 0, 0]);
}

#[test]
fn notes_are_told_by_their_weight() {
    let data = tempfile::tempdir().unwrap();
    let node = Running::start::<Probe>(options(1, data.path()));
    let mut early = node.client();
    early.ask(Ask::Lead.request(1));
    let leads = FromNode::Note { note: Note::Role { role: Role::Leader, term: 7 } };
    let mark = FromNode::Note { note: Note::Mark(Mark::ElectionWon) };
    let entry = FromNode::Note { note: Note::Committed { index: 1 } };
    let mut first = node.admin(false);
    let role = Reply::Role { role: Role::Leader, term: 7 };
    assert_eq!(first.ask(Question::Role), role);
    assert_eq!(first.notes, [leads.clone(), mark], "from before anyone listened");
    let mut second = node.admin(true);
    assert_eq!(second.ask(Question::Role), role);
    early.ask(Ask::Lead.request(2));
    assert_eq!(second.ask(Question::Role), role);
    assert_eq!(second.notes, [leads.clone(), leads, entry], "a mark is told the first time only");
}
