//! A core that shows what its driver does with it.

use std::sync::Arc;

use tribunal_history::{Mark, Nanos, NodeId, Note, Role, Value};

use crate::{
    ClientId, Config, Core, Effects, Event, Moment, Recovered, Refused, Request, RequestBody,
    Response, TimerId, WriteOp,
};

/// What a test asks a [`Probe`], as the key of a read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask {
    /// Its monotonic clock, in nanoseconds.
    Clock,
    /// Nothing until an hour has passed by its clock.
    InAnHour,
    /// How many records its disk held at the start, the new one that this writes not counted.
    Records,
    /// A checkpoint, which forgets the records.
    Checkpoint,
    /// An answer of peer 2.
    Peer,
    /// To lead in term 7, and a mark.
    Lead,
}

impl Ask {
    pub(super) fn request(self, id: u64) -> Request {
        Request { id, body: RequestBody::Read { key: Value::Int(self as i64) } }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Probe {
    records: usize,
    waiting: Option<(ClientId, u64)>,
}

impl Core for Probe {
    type Message = (bool, u64);
    type Record = u64;

    fn recover(_: &Config, _: NodeId, disk: Recovered<u64>) -> Result<Self, Refused> {
        if disk.records.contains(&u64::MAX) {
            return Err(Refused { reason: "a record contradicts itself".to_owned() });
        }
        Ok(Probe { records: disk.records.len(), waiting: None })
    }

    fn handle(&mut self, at: Moment, event: Event<(bool, u64)>, out: &mut Effects<Self>) {
        match event {
            Event::Request { client, request } => self.take(at, client, &request, out),
            Event::Timer(_) => self.answer(Value::Nil, out),
            Event::Message { message: (true, number), .. } => {
                self.answer(Value::Int(number as i64), out);
            }
            Event::Message { from, message: (false, number) } => out.send(from, (true, number + 1)),
            Event::Started | Event::Durable(_) => {}
        }
    }
}

impl Probe {
    fn take(&mut self, at: Moment, client: ClientId, request: &Request, out: &mut Effects<Self>) {
        let RequestBody::Read { key: Value::Int(ask) } = request.body else { return };
        let number = |number: u64| Response::Read(Value::Int(number as i64));
        match ask {
            ask if ask == Ask::Clock as i64 => {
                out.reply(client, request.id, number(at.monotonic.0));
            }
            ask if ask == Ask::InAnHour as i64 => {
                self.waiting = Some((client, request.id));
                out.set_timer(TimerId(1), at.monotonic + Nanos::from_secs(3_600));
            }
            ask if ask == Ask::Records as i64 => {
                out.write(vec![WriteOp::Record(request.id)]);
                out.reply(client, request.id, number(self.records as u64));
            }
            ask if ask == Ask::Checkpoint as i64 => {
                let snapshot = Arc::from(*b"state");
                out.write(vec![WriteOp::Checkpoint { snapshot, tail: Vec::new() }]);
                out.reply(client, request.id, number(0));
            }
            ask if ask == Ask::Peer as i64 => {
                self.waiting = Some((client, request.id));
                out.send(NodeId(2), (false, request.id));
            }
            _ => {
                out.note(Note::Role { role: Role::Leader, term: 7 });
                out.note(Note::Committed { index: 1 });
                out.note(Note::Mark(Mark::ElectionWon));
                out.reply(client, request.id, number(0));
            }
        }
    }

    fn answer(&mut self, value: Value, out: &mut Effects<Self>) {
        if let Some((client, request)) = self.waiting.take() {
            out.reply(client, request, Response::Read(value));
        }
    }
}
