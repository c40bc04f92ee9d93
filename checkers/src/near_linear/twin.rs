//! The judge too dumb to be wrong, for each algorithm alone, and histories to disagree on.

use tribunal_history::{Random, Seed};

use crate::interval::moment;
use crate::tell::tell;
use crate::{
    Attempt, Budget, Confirmation, Decision, Engine, Interval, Model, NEVER, Ruling, confirm,
    decide, decide_with, is_linearization,
};

/// A store that mostly behaves.
pub(crate) trait Store {
    /// What it ought to be.
    type Model: Model;

    fn model(&self) -> &Self::Model;

    /// What a client asks for next; the number is that of the operation, from 0.
    fn ask(&self, random: &mut Random, state: &State<Self>, number: u64) -> Input<Self>;

    /// What the store answers.
    fn answer(&self, random: &mut Random, state: &State<Self>, input: &Input<Self>)
    -> Output<Self>;

    /// Changes a finished history.
    fn spoil(&self, _random: &mut Random, _history: &mut [Interval<Self::Model>]) {}
}

type State<S> = <<S as Store>::Model as Model>::State;
type Input<S> = <<S as Store>::Model as Model>::Input;
type Output<S> = <<S as Store>::Model as Model>::Output;

/// How large a history is and how often it goes wrong.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub operations: u64,
    pub clients: usize,
    /// One in so many operations crashes.
    pub crash_every: u64,
    /// One in so many operations is lost, done twice, or meets a state of the past.
    pub lie_every: u64,
}

/// A client's operation, and its answer once it took effect.
struct Open<M: Model> {
    index: usize,
    answer: Option<M::Output>,
}

/// A history: operations take effect at one moment between beginning and end, crashed ones at
/// any later moment or never; now and then the store is wrong.
pub(crate) fn history<S: Store>(
    store: &S,
    random: &mut Random,
    shape: Shape,
) -> Vec<Interval<S::Model>> {
    let mut operations: Vec<Interval<S::Model>> = Vec::new();
    let mut states = vec![store.model().init()];
    let mut open: Vec<Option<Open<S::Model>>> = (0..shape.clients).map(|_| None).collect();
    let mut ghosts: Vec<usize> = Vec::new();
    let mut events = 0;
    while (operations.len() as u64) < shape.operations || open.iter().any(Option::is_some) {
        if !ghosts.is_empty() && random.chance(1, 5) {
            let ghost = ghosts.swap_remove(random.below(ghosts.len() as u64) as usize);
            apply(store, random, &mut states, &operations[ghost].input, u64::MAX);
        }
        let client = random.below(shape.clients as u64) as usize;
        match open[client].take() {
            None if (operations.len() as u64) < shape.operations => {
                let index = operations.len();
                let state = states.last().expect("invariant: there is a first state");
                let input = store.ask(random, state, index as u64);
                let begin = moment(events);
                let end = NEVER;
                operations.push(Interval { input, output: None, begin, end, call: index });
                events += 1;
                open[client] = Some(Open { index, answer: None });
            }
            None => {}
            Some(Open { index, .. }) if random.chance(1, 2 * shape.crash_every) => {
                ghosts.push(index);
            }
            Some(Open { index, answer: None }) => {
                let input = &operations[index].input;
                let answer = apply(store, random, &mut states, input, shape.lie_every);
                open[client] = Some(Open { index, answer: Some(answer) });
            }
            Some(Open { index, answer }) => {
                operations[index].output = answer;
                operations[index].end = moment(events);
                events += 1;
            }
        }
    }
    store.spoil(random, &mut operations);
    operations
}

fn apply<S: Store>(
    store: &S,
    random: &mut Random,
    states: &mut Vec<State<S>>,
    input: &Input<S>,
    lie_every: u64,
) -> Output<S> {
    let lies = lie_every > 0 && random.chance(1, lie_every);
    let past = states[random.below(states.len() as u64) as usize].clone();
    let last = states.last().expect("invariant: there is a first state").clone();
    let kind = if lies { random.below(4) } else { 9 };
    let met = if kind < 2 { past } else { last.clone() };
    let answer = store.answer(random, &met, input);
    let step = |state: &State<S>| store.model().step(state, input, None).unwrap_or(state.clone());
    states.push(match kind {
        // It met the past: and the past goes on from there, or nothing came of it.
        0 => step(&met),
        1 => last,
        // It was acknowledged and lost.
        2 => last,
        // It was done twice.
        3 => step(&step(&last)),
        _ => step(&last),
    });
    answer
}
/// Whether some order is legal: tries them all.
pub(crate) fn has_order<M: Model>(model: &M, operations: &[Interval<M>]) -> bool {
    fn from<M: Model>(
        model: &M,
        operations: &[Interval<M>],
        state: &M::State,
        placed: u32,
    ) -> bool {
        let left = || (0..operations.len()).filter(|index| placed & (1 << index) == 0);
        let wall = left().map(|index| operations[index].end).min().unwrap_or(NEVER);
        wall == NEVER
            || left().filter(|index| operations[*index].begin <= wall).any(|index| {
                let Interval { input, output, .. } = &operations[index];
                model
                    .step(state, input, output.as_ref())
                    .is_ok_and(|next| from(model, operations, &next, placed | 1 << index))
            })
    }
    assert!(operations.len() <= 32);
    from(model, operations, &model.init(), 0)
}

/// An algorithm.
pub(crate) type Judge<M> = fn(&M, &[Interval<M>]) -> Attempt<M>;

/// What came of many histories.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shares {
    pub histories: u64,
    /// To how many the algorithm applied.
    pub applied: u64,
    /// How many of these had no order.
    pub impossible: u64,
    /// Operations of the largest core.
    pub largest: usize,
}

impl Shares {
    /// Prints them.
    pub(crate) fn tell(&self, name: &str) {
        tell(name, self.histories, self.applied - self.impossible, self.impossible);
    }

    /// That the algorithm applied to at least so many in a hundred, and between a tenth and nine
    /// tenths of these had an order; and the largest core.
    pub(crate) fn bite(&self, applied: u64) -> usize {
        assert!(self.applied * 100 >= self.histories * applied, "{self:?}");
        assert!(self.impossible * 10 > self.applied, "{self:?}");
        assert!(self.impossible * 10 < self.applied * 9, "{self:?}");
        self.largest
    }
}

/// Judges one history by the algorithm and by every order, and checks the certificate.
pub(crate) fn compare<M: Model>(
    model: &M,
    attempt: Judge<M>,
    operations: &[Interval<M>],
    shares: &mut Shares,
) where
    Interval<M>: std::fmt::Debug,
{
    let say = || operations.iter().map(|operation| format!("{operation:?}\n")).collect::<String>();
    shares.histories += 1;
    match attempt(model, operations) {
        Attempt::Legal(order) => {
            assert!(is_linearization(model, operations, &order), "{order:?} of\n{}", say());
            assert!(has_order(model, operations), "\n{}", say());
            shares.applied += 1;
        }
        Attempt::Impossible(core) => {
            assert!(!has_order(model, operations), "{core:#?} of\n{}", say());
            assert!(model.is_reduction(&core, operations), "{core:#?} of\n{}", say());
            let confirmed = confirm(model, &core);
            assert_eq!(confirmed, Confirmation::Confirmed, "{core:#?} of\n{}", say());
            shares.applied += 1;
            shares.impossible += 1;
            shares.largest = core.len().max(shares.largest);
        }
        Attempt::Undecided | Attempt::Inapplicable(_) => {}
    }
}

/// Judges one history by everything together, by the search alone and by every order; whether it
/// has one.
fn judge_together<M: Model>(model: &M, operations: &[Interval<M>]) -> bool
where
    Interval<M>: std::fmt::Debug,
{
    let has_order = has_order(model, operations);
    let together = decide(model, operations, &Budget::DEFAULT);
    let searched = decide_with(model, operations, &Budget::DEFAULT, Engine::JustInTime);
    for Decision { ruling, decided_by, .. } in [together, searched] {
        let is_legal = match ruling {
            Ruling::Legal(_) => true,
            Ruling::Impossible(_) => false,
            Ruling::Unknown(doubt) => panic!("{decided_by}: {doubt:?} of {operations:#?}"),
        };
        assert_eq!(is_legal, has_order, "{decided_by} of {operations:#?}");
    }
    has_order
}

/// Judges `count` histories of 2 to `shape.operations` operations.
pub(crate) fn compare_many<S: Store>(
    name: &str,
    store: &S,
    attempt: Judge<S::Model>,
    (count, shape): (u64, Shape),
) -> Shares
where
    Interval<S::Model>: std::fmt::Debug,
{
    let mut shares = Shares::default();
    let mut legal = 0;
    for number in 0..count {
        let mut random = Seed(1).child_at(name, number).random();
        let operations = random.between(2, shape.operations);
        let history = history(store, &mut random, Shape { operations, ..shape });
        compare(store.model(), attempt, &history, &mut shares);
        legal += u64::from(judge_together(store.model(), &history));
    }
    shares.tell(&format!("{name}, the algorithm alone"));
    tell(&format!("{name}, all together"), count, legal, count - legal);
    shares
}

/// Makes a random part of a history.
pub(crate) type Part<'a, M> = &'a dyn Fn(&mut Random, &[Interval<M>]) -> Vec<Interval<M>>;

/// Of histories that have an order: what `is_reduction` accepts of random parts has one as well,
/// and some of what it refuses has none.
pub(crate) fn parts_keep_an_order<S: Store>(
    name: &str,
    store: &S,
    shape: Shape,
    part: Part<'_, S::Model>,
) where
    Interval<S::Model>: std::fmt::Debug,
{
    let shape = Shape { lie_every: 0, ..shape };
    let (mut accepted, mut refused) = (0, 0);
    for number in 0..20_000 {
        let mut random = Seed(3).child_at(name, number).random();
        let history = history(store, &mut random, shape);
        if !has_order(store.model(), &history) {
            continue;
        }
        let core = part(&mut random, &history);
        if store.model().is_reduction(&core, &history) {
            assert!(has_order(store.model(), &core), "{core:#?} of {history:#?}");
            accepted += 1;
        } else {
            refused += u32::from(!has_order(store.model(), &core));
        }
    }
    assert!(accepted > 2_000 && refused > 200, "{accepted}, {refused}");
}

/// Every history of `count` operations of these kinds, each with every order of beginnings and
/// ends.
pub(crate) fn every_history<M: Model>(
    kinds: &[(M::Input, Option<M::Output>)],
    count: usize,
    judge: &mut dyn FnMut(&[Interval<M>]),
) {
    for order in &orders(count) {
        for number in 0..kinds.len().pow(count as u32) {
            let history: Vec<Interval<M>> = (0..count)
                .map(|call| {
                    let kind = number / kinds.len().pow(call as u32) % kinds.len();
                    let (input, output) = kinds[kind].clone();
                    let end = if output.is_some() { order[call].1 } else { NEVER };
                    Interval { input, output, begin: order[call].0, end, call }
                })
                .collect();
            judge(&history);
        }
    }
}

/// Every way `count` operations, numbered as they begin, can overlap.
fn orders(count: usize) -> Vec<Vec<(u64, u64)>> {
    let mut orders = vec![Vec::new()];
    for moment in 1..=2 * count as u64 {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<(u64, u64)>| {
                let begun = (order.len() < count).then(|| {
                    let mut next = order.clone();
                    next.push((moment, 0));
                    next
                });
                let open: Vec<usize> =
                    (0..order.len()).filter(|index| order[*index].1 == 0).collect();
                let ended = open.into_iter().map(move |index| {
                    let mut next = order.clone();
                    next[index].1 = moment;
                    next
                });
                begun.into_iter().chain(ended)
            })
            .collect();
    }
    orders
}
