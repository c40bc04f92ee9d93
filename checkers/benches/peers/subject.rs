//! One history, as each judge wants it.

use std::collections::BTreeSet;

use stateright::semantics::register::{Register, RegisterOp, RegisterRet};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester};
use todc_utils::linearizability::history::{Action, History};
use todc_utils::specifications::register::RegisterOperation;
use tribunal_checkers::generate::Generator;
use tribunal_checkers::{Cell, CellInput, CellOutput, Datum, Interval};
use tribunal_history::{Record, Seed, Value, Values};

/// A value as the peers have it; nil is `None`.
pub(crate) type Plain = Option<i64>;

/// A history as todc-utils has it.
pub(crate) type Actions = History<RegisterOperation<Plain>>;

/// A history in every form.
pub(crate) struct Subject {
    /// For this crate's search and its algorithms.
    pub(crate) intervals: Vec<Interval<Cell>>,
    /// For this crate's checker: events, as a run records them.
    pub(crate) record: Record,
    /// For stateright.
    pub(crate) tester: LinearizabilityTester<usize, Register<Plain>>,
    /// For todc-utils.
    pub(crate) actions: Actions,
}

impl Subject {
    /// Makes a history of one register, and translates it. Nothing in it crashes: the peers know
    /// only operations that have ended.
    pub(crate) fn new(generator: &Generator, seed: Seed) -> Subject {
        let history = generator.record(seed).expect("invariant: a small history");
        let intervals = generator.generate(seed).remove(0);
        let mut tester = LinearizabilityTester::new(Register(None));
        let mut actions = Vec::new();
        for (client, event) in events(&intervals) {
            match event {
                Event::Begin(operation) => {
                    tester.on_invoke(client, invocation(operation)).expect("one at a time");
                    actions.push((client, Action::Call(action(operation))));
                }
                Event::End(operation) => {
                    tester.on_return(client, answer(operation)).expect("it was invoked");
                    actions.push((client, Action::Response(action(operation))));
                }
            }
        }
        let record = Record { history, ..Record::default() };
        Subject { intervals, record, tester, actions: History::from_actions(actions) }
    }
}

enum Event<'a> {
    Begin(&'a Interval<Cell>),
    End(&'a Interval<Cell>),
}

/// The events in order, each with its client: the first that has nothing outstanding.
fn events(intervals: &[Interval<Cell>]) -> Vec<(usize, Event<'_>)> {
    let mut moments: Vec<_> = (0..intervals.len())
        .flat_map(|index| [(intervals[index].begin, index), (intervals[index].end, index)])
        .collect();
    moments.sort_unstable();
    let mut free: BTreeSet<usize> = (0..intervals.len()).collect();
    let mut whose = vec![None; intervals.len()];
    let mut events = Vec::new();
    for (_, index) in moments {
        match whose[index] {
            None => {
                let client = free.pop_first().expect("invariant: as many as operations");
                whose[index] = Some(client);
                events.push((client, Event::Begin(&intervals[index])));
            }
            Some(client) => {
                free.insert(client);
                events.push((client, Event::End(&intervals[index])));
            }
        }
    }
    events
}

fn invocation(operation: &Interval<Cell>) -> RegisterOp<Plain> {
    match &operation.input {
        CellInput::Write(value) => RegisterOp::Write(plain(value)),
        _ => RegisterOp::Read,
    }
}

fn answer(operation: &Interval<Cell>) -> RegisterRet<Plain> {
    match &operation.output {
        Some(CellOutput::Saw(value)) => RegisterRet::ReadOk(plain(value)),
        _ => RegisterRet::WriteOk,
    }
}

/// todc-utils takes the answer from the response alone.
fn action(operation: &Interval<Cell>) -> RegisterOperation<Plain> {
    match (&operation.input, &operation.output) {
        (CellInput::Write(value), _) => RegisterOperation::Write(plain(value)),
        (_, Some(CellOutput::Saw(value))) => RegisterOperation::Read(Some(plain(value))),
        _ => unreachable!("a register is read and written, and reads end"),
    }
}

/// Generated values are small numbers, which need no table.
fn plain(value: &Datum) -> Plain {
    match value {
        Datum::Value(id) => match Values::new().get(*id) {
            Value::Int(number) => Some(number),
            _ => None,
        },
        Datum::Text(_) => unreachable!("a register holds no text"),
    }
}
