//! Appends to text, which show a command applied twice.

use tribunal_history::{Function, NodeId, Operation, Outcome, Random, Value};

use crate::key_slots::KeySlots;
use crate::{Generator, GeneratorOptions};

/// How many appends and puts a key gets before it is replaced: what a read returns stays small.
const MUTATIONS: u32 = 100;

/// Puts, appends and gets on the keys of a map (`k0`, `k1`, …): of twenty operations nine gets, ten
/// appends and a put.
///
/// A compare-and-set applied twice changes nothing the second time; an append does, and every later
/// get shows it. So this is the mix that tells whether a system's sessions keep a repeated command
/// from being applied again. Every text put or appended is a token of its own (`3.17,` is thread
/// 3's 17th, counted from 0), closed by a comma so that no two tokens together read as another. A
/// put is rare because it hides what came before. A key is replaced after 100 mutations.
#[derive(Clone, Debug)]
pub struct KvAppend {
    threads: Vec<Thread>,
    keys: KeySlots,
    /// Whether the key of each slot was used.
    touched: Vec<bool>,
}

#[derive(Clone, Debug)]
struct Thread {
    random: Random,
    written: u64,
}

impl KvAppend {
    /// A generator for these options.
    pub fn new(options: &GeneratorOptions) -> KvAppend {
        let thread = |index| Thread {
            random: options.seed.child_at("client", u64::from(index)).random(),
            written: 0,
        };
        let keys = KeySlots::new(options.active_keys());
        KvAppend {
            threads: (0..options.concurrency).map(thread).collect(),
            touched: vec![false; keys.count()],
            keys,
        }
    }
}

fn name(key: u64) -> Value {
    Value::text(format!("k{key}"))
}

impl Generator for KvAppend {
    fn next(&mut self, thread: u32, _node: NodeId) -> Option<Operation> {
        let state = self.threads.get_mut(thread as usize)?;
        let slot = state.random.below(self.keys.count() as u64) as usize;
        let function = match state.random.below(20) {
            0..=8 => Function::Get,
            9..=18 => Function::Append,
            _ => Function::Put,
        };
        let key = name(self.keys.key(slot));
        self.touched[slot] = true;
        if function == Function::Get {
            return Some(Operation::new(function, key, Value::Nil));
        }
        let token = Value::text(format!("{thread}.{},", state.written));
        state.written += 1;
        if self.keys.count_use(slot, MUTATIONS) {
            self.touched[slot] = false;
        }
        Some(Operation::new(function, key, token))
    }

    fn completed(&mut self, _thread: u32, _operation: &Operation, _outcome: &Outcome) {}

    fn final_reads(&self) -> Vec<Operation> {
        let used = self.keys.used(|slot| self.touched[slot]);
        used.into_iter().map(|key| Operation::new(Function::Get, name(key), Value::Nil)).collect()
    }
}
