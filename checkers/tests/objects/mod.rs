//! Random histories of any typed object, and a judge of them that tries every order.

#![allow(dead_code, reason = "every test file uses another part")]

use std::fmt::Debug;

use tribunal_checkers::{
    Applied, Attempt, Budget, Confirmation, Ground, Interval, Model, NEVER, Ruling,
    check_operations, confirm, decide, is_linearization,
};
use tribunal_history::{Random, Seed, Verdict};

/// An object for the tests: what it does, once more and as plainly as can be, and what clients do
/// with it.
pub(crate) trait Object {
    /// The model under test.
    type Model: Model<Input: Debug, Output: Debug>;
    /// The plain state.
    type State: Clone;

    fn model(&self) -> Self::Model;
    fn init(&self) -> Self::State;
    /// The state after the operation with this answer, or with any; `None` if it may not happen. Of
    /// unknown answer, it may also not happen at all.
    fn admits(
        &self,
        state: &Self::State,
        asked: &In<Self>,
        answer: Option<&Out<Self>>,
    ) -> Option<Self::State>;
    /// What a client asks next.
    fn ask(&self, random: &mut Random, client: u32, number: u64) -> In<Self>;
    /// A true answer; `None` if the client has to wait.
    fn answer(
        &self,
        random: &mut Random,
        state: &Self::State,
        asked: &In<Self>,
    ) -> Option<Out<Self>>;
    /// An answer to who has to wait, which is a lie; `None` if there is none.
    fn insist(&self, _random: &mut Random, _asked: &In<Self>) -> Option<Out<Self>> {
        None
    }
    /// Another answer, perhaps a lie.
    fn lie(&self, random: &mut Random, asked: &In<Self>, truth: &Out<Self>) -> Out<Self>;
}

pub(crate) type In<O> = <<O as Object>::Model as Model>::Input;
pub(crate) type Out<O> = <<O as Object>::Model as Model>::Output;
pub(crate) type Operations<O> = Vec<Interval<<O as Object>::Model>>;

/// How histories are made.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) operations: u64,
    pub(crate) clients: u32,
    /// One in so many operations crashes.
    pub(crate) crash_every: u64,
    /// One in so many histories is tampered with.
    pub(crate) lie_every: u64,
}

pub(crate) const SMALL: Shape = Shape { operations: 8, clients: 3, crash_every: 6, lie_every: 2 };

struct Client<O: Object + ?Sized> {
    name: u32,
    doing: Option<(usize, Option<Out<O>>)>,
    tries: u32,
}

/// A history of an object that does one thing after another, whose operations take effect once
/// between beginning and end; crashed ones later or never. Then, perhaps, something is wrong.
pub(crate) fn random_history<O: Object>(
    object: &O,
    random: &mut Random,
    shape: Shape,
) -> Operations<O> {
    let mut operations: Operations<O> = Vec::new();
    let mut state = object.init();
    let mut ghosts: Vec<usize> = Vec::new();
    let mut clients: Vec<Client<O>> =
        (0..shape.clients).map(|name| Client { name, doing: None, tries: 0 }).collect();
    let lies = random.chance(1, shape.lie_every);
    let (mut started, mut moment) = (0, 0);
    let mut dropped: Vec<usize> = Vec::new();
    while started < shape.operations || clients.iter().any(|client| client.doing.is_some()) {
        moment += 2;
        if !ghosts.is_empty() && random.chance(1, 6) {
            let ghost = ghosts.swap_remove(random.below(ghosts.len() as u64) as usize);
            if let Some(next) = object.admits(&state, &operations[ghost].input, None) {
                state = next;
            }
            continue;
        }
        let client = &mut clients[random.below(u64::from(shape.clients)) as usize];
        match client.doing.take() {
            None if started < shape.operations => {
                let input = object.ask(random, client.name, started);
                let call = operations.len();
                operations.push(Interval { input, output: None, begin: moment, end: NEVER, call });
                client.doing = Some((call, None));
                client.tries = 0;
                started += 1;
            }
            None => {}
            Some((at, None)) => {
                if random.chance(1, shape.crash_every) {
                    ghosts.push(at);
                    client.name += shape.clients;
                    continue;
                }
                let input = &operations[at].input;
                let answer = object.answer(random, &state, input);
                let insists = answer.is_none() && lies && random.chance(3, 4);
                let answer = if insists { object.insist(random, input) } else { answer };
                match answer {
                    Some(answer) => {
                        let lost = lies && random.chance(1, 12);
                        match object.admits(&state, input, Some(&answer)) {
                            Some(next) if !lost => state = next,
                            _ => {}
                        }
                        client.doing = Some((at, Some(answer)));
                    }
                    // It cannot be had: it is given up at last, and certainly did not happen.
                    None if client.tries > 4 => dropped.push(at),
                    None => {
                        client.tries += 1;
                        client.doing = Some((at, None));
                    }
                }
            }
            Some((at, Some(answer))) => {
                let lie = lies && random.chance(1, 4);
                let asked = &operations[at].input;
                let answer = if lie { object.lie(random, asked, &answer) } else { answer };
                operations[at].output = Some(answer);
                operations[at].end = moment;
            }
        }
    }
    if lies && random.chance(1, 4) {
        tamper(random, &mut operations);
    }
    let mut at = 0;
    operations.retain(|_| {
        at += 1;
        !dropped.contains(&(at - 1))
    });
    operations
}

/// Loses an operation, or swaps two answers, or moves one operation in time.
fn tamper<M: Model>(random: &mut Random, operations: &mut Vec<Interval<M>>) {
    if operations.len() < 2 {
        return;
    }
    let one = random.below(operations.len() as u64) as usize;
    let other = random.below(operations.len() as u64) as usize;
    match random.below(3) {
        0 => drop(operations.remove(one)),
        1 => {
            let kind = |at: usize| {
                let Interval { input, output, .. } = &operations[at];
                (std::mem::discriminant(input), output.is_some())
            };
            let same = kind(one) == kind(other);
            if same {
                let swapped = operations[one].output.clone();
                operations[one].output = std::mem::replace(&mut operations[other].output, swapped);
            }
        }
        _ if operations[one].end != NEVER => {
            // To the right: between other moments, which are even.
            let operation = &mut operations[one];
            let last = operation.end + 1 + 2 * random.below(8);
            operation.begin = operation.end - 1;
            operation.end = last.max(operation.begin + 2);
            operations.sort_by_key(|operation| operation.begin);
            for (call, operation) in operations.iter_mut().enumerate() {
                operation.call = call;
            }
        }
        _ => {}
    }
}

/// Whether any order is legal: tries them all, crashed operations in or out.
pub(crate) fn brute_force<O: Object>(
    object: &O,
    operations: &[Interval<O::Model>],
    state: &O::State,
    placed: u32,
) -> bool {
    let left = |index: &usize| placed & (1 << index) == 0;
    let open = || (0..operations.len()).filter(left);
    let Some(wall) = open().map(|at| operations[at].end).filter(|end| *end != NEVER).min() else {
        return true;
    };
    open().any(|at| {
        let Interval { input, output, begin, .. } = &operations[at];
        *begin <= wall
            && object
                .admits(state, input, output.as_ref())
                .is_some_and(|next| brute_force(object, operations, &next, placed | 1 << at))
    })
}

/// What came of many histories.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) histories: u64,
    pub(crate) valid: u64,
    /// Of each algorithm: how often it decided, and how often that was invalid.
    pub(crate) decided: Vec<(&'static str, u64, u64)>,
}

/// Judges `count` random histories by brute force, by each algorithm alone, by the search alone and
/// by everything together.
pub(crate) fn compare<O: Object>(name: &str, object: &O, shapes: &[Shape], count: u64) -> Counts {
    let model = object.model();
    let mut counts = Counts { histories: count, ..Counts::default() };
    for algorithm in model.algorithms() {
        counts.decided.push((algorithm.name, 0, 0));
    }
    for number in 0..count {
        let mut random = Seed(7).child_at(name, number).random();
        let mut shape = shapes[number as usize % shapes.len()];
        shape.operations = random.between(2, shape.operations);
        let operations = random_history(object, &mut random, shape);
        let expected = brute_force(object, &operations, &object.init(), 0);
        counts.valid += u64::from(expected);
        let context = || format!("history {number} of {name}: {}", show(&operations));
        for (place, algorithm) in model.algorithms().iter().enumerate() {
            let (_, decided, invalid) = &mut counts.decided[place];
            match (algorithm.attempt)(&model, &operations) {
                Attempt::Legal(order) => {
                    assert!(expected, "{} finds an order: {}", algorithm.name, context());
                    assert!(is_linearization(&model, &operations, &order), "{}", context());
                    *decided += 1;
                }
                Attempt::Impossible(core) => {
                    assert!(!expected, "{} finds none: {}", algorithm.name, context());
                    assert!(core.len() <= 8, "{}", context());
                    assert!(confirm(&model, &core) == Confirmation::Confirmed, "{}", context());
                    assert!(model.is_reduction(&core, &operations), "{}", context());
                    *decided += 1;
                    *invalid += 1;
                }
                Attempt::Undecided | Attempt::Inapplicable(_) => {}
            }
        }
        let together = decide(&model, &operations, &Budget::DEFAULT);
        assert_eq!(is_legal::<O::Model>(&together.ruling), expected, "{}", context());
        if let Ruling::Legal(order) = &together.ruling {
            assert!(is_linearization(&model, &operations, order), "{}", context());
        }
        let searched = Searched(object.model());
        let lifted: Vec<_> = operations.iter().map(wrap).collect();
        let decision = decide(&searched, &lifted, &Budget::DEFAULT);
        assert_eq!(is_legal::<Searched<_>>(&decision.ruling), expected, "search, {}", context());
        if number % 4 == 0 {
            touching(object, operations);
        }
    }
    counts
}

/// The same with moments so coarse that many operations touch, which counts as overlapping.
fn touching<O: Object>(object: &O, mut operations: Operations<O>) {
    for operation in &mut operations {
        operation.begin /= 5;
        operation.end = if operation.is_pending() { NEVER } else { operation.end / 5 };
    }
    let expected = brute_force(object, &operations, &object.init(), 0);
    let model = object.model();
    let context = || format!("touching: {}", show(&operations));
    let decision = decide(&model, &operations, &Budget::DEFAULT);
    assert_eq!(is_legal::<O::Model>(&decision.ruling), expected, "{}", context());
    match &decision.ruling {
        Ruling::Legal(order) => assert!(is_linearization(&model, &operations, order)),
        Ruling::Impossible(Ground::Core(core)) => {
            assert!(confirm(&model, core) == Confirmation::Confirmed, "{}", context());
        }
        _ => {}
    }
    let report = check_operations(&model, &operations, &Budget::DEFAULT);
    let verdict = if expected { Verdict::Valid } else { Verdict::Invalid };
    assert_eq!(report.verdict, verdict, "{report}\n{}", context());
}

fn is_legal<M: Model>(ruling: &Ruling<M>) -> bool {
    match ruling {
        Ruling::Legal(_) => true,
        Ruling::Impossible(_) => false,
        Ruling::Unknown(doubt) => panic!("{doubt:?}"),
    }
}

/// A history, one operation a line, for a failing test.
fn show<M: Model<Input: Debug, Output: Debug>>(operations: &[Interval<M>]) -> String {
    operations.iter().map(|operation| format!("\n{operation:?}")).collect()
}

/// A model without its algorithms: everything goes to the search.
pub(crate) struct Searched<M>(pub(crate) M);

/// The operation, as one of the model without algorithms.
pub(crate) fn wrap<M: Model>(operation: &Interval<M>) -> Interval<Searched<M>> {
    let Interval { input, output, begin, end, call } = operation.clone();
    Interval { input, output, begin, end, call }
}

fn unwrap<M: Model>(operation: &Interval<Searched<M>>) -> Interval<M> {
    let Interval { input, output, begin, end, call } = operation.clone();
    Interval { input, output, begin, end, call }
}

impl<M: Model> Model for Searched<M> {
    type State = M::State;
    type Input = M::Input;
    type Output = M::Output;

    fn init(&self) -> M::State {
        self.0.init()
    }

    fn step(
        &self,
        state: &M::State,
        input: &M::Input,
        output: Option<&M::Output>,
    ) -> Result<M::State, tribunal_checkers::WhyNot> {
        self.0.step(state, input, output)
    }

    fn is_pure(&self, input: &M::Input, output: Option<&M::Output>) -> bool {
        self.0.is_pure(input, output)
    }

    fn is_blind(&self, input: &M::Input) -> bool {
        self.0.is_blind(input)
    }

    fn is_finite(&self, input: &M::Input) -> bool {
        self.0.is_finite(input)
    }

    fn parts(&self, operations: &[Interval<Self>]) -> Vec<Vec<usize>> {
        let operations: Vec<_> = operations.iter().map(unwrap).collect();
        self.0.parts(&operations)
    }

    fn normalise(&self, operations: &mut Vec<Interval<Self>>) -> Applied {
        let mut plain: Vec<_> = operations.iter().map(unwrap).collect();
        let applied = self.0.normalise(&mut plain);
        *operations = plain.iter().map(wrap).collect();
        applied
    }
}

/// Checks the hints of a model, and its step in place, in the states that these inputs and outputs
/// lead to, at most `most`.
pub(crate) fn hints_hold<M: Model>(
    model: &M,
    inputs: &[M::Input],
    outputs: &[M::Output],
    most: usize,
) {
    let mut states = vec![model.init()];
    let mut at = 0;
    let answers = || outputs.iter().map(Some).chain([None]);
    while at < states.len() && states.len() < most {
        let state = states[at].clone();
        at += 1;
        for input in inputs {
            for output in answers() {
                if let Ok(next) = model.step(&state, input, output)
                    && !states.contains(&next)
                {
                    states.push(next);
                }
            }
        }
    }
    let mut pure = 0;
    for input in inputs {
        for output in answers() {
            let ends: Vec<_> =
                states.iter().map(|state| model.step(state, input, output)).collect();
            for (state, end) in states.iter().zip(&ends) {
                let mut advanced = state.clone();
                let done = model.advance(&mut advanced, input, output);
                assert_eq!(done.is_ok(), end.is_ok(), "in place it may not be done");
                assert!(end.as_ref().map_or(true, |end| *end == advanced), "in place it differs");
            }
            if model.is_pure(input, output) {
                pure += 1;
                for (state, end) in states.iter().zip(&ends) {
                    assert!(end.as_ref().map_or(true, |end| end == state), "not pure");
                }
            }
            if model.is_blind(input) {
                assert!(ends.iter().all(|end| end.is_ok() && *end == ends[0]), "not blind");
            }
        }
        if model.is_finite(input) {
            let mut state = model.init();
            let mut reached = vec![state.clone()];
            for _ in 0..2_000 {
                let Ok(next) = model.step(&state, input, None) else { break };
                state = next;
                if reached.contains(&state) {
                    break;
                }
                reached.push(state.clone());
            }
            assert!(reached.len() < 1_100, "not finite");
        }
    }
    assert!(pure > 0 && pure < inputs.len() * (outputs.len() + 1), "the hint is never tested");
}
