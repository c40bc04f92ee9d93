//! The steps of the model: which there are in a state, and where each leads.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tribunal_history::NodeId;
use tribunal_nodes::TimerId;
use tribunal_nodes::raft::{ELECTION, HEARTBEAT};

use crate::local::{Input, Local, Said, When, fresh};
use crate::packet::Packet;
use crate::setup::{BadSetup, Rules, Setup};
use crate::start;
use crate::tables::{InputId, OutcomeId, Tables};
use crate::watch::{Broken, Watch};
use crate::world::{Action, NODES_MAX, Used, World};

/// A cluster, its bounds, and everything that is known of its states.
#[derive(Debug)]
pub(crate) struct Explorer {
    pub(crate) setup: Setup,
    rules: Rules,
    tables: Mutex<Tables>,
    start: World,
}

impl Explorer {
    /// An explorer at the start of this setup.
    ///
    /// # Errors
    /// If the setup makes no sense, or its start cannot be reached.
    pub(crate) fn new(setup: Setup) -> Result<Explorer, BadSetup> {
        let rules = setup.rules()?;
        let mut tables = Tables::default();
        let first = first_world(&rules, &mut tables).map_err(BadSetup::Start)?;
        let tables = Mutex::new(tables);
        let mut explorer = Explorer { setup, rules, tables, start: first };
        explorer.start = start::reach(&explorer).map_err(BadSetup::Start)?;
        Ok(explorer)
    }

    /// The state everything begins with.
    pub(crate) fn start(&self) -> &World {
        &self.start
    }

    /// How many nodes the cluster has.
    pub(crate) fn nodes(&self) -> usize {
        self.rules.config.nodes.len()
    }

    /// A node in a state.
    pub(crate) fn local(&self, world: &World, slot: usize) -> std::sync::Arc<Local> {
        self.tables().locals.thing(world.locals[slot]).clone()
    }

    /// A message in flight.
    pub(crate) fn packet(&self, number: u32) -> std::sync::Arc<Packet> {
        self.tables().packets.thing(number).clone()
    }

    /// What is broken in a state.
    pub(crate) fn broken(&self, world: &World) -> Option<Broken> {
        world.broken.map(|number| (**self.tables().broken.thing(number)).clone())
    }

    /// How many different nodes and messages were met.
    pub(crate) fn met(&self) -> (usize, usize) {
        let tables = self.tables();
        (tables.locals.len(), tables.packets.len())
    }

    /// Everything that can happen next within the bounds, in an order that never changes, but for
    /// what would change nothing.
    pub(crate) fn enabled(&self, world: &World, actions: &mut Vec<Action>) {
        if world.broken.is_some() {
            return;
        }
        let mut tables = self.tables();
        tables.forget_if_full();
        for packet in &world.flight {
            self.deliveries(&mut tables, world, *packet, actions);
        }
        for slot in 0..self.nodes() {
            self.own_steps(&mut tables, world, slot as u8, actions);
        }
    }

    fn deliveries(
        &self,
        tables: &mut Tables,
        world: &World,
        packet: u32,
        actions: &mut Vec<Action>,
    ) {
        let asks = tables.packets.thing(packet).asks_for_a_vote();
        let mut soon = None;
        for when in [When::Soon, When::Late] {
            if when == When::Late && !asks {
                break;
            }
            let action = Action::Deliver { packet, when, again: false };
            let id = self.outcome(tables, world, action);
            let outcome = tables.get(id);
            let result = (outcome.local, outcome.sends.clone());
            let is_other = soon.as_ref() != Some(&result);
            if is_other && self.is_step(tables, world, action, id) {
                actions.push(action);
                if world.used.duplicates < self.setup.bounds.duplicates {
                    actions.push(Action::Deliver { packet, when, again: true });
                }
            }
            soon = Some(result);
        }
    }

    fn own_steps(&self, tables: &mut Tables, world: &World, slot: u8, actions: &mut Vec<Action>) {
        let (bounds, used) = (&self.setup.bounds, &world.used);
        let local = tables.locals.thing(world.locals[usize::from(slot)]).clone();
        let is_below = local.core.term() < u64::from(bounds.terms);
        if used.timeouts < bounds.timeouts && is_below && local.has_timer(ELECTION) {
            let action = Action::Timer { slot, timer: ELECTION, when: When::Soon };
            let id = self.outcome(tables, world, action);
            if self.is_step(tables, world, action, id) {
                actions.push(action);
            }
        }
        if used.heartbeats < bounds.heartbeats && local.has_timer(HEARTBEAT) {
            let timer = |when| Action::Timer { slot, timer: HEARTBEAT, when };
            actions.extend([timer(When::Soon), timer(When::Late)]);
        }
        if used.commands < bounds.commands && local.leads() {
            actions.push(Action::Command { slot });
        }
        let unsynced = local.disk.unsynced();
        if unsynced > 0 {
            actions.push(Action::Sync { slot });
        }
        if used.crashes < bounds.crashes {
            let kept = 0..=unsynced.min(usize::from(u8::MAX)) as u8;
            actions.extend(kept.map(|kept| Action::Crash { slot, kept }));
        }
    }

    /// Whether a step that uses nothing up, or a timeout, leads anywhere: it changes its node, or
    /// sends what is not in flight already. Else it would only take a message away, and a state
    /// without it can do nothing that the one with it cannot.
    fn is_step(&self, tables: &Tables, world: &World, action: Action, id: OutcomeId) -> bool {
        if !self.setup.reduces {
            return true;
        }
        let outcome = tables.get(id);
        let (slot, _) = self.whom(tables, action);
        let is_new = |packet: &u32| {
            world.flight.binary_search(packet).is_err() && !self.is_obsolete(tables, world, *packet)
        };
        outcome.local != world.locals[slot] || outcome.sends.iter().any(is_new)
            // A broken node says so.
            || outcome.is_broken()
    }

    /// The state after an action that is enabled in `world`.
    pub(crate) fn after(&self, world: &World, action: Action) -> World {
        let mut tables = self.tables();
        tables.forget_if_full();
        let id = self.outcome(&mut tables, world, action);
        let (slot, _) = self.whom(&tables, action);
        let mut next = world.clone();
        use_up(&mut next.used, action);
        match tables.watched(world.watch, self.rules.config.nodes[slot], id) {
            Ok(watch) => next.watch = watch,
            Err(broken) => next.broken = Some(broken),
        }
        let outcome = tables.get(id);
        next.locals[slot] = outcome.local;
        let mut flight = world.flight.to_vec();
        if let Action::Deliver { packet, again: false, .. } = action {
            flight.retain(|flying| *flying != packet);
        }
        flight.extend(&outcome.sends);
        flight.sort_unstable();
        flight.dedup();
        flight.retain(|packet| !self.is_obsolete(&tables, &next, *packet));
        next.flight = flight.into();
        next
    }

    fn is_obsolete(&self, tables: &Tables, world: &World, packet: u32) -> bool {
        if !self.setup.reduces {
            return false;
        }
        let packet = tables.packets.thing(packet);
        let receiver = tables.locals.thing(world.locals[packet.to.slot()]);
        packet.is_obsolete(receiver.disk.term())
    }

    /// To whom an action happens.
    fn whom(&self, tables: &Tables, action: Action) -> (usize, NodeId) {
        let slot = match action {
            Action::Deliver { packet, .. } => tables.packets.thing(packet).to.slot(),
            Action::Timer { slot, .. }
            | Action::Command { slot }
            | Action::Sync { slot }
            | Action::Crash { slot, .. } => usize::from(slot),
        };
        (slot, self.rules.config.nodes[slot])
    }

    fn outcome(&self, tables: &mut Tables, world: &World, action: Action) -> OutcomeId {
        let (slot, node) = self.whom(tables, action);
        let number = world.used.commands + 1;
        let id = match action {
            Action::Deliver { packet, when, .. } => InputId::Packet(packet, when),
            Action::Timer { timer: TimerId(timer), when, .. } => {
                InputId::Other(0, u16::from(timer) << 8 | u16::from(when == When::Late))
            }
            Action::Command { .. } => InputId::Other(1, u16::from(number)),
            Action::Sync { .. } => InputId::Other(2, 0),
            Action::Crash { kept, .. } => InputId::Other(3, u16::from(kept)),
        };
        tables.outcome(&self.rules, (node, world.locals[slot]), id, |tables| match action {
            Action::Deliver { packet, when, .. } => {
                let packet = tables.packets.thing(packet);
                Input::Message(packet.from, packet.message.clone(), when)
            }
            Action::Timer { timer, when, .. } => Input::Timer(timer, when),
            Action::Command { .. } => Input::Command(number),
            Action::Sync { .. } => Input::Sync,
            Action::Crash { kept, .. } => Input::Crash(usize::from(kept)),
        })
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn use_up(used: &mut Used, action: Action) {
    match action {
        Action::Deliver { again, .. } => used.duplicates += u8::from(again),
        Action::Timer { timer: ELECTION, .. } => used.timeouts += 1,
        Action::Timer { .. } => used.heartbeats += 1,
        Action::Command { .. } => used.commands += 1,
        Action::Sync { .. } => {}
        Action::Crash { .. } => used.crashes += 1,
    }
}

/// All nodes were started once, wrote who they are, and have done nothing else.
fn first_world(rules: &Rules, tables: &mut Tables) -> Result<World, String> {
    let mut locals = [0; NODES_MAX];
    for (slot, node) in rules.config.nodes.iter().enumerate() {
        let local = Local::start(rules, *node, fresh(rules), &mut Said::default())?;
        locals[slot] = tables.locals.number(local);
    }
    let watch = tables.watches.number(Watch::default());
    Ok(World { locals, watch, broken: None, used: Used::default(), flight: Box::default() })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, VecDeque};

    use super::*;
    use crate::bounds::Bounds;
    use crate::table::Lookup;
    use crate::trail::view;

    /// Everything that is seen of the nodes in any state, and how many states there are.
    fn seen(
        (nodes, bounds): (u16, &str),
        bug: Option<&str>,
        reduces: bool,
    ) -> (BTreeSet<String>, usize) {
        let bounds = Bounds::DEFAULT.with(bounds).unwrap();
        let mut setup = Setup { nodes, bounds, reduces, ..Setup::new() };
        if let Some(bug) = bug {
            setup = setup.with_bug(bug).unwrap();
        }
        let explorer = Explorer::new(setup).unwrap();
        let mut known = BTreeSet::new();
        let mut met = Lookup::default();
        let mut waiting = VecDeque::from([explorer.start().clone()]);
        let mut actions = Vec::new();
        while let Some(world) = waiting.pop_front() {
            known.insert(format!("{:?} {:?}", view(&explorer, &world), explorer.broken(&world)));
            actions.clear();
            explorer.enabled(&world, &mut actions);
            for action in &actions {
                let next = explorer.after(&world, *action);
                if met.insert(next.clone(), ()).is_none() {
                    waiting.push_back(next);
                }
            }
        }
        (known, met.len())
    }

    #[test]
    fn fewer_states_and_the_same_seen() {
        for (nodes, bounds, bug) in [
            (3, "terms=1,crashes=0,timeouts=1", None),
            (3, "terms=1,crashes=1,timeouts=1", Some("vote.no_persist")),
            // Answers of earlier terms are there to be dropped from the second term on.
            (2, "terms=2,crashes=1,timeouts=2", None),
            (2, "terms=2,crashes=1,timeouts=2", Some("vote.no_persist")),
            (2, "terms=2,crashes=1,timeouts=2,commands=1,heartbeats=1", None),
            (2, "terms=2,crashes=1,timeouts=2,heartbeats=1", Some("vote.no_persist")),
            (2, "terms=3,crashes=1,timeouts=3", None),
        ] {
            let (plain, all) = seen((nodes, bounds), bug, false);
            let (reduced, fewer) = seen((nodes, bounds), bug, true);
            assert!(fewer < all, "{fewer} of {all}");
            assert!(plain == reduced, "{} and {} within {bounds}", plain.len(), reduced.len());
        }
    }
}
