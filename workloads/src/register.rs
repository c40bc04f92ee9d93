//! Reads, writes and compare-and-sets on registers.

use tribunal_history::{Function, NodeId, Operation, Outcome, Random, Seed, Value};

use crate::key_slots::KeySlots;
use crate::{Generator, GeneratorOptions};

/// How many operations a long-lived key gets: it lives through elections and partitions, where
/// stale reads and lost writes hide.
const LONG_USES: u32 = 2_000;
/// How many a short-lived key gets at least: its whole history fits on a page.
const SHORT_USES_MIN: u32 = 60;
/// How many it gets at most; drawn for each key, so that they do not all turn at once.
const SHORT_USES_MAX: u32 = 100;

/// Per key: half reads, a quarter writes, a quarter compare-and-sets.
///
/// - Every written value is written once in the whole run (thread t's n-th is
///   `n · concurrency + t + 1`): no lost or stale write hides behind an equal value.
/// - A cas expects what was last seen on its key: three times in four by anyone, else by the same
///   thread, which is often stale and must then be refused. A key no operation on which has ended
///   `ok` yet is written instead.
/// - Even slots hold long-lived keys (2,000 operations), odd ones short-lived keys (60 to 100).
///   So final reads, one for every key used, are less than one in a hundred operations.
///
/// What a thread draws (slot, function, whose sight) comes from its own child seed alone; the key a
/// slot holds and what was seen there depend on what the other threads did.
#[derive(Clone, Debug)]
pub struct RegisterMix {
    seed: Seed,
    threads: Vec<Thread>,
    keys: KeySlots,
    /// What was seen on the key of each slot; forgotten when the key is replaced.
    seen: Vec<Sight>,
}

#[derive(Clone, Debug)]
struct Thread {
    random: Random,
    written: i64,
}

#[derive(Clone, Debug, Default)]
struct Sight {
    touched: bool,
    latest: Option<Value>,
    /// By thread; few threads meet on a key, so a short list does.
    by_thread: Vec<(u32, Value)>,
}

impl RegisterMix {
    /// A generator for these options.
    pub fn new(options: &GeneratorOptions) -> RegisterMix {
        let thread = |index| Thread {
            random: options.seed.child_at("client", u64::from(index)).random(),
            written: 0,
        };
        let keys = KeySlots::new(options.active_keys());
        RegisterMix {
            seed: options.seed.child("register"),
            threads: (0..options.concurrency).map(thread).collect(),
            seen: vec![Sight::default(); keys.count()],
            keys,
        }
    }

    fn limit(&self, slot: usize) -> u32 {
        if slot.is_multiple_of(2) {
            return LONG_USES;
        }
        let mut random = self.seed.child_at("uses", self.keys.key(slot)).random();
        let spread = random.below(u64::from(SHORT_USES_MAX - SHORT_USES_MIN) + 1);
        SHORT_USES_MIN + spread as u32
    }

    fn unique(&mut self, thread: u32) -> Value {
        let count = self.threads.len() as i64;
        let written = &mut self.threads[thread as usize].written;
        let value = *written * count + i64::from(thread) + 1;
        *written += 1;
        Value::Int(value)
    }

    fn operation(&mut self, thread: u32, slot: usize, draw: Draw) -> Operation {
        let key = Value::Int(self.keys.key(slot) as i64);
        let (function, value) = match draw {
            Draw::Read => (Function::Read, Value::Nil),
            Draw::Write => (Function::Write, self.unique(thread)),
            Draw::Cas { own } => match self.seen[slot].expected(thread, own) {
                Some(expected) => (Function::Cas, Value::pair(expected, self.unique(thread))),
                None => (Function::Write, self.unique(thread)),
            },
        };
        Operation { function, key, value }
    }
}

#[derive(Clone, Copy)]
enum Draw {
    Read,
    Write,
    Cas { own: bool },
}

impl Thread {
    /// Always the same number of draws, so that what is drawn next does not depend on the rest.
    fn draw(&mut self, slots: usize) -> (usize, Draw) {
        let slot = self.random.below(slots as u64) as usize;
        let function = self.random.below(4);
        let own = self.random.chance(1, 4);
        let draw = match function {
            0 | 1 => Draw::Read,
            2 => Draw::Write,
            _ => Draw::Cas { own },
        };
        (slot, draw)
    }
}

impl Sight {
    fn expected(&self, thread: u32, own: bool) -> Option<Value> {
        let by_me = || self.by_thread.iter().find(|(of, _)| *of == thread).map(|(_, value)| value);
        let chosen = if own { by_me().or(self.latest.as_ref()) } else { self.latest.as_ref() };
        chosen.cloned()
    }

    fn see(&mut self, thread: u32, value: Value) {
        self.latest = Some(value.clone());
        match self.by_thread.iter_mut().find(|(of, _)| *of == thread) {
            Some((_, last)) => *last = value,
            None => self.by_thread.push((thread, value)),
        }
    }
}

/// What the register held once the operation was done, as far as the outcome tells.
fn held_after(operation: &Operation, outcome: &Outcome) -> Option<Value> {
    let Outcome::Ok(result) = outcome else { return None };
    match operation.function {
        Function::Read => Some(result.clone()),
        Function::Write => Some(operation.value.clone()),
        Function::Cas => {
            let (expected, new) = operation.value.as_pair()?;
            let (seen, _) = result.as_pair()?;
            Some(if seen == expected { new.clone() } else { seen.clone() })
        }
        _ => None,
    }
}

impl Generator for RegisterMix {
    fn next(&mut self, thread: u32, _node: NodeId) -> Option<Operation> {
        let slots = self.keys.count();
        let (slot, draw) = self.threads.get_mut(thread as usize)?.draw(slots);
        let operation = self.operation(thread, slot, draw);
        self.seen[slot].touched = true;
        let limit = self.limit(slot);
        if self.keys.count_use(slot, limit) {
            self.seen[slot] = Sight::default();
        }
        Some(operation)
    }

    fn completed(&mut self, thread: u32, operation: &Operation, outcome: &Outcome) {
        let Value::Int(key) = operation.key else { return };
        let Some(slot) = u64::try_from(key).ok().and_then(|key| self.keys.slot_of(key)) else {
            return;
        };
        if let Some(value) = held_after(operation, outcome) {
            self.seen[slot].see(thread, value);
        }
    }

    fn final_reads(&self) -> Vec<Operation> {
        let used = self.keys.used(|slot| self.seen[slot].touched);
        used.into_iter().map(|key| Operation::new(Function::Read, key as i64, Value::Nil)).collect()
    }
}
