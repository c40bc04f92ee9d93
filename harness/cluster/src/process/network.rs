//! All links of a cluster.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tribunal_history::{Link, LinkEnd, NodeId, Seed};

use super::addresses::Block;
use crate::{ClusterError, Gate, LinkCounters, LinkState, Proxy, ProxyOptions};

/// Most connections at once that one node has to another; it needs one.
const PEER_CONNECTIONS_MAX: usize = 64;

/// Most connections at once that clients have to one node.
const CLIENT_CONNECTIONS_MAX: usize = 1_024;

/// A gate for every directed link, and a proxy for every pair of dialling and listening side.
pub(super) struct Network {
    gates: BTreeMap<Link, Arc<Gate>>,
    addresses: BTreeMap<(LinkEnd, NodeId), SocketAddr>,
    /// From which every link's draws come.
    seed: Seed,
    /// Gone when it is closed.
    proxies: Mutex<Vec<Proxy>>,
}

impl Network {
    /// Listens for all links of `nodes` nodes. What is drawn on them comes from the run's seed.
    pub(super) async fn open(
        block: &Block,
        nodes: u16,
        seed: Seed,
    ) -> Result<Network, ClusterError> {
        let mut network = Network {
            gates: BTreeMap::new(),
            addresses: BTreeMap::new(),
            seed: seed.child("links"),
            proxies: Mutex::new(Vec::new()),
        };
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
        self.addresses.insert((from, to), proxy.address());
        self.proxies.get_mut().unwrap_or_else(PoisonError::into_inner).push(proxy);
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

    /// Lets everything flow.
    pub(super) fn clear(&self) {
        self.gates.values().for_each(|gate| gate.set(LinkState::default()));
    }

    /// Where `from` dials `to`; `None` if there is no such proxy.
    pub(super) fn address(&self, from: LinkEnd, to: NodeId) -> Option<SocketAddr> {
        self.addresses.get(&(from, to)).copied()
    }

    /// The other nodes as this one must dial them.
    pub(super) fn peers_of(&self, node: NodeId) -> Vec<(NodeId, SocketAddr)> {
        self.addresses
            .iter()
            .filter(|((from, _), _)| *from == LinkEnd::Node(node))
            .map(|((_, to), address)| (*to, *address))
            .collect()
    }

    /// Closes every connection and stops listening.
    pub(super) async fn close(&self) {
        let proxies =
            std::mem::take(&mut *self.proxies.lock().unwrap_or_else(PoisonError::into_inner));
        for proxy in proxies {
            proxy.close().await;
        }
    }
}
