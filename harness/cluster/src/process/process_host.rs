//! Nodes as local processes, every link between them through a proxy.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::time::Instant;
use tribunal_history::{Fault, FaultKind, LinkEnd, LinkFault, NodeId, Seed};

use super::addresses::Block;
use super::launch::ProcessLauncher;
use super::links::ProxyLinks;
use super::network::Network;
use super::spawner::Spawner;
use crate::ledger::failed;
use crate::live::{Host, LiveCluster, LiveOptions, Logs, Place, Site};
use crate::{Addresses, BoxFuture, ClusterError, Ledger, Unsupported};

/// What a process cluster needs to know.
#[derive(Clone, Debug)]
pub struct ProcessOptions {
    /// The run's folder; nodes get `nodes/<n>/` in it.
    pub folder: PathBuf,
    /// The run's ledger, which also knows the run's id.
    pub ledger: Arc<Ledger>,
    /// What the controller says on admin channels.
    pub token: String,
    /// Whether disks lose unsynced bytes at a kill: the run has power faults.
    pub lossy: bool,
    /// Whether every note of the nodes is wanted, or only roles, terms and marks.
    pub all_notes: bool,
    /// When the run began; all times in commands count from here.
    pub origin: Instant,
    /// The run's seed, from which the jitter of delayed links is drawn.
    pub seed: Seed,
}

/// Nodes as local processes: no root, no Docker.
pub type ProcessCluster = LiveCluster<ProcessHost>;

impl ProcessCluster {
    /// A cluster that is not set up yet.
    pub fn new(options: ProcessOptions) -> ProcessCluster {
        let ProcessOptions { folder, ledger, token, lossy, all_notes, origin, seed } = options;
        let run_id = ledger.mark().run_id.clone();
        let host = ProcessHost { folder: folder.clone(), ledger, seed, network: None };
        LiveCluster::on(host, LiveOptions { folder, run_id, token, lossy, all_notes, origin })
    }
}

/// This machine's processes.
pub struct ProcessHost {
    folder: PathBuf,
    ledger: Arc<Ledger>,
    seed: Seed,
    network: Option<Arc<Network>>,
}

impl ProcessHost {
    /// What happened on a link so far; `None` if there is no such link, or no cluster yet.
    #[cfg(test)]
    pub(super) fn link_counters(
        &self,
        link: tribunal_history::Link,
    ) -> Option<crate::LinkCounters> {
        self.network.as_ref()?.gate(link).map(crate::Gate::counters)
    }

    async fn make(&mut self, nodes: u16) -> Result<Site, ClusterError> {
        let block = Block::reserve(&self.ledger.mark().run_id, nodes)?;
        let network = Arc::new(Network::open(&block, nodes, self.seed).await?);
        self.network = Some(Arc::clone(&network));
        let spawner = Spawner::new(Arc::clone(&self.ledger))?;
        let mut places = BTreeMap::new();
        for node in NodeId::all(nodes) {
            places.insert(node, self.place(node, &block, &network, &spawner)?);
        }
        Ok(Site { places, links: Box::new(ProxyLinks::new(network, block)) })
    }

    fn place(
        &self,
        node: NodeId,
        block: &Block,
        network: &Network,
        spawner: &Spawner,
    ) -> Result<Place, ClusterError> {
        let (data, logs) = self.make_folder(node)?;
        let addresses = Addresses {
            peer: block.peer(node),
            client: block.client(node),
            admin: block.admin(node),
            peers: network.peers_of(node),
        };
        let endpoint = network
            .address(LinkEnd::Harness, node)
            .expect("invariant: the network was opened for every node");
        let launcher = ProcessLauncher {
            mark: self.ledger.mark().to_value(),
            logs: logs.clone(),
            spawner: spawner.clone(),
            ledger: Arc::clone(&self.ledger),
        };
        Ok(Place {
            data,
            admin: addresses.admin,
            addresses,
            endpoint,
            parent: Some(std::process::id()),
            launcher: Box::new(launcher),
        })
    }

    fn make_folder(&self, node: NodeId) -> Result<(PathBuf, Logs), ClusterError> {
        let folder = self.folder.join("nodes").join(node.to_string());
        let data = folder.join("data");
        std::fs::create_dir_all(&data).map_err(failed("create", &data))?;
        let data = data.canonicalize().map_err(failed("find", &data))?;
        Ok((data, Logs::create(&folder)?))
    }
}

impl Host for ProcessHost {
    fn open(&mut self, nodes: u16) -> BoxFuture<'_, Result<Site, ClusterError>> {
        Box::pin(self.make(nodes))
    }

    fn supports(&self, fault: &Fault) -> Result<(), Unsupported> {
        check_stream(fault.kind)
    }

    fn sweep(&mut self) -> BoxFuture<'_, Vec<String>> {
        self.network = None;
        let ledger = Arc::clone(&self.ledger);
        Box::pin(async move {
            let swept = tokio::task::spawn_blocking(move || crate::clean::sweep_own(&ledger));
            swept.await.unwrap_or_else(|error| vec![format!("not looked at: {error}")])
        })
    }
}

/// Whether streams of bytes, which is what these links are, can be harmed so.
fn check_stream(kind: FaultKind) -> Result<(), Unsupported> {
    match kind {
        FaultKind::Link(LinkFault::Packet(packet)) if packet.needs_packets() => Err(Unsupported(
            "only --cluster docker loses, doubles or reorders packets; links of processes \
                 are streams of bytes"
                .into(),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use tribunal_history::{Nanos, PacketFault};

    use super::*;

    #[test]
    fn streams_are_late_or_narrow_and_lose_nothing() {
        let harm = |packet| check_stream(FaultKind::Link(LinkFault::Packet(packet))).is_ok();
        let late = PacketFault { delay: Nanos(2), jitter: Nanos(1), ..PacketFault::CLEAR };
        assert!(harm(late) && harm(PacketFault { bandwidth: 1_000, ..PacketFault::CLEAR }));
        assert!(!harm(PacketFault { loss_ppm: 1, ..late }));
        assert!(!harm(PacketFault { duplicate_ppm: 1, ..late }));
        assert!(!harm(PacketFault { reorder_ppm: 1, ..late }));
        assert!(check_stream(FaultKind::Kill).is_ok());
    }
}
