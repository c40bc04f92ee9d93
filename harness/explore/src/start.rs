//! How a start is reached: by a run of the model, told step by step.

use tribunal_nodes::raft::{ELECTION, Message};

use crate::explorer::Explorer;
use crate::local::When;
use crate::setup::Start;
use crate::world::{Action, Used, World};

/// Steps to a start, at most: a script that needs more goes wrong.
const STEPS_MAX: usize = 1_000;

/// The state at the start of an explorer's setup.
///
/// # Errors
/// If the script does not lead where it should.
pub(crate) fn reach(explorer: &Explorer) -> Result<World, String> {
    let mut script = Script { explorer, world: explorer.start().clone(), steps: 0 };
    match explorer.setup.start {
        Start::Fresh => {}
        Start::Figure8 => figure_8(&mut script)?,
    }
    // What it took to get here is not counted.
    Ok(World { used: Used::default(), ..script.world })
}

/// Figure 8 of the Raft paper with three servers: two of five that only watch are left out. The
/// first server of a term adds an entry of its own, so the entries at index 2 are a command of term
/// 1 and the first entry of term 2.
fn figure_8(script: &mut Script<'_>) -> Result<(), String> {
    let [one, two, three] = [0, 1, 2];
    // Before (a): one leads term 1, and its first entry is everywhere.
    script.timeout(one);
    script.settle(&[one, two, three], |_| false)?;
    script.lose_all();
    // (a): a command reaches no disk but its leader's, which crashes.
    script.step(Action::Command { slot: one });
    script.sync(one);
    script.lose_all();
    script.crash(one);
    // (b): three is elected for term 2 by itself and two, keeps an entry, and crashes.
    script.timeout(three);
    script.settle(&[two, three], |script| script.leads(three))?;
    script.sync(three);
    script.lose_all();
    script.crash(three);
    // (c): one leads again, in term 3: at first it hears of term 2, then it wins.
    script.timeout(one);
    script.settle(&[one, two, three], |script| script.leads(one))?;
    script.timeout(one);
    script.settle(&[one, two, three], |script| script.leads(one))?;
    script.keep_appends();
    let terms = |slot| script.terms(slot);
    let is = (terms(one), terms(two), terms(three));
    if is == (vec![1, 1, 3], vec![1], vec![1, 2]) && script.leads(one) {
        Ok(())
    } else {
        Err(format!("figure 8 came out with the terms {is:?}"))
    }
}

/// A run under way.
struct Script<'a> {
    explorer: &'a Explorer,
    world: World,
    steps: usize,
}

impl Script<'_> {
    fn step(&mut self, action: Action) {
        self.steps += 1;
        self.world = self.explorer.after(&self.world, action);
    }

    fn timeout(&mut self, slot: u8) {
        self.step(Action::Timer { slot, timer: ELECTION, when: When::Soon });
    }

    fn sync(&mut self, slot: u8) {
        while self.explorer.local(&self.world, slot.into()).disk.unsynced() > 0 {
            self.step(Action::Sync { slot });
        }
    }

    fn crash(&mut self, slot: u8) {
        self.step(Action::Crash { slot, kept: 0 });
    }

    /// These nodes sync and talk to each other until `done`, or nothing is left to say.
    fn settle(&mut self, slots: &[u8], done: impl Fn(&Self) -> bool) -> Result<(), String> {
        loop {
            if done(self) {
                return Ok(());
            }
            if self.steps > STEPS_MAX || self.world.broken.is_some() {
                return Err(format!("it went wrong after {} steps", self.steps));
            }
            let unsynced = |slot: &&u8| {
                self.explorer.local(&self.world, usize::from(**slot)).disk.unsynced() > 0
            };
            if let Some(slot) = slots.iter().find(unsynced) {
                self.step(Action::Sync { slot: *slot });
                continue;
            }
            let is_among = |number: &&u32| {
                let packet = self.explorer.packet(**number);
                [packet.from, packet.to].iter().all(|node| slots.contains(&(node.slot() as u8)))
            };
            let Some(packet) = self.world.flight.iter().find(is_among) else { return Ok(()) };
            let packet = *packet;
            // Who is asked for a vote has not heard a leader for long.
            let asks = self.explorer.packet(packet).asks_for_a_vote();
            let when = if asks { When::Late } else { When::Soon };
            self.step(Action::Deliver { packet, when, again: false });
        }
    }

    fn lose_all(&mut self) {
        self.world.flight = Box::default();
    }

    /// Loses everything in flight but what brings entries.
    fn keep_appends(&mut self) {
        let brings =
            |number: &u32| matches!(self.explorer.packet(*number).message, Message::Append { .. });
        self.world.flight = self.world.flight.iter().copied().filter(brings).collect();
    }

    fn leads(&self, slot: u8) -> bool {
        self.explorer.local(&self.world, slot.into()).leads()
    }

    fn terms(&self, slot: u8) -> Vec<u64> {
        let local = self.explorer.local(&self.world, slot.into());
        (1..=local.core.last_index())
            .filter_map(|index| local.core.position(index).map(|position| position.term))
            .collect()
    }
}
