//! Small models with random histories, and a judge too dumb to be wrong.

use std::collections::VecDeque;
use std::fmt::Debug;

use tribunal_history::{Random, ValueId};

use crate::interval::NEVER;
use crate::{Cell, CellInput, CellOutput, Datum, Interval, Model, WhyNot};

/// A model of which there are random histories.
pub(super) trait Toy: Model<State: Debug, Input: Debug, Output: Debug> {
    /// Something to ask.
    fn ask(&self, random: &mut Random) -> Self::Input;
    /// The true answer.
    fn answer(&self, state: &Self::State, input: &Self::Input) -> Self::Output;
    /// Another answer to the same.
    fn lie(&self, random: &mut Random, truth: &Self::Output) -> Self::Output;
}

fn value(random: &mut Random) -> Datum {
    Datum::Value(ValueId::small(random.below(5) as u32).unwrap())
}

fn text(random: &mut Random) -> &'static str {
    random.pick(&["a", "b", "aa"]).unwrap()
}

impl Toy for Cell {
    fn ask(&self, random: &mut Random) -> CellInput {
        match (*self == Cell::kv(), random.below(6)) {
            (_, 0..2) => CellInput::Read,
            (false, 2..4) => CellInput::Write(value(random)),
            (false, _) => CellInput::Cas(value(random), value(random)),
            (true, 2) => CellInput::Write(Datum::Text(text(random).into())),
            (true, 3) => CellInput::Write(Datum::NIL),
            (true, _) => CellInput::Append(text(random).into()),
        }
    }

    fn answer(&self, state: &Datum, input: &CellInput) -> CellOutput {
        match input {
            CellInput::Read | CellInput::Cas(..) => CellOutput::Saw(state.clone()),
            _ => CellOutput::Done,
        }
    }

    fn lie(&self, random: &mut Random, truth: &CellOutput) -> CellOutput {
        match truth {
            CellOutput::Done => CellOutput::Done,
            CellOutput::Saw(Datum::Text(text)) => {
                CellOutput::Saw(Datum::Text(text[..text.len() / 2].into()))
            }
            CellOutput::Saw(_) | CellOutput::Kept(_) => CellOutput::Saw(value(random)),
        }
    }
}

/// A FIFO queue whose values repeat.
pub(super) struct Queue;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum QueueInput {
    Enqueue(u8),
    Dequeue,
}

/// `None` for an enqueue; else what was at the front.
type Front = Option<Option<u8>>;

impl Model for Queue {
    type State = VecDeque<u8>;
    type Input = QueueInput;
    type Output = Front;

    fn init(&self) -> VecDeque<u8> {
        VecDeque::new()
    }

    fn step(
        &self,
        state: &VecDeque<u8>,
        input: &QueueInput,
        output: Option<&Front>,
    ) -> Result<VecDeque<u8>, WhyNot> {
        let mut next = state.clone();
        let truth = match input {
            QueueInput::Enqueue(value) => {
                next.push_back(*value);
                None
            }
            QueueInput::Dequeue => Some(next.pop_front()),
        };
        match output {
            Some(output) if *output != truth => Err(WhyNot::OBSERVED),
            _ => Ok(next),
        }
    }

    fn is_pure(&self, _: &QueueInput, output: Option<&Front>) -> bool {
        output == Some(&Some(None))
    }

    fn is_finite(&self, input: &QueueInput) -> bool {
        *input == QueueInput::Dequeue
    }
}

impl Toy for Queue {
    fn ask(&self, random: &mut Random) -> QueueInput {
        match random.below(2) {
            0 => QueueInput::Enqueue(random.below(3) as u8),
            _ => QueueInput::Dequeue,
        }
    }

    fn answer(&self, state: &VecDeque<u8>, input: &QueueInput) -> Front {
        (*input == QueueInput::Dequeue).then(|| state.front().copied())
    }

    fn lie(&self, random: &mut Random, truth: &Front) -> Front {
        truth.map(|_| random.chance(4, 5).then(|| random.below(3) as u8))
    }
}

/// A counter: what is added may be negative or nothing.
pub(super) struct Counter;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum CounterInput {
    Add(i32),
    Read,
    /// Back to nothing: blind.
    Reset,
}

impl Model for Counter {
    type State = i32;
    type Input = CounterInput;
    type Output = Option<i32>;

    fn init(&self) -> i32 {
        0
    }

    fn step(
        &self,
        state: &i32,
        input: &CounterInput,
        output: Option<&Option<i32>>,
    ) -> Result<i32, WhyNot> {
        match (input, output) {
            (CounterInput::Read, Some(Some(seen))) if seen != state => Err(WhyNot::OBSERVED),
            (CounterInput::Read, _) => Ok(*state),
            (CounterInput::Add(delta), _) => Ok(state.wrapping_add(*delta)),
            (CounterInput::Reset, _) => Ok(0),
        }
    }

    fn is_pure(&self, input: &CounterInput, _: Option<&Option<i32>>) -> bool {
        matches!(input, CounterInput::Read | CounterInput::Add(0))
    }

    fn is_blind(&self, input: &CounterInput) -> bool {
        *input == CounterInput::Reset
    }

    fn is_finite(&self, input: &CounterInput) -> bool {
        !matches!(input, CounterInput::Add(_))
    }
}

impl Toy for Counter {
    fn ask(&self, random: &mut Random) -> CounterInput {
        match random.below(8) {
            0..4 => CounterInput::Read,
            4 => CounterInput::Reset,
            _ => CounterInput::Add(random.below(5) as i32 - 2),
        }
    }

    fn answer(&self, state: &i32, input: &CounterInput) -> Option<i32> {
        (*input == CounterInput::Read).then_some(*state)
    }

    fn lie(&self, random: &mut Random, truth: &Option<i32>) -> Option<i32> {
        truth.map(|truth| truth + random.pick(&[-2, -1, 1, 3]).unwrap())
    }
}

/// A random history: three to nine operations of two to five clients, a crash in every third or
/// none, now and then a lie.
pub(super) fn random_history<T: Toy>(toy: &T, random: &mut Random) -> Vec<Interval<T>> {
    let (count, clients) = (random.between(3, 9) as usize, random.between(2, 5) as usize);
    let (crashes, lies) = (random.chance(2, 3), random.between(0, 3));
    let mut operations: Vec<Interval<T>> = Vec::new();
    let mut state = toy.init();
    let mut busy: Vec<Option<(usize, Option<T::Output>)>> = vec![None; clients];
    let mut time = 0;
    while operations.len() < count || busy.iter().any(Option::is_some) {
        let client = random.below(clients as u64) as usize;
        match busy[client].take() {
            None if operations.len() < count => {
                // Now and then it begins as another ends.
                time += u64::from(random.chance(4, 5));
                let (input, call) = (toy.ask(random), operations.len());
                let interval = Interval { input, output: None, begin: time, end: NEVER, call };
                operations.push(interval);
                busy[client] = Some((call, None));
            }
            None => {}
            Some((_, None)) if crashes && random.chance(1, 6) => {}
            Some((call, None)) => {
                let input = &operations[call].input;
                let answer = toy.answer(&state, input);
                state = toy.step(&state, input, None).unwrap();
                busy[client] = Some((call, Some(answer)));
            }
            Some(_) if crashes && random.chance(1, 6) => {}
            Some((call, Some(truth))) => {
                time += 1;
                let lies = lies > 0 && random.chance(lies, 10);
                let answer = if lies { toy.lie(random, &truth) } else { truth };
                let operation = &mut operations[call];
                (operation.output, operation.end) = (Some(answer), time);
            }
        }
    }
    operations
}

/// The most items a legal order places that places all that ends before `until`, crashed ones in or
/// out; `None` if there is no such order. Tries them all.
pub(super) fn longest<M: Model>(
    model: &M,
    operations: &[Interval<M>],
    until: u64,
    state: &M::State,
    placed: u32,
) -> Option<u32> {
    let left = |index: &usize| placed & (1 << index) == 0;
    let open = || (0..operations.len()).filter(left);
    let wall = open().map(|index| operations[index].end).min().unwrap_or(NEVER);
    // All that must be is placed: how much more goes?
    let mut best = (wall >= until).then_some(0);
    for index in open().filter(|index| operations[*index].begin <= wall.min(until)) {
        let Interval { input, output, .. } = &operations[index];
        if let Ok(next) = model.step(state, input, output.as_ref())
            && let Some(more) = longest(model, operations, until, &next, placed | 1 << index)
        {
            best = best.max(Some(more + u32::from(!operations[index].is_pending())));
        }
    }
    best
}

/// The end of the shortest prefix that has no order; `None` if all have.
pub(super) fn first_impossible<M: Model>(model: &M, operations: &[Interval<M>]) -> Option<u64> {
    let mut ends: Vec<u64> = operations.iter().map(|operation| operation.end).collect();
    ends.retain(|end| *end != NEVER);
    ends.sort_unstable();
    ends.dedup();
    ends.into_iter().find(|end| longest(model, operations, end + 1, &model.init(), 0).is_none())
}
