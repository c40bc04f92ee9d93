//! A node's place in the cluster, whether it runs or not.

use std::collections::BTreeMap;

use tribunal_cluster::NodeHold;
use tribunal_history::{FaultId, Nanos, NodeId, Role};
use tribunal_nodes::Core;

use crate::crash_faults::PlannedCrash;
use crate::disk::SimDisk;
use crate::disk_trouble::DiskTrouble;
use crate::event::What;
use crate::host::Host;
use crate::keyed::Ordinal;

/// A node's place in the cluster.
#[derive(Debug)]
pub(crate) struct Seat<C: Core> {
    pub(crate) node: NodeId,
    pub(crate) host: Option<Host<C>>,
    /// Its disk while it does not run.
    pub(crate) disk: Option<SimDisk>,
    /// At which of its calls it is to die, and where it has.
    pub(crate) crashes: BTreeMap<FaultId, PlannedCrash>,
    /// What faults do to its disk.
    pub(crate) trouble: DiskTrouble,
    /// Counts its starts.
    pub(crate) life: u32,
    pub(crate) hold: NodeHold,
    /// Whether it has been started and is not ready.
    pub(crate) is_starting: bool,
    /// What came while it was paused.
    pub(crate) backlog: Vec<What<C::Message>>,
    /// When the queue will look at its timers next.
    pub(crate) timer_at: Option<Nanos>,
    /// Connections of clients that it accepted.
    pub(crate) connections: BTreeMap<u64, u32>,
    /// Counts what it does at one instant.
    pub(crate) ordinal: Ordinal,
    /// What it said it is.
    pub(crate) role: Option<Role>,
    pub(crate) term: u64,
}

impl<C: Core> Seat<C> {
    pub(crate) fn new(node: NodeId) -> Seat<C> {
        Seat {
            node,
            host: None,
            disk: Some(SimDisk::new()),
            crashes: BTreeMap::new(),
            trouble: DiskTrouble::default(),
            life: 0,
            hold: NodeHold::Free,
            is_starting: false,
            backlog: Vec::new(),
            timer_at: None,
            connections: BTreeMap::new(),
            ordinal: Ordinal::default(),
            role: None,
            term: 0,
        }
    }

    /// Its disk, whether it runs or not.
    pub(crate) fn disk_mut(&mut self) -> &mut SimDisk {
        let running = self.host.as_mut().map(Host::disk_mut);
        running.or(self.disk.as_mut()).expect("invariant: a node that is down has its disk")
    }

    /// Whether it must stay down although no fault kills it: it died at one of its calls, or over
    /// its disk, and that is not healed.
    pub(crate) fn must_stay_down(&self) -> bool {
        self.trouble.holds() || self.crashes.values().any(|crash| crash.is_met)
    }

    /// Whether it runs but handles nothing.
    pub(crate) fn is_paused(&self) -> bool {
        self.hold == NodeHold::Paused && self.host.is_some()
    }
}
