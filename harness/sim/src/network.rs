//! What happens to messages on their way.

use bytes::Bytes;
use tribunal_cluster::LinkState;
use tribunal_history::{LinkHeal, MessageFate, Nanos, NodeId};
use tribunal_nodes::{
    CLIENT_PROTOCOL, ClientId, Core, Event, Hello, Request, open_frame, seal_frame,
};
use tribunal_systems::ClientEvent;

use crate::event::{Down, Packet, Up, What};
use crate::keyed::Key;
use crate::lane::Fate;
use crate::weather::{Transport, Weather};
use crate::world::World;

/// What a packet weighs beside its content, on a link whose bandwidth is limited.
const HEADER_BYTES: u64 = 60;

impl<C: Core> World<'_, C> {
    /// Sends a packet from node to node.
    pub(crate) fn send(&mut self, lane: usize, message: C::Message) {
        let packet = self.harmed(lane, message);
        self.send_packet(lane, packet);
    }

    fn send_packet(&mut self, lane: usize, packet: Packet<C::Message>) {
        let stream = self.options.weather.transport == Transport::Stream;
        if stream && self.now < self.lanes[lane].down_until {
            return self.note_sent(lane, &packet, [None, None]);
        }
        self.dispatch(lane, packet, &self.weather_of(lane));
    }

    /// Sends on a client's connection, either way: always a stream, in order.
    fn send_on_connection(&mut self, lane: usize, packet: Packet<C::Message>) {
        let packet = self.damaged_on_connection(lane, packet);
        if self.last_of(lane, &packet).is_some() {
            self.dispatch(lane, packet, &self.weather_of(lane).over(Transport::Stream));
        }
    }

    /// Draws what befalls a packet, and sends it off or lets it wait for the link.
    fn dispatch(&mut self, lane: usize, packet: Packet<C::Message>, weather: &Weather) {
        let now = self.now;
        let path = &mut self.lanes[lane];
        let key = Key { place: lane as u64, life: 0, at: now, ordinal: path.ordinal.take(now) };
        let fate = path.fate(now, weather, &mut self.keys.fate(key));
        if fate.wait.is_none() {
            return self.note_sent(lane, &packet, [None, None]);
        }
        if path.is_throttled() {
            let bytes = weight(&packet);
            let message = self.noted(lane, &packet, MessageFate::UnderWay);
            let has_room = self.wait_in_line(lane, packet, (bytes, fate));
            return self.note_in_line(lane, message, has_room);
        }
        if self.notebook.is_none() {
            self.set_off(lane, packet, fate);
            return;
        }
        let noted = packet.clone();
        let due = self.set_off(lane, packet, fate);
        self.note_sent(lane, &noted, due);
    }

    /// A packet is on its way now; gives when it is due. Of a stream it comes behind what was sent
    /// before.
    pub(crate) fn set_off(
        &mut self,
        lane: usize,
        packet: Packet<C::Message>,
        fate: Fate,
    ) -> [Option<Nanos>; 2] {
        let now = self.now;
        let mut at = fate.wait.map(|wait| now + wait);
        let is_peer = matches!(packet, Packet::Peer(_) | Packet::Damaged(_));
        if !is_peer || self.options.weather.transport == Transport::Stream {
            let Some(last) = self.last_of(lane, &packet) else { return [None, None] };
            at = at.map(|at| at.max(*last + Nanos(1)));
            *last = at.unwrap_or(*last);
        }
        let again = fate.again.map(|wait| now + wait);
        let (epoch, number) = (self.lanes[lane].epoch, lane as u32);
        if let Some(again) = again {
            self.at(again, What::Arrive { lane: number, epoch, packet: packet.clone() });
        }
        if let Some(at) = at {
            self.at(at, What::Arrive { lane: number, epoch, packet });
        }
        [at, again]
    }

    /// When the last packet of its stream comes; `None` if its connection is gone.
    fn last_of(&mut self, lane: usize, packet: &Packet<C::Message>) -> Option<&mut Nanos> {
        let (client, connection, is_up) = match packet {
            Packet::Up { client, connection, .. } => (*client, *connection, true),
            Packet::Down { client, connection, .. } => (*client, *connection, false),
            Packet::Peer(_) | Packet::Damaged(_) => return Some(&mut self.lanes[lane].last),
        };
        let known = self.clients[client as usize].as_mut()?.connection.as_mut();
        let known = known.filter(|known| known.id == connection)?;
        Some(if is_up { &mut known.up } else { &mut known.down })
    }

    pub(crate) fn send_up(&mut self, node: NodeId, client: u32, connection: u64, what: Up) {
        let lane = self.lane(None, Some(node));
        self.send_on_connection(lane, Packet::Up { client, connection, what });
    }

    pub(crate) fn send_down(&mut self, node: NodeId, client: u32, connection: u64, what: Down) {
        let lane = self.lane(Some(node), None);
        self.send_on_connection(lane, Packet::Down { client, connection, what });
    }

    /// A packet comes to the end of its lane, or to the cut in it.
    pub(crate) fn arrive(&mut self, lane: usize, epoch: u32, packet: Packet<C::Message>) {
        let path = &mut self.lanes[lane];
        let is_peer = matches!(packet, Packet::Peer(_) | Packet::Damaged(_));
        let stream = self.options.weather.transport == Transport::Stream;
        if is_peer && stream && path.epoch != epoch {
            return self.note_end(lane, MessageFate::Cut);
        }
        if path.state.reset {
            path.traffic.stopped += 1;
            self.note_end(lane, MessageFate::Cut);
            return self.reset(lane, &packet);
        }
        if path.state.hold.is_some() {
            let fate = if path.hold(packet) { MessageFate::Held } else { MessageFate::Lost };
            return self.note_end(lane, fate);
        }
        let refused = path.state.refuse && matches!(packet, Packet::Up { what: Up::Open, .. });
        if refused {
            path.traffic.stopped += 1;
            self.note_end(lane, MessageFate::Cut);
            return self.reset(lane, &packet);
        }
        if path.state.lose_reply && self.is_reply(&packet) {
            self.lanes[lane].traffic.swallowed += 1;
            self.note_end(lane, MessageFate::Cut);
            return self.reset(lane, &packet);
        }
        self.lanes[lane].traffic.passed += 1;
        let is_damaged = packet.damage().is_some();
        self.note_end(lane, if is_damaged { MessageFate::Damaged } else { MessageFate::Came });
        if !matches!(packet, Packet::Damaged(_))
            && let Some(frame) = packet.damage()
        {
            self.weigh_damage(lane, frame);
        }
        let ends = self.seats.len() + 1;
        match packet {
            Packet::Peer(message) => self.deliver_peer(lane, message),
            Packet::Damaged(frame) => self.open_damaged(lane, &frame),
            Packet::Up { client, connection, what } => {
                self.at_node(lane % ends - 1, (client, connection), what);
            }
            Packet::Down { client, connection, what } => self.at_client(client, connection, what),
        }
    }

    pub(crate) fn deliver_peer(&mut self, lane: usize, message: C::Message) {
        let ends = self.seats.len() + 1;
        let (from, slot) = (NodeId((lane / ends) as u16), lane % ends - 1);
        self.event(slot, Event::Message { from, message });
    }

    /// Whether it answers something that was asked on its connection.
    fn is_reply(&self, packet: &Packet<C::Message>) -> bool {
        let Packet::Down { client, connection, what: Down::Frame(_) | Down::Damaged(_) } = packet
        else {
            return false;
        };
        let seat = self.clients[*client as usize].as_ref();
        let known = seat.and_then(|seat| seat.connection);
        known.is_some_and(|known| known.id == *connection && known.asked)
    }

    /// The connection of two nodes is gone, and with it what is under way and what is held.
    pub(crate) fn break_off(&mut self, lane: usize) {
        self.lanes[lane].break_off();
        self.note_dropped(lane);
    }

    /// The connection a packet is on is reset.
    fn reset(&mut self, lane: usize, packet: &Packet<C::Message>) {
        let ends = self.seats.len() + 1;
        match packet {
            Packet::Peer(_) | Packet::Damaged(_) => self.break_off(lane),
            Packet::Up { client, connection, what } => {
                let slot = lane % ends - 1;
                self.seats[slot].connections.remove(connection);
                let opening = matches!(what, Up::Open);
                let event = if opening { Down::Refused } else { Down::Closed };
                self.at_client(*client, *connection, event);
            }
            Packet::Down { client, connection, .. } => {
                let slot = lane / ends - 1;
                self.seats[slot].connections.remove(connection);
                self.at_client(*client, *connection, Down::Closed);
            }
        }
    }

    /// What a client sent comes to its node.
    fn at_node(&mut self, slot: usize, (client, connection): (u32, u64), what: Up) {
        let node = self.seats[slot].node;
        let runs = self.seats[slot].host.is_some();
        match what {
            Up::Open if runs => {
                self.seats[slot].connections.insert(connection, client);
                self.send_down(node, client, connection, Down::Opened);
                let hello = Hello { protocol: CLIENT_PROTOCOL, node };
                let frame = Down::Frame(seal_frame(&hello).into());
                self.send_down(node, client, connection, frame);
            }
            Up::Open => self.send_down(node, client, connection, Down::Refused),
            Up::Close => drop(self.seats[slot].connections.remove(&connection)),
            Up::Frame(frame) | Up::Damaged(frame)
                if self.seats[slot].connections.contains_key(&connection) =>
            {
                self.request(slot, (client, connection), &frame);
            }
            // The node was started again since: nobody knows this connection.
            Up::Frame(_) | Up::Damaged(_) => self.send_down(node, client, connection, Down::Closed),
        }
    }

    fn request(&mut self, slot: usize, (client, connection): (u32, u64), frame: &Bytes) {
        match open_frame::<Request>(frame) {
            Some(request) => {
                let client = ClientId(connection);
                self.event(slot, Event::Request { client, request });
            }
            None => {
                let node = self.seats[slot].node;
                self.seats[slot].connections.remove(&connection);
                self.send_down(node, client, connection, Down::Closed);
            }
        }
    }

    /// What a node sent comes to its client.
    fn at_client(&mut self, client: u32, connection: u64, what: Down) {
        let Some(seat) = self.clients[client as usize].as_mut() else { return };
        let Some(known) = seat.connection.as_mut().filter(|known| known.id == connection) else {
            return;
        };
        let event = match what {
            Down::Opened => {
                known.is_open = true;
                ClientEvent::Connected
            }
            Down::Frame(frame) | Down::Damaged(frame) => {
                known.asked = false;
                ClientEvent::Frame(frame)
            }
            Down::Refused => {
                seat.connection = None;
                ClientEvent::ConnectFailed
            }
            Down::Closed => {
                let was_open = known.is_open;
                seat.connection = None;
                if was_open { ClientEvent::Closed } else { ClientEvent::ConnectFailed }
            }
        };
        self.deliver(client, event);
    }

    /// A lane is treated otherwise from now on.
    pub(crate) fn change_lane(&mut self, lane: usize, to: LinkState) {
        self.change_harm(lane, to);
        let path = &mut self.lanes[lane];
        let from = std::mem::replace(&mut path.state, to);
        if from.packet.bandwidth != to.packet.bandwidth {
            self.change_bandwidth(lane);
        }
        let path = &mut self.lanes[lane];
        if from.hold.is_none() || to.is_cut() {
            if to.reset {
                // What waits has a connection no more.
                let held = std::mem::take(&mut path.held);
                self.note_dropped(lane);
                held.iter().for_each(|packet| self.reset(lane, packet));
            }
            return;
        }
        let held = std::mem::take(&mut path.held);
        if from.hold == Some(LinkHeal::Reset) {
            self.note_dropped(lane);
            held.iter().for_each(|packet| self.reset(lane, packet));
            return;
        }
        // All of it at once, and so before what was sent later.
        let (epoch, now) = (path.epoch, self.now);
        for packet in held {
            self.note_released(lane, now);
            self.at(now, What::Arrive { lane: lane as u32, epoch, packet });
        }
    }
}

/// How many bytes a packet has on the wire.
fn weight<M: serde::Serialize>(packet: &Packet<M>) -> u64 {
    let content = match packet {
        Packet::Peer(message) => postcard::to_stdvec(message).map_or(0, |bytes| bytes.len()),
        Packet::Damaged(frame)
        | Packet::Up { what: Up::Frame(frame) | Up::Damaged(frame), .. }
        | Packet::Down { what: Down::Frame(frame) | Down::Damaged(frame), .. } => frame.len(),
        Packet::Up { .. } | Packet::Down { .. } => 0,
    };
    content as u64 + HEADER_BYTES
}
