//! Hints make judging faster, and verdicts wrong if they are wrong: each is held against `step`.

use std::collections::HashSet;
use std::fmt::Debug;

use foldhash::fast::FixedState;
use tribunal_checkers::{Cell, CellInput, CellOutput, Datum, Model};
use tribunal_history::ValueId;

/// States walked, at most: a finite model has fewer here.
const STATES_MAX: usize = 2_000;

type States<M> = HashSet<<M as Model>::State, FixedState>;

/// The states that these inputs lead to from one of them, whatever was answered.
fn reachable<M: Model>(model: &M, from: M::State, inputs: &[&M::Input]) -> States<M> {
    let mut states = States::<M>::with_hasher(FixedState::with_seed(1));
    let mut open = vec![from];
    while let Some(state) = open.pop() {
        if states.len() < STATES_MAX && states.insert(state.clone()) {
            open.extend(inputs.iter().filter_map(|input| model.step(&state, input, None).ok()));
        }
    }
    states
}

/// Holds every hint of a model against its `step`, in the states these inputs lead to.
///
/// A model's own test gives inputs of every kind, among them twice the same value and such as undo
/// each other, and outputs that are right in some of the states.
///
/// # Panics
/// If a hint is wrong.
fn hints_hold<M>(model: &M, inputs: &[M::Input], outputs: &[M::Output])
where
    M: Model<State: Debug, Input: Debug, Output: Debug>,
{
    let all: Vec<&M::Input> = inputs.iter().collect();
    let states = reachable(model, model.init(), &all);
    let outputs: Vec<Option<&M::Output>> =
        std::iter::once(None).chain(outputs.iter().map(Some)).collect();
    let mut legal = 0;
    for input in inputs {
        let mut blind_after: Option<M::State> = None;
        for state in &states {
            let unknown = model.step(state, input, None);
            for output in &outputs {
                let after = model.step(state, input, *output);
                let words = || format!("{input:?} → {output:?} in {state:?}");
                if let Ok(after) = &after {
                    legal += 1;
                    assert_eq!(Ok(after), unknown.as_ref(), "knowing the answer: {}", words());
                    assert!(
                        !model.is_pure(input, *output) || after == state,
                        "not pure: {}",
                        words()
                    );
                }
            }
            if model.is_blind(input) {
                let after = unknown.unwrap_or_else(|why| panic!("not blind: {input:?} {why:?}"));
                let first = blind_after.get_or_insert_with(|| after.clone());
                assert_eq!(*first, after, "not blind: {input:?} in {state:?}");
            }
        }
    }
    looking_ahead_holds(model, inputs, &outputs, &states);
    assert!(legal > states.len(), "next to nothing is legal: this is no test");
    let finite: Vec<&M::Input> = inputs.iter().filter(|input| model.is_finite(input)).collect();
    // From any state, because others may have made it.
    for state in states.iter().take(64) {
        let found = reachable(model, state.clone(), &finite).len();
        assert!(found < STATES_MAX, "not finite: {found} states from {state:?}");
    }
}

/// The hints about what can lead to what.
fn looking_ahead_holds<M>(
    model: &M,
    inputs: &[M::Input],
    outputs: &[Option<&M::Output>],
    states: &States<M>,
) where
    M: Model<State: Debug, Input: Debug, Output: Debug>,
{
    let all = || inputs.iter().flat_map(|input| outputs.iter().map(move |out| (input, *out)));
    for state in states.iter().take(64) {
        for wanted in all() {
            let is_legal = |state: &M::State| model.step(state, wanted.0, wanted.1).is_ok();
            let is_lost = |state: &M::State| model.is_lost(state, wanted);
            assert!(!is_lost(state) || !is_legal(state), "not lost: {wanted:?} in {state:?}");
            for by in all() {
                let Ok(after) = model.step(state, by.0, by.1) else { continue };
                assert!(
                    model.may_enable(by, wanted) || is_legal(state) || !is_legal(&after),
                    "enabled: {wanted:?} by {by:?} in {state:?}"
                );
                assert!(
                    model.may_recover(by, wanted) || !is_lost(state) || is_lost(&after),
                    "recovered: {wanted:?} by {by:?} in {state:?}"
                );
            }
        }
    }
}

fn number(number: u32) -> Datum {
    Datum::Value(ValueId::small(number).unwrap())
}

fn seen(values: &[Datum]) -> Vec<CellOutput> {
    std::iter::once(CellOutput::Done)
        .chain(values.iter().map(|value| CellOutput::Saw(value.clone())))
        .collect()
}

#[test]
fn of_a_register() {
    let values = [Datum::NIL, number(1), number(2)];
    let mut inputs = vec![CellInput::Read];
    for value in &values {
        inputs.push(CellInput::Write(value.clone()));
        inputs.extend(values.iter().map(|new| CellInput::Cas(value.clone(), new.clone())));
    }
    hints_hold(&Cell::register(), &inputs, &seen(&values));
}

#[test]
fn of_a_key_of_a_map() {
    let text = |text: &str| Datum::Text(text.into());
    let values = [Datum::NIL, number(1), text("a"), text("ab")];
    let mut inputs = vec![CellInput::Read];
    for value in &values {
        inputs.push(CellInput::Write(value.clone()));
        inputs.extend(values.iter().map(|new| CellInput::Cas(value.clone(), new.clone())));
    }
    inputs.extend(["", "a", "b"].map(|tail| CellInput::Append(tail.into())));
    hints_hold(&Cell::kv(), &inputs, &seen(&values));
}

/// The oracle bites: a model that promises too much is caught.
mod lies {
    use super::*;
    use tribunal_checkers::WhyNot;

    #[derive(Clone, Copy, PartialEq)]
    enum Lie {
        Pure,
        Blind,
        Finite,
        None,
    }

    /// Counts up, and says of that what it is told to say.
    struct Counter(Lie);

    impl Model for Counter {
        type State = u32;
        type Input = ();
        type Output = ();

        fn init(&self) -> u32 {
            0
        }

        fn step(&self, state: &u32, (): &(), _: Option<&()>) -> Result<u32, WhyNot> {
            Ok(state + 1)
        }

        fn is_pure(&self, (): &(), _: Option<&()>) -> bool {
            self.0 == Lie::Pure
        }

        fn is_blind(&self, (): &()) -> bool {
            self.0 == Lie::Blind
        }

        fn is_finite(&self, (): &()) -> bool {
            self.0 == Lie::Finite
        }
    }

    #[test]
    fn honest() {
        hints_hold(&Counter(Lie::None), &[()], &[()]);
    }

    #[test]
    #[should_panic(expected = "not pure")]
    fn pure() {
        hints_hold(&Counter(Lie::Pure), &[()], &[()]);
    }

    #[test]
    #[should_panic(expected = "not blind")]
    fn blind() {
        hints_hold(&Counter(Lie::Blind), &[()], &[()]);
    }

    #[test]
    #[should_panic(expected = "not finite")]
    fn finite() {
        hints_hold(&Counter(Lie::Finite), &[()], &[()]);
    }
}
