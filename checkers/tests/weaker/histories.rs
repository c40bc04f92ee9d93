//! Small random histories of processes that may see writes late, in another order, or never.

use tribunal_history::{
    ErrorClass, Function, History, Nanos, NodeId, Operation, Outcome, ProcessId, Random, Value,
};

/// What a random history is made of.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) operations: u64,
    pub(crate) processes: u32,
    pub(crate) keys: i64,
    /// One in so many operations is a cas; 0 for none.
    pub(crate) cas_every: u64,
    /// One in so many writes ends `info`, and some fail; 0 for none.
    pub(crate) info_every: u64,
    /// Values repeat, and there are deletes.
    pub(crate) repeats: bool,
    /// In the end most copies hear of everything, and most processes read.
    pub(crate) settles: bool,
}

impl Shape {
    pub(crate) const SMALL: Shape = Shape {
        operations: 6,
        processes: 3,
        keys: 2,
        cas_every: 7,
        info_every: 7,
        repeats: false,
        settles: false,
    };
}

/// A process with its own copy of the store, behind which it lags.
struct Process {
    id: ProcessId,
    copy: Vec<Value>,
    /// Writes of others it has not heard of.
    inbox: Vec<(usize, Value)>,
    open: Option<(Operation, Outcome)>,
}

/// How the copies hear of writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Delivery {
    /// At once.
    Atomic,
    /// Later, each writer's in order.
    InOrder,
    /// Later, in any order.
    AnyOrder,
    /// Reads see anything ever written, or nil.
    Anything,
}

/// A random history.
pub(crate) fn random(random: &mut Random, shape: Shape) -> History {
    let delivery = match random.below(if shape.repeats { 16 } else { 8 }) {
        0 | 1 => Delivery::Atomic,
        2 | 3 => Delivery::InOrder,
        4 | 5 => Delivery::AnyOrder,
        _ => Delivery::Anything,
    };
    let mut history = History::new();
    let mut processes: Vec<Process> = (0..shape.processes)
        .map(|number| Process {
            id: ProcessId(number),
            copy: vec![Value::Nil; shape.keys as usize],
            inbox: Vec::new(),
            open: None,
        })
        .collect();
    let mut written: Vec<(usize, Value)> = Vec::new();
    let (mut begun, mut time) = (0, 0);
    while begun < shape.operations || processes.iter().any(|process| process.open.is_some()) {
        time += 1_000_000 + random.below(3) * 500_000;
        let number = random.below(u64::from(shape.processes)) as usize;
        let deliver = random.chance(1, 2);
        if deliver && delivery != Delivery::Atomic && !processes[number].inbox.is_empty() {
            let length = processes[number].inbox.len() as u64;
            let place = if delivery == Delivery::InOrder { 0 } else { random.below(length) };
            let (key, value) = processes[number].inbox.remove(place as usize);
            processes[number].copy[key] = value;
            continue;
        }
        if let Some((_, outcome)) = processes[number].open.take() {
            let id = processes[number].id;
            history.complete(Nanos(time), id, &outcome).unwrap();
            if matches!(outcome, Outcome::Info(_)) {
                processes[number].id = ProcessId(id.0 + shape.processes);
            }
            continue;
        }
        if begun == shape.operations {
            continue;
        }
        begun += 1;
        let (operation, mut outcome, change) =
            draw(random, shape, delivery, begun, &processes[number].copy, &written);
        if let Some((key, value)) = &change {
            written.push((*key, value.clone()));
            if shape.info_every > 0 && random.chance(1, shape.info_every) {
                outcome = match random.chance(1, 4) {
                    true => Outcome::Fail(ErrorClass::NoLeader),
                    false => Outcome::Info(ErrorClass::Timeout),
                };
            }
            for (other, process) in processes.iter_mut().enumerate() {
                if other == number || delivery == Delivery::Atomic {
                    process.copy[*key] = value.clone();
                } else {
                    process.inbox.push((*key, value.clone()));
                }
            }
        }
        let node = Some(NodeId(1 + number as u16));
        history.invoke(Nanos(time), processes[number].id, node, &operation).unwrap();
        processes[number].open = Some((operation, outcome));
    }
    if shape.settles {
        read_in_the_end(random, &mut history, &mut processes, time);
    }
    history
}

fn read_in_the_end(
    random: &mut Random,
    history: &mut History,
    processes: &mut [Process],
    mut time: u64,
) {
    for process in processes {
        if random.chance(4, 5) {
            for (key, value) in process.inbox.drain(..) {
                process.copy[key] = value;
            }
        }
        for (key, value) in process.copy.iter().enumerate() {
            if random.chance(1, 4) {
                continue;
            }
            time += 1_000_000 + random.below(3) * 500_000;
            let read = Operation::new(Function::Read, key as i64, Value::Nil);
            history.invoke(Nanos(time), process.id, None, &read).unwrap();
            history.complete(Nanos(time + 1), process.id, &Outcome::Ok(value.clone())).unwrap();
        }
    }
}

type Drawn = (Operation, Outcome, Option<(usize, Value)>);

fn draw(
    random: &mut Random,
    shape: Shape,
    delivery: Delivery,
    number: u64,
    copy: &[Value],
    written: &[(usize, Value)],
) -> Drawn {
    let key = random.below(shape.keys as u64) as usize;
    let mut seen = copy[key].clone();
    if delivery == Delivery::Anything {
        let values: Vec<&Value> =
            written.iter().filter(|(at, _)| *at == key).map(|(_, value)| value).collect();
        seen = match random.below(8) {
            0 => Value::Nil,
            1 if !shape.repeats => Value::Int(random.between(1, shape.operations) as i64),
            1..5 if shape.repeats => Value::Int(random.between(1, 2) as i64),
            _ => random.pick(&values).map(|value| (*value).clone()).unwrap_or_default(),
        };
    }
    let fresh = if shape.repeats { random.between(1, 2) } else { number };
    let fresh = Value::Int(fresh as i64);
    let name = key as i64;
    if shape.cas_every > 0 && random.chance(1, shape.cas_every) {
        let expected = if random.chance(2, 3) { seen.clone() } else { Value::Int(1) };
        let operation =
            Operation::new(Function::Cas, name, Value::pair(expected.clone(), fresh.clone()));
        let outcome = Outcome::Ok(Value::pair(seen.clone(), fresh.clone()));
        let change = (seen == expected && seen != fresh).then_some((key, fresh));
        return (operation, outcome, change);
    }
    if random.chance(1, 2) {
        let operation = Operation::new(Function::Read, name, Value::Nil);
        return (operation, Outcome::Ok(seen), None);
    }
    if shape.repeats && random.chance(1, 6) {
        let operation = Operation::new(Function::Delete, name, Value::Nil);
        return (operation, Outcome::Ok(Value::Nil), Some((key, Value::Nil)));
    }
    let operation = Operation::new(Function::Write, name, fresh.clone());
    (operation, Outcome::Ok(fresh.clone()), Some((key, fresh)))
}
