//! A client: sessions, retries within an operation, and one outcome for each.

use tribunal_history::{NodeId, Random, Value};
use tribunal_nodes::{Command, Refusal, RequestBody, Response};

use super::operation::{Deed, End, Operation};

/// What a client is doing.
#[derive(Debug)]
enum Doing {
    Nothing,
    Opening,
    Operating {
        operation: Operation,
        /// Whether an earlier attempt was left unanswered.
        doubtful: bool,
        retries: u64,
    },
}

/// One client thread. After an unknown outcome it goes on as another process.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) process: u64,
    concurrency: u64,
    session: Option<u64>,
    sequence: u64,
    /// Number of the request that is being waited for.
    pub(crate) request: u64,
    doing: Doing,
    random: Random,
    values: u64,
    last_seen: Value,
}

impl Client {
    pub(crate) fn new(process: u64, concurrency: u64, random: Random) -> Client {
        let doing = Doing::Nothing;
        let (session, last_seen) = (None, Value::Nil);
        Client {
            process,
            concurrency,
            session,
            sequence: 0,
            request: 0,
            doing,
            random,
            values: 0,
            last_seen,
        }
    }

    /// Whether it waits for an answer to this request.
    pub(crate) fn waits_for(&self, request: u64) -> bool {
        !matches!(self.doing, Doing::Nothing) && self.request == request
    }

    /// Begins the next thing: a session, or an operation on `key`.
    pub(crate) fn begin(&mut self, key: i64, order: u64) -> RequestBody {
        self.request += 1;
        if self.session.is_none() {
            self.doing = Doing::Opening;
            return RequestBody::OpenSession;
        }
        self.values += 1;
        let fresh = Value::text(format!("{}.{},", self.process, self.values));
        let deed = match self.random.below(20) {
            0..8 => Deed::Read,
            8..12 => Deed::Put(fresh),
            12..15 => Deed::Cas(self.last_seen.clone(), fresh),
            _ => Deed::Append(fresh),
        };
        if !matches!(deed, Deed::Read) {
            self.sequence += 1;
        }
        let (completed, end) = (u64::MAX, End::Info);
        let operation = Operation { key, deed, invoked: order, completed, end };
        let body = self.body(&operation);
        self.doing = Doing::Operating { operation, doubtful: false, retries: 3 };
        body
    }

    /// Where it sends a request.
    pub(crate) fn target(&mut self, nodes: &[NodeId]) -> NodeId {
        *self.random.pick(nodes).expect("clusters have nodes")
    }

    /// Pauses between operations, in milliseconds.
    pub(crate) fn pause_ms(&mut self) -> u64 {
        self.random.between(5, 60)
    }

    /// Nobody answered, or the answer is that nobody knows. Gives another attempt or the end.
    pub(crate) fn unknown(&mut self) -> Result<RequestBody, Option<Operation>> {
        if let Doing::Operating { operation, doubtful, retries } = &mut self.doing {
            *doubtful = true;
            *retries -= 1;
            let is_read = matches!(operation.deed, Deed::Read);
            if *retries > 0 && !is_read && self.random.chance(3, 4) {
                let operation = operation.clone();
                self.request += 1;
                return Ok(self.body(&operation));
            }
        }
        Err(self.end(End::Info, u64::MAX))
    }

    /// The node that was asked could not even be reached.
    pub(crate) fn unreachable(&mut self) -> Result<RequestBody, Option<Operation>> {
        self.refused()
    }

    /// An answer; gives another attempt or the end.
    pub(crate) fn answer(
        &mut self,
        response: Response,
        order: u64,
    ) -> Result<RequestBody, Option<Operation>> {
        match response {
            Response::Session(session) => {
                self.session = Some(session);
                self.sequence = 0;
                self.doing = Doing::Nothing;
                Err(None)
            }
            Response::Applied(value) | Response::Read(value) => {
                self.last_seen = value.clone();
                Err(self.end(End::Ok(value), order))
            }
            Response::Refused(refusal) => {
                if refusal == Refusal::UnknownSession {
                    self.session = None;
                }
                self.refused()
            }
            Response::Unknown => self.unknown(),
        }
    }

    /// What it was doing when the run ended.
    pub(crate) fn unfinished(&mut self) -> Option<Operation> {
        self.end(End::Info, u64::MAX)
    }

    fn refused(&mut self) -> Result<RequestBody, Option<Operation>> {
        let doubtful = matches!(self.doing, Doing::Operating { doubtful: true, .. });
        if doubtful { self.unknown() } else { Err(self.end(End::Fail, u64::MAX)) }
    }

    fn body(&self, operation: &Operation) -> RequestBody {
        let key = Value::Int(operation.key);
        let command = match operation.deed.clone() {
            Deed::Read => return RequestBody::Read { key },
            Deed::Put(value) => Command::Put { key, value },
            Deed::Append(value) => Command::Append { key, value },
            Deed::Cas(expected, value) => Command::Cas { key, expected, value },
        };
        let session = self.session.unwrap_or_default();
        RequestBody::Command { session, sequence: self.sequence, command }
    }

    fn end(&mut self, end: End, order: u64) -> Option<Operation> {
        if end == End::Info {
            self.process += self.concurrency;
            self.session = None;
        }
        match std::mem::replace(&mut self.doing, Doing::Nothing) {
            Doing::Operating { mut operation, .. } => {
                operation.end = end;
                operation.completed = order;
                Some(operation)
            }
            Doing::Nothing | Doing::Opening => None,
        }
    }
}
