//! Histories of one store that behaves, made from a seed: for tests, benchmarks and examples.

use std::sync::Arc;

use tribunal_history::{Random, Seed, ValueId};

use crate::interval::{Interval, NEVER, moment};
use crate::{Cell, CellInput, CellOutput, Datum, Model};

/// What a generated history is made of.
///
/// Clients call a store of atomic cells. An operation begins, takes effect at one moment, and ends;
/// which client is next is drawn evenly, so that about as many operations are open as there are
/// clients. A crashed operation takes effect while its client waits, at some later moment, or never;
/// its client goes on with another operation. So the history is linearizable by construction, unless
/// a [`Generator::stale_read`] is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generator {
    /// Operations begun, over all keys.
    pub operations: u32,
    /// Clients, each with at most one operation that did not crash.
    pub clients: u32,
    /// Keys, drawn evenly.
    pub keys: u32,
    /// What the operations do.
    pub functions: Functions,
    /// What they write.
    pub written: Written,
    /// How many of 10,000 operations crash.
    pub crashed: u32,
    /// Whether one read in the last tenth of the history shows what had been replaced before.
    ///
    /// If written values are unique, no order is legal then; otherwise one may be, because others
    /// wrote the same. Nothing is changed if there is no such read.
    pub stale_read: bool,
}

/// What generated operations do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Functions {
    /// Reads and writes, in equal shares.
    Register,
    /// Reads, writes and cas, in equal shares.
    CasRegister,
    /// Of twenty operations ten read, nine append, one replaces the text.
    AppendMap,
}

/// What generated operations write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Every operation writes what no other writes.
    Unique,
    /// One of so many values, drawn evenly.
    Of(u32),
}

impl Generator {
    /// A register of ten clients with unique values, 1 % of the operations crashed.
    pub const DEFAULT: Generator = Generator {
        operations: 10_000,
        clients: 10,
        keys: 1,
        functions: Functions::CasRegister,
        written: Written::Unique,
        crashed: 100,
        stale_read: false,
    };

    /// The model of the histories.
    pub const fn model(&self) -> Cell {
        match self.functions {
            Functions::Register | Functions::CasRegister => Cell::register(),
            Functions::AppendMap => Cell::kv(),
        }
    }

    /// The operations of each key, in order of their beginnings. Equal seeds give equal histories.
    ///
    /// `call` numbers operations over all keys; moments are distinct over all keys. O(n), and for
    /// text appended O(n · its length), which [`Functions::AppendMap`] keeps at some ten tokens.
    ///
    /// # Panics
    /// If there are no clients or no keys.
    pub fn generate(&self, seed: Seed) -> Vec<Vec<Interval<Cell>>> {
        let mut random = seed.child("generate").random();
        let mut store = Store::new(self.keys);
        let mut run = Run { generator: *self, begun: 0, events: 0, open: Vec::new() };
        run.open.resize_with(self.clients as usize, || None);
        let mut ghosts: Vec<Handle> = Vec::new();
        while run.begun < self.operations || run.open.iter().any(Option::is_some) {
            if !ghosts.is_empty() && random.chance(1, 4 * u64::from(self.clients)) {
                let ghost = ghosts.swap_remove(random.below(ghosts.len() as u64) as usize);
                store.apply(ghost);
            }
            let client = random.below(u64::from(self.clients)) as usize;
            ghosts.extend(run.turn(client, &mut random, &mut store));
        }
        if self.stale_read {
            store.spoil(self.operations / 10 * 9);
        }
        store.keys.into_iter().map(|key| key.operations).collect()
    }

    fn input(&self, random: &mut Random, number: u32, state: &Datum) -> CellInput {
        match (self.functions, random.below(60)) {
            (Functions::Register | Functions::AppendMap, 0..30) => CellInput::Read,
            (Functions::CasRegister, 0..20) => CellInput::Read,
            (Functions::Register, _) | (Functions::CasRegister, 20..40) => {
                CellInput::Write(self.value(random, number))
            }
            (Functions::CasRegister, _) => {
                let expected = match self.written {
                    Written::Unique => state.clone(),
                    Written::Of(_) => self.value(random, number),
                };
                CellInput::Cas(expected, self.value(random, number))
            }
            (Functions::AppendMap, 30..57) => CellInput::Append(self.token(random, number)),
            (Functions::AppendMap, _) => CellInput::Write(Datum::Text(self.token(random, number))),
        }
    }

    fn value(&self, random: &mut Random, number: u32) -> Datum {
        let id = ValueId::small(self.written.draw(random, number));
        Datum::Value(id.expect("invariant: there are fewer than 2^31 operations"))
    }

    fn token(&self, random: &mut Random, number: u32) -> Arc<str> {
        Arc::from(format!("{}.", self.written.draw(random, number)))
    }
}

impl Default for Generator {
    fn default() -> Self {
        Generator::DEFAULT
    }
}

impl Written {
    fn draw(self, random: &mut Random, number: u32) -> u32 {
        match self {
            Written::Unique => number,
            Written::Of(count) => random.below(u64::from(count.max(1))) as u32,
        }
    }
}

/// Where an operation is.
#[derive(Clone, Copy)]
struct Handle {
    key: usize,
    index: usize,
}

/// A client's operation; what it answered, once it took effect.
type Open = Option<(Handle, Option<CellOutput>)>;

/// The clients, and how far they came.
struct Run {
    generator: Generator,
    begun: u32,
    events: u32,
    open: Vec<Open>,
}

impl Run {
    /// A client's next step; gives an operation that crashed before it took effect.
    fn turn(&mut self, client: usize, random: &mut Random, store: &mut Store) -> Option<Handle> {
        let crashes = |random: &mut Random| random.chance(self.generator.crashed.into(), 20_000);
        match self.open[client].take() {
            None if self.begun < self.generator.operations => {
                let key = random.below(u64::from(self.generator.keys)) as usize;
                let input = self.generator.input(random, self.begun, &store.keys[key].state);
                let handle = store.begin(key, input, moment(self.events), self.begun as usize);
                self.begun += 1;
                self.events += 1;
                self.open[client] = Some((handle, None));
            }
            None => {}
            // Half of the crashed took effect at once; of the others some will.
            Some((handle, None)) if crashes(random) => return Some(handle),
            Some((handle, None)) => self.open[client] = Some((handle, Some(store.apply(handle)))),
            Some(_) if crashes(random) => {}
            Some((handle, output)) => {
                let operation = &mut store.keys[handle.key].operations[handle.index];
                operation.output = output;
                operation.end = moment(self.events);
                self.events += 1;
            }
        }
        None
    }
}

/// A key with its history.
struct Key {
    state: Datum,
    operations: Vec<Interval<Cell>>,
    /// For each operation, how many changes the state had seen when it took effect.
    effects: Vec<usize>,
    /// Every change: the operation that made it, and the state after it.
    changes: Vec<(usize, Datum)>,
}

struct Store {
    keys: Vec<Key>,
}

impl Store {
    fn new(keys: u32) -> Store {
        let key = || Key {
            state: Datum::NIL,
            operations: Vec::new(),
            effects: Vec::new(),
            changes: Vec::new(),
        };
        Store { keys: (0..keys).map(|_| key()).collect() }
    }

    fn begin(&mut self, key: usize, input: CellInput, begin: u64, call: usize) -> Handle {
        let cell = &mut self.keys[key];
        cell.operations.push(Interval { input, output: None, begin, end: NEVER, call });
        cell.effects.push(0);
        Handle { key, index: cell.operations.len() - 1 }
    }

    /// Lets an operation take effect, and gives its answer.
    fn apply(&mut self, Handle { key, index }: Handle) -> CellOutput {
        let cell = &mut self.keys[key];
        let input = &cell.operations[index].input;
        let output = match input {
            CellInput::Read | CellInput::Cas(..) => CellOutput::Saw(cell.state.clone()),
            CellInput::Write(_) | CellInput::Append(_) => CellOutput::Done,
        };
        cell.effects[index] = cell.changes.len();
        let next = Cell::kv().step(&cell.state, input, Some(&output));
        let next = next.expect("invariant: keys that are appended to hold text");
        if next != cell.state {
            cell.state = next.clone();
            cell.changes.push((index, next));
        }
        output
    }

    /// Makes one read among the calls from `first` on stale, the earliest that can be.
    fn spoil(&mut self, first: u32) {
        for key in &mut self.keys {
            for read in 0..key.operations.len() {
                if key.operations[read].call >= first as usize
                    && let Some(stale) = key.stale(read)
                {
                    key.operations[read].output = Some(CellOutput::Saw(stale));
                    return;
                }
            }
        }
    }
}

impl Key {
    /// The latest state that had been replaced before a completed read began: some change began when
    /// the operation that made the state had ended, and ended before the read began.
    fn stale(&self, read: usize) -> Option<Datum> {
        let operation = &self.operations[read];
        if operation.is_pending() || operation.input != CellInput::Read {
            return None;
        }
        let before = &self.changes[..self.effects[read]];
        let replaced = before
            .iter()
            .map(|(change, _)| &self.operations[*change])
            .filter(|change| change.precedes(operation))
            .map(|change| change.begin)
            .max()?;
        let at = before.iter().rposition(|(change, _)| self.operations[*change].end < replaced)?;
        let since = &before[at + 1..];
        let stale = &before[at].1;
        since.iter().all(|(_, state)| state != stale).then(|| stale.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, Ruling, decide};

    fn rulings(generator: Generator, seeds: u64) -> (usize, usize) {
        let (mut legal, mut impossible) = (0, 0);
        for seed in 0..seeds {
            for operations in generator.generate(Seed(seed)) {
                match decide(&generator.model(), &operations, &Budget::DEFAULT).ruling {
                    Ruling::Legal(_) => legal += 1,
                    Ruling::Impossible(_) => impossible += 1,
                    Ruling::Unknown(doubt) => panic!("seed {seed}: {doubt:?}"),
                }
            }
        }
        (legal, impossible)
    }

    const KINDS: [Functions; 3] =
        [Functions::Register, Functions::CasRegister, Functions::AppendMap];

    #[test]
    fn a_history_is_linearizable_by_construction() {
        for functions in KINDS {
            for written in [Written::Unique, Written::Of(4)] {
                let generator = Generator {
                    operations: 300,
                    clients: 4,
                    keys: 3,
                    functions,
                    written,
                    ..Generator::DEFAULT
                };
                assert_eq!(rulings(generator, 5), (15, 0), "{generator:?}");
            }
        }
    }

    #[test]
    fn a_stale_read_of_unique_values_has_no_order() {
        for functions in KINDS {
            let generator = Generator {
                operations: 300,
                clients: 4,
                functions,
                stale_read: true,
                ..Generator::DEFAULT
            };
            assert_eq!(rulings(generator, 10), (0, 10), "{generator:?}");
        }
    }

    #[test]
    fn equal_seeds_give_equal_histories_of_the_size_asked_for() {
        let generator = Generator { keys: 7, crashed: 500, ..Generator::DEFAULT };
        let text = |seed| format!("{:?}", generator.generate(Seed(seed)));
        assert_eq!(text(1), text(1));
        assert_ne!(text(1), text(2));
        let keys = generator.generate(Seed(1));
        assert_eq!(keys.len(), 7);
        assert_eq!(keys.iter().map(Vec::len).sum::<usize>(), 10_000);
        let crashed = keys.iter().flatten().filter(|operation| operation.is_pending()).count();
        assert!((400..600).contains(&crashed), "{crashed} of 10,000 crashed");
        for operations in keys {
            assert!(operations.windows(2).all(|two| two[0].begin < two[1].begin));
            assert!(operations.windows(2).all(|two| two[0].call < two[1].call));
        }
    }
}
