//! What happens to clients: pure state machines that are given a connection and a clock.

use tribunal_cluster::Report;
use tribunal_history::{Nanos, NodeId, OpId, Operation, Outcome, ProcessId};
use tribunal_nodes::Core;
use tribunal_systems::{ClientEffect, ClientEvent};

use crate::client_seat::{ClientSeat, Connection};
use crate::event::{Up, What};
use crate::world::World;

/// How long a retired client listens for a late answer.
const LINGER: Nanos = Nanos::from_secs(2);
/// Events a client may cause for itself at one instant; one that goes on is taken for broken.
const AT_ONCE_MAX: usize = 64;

impl<C: Core> World<'_, C> {
    pub(crate) fn invoke(
        &mut self,
        id: OpId,
        (process, node): (ProcessId, NodeId),
        operation: Operation,
        by: Nanos,
    ) {
        let client = match self.client_of.get(&process) {
            Some(client) => *client,
            None => self.new_client(process, node),
        };
        self.owners.insert(id, client);
        if let Some(seat) = &mut self.clients[client as usize] {
            seat.operation = Some(id);
        }
        self.deliver(client, ClientEvent::Invoke { operation, by });
    }

    fn new_client(&mut self, process: ProcessId, node: NodeId) -> u32 {
        let seat = ClientSeat::new((self.options.client)(), process, node);
        let client = self.clients.len() as u32;
        self.clients.push(Some(seat));
        self.client_of.insert(process, client);
        client
    }

    /// Nobody waits for this operation any more, and its process is retired.
    pub(crate) fn abandon(&mut self, id: OpId) {
        let Some(client) = self.owners.remove(&id) else { return };
        let Some(seat) = &mut self.clients[client as usize] else { return };
        seat.is_retired = true;
        self.client_of.remove(&seat.process);
        let wait = if seat.operation.is_some() { LINGER } else { Nanos::ZERO };
        self.later(wait, What::ClientGone { client });
    }

    pub(crate) fn forget_client(&mut self, client: u32) {
        let Some(seat) = self.clients[client as usize].take() else { return };
        if let Some(connection) = seat.connection {
            // The connection is closed by the client's end of it, without its seat.
            self.seats[seat.node.slot()].connections.remove(&connection.id);
        }
    }

    pub(crate) fn wake_client(&mut self, client: u32) {
        let now = self.now;
        let Some(seat) = &mut self.clients[client as usize] else { return };
        if seat.wake_at.is_none_or(|at| at > now) {
            return;
        }
        seat.wake_at = None;
        match seat.wake {
            Some(wake) if wake <= now => {
                seat.wake = None;
                self.deliver(client, ClientEvent::Woke);
            }
            Some(wake) => {
                seat.wake_at = Some(wake);
                self.at(wake, What::ClientWake { client });
            }
            None => {}
        }
    }

    /// Hands one event to a client and does what it wants, until it wants nothing more.
    pub(crate) fn deliver(&mut self, client: u32, event: ClientEvent) {
        let mut pending = Some(event);
        for _ in 0..AT_ONCE_MAX {
            let Some(event) = pending.take() else { return };
            let now = self.now;
            let Some(seat) = &mut self.clients[client as usize] else { return };
            let mut effects = Vec::new();
            seat.client.handle(now, event, &mut effects);
            for effect in effects {
                match effect {
                    ClientEffect::Connect => self.connect(client),
                    ClientEffect::Send(frame) => {
                        if !self.send_frame(client, frame) {
                            pending = Some(ClientEvent::Closed);
                        }
                    }
                    ClientEffect::Close => self.close(client),
                    ClientEffect::WakeAt(time) => self.set_wake(client, time),
                    ClientEffect::Complete(outcome) => self.complete(client, outcome),
                }
            }
        }
    }

    fn connect(&mut self, client: u32) {
        self.connections += 1;
        let id = self.connections;
        let now = self.now;
        let Some(seat) = &mut self.clients[client as usize] else { return };
        let connection = Connection { id, is_open: false, up: now, down: now, asked: false };
        seat.connection = Some(connection);
        let node = seat.node;
        self.send_up(node, client, id, Up::Open);
    }

    fn send_frame(&mut self, client: u32, frame: bytes::Bytes) -> bool {
        let Some(seat) = &mut self.clients[client as usize] else { return false };
        let Some(known) = seat.connection.as_mut().filter(|known| known.is_open) else {
            return false;
        };
        known.asked = true;
        let (id, node) = (known.id, seat.node);
        self.send_up(node, client, id, Up::Frame(frame));
        true
    }

    fn close(&mut self, client: u32) {
        let Some(seat) = &mut self.clients[client as usize] else { return };
        let Some(known) = seat.connection else { return };
        let node = seat.node;
        self.send_up(node, client, known.id, Up::Close);
        if let Some(seat) = &mut self.clients[client as usize] {
            seat.connection = None;
        }
    }

    fn set_wake(&mut self, client: u32, time: Nanos) {
        let Some(seat) = &mut self.clients[client as usize] else { return };
        seat.wake = Some(time);
        if seat.wake_at.is_none_or(|at| at > time) {
            seat.wake_at = Some(time);
            self.at(time, What::ClientWake { client });
        }
    }

    fn complete(&mut self, client: u32, outcome: Outcome) {
        let Some(seat) = &mut self.clients[client as usize] else { return };
        let Some(id) = seat.operation.take() else { return };
        let is_retired = seat.is_retired;
        let rank = match &outcome {
            Outcome::Ok(_) => 1,
            Outcome::Fail(class) => 2 | (*class as u64) << 2,
            Outcome::Info(class) => 3 | (*class as u64) << 2,
        };
        self.trace.mix(id.0 << 16 | rank);
        if is_retired {
            self.tell(Report::Late(id));
        } else {
            // The run abandons what ended `info`; of anything else nobody will ask again.
            if !matches!(outcome, Outcome::Info(_)) {
                self.owners.remove(&id);
            }
            self.tell(Report::Completed { id, outcome });
        }
    }
}
