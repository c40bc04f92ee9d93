use serde::Serialize;
use tribunal_history::NodeId;

use super::*;

/// A client with the world it sees: what it sent, and how its operation ended.
#[derive(Default)]
struct Stage {
    client: KvClient,
    now: Nanos,
    effects: Vec<ClientEffect>,
}

impl Stage {
    fn tell(&mut self, event: ClientEvent) -> &mut Stage {
        self.effects.clear();
        self.client.handle(self.now, event, &mut self.effects);
        self
    }

    fn invoke(&mut self, operation: Operation) -> &mut Stage {
        let by = self.now + Nanos::from_secs(1);
        self.tell(ClientEvent::Invoke { operation, by })
    }

    fn frame<T: Serialize>(&mut self, frame: &T) -> &mut Stage {
        self.tell(ClientEvent::Frame(seal_frame(frame).into()))
    }

    fn hello(&mut self) -> &mut Stage {
        self.tell(ClientEvent::Connected);
        assert!(!self.sent_something(), "a request before the node's hello");
        self.frame(&Hello { protocol: CLIENT_PROTOCOL, node: NodeId(1) })
    }

    fn answer(&mut self, response: Response) -> &mut Stage {
        let id = self.client.last_request;
        self.frame(&Answer { id, response })
    }

    /// A client with an open session.
    fn ready() -> Stage {
        let mut stage = Stage::default();
        stage.invoke(write(1)).tell(ClientEvent::Connected);
        stage.frame(&Hello { protocol: CLIENT_PROTOCOL, node: NodeId(1) });
        stage.answer(Response::Session(7)).answer(Response::Applied(Value::Nil));
        stage
    }

    fn sent_something(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, ClientEffect::Send(_)))
    }

    fn sent(&self) -> RequestBody {
        let frames = self.effects.iter().filter_map(|effect| match effect {
            ClientEffect::Send(frame) => Some(frame),
            _ => None,
        });
        let request: Request = open_frame(frames.last().expect("nothing sent")).unwrap();
        request.body
    }

    fn outcome(&self) -> Option<&Outcome> {
        self.effects.iter().find_map(|effect| match effect {
            ClientEffect::Complete(outcome) => Some(outcome),
            _ => None,
        })
    }
}

fn write(value: i64) -> Operation {
    Operation::new(Function::Write, 5, Value::Int(value))
}

fn read() -> Operation {
    Operation::new(Function::Read, 5, Value::Nil)
}

#[test]
fn a_write_opens_a_session_first_and_numbers_its_command() {
    let mut stage = Stage::default();
    assert_eq!(stage.invoke(write(3)).effects[0], ClientEffect::Connect);
    assert_eq!(stage.hello().sent(), RequestBody::OpenSession);
    let command = Command::Put { key: Value::Int(5), value: Value::Int(3) };
    let expected = RequestBody::Command { session: 7, sequence: 1, command };
    assert_eq!(stage.answer(Response::Session(7)).sent(), expected);
    assert_eq!(
        stage.answer(Response::Applied(Value::Nil)).outcome(),
        Some(&Outcome::Ok(Value::Int(3)))
    );
}

#[test]
fn a_refused_cas_is_ok_with_what_was_seen() {
    let mut stage = Stage::ready();
    let cas = Value::pair(Value::Int(1), Value::Int(2));
    stage.invoke(Operation::new(Function::Cas, 5, cas));
    let seen = Value::pair(Value::Int(9), Value::Int(2));
    assert_eq!(stage.answer(Response::Applied(Value::Int(9))).outcome(), Some(&Outcome::Ok(seen)));
}

#[test]
fn an_unanswered_command_is_repeated_under_its_number() {
    let mut stage = Stage::ready();
    let first = stage.invoke(write(4)).sent();
    assert_eq!(stage.tell(ClientEvent::Closed).outcome(), None);
    assert_eq!(stage.tell(ClientEvent::Woke).effects[0], ClientEffect::Connect);
    assert_eq!(stage.hello().sent(), first);
    assert_eq!(
        stage.answer(Response::Applied(Value::Nil)).outcome(),
        Some(&Outcome::Ok(Value::Int(4)))
    );
}

#[test]
fn a_refusal_after_an_unanswered_attempt_is_info() {
    let refusal = || Response::Refused(Refusal::NoLeader);
    let mut stage = Stage::ready();
    stage.invoke(write(4));
    assert_eq!(
        stage.answer(refusal()).outcome(),
        Some(&Outcome::Fail(ErrorClass::NoLeader)),
        "nothing was left unanswered"
    );
    stage.invoke(write(5)).tell(ClientEvent::Closed).tell(ClientEvent::Woke).hello();
    assert_eq!(stage.answer(refusal()).outcome(), Some(&Outcome::Info(ErrorClass::NoLeader)));
}

#[test]
fn an_unknown_end_is_asked_about_again() {
    let mut stage = Stage::ready();
    let first = stage.invoke(write(4)).sent();
    assert_eq!(stage.answer(Response::Unknown).outcome(), None);
    assert_eq!(stage.tell(ClientEvent::Woke).sent(), first);
    let refused = stage.answer(Response::Refused(Refusal::NoLeader)).outcome().cloned();
    assert_eq!(refused, Some(Outcome::Info(ErrorClass::NoLeader)));
}

#[test]
fn what_never_reached_a_node_fails() {
    let mut stage = Stage::default();
    stage.invoke(write(1));
    assert_eq!(
        stage.tell(ClientEvent::ConnectFailed).outcome(),
        Some(&Outcome::Fail(ErrorClass::ConnectionRefused))
    );
    stage.invoke(write(2)).tell(ClientEvent::Connected);
    assert_eq!(
        stage.tell(ClientEvent::Woke).outcome(),
        Some(&Outcome::Fail(ErrorClass::NoHello)),
        "a proxy may accept for a dead node"
    );
    stage.invoke(write(3)).hello();
    assert_eq!(
        stage.tell(ClientEvent::Closed).outcome(),
        Some(&Outcome::Fail(ErrorClass::ConnectionLost)),
        "only the opening of a session was sent"
    );
}

#[test]
fn a_read_that_was_sent_and_lost_is_info() {
    let mut stage = Stage::default();
    stage.invoke(read());
    assert_eq!(stage.hello().sent(), RequestBody::Read { key: Value::Int(5) });
    assert_eq!(
        stage.tell(ClientEvent::Closed).outcome(),
        Some(&Outcome::Info(ErrorClass::ConnectionLost))
    );
}

#[test]
fn a_lost_session_is_opened_anew_for_the_next_operation() {
    let mut stage = Stage::ready();
    stage.invoke(write(4));
    assert_eq!(
        stage.answer(Response::Refused(Refusal::UnknownSession)).outcome(),
        Some(&Outcome::Fail(ErrorClass::UnknownSession))
    );
    assert_eq!(stage.invoke(write(5)).sent(), RequestBody::OpenSession);
}

#[test]
fn answers_to_earlier_requests_are_passed_over() {
    let mut stage = Stage::ready();
    let stale = stage.client.last_request;
    stage.invoke(read());
    stage.frame(&Answer { id: stale, response: Response::Read(Value::Int(1)) });
    assert_eq!(stage.outcome(), None);
    assert_eq!(
        stage.answer(Response::Read(Value::Int(2))).outcome(),
        Some(&Outcome::Ok(Value::Int(2)))
    );
}

#[test]
fn garbage_from_the_node_ends_the_connection() {
    let mut stage = Stage::ready();
    stage.invoke(write(4));
    stage.tell(ClientEvent::Frame(bytes::Bytes::from_static(&[0xff; 9])));
    assert_eq!(stage.effects[0], ClientEffect::Close);
    assert_eq!(stage.outcome(), Some(&Outcome::Info(ErrorClass::Protocol)));
}
