//! The single node's core.

use std::collections::VecDeque;
use std::sync::Arc;

use tribunal_history::{Mark, NodeId, Note, Role};

use super::{SingleMessage, SingleRecord};
use crate::digest::chain;
use crate::kv::{Input, Machine, SnapshotError, decode, encode};
use crate::{
    ClientId, Config, Core, Effects, Event, Moment, Recovered, Refusal, Refused, Request,
    RequestBody, Response, WriteId, WriteOp,
};

/// Who waits for an input, and for which write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Waiting {
    write: WriteId,
    index: u64,
    input: Input,
    digest: u64,
    client: ClientId,
    request: u64,
}

/// One node that applies what its disk holds, in order.
///
/// The machine never runs ahead of the disk: an input is applied when it is durable, and then
/// answered. So a read sees only what no crash can take back, and may be answered at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Single {
    config: Arc<Config>,
    machine: Machine,
    /// Position of the last input issued.
    last: u64,
    /// Digest up to `last`.
    last_digest: u64,
    /// Digest up to the last input applied.
    applied_digest: u64,
    waiting: VecDeque<Waiting>,
    /// Position of the last checkpoint.
    pub(super) checkpoint: u64,
    repaired: bool,
}

impl Core for Single {
    type Message = SingleMessage;
    type Record = SingleRecord;

    fn recover(
        config: &Config,
        me: NodeId,
        disk: Recovered<SingleRecord>,
    ) -> Result<Single, Refused> {
        if config.nodes != [me] {
            return Err(refused(format!("'single' runs on one node, and {me} must be that one")));
        }
        let (mut digest, mut machine) = match &disk.snapshot {
            None => (0, Machine::new(config)),
            Some(bytes) => restore(config, bytes).map_err(|error| refused(error.to_string()))?,
        };
        let checkpoint = machine.applied();
        for SingleRecord::Input { index, input } in &disk.records {
            let next = machine.applied() + 1;
            if *index != next {
                return Err(refused(format!("input {index} on disk where {next} must be")));
            }
            machine.apply(*index, input);
            digest = chain(digest, 1, input);
        }
        Ok(Single {
            config: Arc::new(config.clone()),
            last: machine.applied(),
            machine,
            last_digest: digest,
            applied_digest: digest,
            waiting: VecDeque::new(),
            checkpoint,
            repaired: disk.repaired,
        })
    }

    fn handle(&mut self, _: Moment, event: Event<SingleMessage>, out: &mut Effects<Single>) {
        match event {
            Event::Started => self.started(out),
            Event::Request { client, request } => self.request(client, request, out),
            Event::Durable(write) => self.durable(write, out),
            Event::Message { message, .. } => match message {},
            Event::Timer(_) => {}
        }
    }
}

impl Single {
    /// The state machine, as far as it is durable.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    fn started(&mut self, out: &mut Effects<Single>) {
        if std::mem::take(&mut self.repaired) {
            out.note(Note::Mark(Mark::TornTailRepaired));
        }
        out.note(Note::Role { role: Role::Leader, term: 1 });
    }

    fn request(&mut self, client: ClientId, request: Request, out: &mut Effects<Single>) {
        if let RequestBody::Read { key } = &request.body {
            // Waits for no write: the machine holds nothing that is not durable, and all that was
            // answered before.
            let response = Response::Read(self.machine.read(key));
            out.reply_after(client, request.id, response, WriteId::NONE);
            return;
        }
        match self.accept(request.body) {
            Ok(input) => self.write(client, request.id, input, out),
            // Waits for no write: nothing happened.
            Err(refusal) => {
                out.reply_after(client, request.id, Response::Refused(refusal), WriteId::NONE);
            }
        }
    }

    fn accept(&self, body: RequestBody) -> Result<Input, Refusal> {
        if self.waiting.len() >= self.config.pending as usize {
            return Err(Refusal::Overloaded);
        }
        Input::from_body(body)
    }

    fn write(&mut self, client: ClientId, request: u64, input: Input, out: &mut Effects<Single>) {
        self.last += 1;
        let index = self.last;
        let digest = chain(self.last_digest, 1, &input);
        self.last_digest = digest;
        let record = SingleRecord::Input { index, input: input.clone() };
        let write = out.write(vec![WriteOp::Record(record)]);
        out.note(Note::Appended { index, term: 1, digest });
        self.waiting.push_back(Waiting { write, index, input, digest, client, request });
    }

    fn durable(&mut self, write: WriteId, out: &mut Effects<Single>) {
        let before = self.machine.applied();
        while self.waiting.front().is_some_and(|waiting| waiting.write <= write) {
            let done = self.waiting.pop_front().expect("invariant: the front was just seen");
            self.apply(done, out);
        }
        if self.machine.applied() > before {
            out.note(Note::Committed { index: self.machine.applied() });
        }
        if self.machine.applied() - self.checkpoint >= self.config.compact_entries.max(1) {
            self.compact(out);
        }
    }

    fn apply(&mut self, done: Waiting, out: &mut Effects<Single>) {
        let applied = self.machine.apply(done.index, &done.input);
        self.applied_digest = done.digest;
        let (session, sequence) = done.input.origin();
        out.note(Note::Applied { index: done.index, session, sequence });
        out.notes.extend(applied.mark.map(Note::Mark));
        // Waits for no later write: the input itself is durable.
        out.reply_after(done.client, done.request, applied.response, WriteId::NONE);
    }

    fn compact(&mut self, out: &mut Effects<Single>) {
        self.checkpoint = self.machine.applied();
        // Inputs not yet durable are not in the machine, and the checkpoint replaces their records.
        let tail = self
            .waiting
            .iter()
            .map(|waiting| SingleRecord::Input {
                index: waiting.index,
                input: waiting.input.clone(),
            })
            .collect();
        let snapshot = encode(&(self.applied_digest, &self.machine)).into();
        out.write(vec![WriteOp::Checkpoint { snapshot, tail }]);
        out.note(Note::Mark(Mark::Compacted));
    }
}

/// The digest and the state machine of a snapshot.
fn restore(config: &Config, bytes: &[u8]) -> Result<(u64, Machine), SnapshotError> {
    let (digest, machine): (u64, Machine) = decode(bytes)?;
    Ok((digest, machine.completed(config)?))
}

fn refused(reason: String) -> Refused {
    Refused { reason }
}
