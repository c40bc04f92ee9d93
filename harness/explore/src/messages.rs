//! The messages of a told run, for those who draw it.

use std::collections::BTreeMap;

use tribunal_history::{Message, MessageFate, Messages, Nanos};
use tribunal_nodes::Core;
use tribunal_nodes::raft::Raft;

use crate::explorer::Explorer;
use crate::replay::action_of;
use crate::setup::BadSetup;
use crate::trail::Trail;
use crate::world::{Action, World};

/// The messages of a run, in the order in which they were sent. There is no time: the number of a
/// step stands for it, in nanoseconds; 0 is before the first. What its receiver would not look at
/// any more counts as lost.
///
/// Steps from the first on that is not possible are left out.
///
/// # Errors
/// If the run's setup makes no sense.
pub fn messages(trail: &Trail) -> Result<Messages, BadSetup> {
    let explorer = Explorer::new(trail.setup())?;
    let mut world = explorer.start().clone();
    let mut sent = Sent::default();
    sent.new_ones(&explorer, &world, Nanos::ZERO);
    let until = Nanos(trail.steps.len() as u64);
    for (step, told) in (1..).map(Nanos).zip(&trail.steps) {
        let Ok(action) = action_of(&explorer, &world, &told.step) else { break };
        world = explorer.after(&world, action);
        if let Action::Deliver { packet, again, .. } = action {
            sent.came(packet, again, step);
        }
        sent.obsolete(&world, step);
        sent.new_ones(&explorer, &world, step);
    }
    Ok(Messages { until, left_out: 0, messages: sent.messages })
}

#[derive(Default)]
struct Sent {
    messages: Vec<Message>,
    /// Where the messages in flight are, and what they will be when they come.
    flying: BTreeMap<u32, (usize, MessageFate)>,
}

impl Sent {
    fn came(&mut self, packet: u32, again: bool, step: Nanos) {
        let Some((place, fate)) = self.flying.remove(&packet) else { return };
        let copy = Message { sent: step, ..self.messages[place].clone() };
        self.end(place, fate, step);
        if again {
            self.flying.insert(packet, (self.messages.len(), MessageFate::Repeated));
            self.messages.push(copy);
        }
    }

    fn obsolete(&mut self, world: &World, step: Nanos) {
        let mut flying = std::mem::take(&mut self.flying);
        flying.retain(|packet, (place, _)| {
            let flies = world.flight.binary_search(packet).is_ok();
            if !flies {
                self.end(*place, MessageFate::Lost, step);
            }
            flies
        });
        self.flying = flying;
    }

    fn new_ones(&mut self, explorer: &Explorer, world: &World, step: Nanos) {
        for number in &world.flight {
            let messages = &mut self.messages;
            self.flying.entry(*number).or_insert_with(|| {
                let packet = explorer.packet(*number);
                let (label, term) = Raft::tell(&packet.message);
                let (from, to) = (Some(packet.from), Some(packet.to));
                let fate = MessageFate::UnderWay;
                messages.push(Message { from, to, sent: step, ended: None, label, term, fate });
                (messages.len() - 1, MessageFate::Came)
            });
        }
    }

    fn end(&mut self, place: usize, fate: MessageFate, step: Nanos) {
        self.messages[place].ended = Some(step);
        self.messages[place].fate = fate;
    }
}
