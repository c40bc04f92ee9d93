//! The things that states are made of, and what is known of how they follow each other.

use tribunal_history::{NodeId, Note};

use crate::local::{Input, Local, Said};
use crate::packet::Packet;
use crate::setup::Rules;
use crate::table::{Lookup, Table};
use crate::watch::{Broken, Watch};

/// Outcomes remembered, at most: then all are forgotten and worked out anew when needed.
const REMEMBERED_MAX: usize = 2_000_000;

/// What a node did with an input.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The node after it.
    pub(crate) local: u32,
    /// What it sent.
    pub(crate) sends: Box<[u32]>,
    /// What it noted that the invariants look at.
    notes: Box<[Note]>,
    is_restart: bool,
    /// Why it does not go on.
    broken: Option<Broken>,
}

impl Outcome {
    /// Whether the node does not go on.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }
}

/// The number of an outcome, until they are next forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct OutcomeId(u32);

/// An input in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum InputId {
    /// A packet, and when it comes.
    Packet(u32, crate::local::When),
    /// Anything else, in numbers of its own.
    Other(u8, u16),
}

/// Nodes, messages and what was seen, by number; and what follows from what.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) locals: Table<Local>,
    pub(crate) packets: Table<Packet>,
    pub(crate) watches: Table<Watch>,
    pub(crate) broken: Table<Broken>,
    outcomes: Vec<Outcome>,
    known: Lookup<(u32, InputId), OutcomeId>,
    seen: Lookup<(u32, OutcomeId), Result<u32, u32>>,
}

impl Tables {
    /// What a node does with an input: worked out once, then remembered.
    pub(crate) fn outcome(
        &mut self,
        rules: &Rules,
        (node, local): (NodeId, u32),
        id: InputId,
        input: impl FnOnce(&Tables) -> Input,
    ) -> OutcomeId {
        if let Some(known) = self.known.get(&(local, id)) {
            return *known;
        }
        let input = input(self);
        let mut said = Said::default();
        let after = self.locals.thing(local).after(rules, node, &input, &mut said);
        let is_restart = matches!(input, Input::Crash(_));
        let outcome = self.took_in(node, local, after, (said, is_restart));
        let number = OutcomeId(self.outcomes.len() as u32);
        self.outcomes.push(outcome);
        self.known.insert((local, id), number);
        number
    }

    fn took_in(
        &mut self,
        node: NodeId,
        before: u32,
        after: Result<Local, String>,
        (said, is_restart): (Said, bool),
    ) -> Outcome {
        let (local, broken) = match after {
            Ok(local) => (self.locals.number(local), None),
            Err(words) => {
                let property = if is_restart { "recovery" } else { "no panic" }.to_owned();
                (before, Some(Broken { property, node, words: format!("{node}: {words}") }))
            }
        };
        let send = |(to, message)| self.packets.number(Packet { from: node, to, message });
        let sends = said.sends.into_iter().map(send).collect();
        let is_watched = |note: &Note| matches!(note, Note::Appended { .. });
        let notes = said.notes.into_iter().filter(is_watched).collect();
        Outcome { local, sends, notes, is_restart, broken }
    }

    /// The outcome of a number, until they are next forgotten.
    pub(crate) fn get(&self, id: OutcomeId) -> &Outcome {
        &self.outcomes[id.0 as usize]
    }

    /// What the invariants have seen after an outcome, or what is broken.
    pub(crate) fn watched(&mut self, watch: u32, node: NodeId, id: OutcomeId) -> Result<u32, u32> {
        if let Some(seen) = self.seen.get(&(watch, id)) {
            return *seen;
        }
        let Outcome { local, notes, is_restart, broken, .. } = &self.outcomes[id.0 as usize];
        let after = match broken {
            Some(broken) => Err(broken.clone()),
            None => {
                let log = &self.locals.thing(*local).core;
                self.watches.thing(watch).after(node, *is_restart, log, notes)
            }
        };
        let seen = match after {
            Ok(watch) => Ok(self.watches.number(watch)),
            Err(broken) => Err(self.broken.number(broken)),
        };
        self.seen.insert((watch, id), seen);
        seen
    }

    /// Forgets outcomes if there are many. Numbers of outcomes mean nothing afterwards.
    pub(crate) fn forget_if_full(&mut self) {
        if self.outcomes.len() > REMEMBERED_MAX || self.seen.len() > REMEMBERED_MAX {
            self.outcomes = Vec::new();
            self.known = Lookup::default();
            self.seen = Lookup::default();
        }
    }
}
