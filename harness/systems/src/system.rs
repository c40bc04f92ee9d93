//! The list of systems.

use std::path::Path;

use tribunal_cluster::SpecFn;
use tribunal_history::{BugInfo, Claim, FaultFamily, Function, Mark, Plan, Promise, Rung};
use tribunal_nodes::Config;

use crate::client::{Adapter, Client};
use crate::kv_client::KvClient;
use crate::kv_nodes;
use crate::memory::MemoryAdapter;

/// A system that can be put on trial.
#[derive(Clone, Copy, Debug)]
pub struct System {
    /// Its name, as `--system` takes it.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// How many nodes it takes.
    pub nodes: NodeCount,
    /// What its clients can do. It serves a workload when these contain the workload's.
    pub functions: &'static [Function],
    /// Where it lives.
    pub kind: Kind,
    /// What it promises under which faults.
    pub claim: fn() -> Claim,
}

/// How many nodes a system takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeCount {
    /// At least.
    pub min: u16,
    /// At most.
    pub max: u16,
    /// If nobody says.
    pub default: u16,
}

/// Where a system lives.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// In nodes of its own, reached by clients.
    Nodes {
        /// How its nodes are started, given the plan and this program.
        spec: fn(&Plan, &Path) -> Box<SpecFn>,
        /// A client of one process.
        client: fn() -> Box<dyn Client>,
        /// The configuration of its nodes' cores, which have the system's name in the registry of
        /// `tribunal-nodes`.
        config: fn(&Plan) -> Config,
    },
    /// In this process.
    InProcess(fn() -> Box<dyn Adapter>),
}

/// What the project's own KV nodes can do.
const KV_FUNCTIONS: &[Function] = &[
    Function::Read,
    Function::Write,
    Function::Cas,
    Function::Get,
    Function::Put,
    Function::Delete,
    Function::Append,
];

/// Every system.
pub const SYSTEMS: &[System] = &[
    System {
        name: "raft",
        about: "our Raft with a replicated map, sessions and snapshots",
        nodes: NodeCount { min: 1, max: 9, default: 5 },
        functions: KV_FUNCTIONS,
        kind: Kind::Nodes {
            spec: kv_nodes::raft,
            client: || Box::new(KvClient::new()),
            config: kv_nodes::config,
        },
        claim: whole_claim,
    },
    System {
        name: "single",
        about: "one node and its disk, the control: what the harness sees where nothing replicates",
        nodes: NodeCount { min: 1, max: 1, default: 1 },
        functions: KV_FUNCTIONS,
        kind: Kind::Nodes {
            spec: kv_nodes::single,
            client: || Box::new(KvClient::new()),
            config: kv_nodes::config,
        },
        claim: whole_claim,
    },
    System {
        name: "memory",
        about: "a map in the harness's own process, to measure the harness",
        nodes: NodeCount { min: 1, max: 1, default: 1 },
        functions: KV_FUNCTIONS,
        kind: Kind::InProcess(|| Box::<MemoryAdapter>::default()),
        claim: || Claim { rungs: vec![Rung { faults: vec![], promise: Promise::Linearizable }] },
    },
];

/// The system of this name.
pub fn find(name: &str) -> Option<&'static System> {
    SYSTEMS.iter().find(|system| system.name == name)
}

impl System {
    /// Whether its clients can do all of this.
    pub fn serves(&self, functions: &[Function]) -> bool {
        functions.iter().all(|function| self.functions.contains(function))
    }

    /// Whether it has no nodes that could be broken.
    pub const fn is_in_process(&self) -> bool {
        matches!(self.kind, Kind::InProcess(_))
    }

    /// The bugs that can be planted in its nodes.
    pub fn bugs(&self) -> &'static [BugInfo] {
        let core = tribunal_nodes::CORES.iter().find(|core| core.name == self.name);
        core.map_or(&[], |core| core.bugs)
    }

    /// What its nodes say of themselves when they get there.
    pub fn marks(&self) -> &'static [Mark] {
        let core = tribunal_nodes::CORES.iter().find(|core| core.name == self.name);
        core.map_or(&[], |core| core.marks)
    }
}

/// Linearizable, whatever of these goes wrong: losing the unsynced, stopping, lying clocks,
/// packets late or lost, disks that fail and say so. Not where a disk loses what it called durable
/// and nobody knows ([`FaultFamily::DiskLoss`]): Raft rests on a server's term, vote and log being
/// there when it comes back (Ongaro and Ousterhout 2014, §5).
fn whole_claim() -> Claim {
    let faults = vec![
        FaultFamily::Partition,
        FaultFamily::Client,
        FaultFamily::Kill,
        FaultFamily::Pause,
        FaultFamily::Clock,
        FaultFamily::Power,
        FaultFamily::Packet,
        FaultFamily::Disk,
    ];
    Claim { rungs: vec![Rung { faults, promise: Promise::Linearizable }] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for system in SYSTEMS {
            assert_eq!(find(system.name).map(|found| found.about), Some(system.about));
            let NodeCount { min, max, default } = system.nodes;
            assert!(min <= default && default <= max);
        }
        assert!(find("zookeeper").is_none());
    }

    #[test]
    fn every_core_is_a_system() {
        for core in tribunal_nodes::CORES {
            assert!(find(core.name).is_some(), "{}", core.name);
        }
    }
}
