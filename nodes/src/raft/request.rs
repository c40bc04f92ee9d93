//! Clients' requests, at whatever node they arrive.

use super::leadership::{Leadership, Origin};
use super::standing::Standing;
use super::{Message, Payload, Raft};
use crate::kv::Input;
use crate::{ClientId, Effects, Moment, Refusal, Request, RequestBody, Response, WriteId};
use tribunal_history::{Mark, Note};

impl Raft {
    pub(super) fn on_request(
        &mut self,
        at: Moment,
        client: ClientId,
        request: Request,
        out: &mut Effects<Raft>,
    ) {
        let origin = Origin::Client { client, request: request.id };
        if self.is_leader() {
            return self.accept(origin, request.body, out);
        }
        let refusal = match self.standing.known_leader() {
            None => Refusal::NoLeader,
            Some(_) if self.is_full() => Refusal::Overloaded,
            Some(leader) => return self.forward(at, leader, client, request, out),
        };
        Raft::respond(origin, Response::Refused(refusal), out);
    }

    /// Takes a request at the leader. What is refused here was neither appended nor forwarded.
    pub(super) fn accept(&mut self, origin: Origin, body: RequestBody, out: &mut Effects<Raft>) {
        if self.is_full() {
            return Raft::respond(origin, Response::Refused(Refusal::Overloaded), out);
        }
        let input = match body {
            RequestBody::Read { key } => return self.read(origin, key, out),
            body => Input::from_body(body),
        };
        match input {
            Err(refusal) => Raft::respond(origin, Response::Refused(refusal), out),
            Ok(input) => {
                let index = self.append_own(Payload::Input(input), out);
                if let Standing::Leader(leadership) = &mut self.standing {
                    leadership.commands.insert(index, origin);
                }
            }
        }
    }

    /// Answers, or has the answer passed on.
    ///
    /// Waits for no write, whatever the answer: an applied command is durable on a majority,
    /// counted only from each *Durable* on; a read saw only such; a refusal or an *unknown* claims
    /// nothing.
    pub(super) fn respond(origin: Origin, response: Response, out: &mut Effects<Raft>) {
        match origin {
            Origin::Client { client, request } => {
                out.reply_after(client, request, response, WriteId::NONE);
            }
            Origin::Peer { node, incarnation, token } => {
                let message = Message::Forwarded { incarnation, token, response };
                out.send_after(node, message, WriteId::NONE);
            }
        }
    }

    /// Answers everybody who waits for a leader that no longer is one: a command's entry may yet
    /// commit, a read certainly saw nothing.
    pub(super) fn abandon(&mut self, leadership: Leadership, out: &mut Effects<Raft>) {
        if self.log.last().index > self.committed() {
            out.note(Note::Mark(Mark::SteppedDownUncommitted));
        }
        for origin in leadership.commands.into_values() {
            Raft::respond(origin, Response::Unknown, out);
        }
        for read in leadership.reads {
            Raft::respond(read.origin, Response::Refused(Refusal::NoLeader), out);
        }
    }

    /// Whether as many requests wait here as may.
    fn is_full(&self) -> bool {
        let here = match &self.standing {
            Standing::Leader(leadership) => leadership.commands.len() + leadership.reads.len(),
            _ => 0,
        };
        here + self.forwards.len() >= self.config.pending as usize
    }
}
