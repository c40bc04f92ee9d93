//! Notes of messages, for a drawing: the last so many that were sent until a moment.
//!
//! It decides nothing: a run goes the same with and without it.

use std::collections::{BTreeMap, VecDeque};

use tribunal_history::{Message, MessageFate, Messages, Nanos, NodeId};
use tribunal_nodes::Core;

use crate::event::{Down, Packet, Up};
use crate::world::World;

/// Which messages are noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noting {
    /// Those sent up to this time,
    pub until: Nanos,
    /// of them the last so many.
    pub most: usize,
}

/// The notes of a run.
#[derive(Debug)]
pub(crate) struct Notebook {
    wanted: Noting,
    kept: VecDeque<Message>,
    /// The number of the first that is kept.
    first: u64,
    /// What is under way on each lane: when it should come, and its number.
    under_way: BTreeMap<u32, VecDeque<(Nanos, u64)>>,
    /// What each cut lane holds, in order.
    held: BTreeMap<u32, VecDeque<u64>>,
    /// What waits for each narrow lane, in order.
    in_line: BTreeMap<u32, VecDeque<u64>>,
}

impl Notebook {
    pub(crate) fn new(wanted: Noting) -> Notebook {
        Notebook {
            wanted,
            kept: VecDeque::new(),
            first: 0,
            under_way: BTreeMap::new(),
            held: BTreeMap::new(),
            in_line: BTreeMap::new(),
        }
    }

    /// A message is sent on a lane; it is to come at these times, at none if it is lost.
    pub(crate) fn sent(&mut self, lane: u32, message: Message, due: [Option<Nanos>; 2]) {
        if message.sent > self.wanted.until {
            return;
        }
        let is_lost = due == [None, None];
        let again = due.iter().flatten().count() > 1;
        self.note(lane, message.clone(), due[0].or(due[1]), is_lost);
        if again {
            let copy = Message { fate: MessageFate::Repeated, ..message };
            self.note(lane, copy, due[1], false);
        }
    }

    fn note(&mut self, lane: u32, message: Message, due: Option<Nanos>, is_lost: bool) {
        let number = self.first + self.kept.len() as u64;
        let fate = if is_lost { MessageFate::Lost } else { message.fate };
        self.kept.push_back(Message { fate, ..message });
        if let Some(due) = due {
            self.under_way.entry(lane).or_default().push_back((due, number));
        }
        if self.kept.len() > self.wanted.most {
            self.kept.pop_front();
            self.first += 1;
        }
    }

    /// A message waits for a narrow lane, or is lost because there is no room for it.
    pub(crate) fn waits(&mut self, lane: u32, message: Message, has_room: bool) {
        if message.sent > self.wanted.until {
            return;
        }
        if has_room {
            let number = self.first + self.kept.len() as u64;
            self.in_line.entry(lane).or_default().push_back(number);
        }
        self.note(lane, message, None, !has_room);
    }

    /// What waited first for a narrow lane is on its way, to come at these times.
    pub(crate) fn off(&mut self, lane: u32, due: [Option<Nanos>; 2]) {
        let first = self.in_line.get_mut(&lane).and_then(VecDeque::pop_front);
        if let Some(number) = first {
            let due = due.into_iter().flatten();
            self.under_way.entry(lane).or_default().extend(due.map(|at| (at, number)));
        }
    }

    /// A message comes to the end of its lane, or to what stops it there.
    pub(crate) fn ended(&mut self, lane: u32, now: Nanos, fate: MessageFate) {
        let Some(waiting) = self.under_way.get_mut(&lane) else { return };
        // One that waited for a paused node comes later than it was due.
        let exact = waiting.iter().position(|(due, _)| *due == now);
        let place = exact.or_else(|| waiting.iter().position(|(due, _)| *due <= now));
        let Some((_, number)) = place.and_then(|place| waiting.remove(place)) else { return };
        if fate == MessageFate::Held {
            self.held.entry(lane).or_default().push_back(number);
        }
        let Some(message) = self.message(number) else { return };
        message.ended = Some(now);
        message.fate = match (message.fate, fate) {
            (MessageFate::Repeated, MessageFate::Came) => MessageFate::Repeated,
            (_, fate) => fate,
        };
    }

    /// What a lane held first is to come at `due` after all.
    pub(crate) fn released(&mut self, lane: u32, due: Nanos) {
        let first = self.held.get_mut(&lane).and_then(VecDeque::pop_front);
        if let Some(number) = first {
            self.under_way.entry(lane).or_default().push_back((due, number));
        }
    }

    /// What a lane held, or what waited for it, is lost.
    pub(crate) fn dropped(&mut self, lane: u32) {
        let held = self.held.remove(&lane).unwrap_or_default();
        let in_line = self.in_line.remove(&lane).unwrap_or_default();
        for number in held.into_iter().chain(in_line) {
            if let Some(message) = self.message(number) {
                message.fate = MessageFate::Cut;
            }
        }
    }

    fn message(&mut self, number: u64) -> Option<&mut Message> {
        self.kept.get_mut(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    pub(crate) fn close(mut self) -> Messages {
        let Noting { until, .. } = self.wanted;
        for message in &mut self.kept {
            // What came after the moment had not come then.
            if message.ended.is_some_and(|ended| ended > until) {
                (message.ended, message.fate) = (None, MessageFate::UnderWay);
            }
        }
        Messages { until, left_out: self.first, messages: self.kept.into() }
    }
}

impl<C: Core> World<'_, C> {
    /// A packet is sent on a lane, and is to come at these times.
    pub(crate) fn note_sent(
        &mut self,
        lane: usize,
        packet: &Packet<C::Message>,
        due: [Option<Nanos>; 2],
    ) {
        if let Some(message) = self.noted(lane, packet, MessageFate::UnderWay)
            && let Some(notebook) = &mut self.notebook
        {
            notebook.sent(lane as u32, message, due);
        }
    }

    /// A packet waits for a narrow lane, or there is no room for it.
    pub(crate) fn note_in_line(&mut self, lane: usize, message: Option<Message>, has_room: bool) {
        if let Some(message) = message
            && let Some(notebook) = &mut self.notebook
        {
            notebook.waits(lane as u32, message, has_room);
        }
    }

    /// What waited first for a narrow lane is to come at these times.
    pub(crate) fn note_off(&mut self, lane: usize, due: [Option<Nanos>; 2]) {
        if let Some(notebook) = &mut self.notebook {
            notebook.off(lane as u32, due);
        }
    }

    /// An older packet is to come once more.
    pub(crate) fn note_repeated(&mut self, lane: usize, packet: &Packet<C::Message>, due: Nanos) {
        if let Some(message) = self.noted(lane, packet, MessageFate::Repeated)
            && let Some(notebook) = &mut self.notebook
        {
            notebook.sent(lane as u32, message, [Some(due), None]);
        }
    }

    /// What comes to the end of a lane now has this fate.
    pub(crate) fn note_end(&mut self, lane: usize, fate: MessageFate) {
        if let Some(notebook) = &mut self.notebook {
            notebook.ended(lane as u32, self.now, fate);
        }
    }

    /// What a lane held first is to come at `due`.
    pub(crate) fn note_released(&mut self, lane: usize, due: Nanos) {
        if let Some(notebook) = &mut self.notebook {
            notebook.released(lane as u32, due);
        }
    }

    /// What a lane held is lost.
    pub(crate) fn note_dropped(&mut self, lane: usize) {
        if let Some(notebook) = &mut self.notebook {
            notebook.dropped(lane as u32);
        }
    }

    /// A packet in words; `None` if nothing is noted.
    pub(crate) fn noted(
        &self,
        lane: usize,
        packet: &Packet<C::Message>,
        fate: MessageFate,
    ) -> Option<Message> {
        self.notebook.as_ref()?;
        let ends = self.seats.len() + 1;
        let end = |number: usize| (number > 0).then_some(NodeId(number as u16));
        let (label, term) = match packet {
            Packet::Peer(message) => C::tell(message),
            Packet::Damaged(_) => ("damaged frame".to_owned(), None),
            Packet::Up { client, what, .. } => (self.of_client(*client, up(what)), None),
            Packet::Down { client, what, .. } => (self.of_client(*client, down(what)), None),
        };
        let (from, to) = (end(lane / ends), end(lane % ends));
        Some(Message { from, to, sent: self.now, ended: None, label, term, fate })
    }

    fn of_client(&self, client: u32, what: &str) -> String {
        match &self.clients[client as usize] {
            Some(seat) => format!("{what} of process {}", seat.process),
            None => format!("{what} of a client that is gone"),
        }
    }
}

const fn up(what: &Up) -> &'static str {
    match what {
        Up::Open => "connect",
        Up::Frame(_) => "request",
        Up::Damaged(_) => "damaged request",
        Up::Close => "close",
    }
}

const fn down(what: &Down) -> &'static str {
    match what {
        Down::Opened => "connected",
        Down::Refused => "refused",
        Down::Frame(_) => "reply",
        Down::Damaged(_) => "damaged reply",
        Down::Closed => "closed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(sent: u64) -> Message {
        Message {
            from: None,
            to: None,
            sent: Nanos(sent),
            ended: None,
            label: sent.to_string(),
            term: None,
            fate: MessageFate::UnderWay,
        }
    }

    fn notebook(most: usize) -> Notebook {
        Notebook::new(Noting { until: Nanos(100), most })
    }

    #[test]
    fn each_message_gets_its_own_fate() {
        let mut notebook = notebook(10);
        notebook.sent(1, message(1), [Some(Nanos(5)), None]);
        notebook.sent(1, message(2), [None, None]);
        notebook.sent(1, message(3), [Some(Nanos(4)), Some(Nanos(9))]);
        notebook.sent(2, message(4), [Some(Nanos(8)), None]);
        notebook.sent(1, message(101), [Some(Nanos(102)), None]);
        notebook.ended(1, Nanos(4), MessageFate::Came);
        notebook.ended(1, Nanos(5), MessageFate::Cut);
        notebook.ended(2, Nanos(8), MessageFate::Held);
        notebook.released(2, Nanos(20));
        notebook.ended(1, Nanos(9), MessageFate::Came);
        notebook.ended(2, Nanos(200), MessageFate::Came);
        let told: Vec<_> = notebook
            .close()
            .messages
            .into_iter()
            .map(|it| (it.sent.0, it.ended.map(|at| at.0), it.fate))
            .collect();
        assert_eq!(
            told,
            [
                (1, Some(5), MessageFate::Cut),
                (2, None, MessageFate::Lost),
                (3, Some(4), MessageFate::Came),
                (3, Some(9), MessageFate::Repeated),
                (4, None, MessageFate::UnderWay),
            ]
        );
    }

    #[test]
    fn only_the_last_are_kept() {
        let mut notebook = notebook(3);
        for sent in 0..10 {
            notebook.sent(1, message(sent), [Some(Nanos(sent + 20)), None]);
        }
        for sent in 0..10 {
            notebook.ended(1, Nanos(sent + 20), MessageFate::Came);
        }
        let messages = notebook.close();
        assert_eq!((messages.left_out, messages.messages.len()), (7, 3));
        assert!(messages.messages.iter().all(|it| it.fate == MessageFate::Came));
    }
}
