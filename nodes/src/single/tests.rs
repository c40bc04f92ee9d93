//! The single node against a disk in memory.

use tribunal_history::{Nanos, NodeId, Value};

use super::{Single, SingleRecord};
use crate::{
    ClientId, Command, Config, Core, Effect, Effects, Event, Moment, Recovered, Refusal, Request,
    RequestBody, Response, WriteId, WriteOp,
};

const AT: Moment = Moment { monotonic: Nanos::ZERO, wall: Nanos::ZERO, entropy: 7 };

fn config() -> Config {
    Config { compact_entries: 3, pending: 2, ..Config::new(vec![NodeId(1)]) }
}

fn empty() -> Single {
    Single::recover(&config(), NodeId(1), Recovered::default()).unwrap()
}

fn put(id: u64, value: i64) -> Event<super::SingleMessage> {
    let command = Command::Put { key: Value::Int(1), value: Value::Int(value) };
    let body = RequestBody::Command { session: 1, sequence: id, command };
    Event::Request { client: ClientId(1), request: Request { id, body } }
}

fn open() -> Event<super::SingleMessage> {
    let request = Request { id: 0, body: RequestBody::OpenSession };
    Event::Request { client: ClientId(1), request }
}

fn read() -> Event<super::SingleMessage> {
    let request = Request { id: 99, body: RequestBody::Read { key: Value::Int(1) } };
    Event::Request { client: ClientId(1), request }
}

/// Takes the effects out: answers, and what was written into `disk`.
fn drain(out: &mut Effects<Single>, disk: &mut Recovered<SingleRecord>) -> Vec<Response> {
    let mut answers = Vec::new();
    for effect in out.effects.drain(..) {
        match effect {
            Effect::Reply { response, .. } => answers.push(response),
            Effect::Write { ops, .. } => ops.into_iter().for_each(|op| match op {
                WriteOp::Record(record) => disk.records.push(record),
                WriteOp::Checkpoint { snapshot, tail } => {
                    disk.snapshot = Some(snapshot);
                    disk.records = tail;
                }
            }),
            other => panic!("unexpected {other:?}"),
        }
    }
    answers
}

#[test]
fn a_command_is_answered_when_it_is_durable_and_read_no_earlier() {
    let (mut node, mut out, mut disk) = (empty(), Effects::new(), Recovered::default());
    node.handle(AT, open(), &mut out);
    node.handle(AT, Event::Durable(WriteId(1)), &mut out);
    assert_eq!(drain(&mut out, &mut disk), [Response::Session(1)]);
    node.handle(AT, put(1, 5), &mut out);
    node.handle(AT, read(), &mut out);
    assert_eq!(drain(&mut out, &mut disk), [Response::Read(Value::Nil)]);
    node.handle(AT, Event::Durable(WriteId(2)), &mut out);
    node.handle(AT, read(), &mut out);
    let expected = [Response::Applied(Value::Nil), Response::Read(Value::Int(5))];
    assert_eq!(drain(&mut out, &mut disk), expected);
}

#[test]
fn what_waits_is_bounded() {
    let (mut node, mut out) = (empty(), Effects::new());
    for number in 1..=3 {
        node.handle(AT, put(number, 1), &mut out);
    }
    let answers = drain(&mut out, &mut Recovered::default());
    assert_eq!(answers, [Response::Refused(Refusal::Overloaded)]);
}

#[test]
fn recovery_just_before_and_just_after_a_checkpoint_gives_equal_machines() {
    let (mut node, mut out, mut before) = (empty(), Effects::new(), Recovered::default());
    node.handle(AT, open(), &mut out);
    node.handle(AT, put(1, 1), &mut out);
    node.handle(AT, Event::Durable(WriteId(2)), &mut out);
    node.handle(AT, put(2, 2), &mut out);
    node.handle(AT, put(3, 3), &mut out);
    drain(&mut out, &mut before);
    let mut after = before.clone();
    // Input 3 is durable, input 4 is not yet: the checkpoint must restate it.
    node.handle(AT, Event::Durable(WriteId(3)), &mut out);
    drain(&mut out, &mut after);
    assert_eq!(after.records.len(), 1);
    let mut old = Single::recover(&config(), NodeId(1), before).unwrap();
    let new = Single::recover(&config(), NodeId(1), after).unwrap();
    // Only the figure of when the next checkpoint is due tells them apart.
    assert_eq!((old.checkpoint, new.checkpoint), (0, 3));
    old.checkpoint = new.checkpoint;
    assert_eq!(old, new);
    assert_eq!(new.machine().read(&Value::Int(1)), Value::Int(3));
}

#[test]
fn contradictions_on_disk_are_refused() {
    let input = crate::kv::Input::OpenSession;
    let gap = vec![SingleRecord::Input { index: 2, input }];
    let disk = Recovered { records: gap, ..Recovered::default() };
    let refused = Single::recover(&config(), NodeId(1), disk).unwrap_err();
    assert!(refused.to_string().contains("input 2 on disk where 1 must be"), "{refused}");
    let disk = Recovered { snapshot: Some([9].into()), ..Recovered::default() };
    let refused = Single::recover(&config(), NodeId(1), disk).unwrap_err();
    assert!(refused.to_string().contains("version 9"), "{refused}");
    assert!(Single::recover(&config(), NodeId(2), Recovered::default()).is_err());
}
