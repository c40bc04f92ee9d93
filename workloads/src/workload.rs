//! The list of workloads.

use tribunal_checkers::{Checker, Linearizable, NoCrash};
use tribunal_history::Function;

use crate::{Generator, GeneratorOptions, KvAppend, RegisterMix};

/// What clients do and how it is judged.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Its name, as `--workload` takes it.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// The functions a system must have to serve it.
    pub functions: &'static [Function],
    /// The functions of which at least one operation must end `ok`, or the run meant nothing.
    pub required: &'static [Function],
    /// Makes its generator.
    pub generator: fn(&GeneratorOptions) -> Box<dyn Generator>,
    /// Makes the checkers that judge it.
    pub checkers: fn() -> Vec<Box<dyn Checker>>,
}

/// Every workload.
pub const WORKLOADS: &[Workload] = &[
    Workload {
        name: "register",
        about: "reads, writes and compare-and-sets on registers; must be linearizable",
        functions: &[Function::Read, Function::Write, Function::Cas],
        required: &[Function::Read, Function::Write, Function::Cas],
        generator: |options| Box::new(RegisterMix::new(options)),
        checkers: || vec![Box::new(Linearizable::register()), Box::new(NoCrash)],
    },
    Workload {
        name: "kv-append",
        about: "puts, appends and gets on the keys of a map; must be linearizable",
        functions: &[Function::Get, Function::Put, Function::Append],
        required: &[Function::Get, Function::Put, Function::Append],
        generator: |options| Box::new(KvAppend::new(options)),
        checkers: || vec![Box::new(Linearizable::kv()), Box::new(NoCrash)],
    },
];

/// The workload of this name.
pub fn find(name: &str) -> Option<&'static Workload> {
    WORKLOADS.iter().find(|workload| workload.name == name)
}
