use proptest::prelude::*;
use tribunal_history::{Nanos, NodeId};

use super::*;
use crate::{Config, Event, Moment, Recovered, Refused, Response, TimerId, WriteOp};

/// A core that does nothing: the gate never calls it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Silent;

impl Core for Silent {
    type Message = u32;
    type Record = u32;

    fn recover(_: &Config, _: NodeId, _: Recovered<u32>) -> Result<Self, Refused> {
        Ok(Silent)
    }

    fn handle(&mut self, _: Moment, _: Event<u32>, _: &mut crate::Effects<Self>) {}
}

fn send(to: u16, message: u32, after: u64) -> Effect<Silent> {
    Effect::Send { to: NodeId(to), message, after: WriteId(after) }
}

fn reply(client: u64, request: u64, after: u64) -> Effect<Silent> {
    let response = Response::Unknown;
    Effect::Reply { client: ClientId(client), request, response, after: WriteId(after) }
}

fn admit(gate: &mut Gate<Silent>, effects: &[Effect<Silent>]) -> Vec<Effect<Silent>> {
    let mut ready = Vec::new();
    gate.admit(effects.iter().cloned(), &mut ready);
    ready
}

fn durable(gate: &mut Gate<Silent>, id: u64) -> Vec<Effect<Silent>> {
    let mut ready = Vec::new();
    gate.durable(WriteId(id), &mut ready);
    ready
}

#[test]
fn writes_and_timers_pass_at_once() {
    let mut gate = Gate::new();
    let write = Effect::Write { id: WriteId(1), ops: vec![WriteOp::Record(7)] };
    let timer = Effect::Timer { id: TimerId(0), at: Some(Nanos(5)) };
    let given = [write.clone(), send(2, 0, 1), timer.clone()];
    assert_eq!(admit(&mut gate, &given), [write, timer]);
    assert_eq!(gate.waiting(), 1);
}

#[test]
fn a_send_waits_for_its_write_and_a_reply_too() {
    let mut gate = Gate::new();
    assert!(admit(&mut gate, &[send(2, 0, 1), reply(1, 9, 2)]).is_empty());
    assert_eq!(durable(&mut gate, 1), [send(2, 0, 1)]);
    assert_eq!(durable(&mut gate, 2), [reply(1, 9, 2)]);
    assert_eq!(gate.waiting(), 0);
}

#[test]
fn one_number_frees_all_writes_before_it_in_order_of_issue() {
    let mut gate = Gate::new();
    let given = [send(3, 0, 2), send(2, 1, 1), reply(1, 4, 3), send(3, 2, 3)];
    assert!(admit(&mut gate, &given).is_empty());
    assert_eq!(durable(&mut gate, 3), given);
}

#[test]
fn a_free_effect_overtakes_a_waiting_one() {
    let mut gate = Gate::new();
    assert_eq!(admit(&mut gate, &[send(2, 0, 1), send(2, 1, 0)]), [send(2, 1, 0)]);
}

#[test]
fn waiting_effects_to_one_peer_keep_their_order() {
    let mut gate = Gate::new();
    assert!(admit(&mut gate, &[send(2, 0, 2), send(2, 1, 1), send(3, 2, 1)]).is_empty());
    assert_eq!(durable(&mut gate, 1), [send(3, 2, 1)]);
    assert_eq!(durable(&mut gate, 2), [send(2, 0, 2), send(2, 1, 1)]);
}

#[test]
fn an_older_number_says_nothing_new() {
    let mut gate = Gate::new();
    assert!(durable(&mut gate, 5).is_empty());
    assert!(durable(&mut gate, 3).is_empty());
    assert_eq!(gate.durable_up_to(), WriteId(5));
    assert_eq!(admit(&mut gate, &[send(2, 0, 5)]), [send(2, 0, 5)]);
}

#[derive(Clone, Debug)]
enum Step {
    Send { to: u16, after: u64 },
    Durable(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1..4_u16, 0..12_u64).prop_map(|(to, after)| Step::Send { to, after }),
        1 => (0..12_u64).prop_map(Step::Durable),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    /// Nothing is said early, nothing is lost or doubled, and the effects held back for one peer
    /// come out in the order they went in.
    #[test]
    fn nothing_early_nothing_lost_nothing_reordered(steps in steps()) {
        let mut gate = Gate::<Silent>::new();
        let mut known = 0;
        let mut issued = 0;
        let mut released = Vec::new();
        for step in steps.into_iter().chain([Step::Durable(u64::MAX)]) {
            let mut ready = Vec::new();
            match step {
                Step::Send { to, after } => {
                    gate.admit([send(to, issued, after)], &mut ready);
                    issued += 1;
                    prop_assert_eq!(ready.is_empty(), after > known);
                }
                Step::Durable(id) => {
                    known = known.max(id);
                    gate.durable(WriteId(id), &mut ready);
                }
            }
            for effect in ready {
                let Effect::Send { to, message, after } = effect else { unreachable!() };
                prop_assert!(after.0 <= known);
                let late = matches!(step, Step::Durable(_));
                released.push((to, message, late));
            }
        }
        prop_assert_eq!(gate.waiting(), 0);
        let mut all: Vec<u32> = released.iter().map(|(_, message, _)| *message).collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..issued).collect::<Vec<_>>());
        for peer in 1..4 {
            let order: Vec<u32> = released
                .iter()
                .filter(|(to, _, late)| *late && *to == NodeId(peer))
                .map(|(_, message, _)| *message)
                .collect();
            prop_assert!(order.is_sorted(), "{:?}", order);
        }
    }
}
