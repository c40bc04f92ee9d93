//! Requests passed on to the leader, one hop.
//!
//! The network may lose, delay, double and reorder; a client must never be told "refused" of a
//! command that a copy of its request may yet bring about. So a forwarded request names the term
//! whose leader it is for: only that leader (there is one, and in one incarnation) takes it, at
//! most once, and only its refusals are exact. Everybody else answers *unknown*, or nothing.

use std::collections::BTreeMap;

use tribunal_history::{Mark, Nanos, NodeId, Note};

use super::core::FORWARD;
use super::leadership::Origin;
use super::standing::Standing;
use super::{Message, Raft};
use crate::{ClientId, Effects, Moment, Refusal, Request, RequestBody, Response, WriteId};

/// A request that was passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Forwarded {
    client: ClientId,
    request: u64,
    lost_at: Nanos,
}

/// The requests of this node's clients that a leader was asked to answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Forwards {
    /// Tells this incarnation's requests from those of earlier ones, whose numbers were the same.
    incarnation: u64,
    last: u64,
    waiting: BTreeMap<u64, Forwarded>,
}

impl Forwards {
    /// An incarnation begins.
    pub(super) fn begin(&mut self, incarnation: u64) {
        self.incarnation = incarnation;
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

impl Raft {
    pub(super) fn forward(
        &mut self,
        at: Moment,
        leader: NodeId,
        client: ClientId,
        request: Request,
        out: &mut Effects<Raft>,
    ) {
        let lost_at = at.monotonic + self.config.election_max.times(2);
        let forwards = &mut self.forwards;
        if forwards.waiting.is_empty() {
            out.set_timer(FORWARD, lost_at);
        }
        forwards.last += 1;
        let (token, incarnation) = (forwards.last, forwards.incarnation);
        forwards.waiting.insert(token, Forwarded { client, request: request.id, lost_at });
        let message = Message::Forward { term: self.term, incarnation, token, body: request.body };
        // Waits for no write: it claims nothing about this node.
        out.send_after(leader, message, WriteId::NONE);
        out.note(Note::Mark(Mark::Forwarded));
    }

    /// Another node passes a request on to this one.
    pub(super) fn on_forward(
        &mut self,
        node: NodeId,
        (term, incarnation, token): (u64, u64, u64),
        body: RequestBody,
        out: &mut Effects<Raft>,
    ) {
        let origin = Origin::Peer { node, incarnation, token };
        match &mut self.standing {
            Standing::Leader(leadership) if term == self.term => {
                if leadership.is_new(node, incarnation, token) {
                    self.accept(origin, body, out);
                }
            }
            _ => {
                let response = match body {
                    RequestBody::Read { .. } => Response::Refused(Refusal::NoLeader),
                    _ => Response::Unknown,
                };
                Raft::respond(origin, response, out);
            }
        }
    }

    /// The leader's answer to a request that was passed on.
    pub(super) fn on_forwarded(
        &mut self,
        incarnation: u64,
        token: u64,
        response: Response,
        out: &mut Effects<Raft>,
    ) {
        if incarnation != self.forwards.incarnation {
            return;
        }
        if let Some(forwarded) = self.forwards.waiting.remove(&token) {
            let Forwarded { client, request, .. } = forwarded;
            Raft::respond(Origin::Client { client, request }, response, out);
        }
    }

    /// Answers that count as lost: nobody knows what became of the requests.
    pub(super) fn on_forwards_due(&mut self, at: Moment, out: &mut Effects<Raft>) {
        let waiting = &mut self.forwards.waiting;
        while let Some(oldest) = waiting.first_entry() {
            let Forwarded { client, request, lost_at } = *oldest.get();
            if lost_at > at.monotonic {
                out.set_timer(FORWARD, lost_at);
                return;
            }
            oldest.remove();
            Raft::respond(Origin::Client { client, request }, Response::Unknown, out);
        }
    }
}
