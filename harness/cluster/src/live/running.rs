//! What exists while a cluster runs, and the orders that faults become.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tribunal_history::{Fault, FaultId, NodeId};

use super::keeper::Seen;
use super::links_keeper::LinksKeeper;
use super::order::{Order, Part, What, is_clock};
use crate::{Holds, NodeHold, Reports, Transition};

/// What exists once it is set up.
pub(super) struct Running {
    pub(super) nodes: u16,
    pub(super) reports: Reports,
    pub(super) links: LinksKeeper,
    pub(super) endpoints: BTreeMap<NodeId, SocketAddr>,
    pub(super) keepers: BTreeMap<NodeId, KeeperHandle>,
    /// Told true when everything is torn down.
    pub(super) ending: watch::Sender<bool>,
}

pub(super) struct KeeperHandle {
    pub(super) orders: mpsc::UnboundedSender<Order>,
    pub(super) seen: Arc<Mutex<Seen>>,
    pub(super) task: JoinHandle<()>,
}

impl KeeperHandle {
    /// Orders something. The answer's end without one means that the keeper is gone.
    pub(super) fn order(&self, what: What, by: Instant) -> oneshot::Receiver<Part> {
        let (answer, answered) = oneshot::channel();
        // A keeper that is gone drops the order, which the receiver sees.
        let _ = self.orders.send(Order { what, by, answer });
        answered
    }
}

impl Running {
    pub(super) fn order_install(
        &self,
        fault: &Fault,
        transitions: &[Transition],
        holds: &Holds,
        by: Instant,
    ) -> Vec<Pending> {
        let clocks = |node| What::ClockFault(fault.kind, holds.clocks(node));
        self.order_each(fault, transitions, by, ("is held already", &clocks))
    }

    pub(super) fn order_heal(
        &self,
        fault: &Fault,
        transitions: &[Transition],
        holds: &Holds,
        by: Instant,
    ) -> Vec<Pending> {
        let clocks = |node| What::ClockHeal(holds.clocks(node));
        self.order_each(fault, transitions, by, ("is held by another fault", &clocks))
    }

    /// Orders every node of a fault what its change of hold, or of clocks, asks for; a node whose
    /// hold does not change is answered for at once.
    fn order_each(
        &self,
        fault: &Fault,
        transitions: &[Transition],
        by: Instant,
        (unchanged, clocks): (&str, &dyn Fn(NodeId) -> What),
    ) -> Vec<Pending> {
        let order =
            |node: NodeId, what| Pending::Ordered(node, self.keepers[&node].order(what, by));
        let of_clocks = is_clock(fault.kind);
        let each = fault.nodes.iter().map(|node| match hold_of(*node, transitions) {
            _ if of_clocks => order(*node, clocks(*node)),
            Some(to) => order(*node, What::Hold(to)),
            None => Pending::Known(Part::idle(format!("{node} {unchanged}"))),
        });
        each.collect()
    }
}

fn hold_of(node: NodeId, transitions: &[Transition]) -> Option<NodeHold> {
    transitions.iter().find_map(|transition| match transition {
        Transition::Node { node: which, to, .. } if *which == node => Some(*to),
        _ => None,
    })
}

/// A part of a report that is known, or ordered.
pub(super) enum Pending {
    Known(Part),
    Ordered(NodeId, oneshot::Receiver<Part>),
}

/// Waits for all parts; those that have not come by then are unsure.
pub(super) async fn collect(pending: Vec<Pending>, by: Instant) -> Vec<Part> {
    let mut parts = Vec::with_capacity(pending.len());
    for one in pending {
        parts.push(match one {
            Pending::Known(part) => part,
            Pending::Ordered(node, answered) => match timeout_at(by, answered).await {
                Ok(Ok(part)) => part,
                Ok(Err(_)) => Part::unsure(format!("{node} has no keeper any more")),
                Err(_) => Part::unsure(format!("{node}: nothing came of it in time")),
            },
        });
    }
    parts
}

/// A fault that was passed over on all its nodes is not in force.
pub(super) fn forget(
    id: FaultId,
    holds: &Mutex<Holds>,
    keepers: &[(NodeId, mpsc::UnboundedSender<Order>)],
) {
    let mut holds = holds.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(fault) = holds.get(id).cloned() else { return };
    holds.heal(id);
    if !is_clock(fault.kind) {
        // A keeper that passes a hold over keeps none.
        return;
    }
    for (node, orders) in keepers.iter().filter(|(node, _)| fault.nodes.contains(node)) {
        let (answer, _) = oneshot::channel();
        let what = What::ClockHeal(holds.clocks(*node));
        let _ = orders.send(Order { what, by: Instant::now(), answer });
    }
}
