//! Sets, counters, generators, locks, semaphores and transactions against a judge that tries every
//! order: each algorithm alone, the search alone, and all together.

mod objects;
mod tell;

use std::collections::{BTreeMap, BTreeSet};

use objects::{In, Object, Out, SMALL, Shape, compare, hints_hold, random_history};
use tribunal_checkers::{
    Applied, Budget, Counter, CounterInput, CounterOutput, FencedLock, FencedOutput, Generate,
    IdGenerator, LockInput, LockOutput, MicroOperation, Model, MultiRegister, Mutex, Ruling,
    Semaphore, SemaphoreInput, SemaphoreOutput, Set, SetInput, SetOutput, decide,
};
use tribunal_history::{Random, Seed};

use tell::tell;

/// Histories a model is judged on in the default run.
const COUNT: u64 = 20_000;

/// A set, of one of three kinds.
#[derive(Clone, Copy)]
struct Sets {
    elements: u64,
    /// Elements are added once.
    unique: bool,
    removes: bool,
    reads: bool,
}

impl Object for Sets {
    type Model = Set<u64>;
    type State = BTreeSet<u64>;

    fn model(&self) -> Set<u64> {
        Set::new()
    }

    fn init(&self) -> BTreeSet<u64> {
        BTreeSet::new()
    }

    fn admits(
        &self,
        state: &BTreeSet<u64>,
        asked: &SetInput<u64>,
        answer: Option<&SetOutput<u64>>,
    ) -> Option<BTreeSet<u64>> {
        let mut state = state.clone();
        let said = match asked {
            SetInput::Add(element) => SetOutput::Answer(state.insert(*element)),
            SetInput::Remove(element) => SetOutput::Answer(state.remove(element)),
            SetInput::Contains(element) => SetOutput::Answer(state.contains(element)),
            SetInput::Read => SetOutput::Elements(state.clone()),
        };
        (answer.is_none_or(|answer| *answer == SetOutput::Done || *answer == said)).then_some(state)
    }

    fn ask(&self, random: &mut Random, _: u32, number: u64) -> SetInput<u64> {
        let element = random.below(self.elements);
        match random.below(6) {
            0 | 1 if self.unique => SetInput::Add(number % (self.elements + 1)),
            0 | 1 => SetInput::Add(element),
            2 if self.removes => SetInput::Remove(element),
            3 | 4 if self.reads => SetInput::Read,
            _ => SetInput::Contains(element),
        }
    }

    fn answer(
        &self,
        random: &mut Random,
        state: &BTreeSet<u64>,
        asked: &SetInput<u64>,
    ) -> Option<SetOutput<u64>> {
        let truth = match asked {
            SetInput::Add(element) => SetOutput::Answer(!state.contains(element)),
            SetInput::Remove(element) | SetInput::Contains(element) => {
                SetOutput::Answer(state.contains(element))
            }
            SetInput::Read => SetOutput::Elements(state.clone()),
        };
        let changes = matches!(asked, SetInput::Add(_) | SetInput::Remove(_));
        Some(if changes && random.chance(2, 3) { SetOutput::Done } else { truth })
    }

    fn lie(
        &self,
        random: &mut Random,
        _: &SetInput<u64>,
        truth: &SetOutput<u64>,
    ) -> SetOutput<u64> {
        match truth {
            SetOutput::Done => SetOutput::Done,
            SetOutput::Answer(answer) => SetOutput::Answer(!answer),
            SetOutput::Elements(elements) => {
                let mut elements = elements.clone();
                let element = random.below(self.elements);
                if !elements.remove(&element) {
                    elements.insert(element);
                }
                SetOutput::Elements(elements)
            }
        }
    }
}

/// A counter to which one of these is added.
struct Counters(&'static [i64]);

impl Object for Counters {
    type Model = Counter;
    type State = i64;

    fn model(&self) -> Counter {
        Counter
    }

    fn init(&self) -> i64 {
        0
    }

    fn admits(
        &self,
        state: &i64,
        asked: &CounterInput,
        answer: Option<&CounterOutput>,
    ) -> Option<i64> {
        match asked {
            CounterInput::Add(more) => Some(state + more),
            CounterInput::Read => (answer
                .is_none_or(|answer| *answer == CounterOutput::Value(*state)))
            .then_some(*state),
            CounterInput::Reach(_) => None,
        }
    }

    fn ask(&self, random: &mut Random, _: u32, _: u64) -> CounterInput {
        match random.below(2) {
            0 => CounterInput::Read,
            _ => CounterInput::Add(self.0[random.below(self.0.len() as u64) as usize]),
        }
    }

    fn answer(&self, _: &mut Random, state: &i64, asked: &CounterInput) -> Option<CounterOutput> {
        Some(match asked {
            CounterInput::Read => CounterOutput::Value(*state),
            _ => CounterOutput::Done,
        })
    }

    fn lie(&self, random: &mut Random, _: &CounterInput, truth: &CounterOutput) -> CounterOutput {
        let step = self.0[0];
        match truth {
            CounterOutput::Value(value) if random.chance(1, 2) => {
                CounterOutput::Value(value + step)
            }
            CounterOutput::Value(value) => CounterOutput::Value(value - step),
            other => other.clone(),
        }
    }
}

/// A generator of small ids.
struct Ids;

impl Object for Ids {
    type Model = IdGenerator<u64>;
    type State = BTreeSet<u64>;

    fn model(&self) -> IdGenerator<u64> {
        IdGenerator::new()
    }

    fn init(&self) -> BTreeSet<u64> {
        BTreeSet::new()
    }

    fn admits(
        &self,
        state: &BTreeSet<u64>,
        _: &Generate,
        answer: Option<&u64>,
    ) -> Option<BTreeSet<u64>> {
        let mut state = state.clone();
        answer.is_none_or(|id| state.insert(*id)).then_some(state)
    }

    fn ask(&self, _: &mut Random, _: u32, _: u64) -> Generate {
        Generate
    }

    fn answer(&self, random: &mut Random, state: &BTreeSet<u64>, _: &Generate) -> Option<u64> {
        let id = random.below(8);
        Some((id..).find(|id| !state.contains(id)).expect("there are more"))
    }

    fn lie(&self, random: &mut Random, _: &Generate, truth: &u64) -> u64 {
        truth.saturating_sub(random.below(4))
    }
}

/// Who holds a lock, how often, and the last token.
type Holder = (Option<u32>, u32, i64);

/// A lock: its clients do sensible things most of the time.
struct Locks {
    limit: u32,
    /// One in so many acquires that cannot be had is refused at once; 0 for none.
    refused_every: u64,
}

/// What is asked of a plain lock: the state after, or that it is refused.
fn lock(state: &Holder, asked: &LockInput, limit: u32, token: i64) -> Option<Holder> {
    let (holder, times, last) = *state;
    match asked {
        LockInput::Acquire(client) => match holder {
            None => Some((Some(*client), 1, token)),
            Some(other) if other == *client && times < limit => Some((holder, times + 1, last)),
            Some(_) => None,
        },
        LockInput::Release(client) if holder == Some(*client) => {
            Some(if times == 1 { (None, 0, last) } else { (holder, times - 1, last) })
        }
        LockInput::Release(_) => None,
    }
}

/// Acquire and release in turn, mostly.
fn ask_lock(random: &mut Random, client: u32, number: u64) -> LockInput {
    let acquires = if random.chance(1, 5) { random.chance(1, 2) } else { number % 5 < 3 };
    if acquires { LockInput::Acquire(client) } else { LockInput::Release(client) }
}

impl Object for Locks {
    type Model = Mutex;
    type State = Holder;

    fn model(&self) -> Mutex {
        if self.limit == 1 { Mutex::new() } else { Mutex::reentrant(self.limit) }
    }

    fn init(&self) -> Holder {
        (None, 0, 0)
    }

    fn admits(
        &self,
        state: &Holder,
        asked: &LockInput,
        answer: Option<&LockOutput>,
    ) -> Option<Holder> {
        match (lock(state, asked, self.limit, 0), answer) {
            (Some(next), None | Some(LockOutput::Done)) => Some(next),
            (None, None | Some(LockOutput::Refused)) => Some(*state),
            _ => None,
        }
    }

    fn ask(&self, random: &mut Random, client: u32, number: u64) -> LockInput {
        ask_lock(random, client, number)
    }

    fn answer(&self, random: &mut Random, state: &Holder, asked: &LockInput) -> Option<LockOutput> {
        match lock(state, asked, self.limit, 0) {
            Some(_) => Some(LockOutput::Done),
            None if self.refused_every > 0 && random.chance(1, self.refused_every) => {
                Some(LockOutput::Refused)
            }
            None => None,
        }
    }

    fn insist(&self, _: &mut Random, _: &LockInput) -> Option<LockOutput> {
        Some(LockOutput::Done)
    }

    fn lie(&self, _: &mut Random, _: &LockInput, truth: &LockOutput) -> LockOutput {
        match truth {
            LockOutput::Refused => LockOutput::Done,
            LockOutput::Done if self.refused_every > 0 => LockOutput::Refused,
            LockOutput::Done => LockOutput::Done,
        }
    }
}

/// A lock with tokens.
struct Fenced {
    refused_every: u64,
}

impl Object for Fenced {
    type Model = FencedLock;
    type State = Holder;

    fn model(&self) -> FencedLock {
        FencedLock
    }

    fn init(&self) -> Holder {
        (None, 0, i64::MIN)
    }

    fn admits(
        &self,
        state: &Holder,
        asked: &LockInput,
        answer: Option<&FencedOutput>,
    ) -> Option<Holder> {
        let acquires = matches!(asked, LockInput::Acquire(_));
        let token = match answer {
            Some(FencedOutput::Token(token)) if !acquires || *token <= state.2 => return None,
            Some(FencedOutput::Token(token)) => *token,
            Some(FencedOutput::Done) if acquires => return None,
            _ => state.2 + 1,
        };
        match (lock(state, asked, 1, token), answer) {
            (Some(_), Some(FencedOutput::Refused)) => None,
            (Some(next), _) => Some(next),
            (None, None | Some(FencedOutput::Refused)) => Some(*state),
            (None, _) => None,
        }
    }

    fn ask(&self, random: &mut Random, client: u32, number: u64) -> LockInput {
        ask_lock(random, client, number)
    }

    fn answer(
        &self,
        random: &mut Random,
        state: &Holder,
        asked: &LockInput,
    ) -> Option<FencedOutput> {
        let token = state.2.max(0) + 1 + random.below(3) as i64;
        match (lock(state, asked, 1, token), asked) {
            (Some(_), LockInput::Acquire(_)) => Some(FencedOutput::Token(token)),
            (Some(_), LockInput::Release(_)) => Some(FencedOutput::Done),
            (None, _) if self.refused_every > 0 && random.chance(1, self.refused_every) => {
                Some(FencedOutput::Refused)
            }
            (None, _) => None,
        }
    }

    fn insist(&self, random: &mut Random, asked: &LockInput) -> Option<FencedOutput> {
        Some(match asked {
            LockInput::Acquire(_) => FencedOutput::Token(random.between(1, 9) as i64),
            LockInput::Release(_) => FencedOutput::Done,
        })
    }

    fn lie(&self, random: &mut Random, _: &LockInput, truth: &FencedOutput) -> FencedOutput {
        match truth {
            FencedOutput::Token(token) => FencedOutput::Token(token - 2 + random.below(5) as i64),
            other => *other,
        }
    }
}

/// A semaphore whose clients take and give up to so many permits.
struct Semaphores {
    permits: u32,
    most: u64,
    refused_every: u64,
}

impl Object for Semaphores {
    type Model = Semaphore;
    type State = u32;

    fn model(&self) -> Semaphore {
        Semaphore::new(self.permits)
    }

    fn init(&self) -> u32 {
        0
    }

    fn admits(
        &self,
        state: &u32,
        asked: &SemaphoreInput,
        answer: Option<&SemaphoreOutput>,
    ) -> Option<u32> {
        let next = match asked {
            SemaphoreInput::Acquire(count) => Some(state + count).filter(|n| *n <= self.permits),
            SemaphoreInput::Release(count) => (state >= count).then(|| state - count),
        };
        match (next, answer) {
            (Some(next), None | Some(SemaphoreOutput::Done)) => Some(next),
            (None, None | Some(SemaphoreOutput::Refused)) => Some(*state),
            _ => None,
        }
    }

    fn ask(&self, random: &mut Random, _: u32, number: u64) -> SemaphoreInput {
        let count = random.between(1, self.most) as u32;
        match number % 4 < 3 || random.chance(1, 6) {
            true => SemaphoreInput::Acquire(count),
            false => SemaphoreInput::Release(count),
        }
    }

    fn answer(
        &self,
        random: &mut Random,
        state: &u32,
        asked: &SemaphoreInput,
    ) -> Option<SemaphoreOutput> {
        match self.admits(state, asked, Some(&SemaphoreOutput::Done)) {
            Some(_) => Some(SemaphoreOutput::Done),
            None if self.refused_every > 0 && random.chance(1, self.refused_every) => {
                Some(SemaphoreOutput::Refused)
            }
            None => None,
        }
    }

    fn lie(&self, _: &mut Random, _: &SemaphoreInput, truth: &SemaphoreOutput) -> SemaphoreOutput {
        match truth {
            SemaphoreOutput::Refused => SemaphoreOutput::Done,
            SemaphoreOutput::Done if self.refused_every > 0 => SemaphoreOutput::Refused,
            SemaphoreOutput::Done => SemaphoreOutput::Done,
        }
    }
}

/// Registers and transactions of up to three steps.
struct Transactions {
    keys: u64,
}

impl Object for Transactions {
    type Model = MultiRegister<u64, u64>;
    type State = BTreeMap<u64, u64>;

    fn model(&self) -> MultiRegister<u64, u64> {
        MultiRegister::new()
    }

    fn init(&self) -> BTreeMap<u64, u64> {
        BTreeMap::new()
    }

    fn admits(
        &self,
        state: &BTreeMap<u64, u64>,
        asked: &Vec<MicroOperation<u64, u64>>,
        answer: Option<&Vec<Option<u64>>>,
    ) -> Option<BTreeMap<u64, u64>> {
        let mut state = state.clone();
        let mut seen = Vec::new();
        for micro in asked {
            match micro {
                MicroOperation::Read(key) => seen.push(state.get(key).copied()),
                MicroOperation::Write(key, Some(value)) => drop(state.insert(*key, *value)),
                MicroOperation::Write(key, None) => drop(state.remove(key)),
            }
        }
        (answer.is_none_or(|answer| *answer == seen)).then_some(state)
    }

    fn ask(&self, random: &mut Random, _: u32, number: u64) -> Vec<MicroOperation<u64, u64>> {
        let steps = random.between(1, 3);
        (0..steps)
            .map(|_| {
                let key = random.below(self.keys);
                match random.below(5) {
                    0 | 1 => MicroOperation::Read(key),
                    2 => MicroOperation::Write(key, None),
                    3 => MicroOperation::Write(key, Some(number)),
                    _ => MicroOperation::Write(key, Some(random.below(2))),
                }
            })
            .collect()
    }

    fn answer(
        &self,
        _: &mut Random,
        state: &BTreeMap<u64, u64>,
        asked: &Vec<MicroOperation<u64, u64>>,
    ) -> Option<Vec<Option<u64>>> {
        let mut state = state.clone();
        let mut seen = Vec::new();
        for micro in asked {
            match micro {
                MicroOperation::Read(key) => seen.push(state.get(key).copied()),
                MicroOperation::Write(key, Some(value)) => drop(state.insert(*key, *value)),
                MicroOperation::Write(key, None) => drop(state.remove(key)),
            }
        }
        Some(seen)
    }

    fn lie(
        &self,
        random: &mut Random,
        _: &Vec<MicroOperation<u64, u64>>,
        truth: &Vec<Option<u64>>,
    ) -> Vec<Option<u64>> {
        let mut lie = truth.clone();
        if let Some(first) = lie.first_mut() {
            *first = if random.chance(1, 3) { None } else { Some(random.below(4)) };
        }
        lie
    }
}

/// Compares, and asserts that the histories are a test: how many of a hundred are valid, and how
/// many at least each algorithm decides.
fn judge<O: Object>(name: &str, object: &O, count: u64, least: &[u64]) {
    let four = Shape { clients: 4, crash_every: 3, ..SMALL };
    let false_ones = Shape { lie_every: 1, clients: 2, operations: 9, crash_every: 20 };
    let counts = compare(name, object, &[SMALL, false_ones, four], count);
    let valid = counts.valid * 100 / count;
    tell(&format!("{name}, all together"), count, counts.valid, count - counts.valid);
    for (algorithm, decided, invalid) in &counts.decided {
        tell(&format!("{name}, {algorithm} alone"), count, decided - invalid, *invalid);
    }
    assert!((30..=94).contains(&valid), "{valid} % of {name} are valid");
    for ((algorithm, decided, invalid), least) in counts.decided.iter().zip(least) {
        assert!(decided * 100 / count >= *least, "{algorithm} decides {decided} of {name}");
        assert!(*least == 0 || *invalid * 80 > count, "{algorithm} refutes {invalid} of {name}");
    }
}

const ELEMENTS: Sets = Sets { elements: 2, unique: false, removes: true, reads: false };
const GROWING: Sets = Sets { elements: 5, unique: true, removes: false, reads: true };

fn sets(count: u64) {
    judge("elements", &ELEMENTS, count, &[15, 0]);
    let one = Sets { elements: 6, unique: true, ..ELEMENTS };
    judge("unique elements", &one, count, &[60, 0]);
    judge("growing sets", &GROWING, count, &[0, 60]);
    judge("sets", &Sets { removes: true, elements: 3, ..GROWING }, count, &[0, 5]);
}

fn counters(count: u64) {
    judge("units", &Counters(&[1]), count, &[95, 0]);
    judge("negative steps", &Counters(&[-3]), count, &[50, 0]);
    judge("any deltas", &Counters(&[1, 2, -1, 0]), count, &[0, 0]);
}

fn locks(count: u64) {
    judge("mutex", &Locks { limit: 1, refused_every: 0 }, count, &[90]);
    judge("mutex that refuses", &Locks { limit: 1, refused_every: 2 }, count, &[10]);
    judge("reentrant mutex", &Locks { limit: 2, refused_every: 0 }, count, &[90]);
    judge("reentrant that refuses", &Locks { limit: 2, refused_every: 3 }, count, &[10]);
    judge("fenced lock", &Fenced { refused_every: 0 }, count, &[90]);
    judge("fenced that refuses", &Fenced { refused_every: 2 }, count, &[10]);
}

fn semaphores(count: u64) {
    judge("one permit", &Semaphores { permits: 1, most: 1, refused_every: 0 }, count, &[80]);
    judge("two permits", &Semaphores { permits: 2, most: 1, refused_every: 0 }, count, &[80]);
    judge("several at once", &Semaphores { permits: 3, most: 2, refused_every: 0 }, count, &[60]);
    judge("that refuses", &Semaphores { permits: 2, most: 1, refused_every: 2 }, count, &[5]);
}

fn ids(count: u64) {
    judge("ids", &Ids, count, &[100]);
}

fn transactions(count: u64) {
    judge("transactions on two keys", &Transactions { keys: 2 }, count, &[]);
    judge("transactions on five keys", &Transactions { keys: 5 }, count, &[]);
}

#[test]
fn sets_agree_with_brute_force() {
    sets(COUNT);
}

#[test]
fn counters_agree_with_brute_force() {
    counters(COUNT);
}

#[test]
fn ids_agree_with_brute_force() {
    ids(COUNT);
}

#[test]
fn locks_agree_with_brute_force() {
    locks(COUNT);
}

#[test]
fn semaphores_agree_with_brute_force() {
    semaphores(COUNT);
}

#[test]
fn transactions_agree_with_brute_force() {
    transactions(COUNT);
}

/// The long version: `.ci/twins`.
mod a_million {
    use super::*;

    const MANY: u64 = 1_000_000;

    #[test]
    #[ignore = "minutes in release mode"]
    fn sets_agree_with_brute_force() {
        sets(MANY);
    }

    #[test]
    #[ignore = "minutes in release mode"]
    fn counters_agree_with_brute_force() {
        counters(MANY);
    }

    #[test]
    #[ignore = "minutes in release mode"]
    fn ids_agree_with_brute_force() {
        ids(MANY);
    }

    #[test]
    #[ignore = "minutes in release mode"]
    fn locks_agree_with_brute_force() {
        locks(MANY);
    }

    #[test]
    #[ignore = "minutes in release mode"]
    fn semaphores_agree_with_brute_force() {
        semaphores(MANY);
    }

    #[test]
    #[ignore = "minutes in release mode"]
    fn transactions_agree_with_brute_force() {
        transactions(MANY);
    }
}

/// Parts are judged one by one: what was done to them, and what it cost, is the sum.
fn parts_add_up<O: Object>(name: &str, object: &O) -> Applied {
    let (model, mut sum) = (object.model(), Applied::default());
    for number in 0..2_000 {
        let mut random = Seed(9).child_at(name, number).random();
        let shape = Shape { operations: 12, clients: 4, lie_every: 4, ..SMALL };
        let operations = random_history(object, &mut random, shape);
        let parts = model.parts(&operations);
        let whole = decide(&model, &operations, &Budget::DEFAULT);
        if parts.len() < 2
            || whole.decided_by != "search"
            || !matches!(whole.ruling, Ruling::Legal(_))
        {
            continue;
        }
        let (mut applied, mut states, mut bytes) = (Applied::default(), 0, 0);
        for part in parts {
            let part: Vec<_> = part.iter().map(|at| operations[*at].clone()).collect();
            let part = decide(&model, &part, &Budget::DEFAULT);
            states += part.cost.states;
            bytes = part.cost.bytes.max(bytes);
            add(&mut applied, &part.applied);
            applied.why_kept = applied.why_kept.or(part.applied.why_kept);
        }
        add(&mut sum, &applied);
        assert_eq!((whole.applied, whole.cost.states, whole.cost.bytes), (applied, states, bytes));
    }
    sum
}

fn add(sum: &mut Applied, more: &Applied) {
    sum.pure += more.pure;
    sum.unobserved += more.unobserved;
    sum.bounded += more.bounded;
    sum.kept += more.kept;
}

#[test]
fn what_was_done_to_parts_adds_up() {
    let sets = parts_add_up("parts of sets", &ELEMENTS);
    let transactions = parts_add_up("parts of transactions", &Transactions { keys: 5 });
    for applied in [&sets, &transactions] {
        assert!(applied.pure > 50 && applied.kept > 50, "{applied:?}");
    }
    assert!(sets.unobserved + transactions.unobserved > 100, "{sets:?} {transactions:?}");
}

/// Every input and output the histories above are made of.
fn words<O: Object>(object: &O) -> (Vec<In<O>>, Vec<Out<O>>) {
    let mut random = Seed(3).child("words").random();
    let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
    let mut state = object.init();
    for number in 0..60 {
        let input = object.ask(&mut random, number as u32 % 3, number % 6);
        if let Some(output) = object.answer(&mut random, &state, &input) {
            state = object.admits(&state, &input, Some(&output)).unwrap_or(state);
            if !outputs.contains(&output) {
                outputs.push(output);
            }
        }
        if !inputs.contains(&input) {
            inputs.push(input);
        }
    }
    (inputs, outputs)
}

#[test]
fn hints_are_true() {
    fn check<O: Object>(object: &O) {
        let (inputs, outputs) = words(object);
        hints_hold(&object.model(), &inputs, &outputs, 200);
    }
    check(&Sets { elements: 3, removes: true, ..GROWING });
    check(&Counters(&[1, 2, -1, 0]));
    check(&Ids);
    check(&Locks { limit: 1, refused_every: 1 });
    check(&Locks { limit: 3, refused_every: 1 });
    check(&Fenced { refused_every: 1 });
    check(&Semaphores { permits: 3, most: 2, refused_every: 1 });
    check(&Transactions { keys: 2 });
}
