//! Histories that can be taken apart, changed and put together again.

use tribunal_history::{
    ErrorClass, Function, History, Nanos, Operation, Outcome, ProcessId, Random, Value,
};

use crate::objects::Object;

/// An operation and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) process: u32,
    pub(crate) key: i64,
    pub(crate) function: Function,
    pub(crate) argument: Value,
    pub(crate) outcome: Outcome,
}

impl Call {
    pub(crate) fn is_ok(&self) -> bool {
        matches!(self.outcome, Outcome::Ok(_))
    }

    pub(crate) fn is_crashed(&self) -> bool {
        matches!(self.outcome, Outcome::Info(_))
    }
}

/// The beginning or the end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) call: usize,
    pub(crate) ends: bool,
}

/// A history: calls, and the order in which they begin and end, each once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) calls: Vec<Call>,
    pub(crate) steps: Vec<Step>,
    /// When the first step is, and the time from each to the next.
    pub(crate) clock: (u64, u64),
}

impl Plan {
    /// The history as recorded.
    pub(crate) fn history(&self) -> History {
        let mut history = History::new();
        for (place, step) in self.steps.iter().enumerate() {
            let call = &self.calls[step.call];
            let time = Nanos(self.clock.0 + self.clock.1 * place as u64);
            let process = ProcessId(call.process);
            if step.ends {
                history.complete(time, process, &call.outcome).unwrap();
            } else {
                let operation = Operation::new(call.function, call.key, call.argument.clone());
                history.invoke(time, process, None, &operation).unwrap();
            }
        }
        history
    }

    /// Without this call.
    pub(crate) fn without(&self, call: usize) -> Plan {
        let mut plan = self.clone();
        plan.steps.retain(|step| step.call != call);
        plan
    }

    /// With this call, which begins and ends at these places in the order of steps.
    pub(crate) fn with(&self, call: Call, begin: usize, end: usize) -> Plan {
        let mut plan = self.clone();
        plan.calls.push(call);
        let call = plan.calls.len() - 1;
        plan.steps.insert(end, Step { call, ends: true });
        plan.steps.insert(begin, Step { call, ends: false });
        plan
    }

    /// A process that does nothing yet.
    pub(crate) fn nobody(&self) -> u32 {
        self.calls.iter().map(|call| call.process + 1).max().unwrap_or(0)
    }

    /// The calls that are in it.
    pub(crate) fn present(&self) -> Vec<usize> {
        self.steps.iter().filter(|step| !step.ends).map(|step| step.call).collect()
    }
}

/// How a history is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) operations: u64,
    pub(crate) clients: u32,
    /// One in so many operations crashes.
    pub(crate) crash_every: u64,
    /// One in so many operations is lost, done twice, or meets a state of the past.
    pub(crate) lie_every: u64,
}

/// A client: its process, and what it is waiting for: the call, and whether it took effect.
struct Client {
    process: u32,
    doing: Option<(usize, bool)>,
}

/// A history of the object, which mostly behaves: each operation takes effect at one moment between
/// its beginning and its end; a crashed one then, or later, or never.
pub(crate) fn random(object: &Object, random: &mut Random, shape: Shape) -> Plan {
    let shape = Shape { operations: shape.operations.min(object.operations_max), ..shape };
    let mut plan = Plan { clock: (0, 1_000_000), ..Plan::default() };
    let mut states: Vec<Vec<i64>> = vec![Vec::new()];
    let mut clients: Vec<Client> =
        (0..shape.clients).map(|process| Client { process, doing: None }).collect();
    let mut ghosts: Vec<usize> = Vec::new();
    let mut idle = 0;
    while plan.calls.len() < shape.operations as usize
        || clients.iter().any(|client| client.doing.is_some())
    {
        if !ghosts.is_empty() && random.chance(1, 8) {
            let ghost = ghosts.swap_remove(random.below(ghosts.len() as u64) as usize);
            effect(object, random, &mut states, &plan.calls[ghost], 0);
        }
        let place = random.below(u64::from(shape.clients)) as usize;
        let client = &mut clients[place];
        match client.doing.take() {
            None if plan.calls.len() < shape.operations as usize => {
                let call = plan.calls.len();
                let state = states.last().expect("a first state");
                let (function, argument) = (object.ask)(random, state, call as i64);
                let outcome = Outcome::Info(ErrorClass::Timeout);
                let (process, key) = (client.process, 0);
                plan.calls.push(Call { process, key, function, argument, outcome });
                plan.steps.push(Step { call, ends: false });
                client.doing = Some((call, false));
            }
            None => {}
            // It has to wait for what nobody may ever give.
            Some((call, false)) if random.chance(1, shape.crash_every) || idle > 40 => {
                if random.chance(1, 6) {
                    plan.calls[call].outcome = Outcome::Fail(ErrorClass::NoLeader);
                } else {
                    ghosts.push(call);
                    client.process += shape.clients;
                }
                plan.steps.push(Step { call, ends: true });
                idle = 0;
            }
            Some((call, false)) => {
                let answer =
                    effect(object, random, &mut states, &plan.calls[call], shape.lie_every);
                idle = if answer.is_some() { 0 } else { idle + 1 };
                client.doing = Some((call, answer.is_some()));
                if let Some(answer) = answer {
                    plan.calls[call].outcome = Outcome::Ok(answer);
                }
            }
            Some((call, true)) => plan.steps.push(Step { call, ends: true }),
        }
    }
    plan
}

/// Does what is asked, or something like it; the answer, unless the client has to wait.
fn effect(
    object: &Object,
    random: &mut Random,
    states: &mut Vec<Vec<i64>>,
    call: &Call,
    lie_every: u64,
) -> Option<Value> {
    let last = states.last().expect("a first state").clone();
    let past = states[random.below(states.len() as u64) as usize].clone();
    let kind = if lie_every > 0 && random.chance(1, lie_every) { random.below(4) } else { 4 };
    let mut state = if kind == 0 { past.clone() } else { last.clone() };
    let process = i64::from(call.process);
    let answer = (object.apply)(&mut state, process, call.function, &call.argument);
    if answer.is_none() && lie_every > 0 && random.chance(1, 3 * lie_every) {
        // It need not wait: the object has forgotten everything, for now.
        return (object.apply)(&mut Vec::new(), process, call.function, &call.argument);
    }
    match kind {
        // It is lost; or it met the past, and nothing came of it.
        0 | 1 => state = last,
        // It is done twice.
        2 => drop((object.apply)(&mut state, process, call.function, &call.argument)),
        // What was before it is lost.
        3 => state = past,
        _ => {}
    }
    states.push(state);
    answer
}

/// The plans as one, their steps shuffled into each other, each on a key of its own.
pub(crate) fn together(random: &mut Random, plans: &[Plan], keys: &[i64]) -> Plan {
    let mut all = Plan { clock: (0, 1_000_000), ..Plan::default() };
    let mut left: Vec<Vec<Step>> = Vec::new();
    for (plan, key) in plans.iter().zip(keys) {
        let (first, processes) = (all.calls.len(), all.nobody());
        all.calls.extend(plan.calls.iter().map(|call| Call {
            key: *key,
            process: call.process + processes,
            ..call.clone()
        }));
        let steps = plan.steps.iter().map(|step| Step { call: step.call + first, ..*step });
        left.push(steps.rev().collect());
    }
    while left.iter().any(|steps| !steps.is_empty()) {
        let place = random.below(left.len() as u64) as usize;
        all.steps.extend(left[place].pop());
    }
    all
}
