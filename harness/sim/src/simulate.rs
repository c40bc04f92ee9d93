//! One simulated run.

use std::collections::BTreeSet;

use tribunal_cluster::{Interpreter, Report};
use tribunal_history::{History, Mark, Nanos, Record, Seed, Span};
use tribunal_nodes::{Config, Core, CoreVisitor, visit};
use tribunal_systems::Client;

use crate::notebook::Noting;
use crate::trace::Trace;
use crate::violation::Violation;
use crate::weather::Weather;
use crate::world::World;

/// What a simulated run needs, beside its interpreter.
#[derive(Clone, Debug)]
pub struct SimOptions {
    /// The core of its nodes, by its name in `tribunal_nodes::CORES`.
    pub core: &'static str,
    /// The configuration of its nodes; it says how many there are.
    pub config: Config,
    /// Makes a client of one process.
    pub client: fn() -> Box<dyn Client>,
    /// Decides everything that is left to chance.
    pub seed: Seed,
    /// What network and disks do by themselves.
    pub weather: Weather,
    /// When there is such weather; outside of these spans everything takes the time it usually
    /// does. `None` for always.
    pub rough: Option<Vec<Span>>,
    /// What the nodes' wall clocks show when the run begins.
    pub wall: Nanos,
    /// Virtual time after which a run that is not over is given up.
    pub limit: Nanos,
    /// The first and the last event that are spelled out in [`Simulated::lines`]; events count
    /// from 1.
    pub window: Option<(u64, u64)>,
    /// Which messages are noted in [`Record::messages`]; decides nothing.
    pub noting: Option<Noting>,
}

/// Looks at the history while it grows.
pub trait Watch {
    /// Called after every event of the history; gives what the run is to be told, if anything: that
    /// enough was seen, or that somebody wants it to end.
    fn look(&mut self, now: Nanos, history: &History) -> Option<Report>;
}

/// Looks at nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoWatch;

impl Watch for NoWatch {
    fn look(&mut self, _: Nanos, _: &History) -> Option<Report> {
        None
    }
}

/// What a simulated run leaves behind.
#[derive(Debug)]
pub struct Simulated {
    /// The record.
    pub record: Record,
    /// The first invariant that did not hold.
    pub violation: Option<Violation>,
    /// Marks that were reached.
    pub marks: BTreeSet<Mark>,
    /// A digest of everything that happened.
    pub trace: Trace,
    /// The events of [`SimOptions::window`], a line each.
    pub lines: Vec<String>,
    /// Events handled.
    pub events: u64,
    /// Messages between nodes that were sent.
    pub messages: u64,
    /// How long it lasted, in virtual time.
    pub ended: Nanos,
    /// Why it was given up, if it was: a harness error.
    pub problem: Option<String>,
}

/// Runs an interpreter's run over simulated nodes, to its end. `None` if there is no such core.
///
/// Deterministic: equal options and equal interpreters give equal results, the trace included. In
/// one thread, without clock or I/O.
pub fn simulate(
    options: SimOptions,
    interpreter: &mut dyn Interpreter,
    watch: &mut dyn Watch,
) -> Option<Simulated> {
    let core = options.core;
    visit(core, Simulation { options, interpreter, watch })
}

struct Simulation<'a> {
    options: SimOptions,
    interpreter: &'a mut dyn Interpreter,
    watch: &'a mut dyn Watch,
}

impl CoreVisitor for Simulation<'_> {
    type Out = Simulated;

    fn visit<C: Core>(self) -> Simulated {
        World::<C>::new(self.options, self.interpreter, self.watch).run()
    }
}
