//! The hints of the models against their steps.

use std::collections::BTreeSet;

use tribunal_checkers::{
    Container, ContainerInput, ContainerOutput, Fifo, Lifo, Model, Priority, Unordered,
};
use tribunal_history::{Random, Seed};

use crate::Tested;

type Asked<D> = (<Container<D> as Model>::Input, Option<<Container<D> as Model>::Output>);

fn random_operation<D: Tested>(random: &mut Random) -> Asked<D> {
    let element = |random: &mut Random| D::of(random.between(1, 3) as i64);
    match random.below(6) {
        0..2 => (ContainerInput::Put(element(random)), Some(ContainerOutput::Done)),
        kind => {
            let input = match kind {
                2 | 3 => ContainerInput::Take,
                4 => ContainerInput::Peek,
                _ => ContainerInput::Drain,
            };
            let got = random.chance(2, 3).then(|| element(random));
            let output = match (&input, random.chance(1, 3)) {
                (_, true) => None,
                (ContainerInput::Drain, _) => Some(ContainerOutput::All(got.into_iter().collect())),
                _ => Some(ContainerOutput::Got(got)),
            };
            (input, output)
        }
    }
}

/// A state that some operations lead to.
fn random_state<D: Tested>(random: &mut Random) -> <Container<D> as Model>::State {
    let model = Container::<D>::new();
    let mut state = model.init();
    for _ in 0..random.below(8) {
        let (input, output) = random_operation::<D>(random);
        if let Ok(next) = model.step(&state, &input, output.as_ref()) {
            state = next;
        }
    }
    state
}

fn hold<D: Tested>() {
    let model = Container::<D>::new();
    let mut random = Seed(9).random();
    let (mut pure, mut legal) = (0, 0);
    for _ in 0..20_000 {
        let state = random_state::<D>(&mut random);
        let (input, output) = random_operation::<D>(&mut random);
        assert!(!model.is_blind(&input));
        let unknown = model.step(&state, &input, None);
        assert!(unknown.is_ok(), "what nobody knows the answer of may always happen");
        let Ok(next) = model.step(&state, &input, output.as_ref()) else { continue };
        legal += 1;
        if model.is_pure(&input, output.as_ref()) {
            assert!(next == state, "{input:?} → {output:?} changed the state");
            pure += 1;
        }
        if matches!(input, ContainerInput::Put(_)) {
            assert!(!model.is_finite(&input));
        }
    }
    assert!(pure > 1_000 && legal > 8_000, "{pure} pure of {legal}");
}

/// A crashed take, repeated with a few other operations between, reaches only so many states.
fn are_finite<D: Tested>() {
    let model = Container::<D>::new();
    let take = ContainerInput::Take;
    let mut random = Seed(10).random();
    for _ in 0..200 {
        let others: Vec<Asked<D>> = (0..4).map(|_| random_operation::<D>(&mut random)).collect();
        let mut reached = vec![model.init()];
        let mut sizes = BTreeSet::new();
        for (input, output) in others {
            // As often as it likes: until nothing new comes.
            let mut from = 0;
            while from < reached.len() && reached.len() < 500 {
                let next = model.step(&reached[from], &take, None);
                reached.extend(next.ok().filter(|next| !reached.contains(next)));
                from += 1;
            }
            let more: Vec<_> = reached
                .iter()
                .filter_map(|state| model.step(state, &input, output.as_ref()).ok())
                .collect();
            for state in more {
                if !reached.contains(&state) {
                    reached.push(state);
                }
            }
            sizes.insert(reached.len());
        }
        let finite = sizes.iter().all(|size| *size < 500);
        assert_eq!(finite, model.is_finite(&take), "{sizes:?}");
    }
}

#[test]
fn hints_are_true() {
    hold::<Fifo>();
    hold::<Lifo>();
    hold::<Priority>();
    hold::<Unordered>();
    are_finite::<Fifo>();
    are_finite::<Lifo>();
    are_finite::<Priority>();
    are_finite::<Unordered>();
}
