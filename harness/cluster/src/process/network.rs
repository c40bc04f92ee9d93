//! All links of a cluster.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tribunal_history::{Link, LinkEnd, NodeId, Seed};

use super::addresses::Block;
use crate::{ClusterError, Gate, LinkCounters, Proxy, ProxyOptions};

/// Most connections at once that one node has to another; it needs one.
const PEER_CONNECTIONS_MAX: usize = 64;

/// Most connections at once that clients have to one node.
const CLIENT_CONNECTIONS_MAX: usize = 1_024;

/// A gate for every directed link, and a proxy for every pair of dialling and listening side.
pub(super) struct Network {
    gates: BTreeMap<Link, Arc<Gate>>,
    proxies: BTreeMap<(LinkEnd, NodeId), Proxy>,
    /// From which every link's draws come.
    seed: Seed,
}

impl Network {
    /// Listens for all links of `nodes` nodes. What is drawn on them comes from the run's seed.
    pub(super) async fn open(
        block: &Block,
        nodes: u16,
        seed: Seed,
    ) -> Result<Network, ClusterError> {
        let seed = seed.child("links");
        let mut network = Network { gates: BTreeMap::new(), proxies: BTreeMap::new(), seed };
        for to in NodeId::all(nodes) {
            network.listen(block, LinkEnd::Harness, to).await?;
            for from in NodeId::all(nodes).filter(|from| *from != to) {
                network.listen(block, LinkEnd::Node(from), to).await?;
            }
        }
        Ok(network)
    }

    async fn listen(
        &mut self,
        block: &Block,
        from: LinkEnd,
        to: NodeId,
    ) -> Result<(), ClusterError> {
        let is_client = from == LinkEnd::Harness;
        let options = ProxyOptions {
            listen: block.proxies(),
            upstream: if is_client { block.client(to) } else { block.peer(to) },
            ahead: self.make_gate(Link { from, to: LinkEnd::Node(to) }),
            back: self.make_gate(Link { from: LinkEnd::Node(to), to: from }),
            connections_max: if is_client { CLIENT_CONNECTIONS_MAX } else { PEER_CONNECTIONS_MAX },
        };
        let proxy = Proxy::open(options).await.map_err(|source| ClusterError::Address {
            address: format!("{} for {from}→{to}", block.proxies()),
            source,
        })?;
        self.proxies.insert((from, to), proxy);
        Ok(())
    }

    fn make_gate(&mut self, link: Link) -> Arc<Gate> {
        let gate = || Arc::new(Gate::new(self.seed.child(&link.to_string())));
        Arc::clone(self.gates.entry(link).or_insert_with(gate))
    }

    /// What a link lets through; `None` if there is no such link.
    pub(super) fn gate(&self, link: Link) -> Option<&Gate> {
        self.gates.get(&link).map(Arc::as_ref)
    }

    /// What happened on these links, added up.
    pub(super) fn counters(&self, links: &[Link]) -> LinkCounters {
        links
            .iter()
            .filter_map(|link| self.gate(*link))
            .map(Gate::counters)
            .fold(LinkCounters::default(), |sum, counters| sum + counters)
    }

    /// Where `from` dials `to`; `None` if there is no such proxy.
    pub(super) fn address(&self, from: LinkEnd, to: NodeId) -> Option<SocketAddr> {
        self.proxies.get(&(from, to)).map(Proxy::address)
    }

    /// The other nodes as this one must dial them.
    pub(super) fn peers_of(&self, node: NodeId) -> Vec<(NodeId, SocketAddr)> {
        self.proxies
            .iter()
            .filter(|((from, _), _)| *from == LinkEnd::Node(node))
            .map(|((_, to), proxy)| (*to, proxy.address()))
            .collect()
    }

    /// Closes every connection and stops listening.
    pub(super) async fn close(self) {
        for proxy in self.proxies.into_values() {
            proxy.close().await;
        }
    }
}
