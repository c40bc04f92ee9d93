//! The client of the project's own KV nodes.
//!
//! It opens a session before its first change, numbers its changes, and repeats a change under the
//! same number while it is unanswered, which the session makes safe. It never repeats anything
//! else. An operation fails only when no attempt of it can still take effect.

use tribunal_history::{ErrorClass, Function, Nanos, Operation, Outcome, Value};
use tribunal_nodes::{
    Answer, CLIENT_PROTOCOL, Command, Hello, Refusal, Request, RequestBody, Response, open_frame,
    seal_frame,
};

use crate::client::{Client, ClientEffect, ClientEvent};

/// How long a node may take to say hello before the client looks elsewhere for an explanation.
const HELLO_LIMIT: Nanos = Nanos::from_millis(400);
/// How long before the engine's deadline an operation that certainly did nothing is given up.
const MARGIN: Nanos = Nanos::from_millis(30);
/// How long an unanswered change waits before it is repeated.
const RETRY_DELAY: Nanos = Nanos::from_millis(40);

/// The client of one process.
#[derive(Debug, Default)]
pub struct KvClient {
    connection: Connection,
    session: Option<Session>,
    attempt: Option<Attempt>,
    last_request: u64,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Connection {
    #[default]
    None,
    Connecting,
    /// Connected, and the node has not said hello.
    Silent,
    Ready,
}

#[derive(Debug)]
struct Session {
    id: u64,
    last_sequence: u64,
}

/// The operation under way.
#[derive(Debug)]
struct Attempt {
    operation: Operation,
    by: Nanos,
    /// The command's number once it was sent at least once.
    sequence: Option<u64>,
    /// The request whose answer is awaited.
    awaited: Option<u64>,
    /// Whether an earlier sending of the command went unanswered.
    unanswered: bool,
}

impl KvClient {
    /// A client that has no connection and no session yet.
    pub fn new() -> KvClient {
        KvClient::default()
    }

    fn begin(&mut self, now: Nanos, out: &mut Vec<ClientEffect>) {
        match self.connection {
            Connection::Ready => self.send_next(now, out),
            Connection::None => self.connect(now, out),
            Connection::Connecting | Connection::Silent => {}
        }
    }

    fn connect(&mut self, now: Nanos, out: &mut Vec<ClientEffect>) {
        let Some(attempt) = &self.attempt else { return };
        self.connection = Connection::Connecting;
        out.push(ClientEffect::Connect);
        out.push(ClientEffect::WakeAt((now + HELLO_LIMIT).min(attempt.by - MARGIN)));
    }

    /// Sends what comes next for the operation: the opening of a session, or the operation itself.
    fn send_next(&mut self, _now: Nanos, out: &mut Vec<ClientEffect>) {
        let Some(attempt) = &mut self.attempt else { return };
        let body = match (command_of(&attempt.operation), &mut self.session) {
            (Err(rejected), _) => return self.finish(rejected, out),
            (Ok(None), _) => RequestBody::Read { key: attempt.operation.key.clone() },
            (Ok(Some(_)), None) => RequestBody::OpenSession,
            (Ok(Some(command)), Some(session)) => {
                let sequence = *attempt.sequence.get_or_insert_with(|| {
                    session.last_sequence += 1;
                    session.last_sequence
                });
                RequestBody::Command { session: session.id, sequence, command }
            }
        };
        self.last_request += 1;
        attempt.awaited = Some(self.last_request);
        let request = Request { id: self.last_request, body };
        out.push(ClientEffect::Send(seal_frame(&request).into()));
        out.push(ClientEffect::WakeAt(attempt.by - MARGIN));
    }

    fn frame(&mut self, now: Nanos, frame: &[u8], out: &mut Vec<ClientEffect>) {
        if self.connection == Connection::Silent {
            let hello: Option<Hello> = open_frame(frame);
            if hello.is_some_and(|hello| hello.protocol == CLIENT_PROTOCOL) {
                self.connection = Connection::Ready;
                return self.send_next(now, out);
            }
            return self.protocol_error(out);
        }
        let Some(answer) = open_frame::<Answer>(frame) else {
            return self.protocol_error(out);
        };
        let awaited = self.attempt.as_ref().and_then(|attempt| attempt.awaited);
        // Another number is the answer to an earlier operation, or to an earlier sending.
        if awaited == Some(answer.id) {
            self.answered(now, answer.response, out);
        }
    }

    fn answered(&mut self, now: Nanos, response: Response, out: &mut Vec<ClientEffect>) {
        let Some(attempt) = &mut self.attempt else { return };
        attempt.awaited = None;
        match response {
            Response::Session(id) if attempt.sequence.is_none() => {
                self.session = Some(Session { id, last_sequence: 0 });
                self.send_next(now, out);
            }
            Response::Applied(before) => {
                let value = result(&attempt.operation, before);
                self.finish(Outcome::Ok(value), out);
            }
            Response::Read(value) => self.finish(Outcome::Ok(value), out),
            Response::Refused(refusal) => {
                let unanswered = attempt.unanswered;
                if refusal == Refusal::UnknownSession {
                    self.session = None;
                }
                self.finish(not_done(unanswered, class_of(refusal)), out);
            }
            Response::Unknown if attempt.sequence.is_some() => {
                attempt.unanswered = true;
                out.push(ClientEffect::WakeAt(now + RETRY_DELAY));
            }
            // An unknown opening of a session, or an unknown read, has no effect on any key.
            Response::Unknown => self.finish(Outcome::Fail(ErrorClass::NoLeader), out),
            Response::Session(_) => self.protocol_error(out),
        }
    }

    fn closed(&mut self, now: Nanos, refused: bool, out: &mut Vec<ClientEffect>) {
        let greeted = self.connection == Connection::Ready;
        self.connection = Connection::None;
        let Some(attempt) = &mut self.attempt else { return };
        let sent = attempt.awaited.take().is_some();
        if attempt.sequence.is_some() {
            attempt.unanswered |= sent;
            out.push(ClientEffect::WakeAt(now + RETRY_DELAY));
            return;
        }
        let is_read = attempt.operation.function.is_read();
        let outcome = match (refused, greeted) {
            (true, _) => Outcome::Fail(ErrorClass::ConnectionRefused),
            (false, false) => Outcome::Fail(ErrorClass::NoHello),
            (false, true) if is_read && sent => Outcome::Info(ErrorClass::ConnectionLost),
            (false, true) => Outcome::Fail(ErrorClass::ConnectionLost),
        };
        self.finish(outcome, out);
    }

    fn woke(&mut self, now: Nanos, out: &mut Vec<ClientEffect>) {
        let Some(attempt) = &self.attempt else { return };
        let sent_command = attempt.sequence.is_some();
        match self.connection {
            Connection::Connecting | Connection::Silent => {
                self.connection = Connection::None;
                out.push(ClientEffect::Close);
                if sent_command {
                    out.push(ClientEffect::WakeAt(now + RETRY_DELAY));
                } else {
                    self.finish(Outcome::Fail(ErrorClass::NoHello), out);
                }
            }
            Connection::None if now < attempt.by => self.connect(now, out),
            Connection::Ready if sent_command && attempt.awaited.is_none() => {
                self.send_next(now, out);
            }
            // Only the opening of a session is unanswered: the command was never sent.
            Connection::Ready if !sent_command && !attempt.operation.function.is_read() => {
                self.finish(Outcome::Fail(ErrorClass::NoLeader), out);
            }
            Connection::None | Connection::Ready => {}
        }
    }

    fn protocol_error(&mut self, out: &mut Vec<ClientEffect>) {
        out.push(ClientEffect::Close);
        self.connection = Connection::None;
        if let Some(attempt) = &self.attempt {
            let sent = attempt.unanswered || attempt.sequence.is_some();
            self.finish(not_done(sent, ErrorClass::Protocol), out);
        }
    }

    fn finish(&mut self, outcome: Outcome, out: &mut Vec<ClientEffect>) {
        self.attempt = None;
        out.push(ClientEffect::Complete(outcome));
    }
}

impl Client for KvClient {
    fn handle(&mut self, now: Nanos, event: ClientEvent, out: &mut Vec<ClientEffect>) {
        match event {
            ClientEvent::Invoke { operation, by } => {
                self.attempt = Some(Attempt {
                    operation,
                    by,
                    sequence: None,
                    awaited: None,
                    unanswered: false,
                });
                self.begin(now, out);
            }
            ClientEvent::Connected if self.connection == Connection::Connecting => {
                self.connection = Connection::Silent;
            }
            ClientEvent::Connected => {}
            ClientEvent::ConnectFailed => self.closed(now, true, out),
            ClientEvent::Frame(frame) => self.frame(now, &frame, out),
            ClientEvent::Closed => self.closed(now, false, out),
            ClientEvent::Woke => self.woke(now, out),
        }
    }
}

/// The change an operation asks for; `None` for a read.
fn command_of(operation: &Operation) -> Result<Option<Command>, Outcome> {
    let key = operation.key.clone();
    let value = operation.value.clone();
    Ok(Some(match operation.function {
        Function::Read | Function::Get => return Ok(None),
        Function::Write | Function::Put => Command::Put { key, value },
        Function::Append => Command::Append { key, value },
        Function::Delete => Command::Delete { key },
        Function::Cas => match operation.value.as_pair() {
            Some((expected, value)) => {
                Command::Cas { key, expected: expected.clone(), value: value.clone() }
            }
            None => return Err(Outcome::Fail(ErrorClass::Rejected)),
        },
        _ => return Err(Outcome::Fail(ErrorClass::Rejected)),
    }))
}

/// What the history says of an operation that took effect.
fn result(operation: &Operation, before: Value) -> Value {
    match (operation.function, operation.value.as_pair()) {
        (Function::Cas, Some((_, new))) => Value::pair(before, new.clone()),
        _ => operation.value.clone(),
    }
}

fn not_done(unanswered: bool, class: ErrorClass) -> Outcome {
    if unanswered { Outcome::Info(class) } else { Outcome::Fail(class) }
}

const fn class_of(refusal: Refusal) -> ErrorClass {
    match refusal {
        Refusal::NoLeader => ErrorClass::NoLeader,
        Refusal::UnknownSession => ErrorClass::UnknownSession,
        Refusal::StaleSequence => ErrorClass::Protocol,
        Refusal::Overloaded => ErrorClass::Overloaded,
        Refusal::Rejected => ErrorClass::Rejected,
    }
}

#[cfg(test)]
mod tests;
