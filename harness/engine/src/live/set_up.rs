//! Setting a cluster up, and seeing what it cannot do.

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tribunal_cluster::{Cluster, ClusterError, Reports};
use tribunal_history::{Fault, FaultId, Link, NodeId, Plan, PlannedKind};

use super::LiveCluster;
use crate::run::RunOptions;

/// Sets the cluster up and sees what it cannot do; what it made is gone again if it cannot be, or
/// if somebody wishes for the end meanwhile.
pub(super) async fn set_up(
    live: LiveCluster,
    run: &mut RunOptions,
    reports: &Reports,
    interrupts: &mut mpsc::UnboundedReceiver<()>,
) -> Result<Box<dyn Cluster>, ClusterError> {
    let LiveCluster { mut cluster, spec } = live;
    let made = tokio::select! {
        biased;
        Some(()) = interrupts.recv() => Err(ClusterError::Interrupted),
        made = cluster.set_up(run.plan.nodes, spec, reports.clone()) => made,
    };
    // Some clusters know only then what they can do.
    match made.and_then(|()| unsupported(&run.plan, cluster.as_ref())) {
        Ok(unsupported) => run.unsupported = unsupported,
        Err(error) => {
            return Err(match cluster.tear_down().await {
                Ok(()) => error,
                Err(tear_down) => ClusterError::AndTearDown {
                    error: Box::new(error),
                    tear_down: Box::new(tear_down),
                },
            });
        }
    }
    Ok(cluster)
}

/// The faults this cluster cannot express, with the reasons.
///
/// # Errors
/// If these are all there are: then the run would show nothing.
fn unsupported(
    plan: &Plan,
    cluster: &dyn Cluster,
) -> Result<BTreeMap<FaultId, String>, ClusterError> {
    let faults = &plan.schedule.faults;
    let mut reasons = BTreeMap::new();
    for planned in faults {
        // Whom it will hit is not known yet; whether it can be done depends on kind and numbers.
        let (links, nodes) = match planned.kind {
            PlannedKind::Partition { .. } | PlannedKind::Packet { .. } => {
                (vec![Link::between(NodeId(1), NodeId(2))], vec![])
            }
            PlannedKind::ClientCut { .. } | PlannedKind::ClientPacket { .. } => {
                (vec![Link::requests(NodeId(1))], vec![])
            }
            PlannedKind::LoseReply => (vec![Link::replies(NodeId(1))], vec![]),
            _ => (vec![], vec![NodeId(1)]),
        };
        let kind = planned.kind.installed();
        if let Err(lack) = cluster.supports(&Fault { id: planned.id, kind, links, nodes }) {
            reasons.insert(planned.id, lack.to_string());
        }
    }
    match reasons.first_key_value() {
        Some((_, reason)) if reasons.len() == faults.len() => Err(ClusterError::Environment {
            what: format!("none of the faults can be installed here: {reason}"),
            remedy: "choose another --nemesis or --cluster".into(),
        }),
        _ => Ok(reasons),
    }
}
