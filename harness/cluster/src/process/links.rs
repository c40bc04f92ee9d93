//! The links of a process cluster: gates that are changed at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::Instant;
use tribunal_history::{Fault, FaultId, Link};

use super::addresses::Block;
use super::evidence;
use super::network::Network;
use crate::live::{Links, named_links};
use crate::{BoxFuture, LinkCounters, LinkState};

/// A proxy for every pair of nodes, and its gates.
pub(super) struct ProxyLinks {
    network: Arc<Network>,
    /// What had happened on a fault's links when it was installed.
    before: BTreeMap<FaultId, LinkCounters>,
    /// Held as long as the links are.
    _block: Block,
}

impl ProxyLinks {
    pub(super) fn new(network: Arc<Network>, block: Block) -> ProxyLinks {
        ProxyLinks { network, before: BTreeMap::new(), _block: block }
    }

    fn change(&self, changes: &[(Link, LinkState)]) {
        for (link, state) in changes {
            if let Some(gate) = self.network.gate(*link) {
                gate.set(*state);
            }
        }
    }
}

impl Links for ProxyLinks {
    fn install<'a>(
        &'a mut self,
        fault: &'a Fault,
        changes: &'a [(Link, LinkState)],
        _by: Instant,
    ) -> BoxFuture<'a, Result<String, String>> {
        self.change(changes);
        let now = self.network.counters(&fault.links);
        self.before.insert(fault.id, now);
        let text = format!("{}; {}", named_links(&fault.links), evidence::at_install(now));
        Box::pin(std::future::ready(Ok(text)))
    }

    fn heal<'a>(
        &'a mut self,
        fault: &'a Fault,
        changes: &'a [(Link, LinkState)],
        _by: Instant,
    ) -> BoxFuture<'a, Result<(String, bool), String>> {
        let now = self.network.counters(&fault.links);
        self.change(changes);
        let delta = now - self.before.remove(&fault.id).unwrap_or_default();
        let what = named_links(&fault.links);
        let text = format!("{what}; {}", evidence::during(delta, now.waiting));
        let met = evidence::met(fault.kind, delta, now.waiting);
        Box::pin(std::future::ready(Ok((text, met))))
    }

    fn clear(&mut self, _by: Instant) -> BoxFuture<'_, Result<(), String>> {
        self.before.clear();
        self.network.clear();
        Box::pin(std::future::ready(Ok(())))
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move { self.network.close().await })
    }
}
