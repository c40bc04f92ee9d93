//! The links of a Docker cluster: agents for what passes between containers, proxies for what
//! clients say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant, MissedTickBehavior, interval};
use tribunal_cluster::{BoxFuture, Gate, LinkState, Links, Proxy};
use tribunal_history::{Fault, FaultId, Link, LinkEnd, LinkHeal, NodeId, Seed};

use crate::agent_client::AgentClient;
use crate::containers::{CLIENT_PORT, PEER_PORT};
use crate::evidence::{self, Met};
use crate::network::Subnet;
use crate::protocol::{Cut, CutFate, Harm, LinkFigures, Path, Wanted, Way};

/// How often something is said to an agent: several times in its patience.
const BEAT: Duration = Duration::from_secs(3);

/// How clients reach a node: a proxy before its published port. It carries what packet rules
/// cannot express, as replies that are lost after the request was heard.
pub(crate) struct Door {
    pub(crate) proxy: Proxy,
    pub(crate) requests: Arc<Gate>,
    pub(crate) replies: Arc<Gate>,
}

/// One node's agent, to whom something is said again and again: an agent that hears nothing takes
/// its controller for dead, and a connection that was lost is only noticed by using it.
pub(crate) struct Attended {
    client: Arc<AgentClient>,
    attending: JoinHandle<()>,
}

impl Attended {
    pub(crate) fn new(client: AgentClient) -> Attended {
        let client = Arc::new(client);
        let attended = Arc::clone(&client);
        let attending = tokio::spawn(async move {
            let mut beat = interval(BEAT);
            beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let now = beat.tick().await;
                // One that does not answer is told of when it is needed.
                let _ = attended.read(now + BEAT).await;
            }
        });
        Attended { client, attending }
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        self.attending.abort();
    }
}

/// All links of a cluster.
pub(crate) struct DockerLinks {
    pub(crate) agents: BTreeMap<NodeId, Attended>,
    pub(crate) doors: BTreeMap<NodeId, Door>,
    pub(crate) subnet: Subnet,
    pub(crate) seed: Seed,
    /// What is in force; links that flow are not in it.
    pub(crate) states: BTreeMap<Link, LinkState>,
    /// Connections that are to be broken, until their agents have answered.
    pub(crate) breaks: Vec<Path>,
    /// What the agents said last.
    pub(crate) known: BTreeMap<NodeId, Vec<LinkFigures>>,
    /// What had happened on a fault's links when it was installed.
    pub(crate) before: BTreeMap<FaultId, Met>,
}

/// What agents say when something has come into force.
struct Figures {
    /// Since they began.
    links: BTreeMap<Link, LinkFigures>,
    /// Connections broken just now.
    broken: u64,
}

/// What one agent is to be told.
#[derive(Default)]
struct Told {
    wanted: Wanted,
    breaks: Vec<Path>,
}

impl DockerLinks {
    /// Brings links into these states, and returns what had happened on all links until then.
    async fn change(
        &mut self,
        changes: &[(Link, LinkState)],
        also: &[Link],
        by: Instant,
    ) -> Result<Figures, String> {
        for (link, to) in changes {
            let from = self.states.insert(*link, *to).unwrap_or_default();
            // Also if another fault holds the link on: this one ends in a reset.
            if from.hold == Some(LinkHeal::Reset) && to.hold != Some(LinkHeal::Reset) {
                self.breaks.extend(self.path(*link));
            }
            self.set_gate(*link, *to);
        }
        self.states.retain(|_, state| !state.is_clear());
        let links = changes.iter().map(|(link, _)| link).chain(also);
        let touched: BTreeSet<NodeId> = links.flat_map(|link| nodes_of(*link)).collect();
        self.tell(&touched, by).await
    }

    /// Tells these nodes' agents all that is to be in force there.
    async fn tell(&mut self, nodes: &BTreeSet<NodeId>, by: Instant) -> Result<Figures, String> {
        let mut told: BTreeMap<NodeId, Told> = BTreeMap::new();
        for node in nodes {
            let mine = |path: &&Path| judge(path.link) == Some(*node);
            let breaks = self.breaks.iter().filter(mine).copied().collect();
            told.insert(*node, Told { wanted: self.wanted(*node), breaks });
        }
        let asked = self.agents.iter().filter_map(|(node, agent)| {
            let Told { wanted, breaks } = told.remove(node)?;
            Some(async move {
                let set = agent.client.set(wanted, breaks, by).await;
                let failed = |error| format!("the agent of {node}: {error}");
                set.map(|state| (*node, state)).map_err(failed)
            })
        });
        let answers = join_all(asked).await;
        let (mut figures, mut broken, mut failures) = (BTreeMap::new(), 0, Vec::new());
        for answer in answers {
            match answer {
                Ok((node, state)) => {
                    // What an agent was not known to have broken is asked of it again.
                    self.breaks.retain(|path| judge(path.link) != Some(node));
                    broken += state.broken;
                    add_up(&mut figures, &state.links);
                    self.known.insert(node, state.links);
                }
                Err(reason) => failures.push(reason),
            }
        }
        if failures.is_empty() {
            Ok(Figures { links: figures, broken })
        } else {
            Err(failures.join("; "))
        }
    }

    /// Everything that is to be in force in a node's namespace.
    fn wanted(&self, node: NodeId) -> Wanted {
        let mut wanted = Wanted::default();
        for (link, state) in &self.states {
            if judge(*link) == Some(node)
                && let Some(fate) = fate(*link, *state)
                && let Some(path) = self.path(*link)
            {
                wanted.cuts.push(Cut { path, fate });
            }
            if let (LinkEnd::Node(from), LinkEnd::Node(to)) = (link.from, link.to)
                && from == node
                && !state.packet.is_clear()
            {
                let peer = self.subnet.node(to);
                let seed = self.seed.child(&link.to_string()).0;
                wanted.packets.push(Harm { link: *link, peer, fault: state.packet, seed });
            }
        }
        wanted
    }

    /// A link as packets of the namespace in which it is judged.
    fn path(&self, link: Link) -> Option<Path> {
        let (way, peer, port) = match (link.from, link.to) {
            (LinkEnd::Node(from), LinkEnd::Node(_)) => (Way::In, self.subnet.node(from), PEER_PORT),
            (LinkEnd::Harness, LinkEnd::Node(_)) => (Way::In, self.subnet.gateway(), CLIENT_PORT),
            (LinkEnd::Node(_), LinkEnd::Harness) => (Way::Out, self.subnet.gateway(), CLIENT_PORT),
            (LinkEnd::Harness, LinkEnd::Harness) => return None,
        };
        Some(Path { link, way, peer, port })
    }

    /// What of a client link's state is the proxy's part: all but holding, which the agent does.
    fn set_gate(&self, link: Link, state: LinkState) {
        if let Some(gate) = self.gate(link) {
            gate.set(LinkState { hold: None, ..state });
        }
    }

    fn gate(&self, link: Link) -> Option<&Gate> {
        match (link.from, link.to) {
            (LinkEnd::Harness, LinkEnd::Node(node)) => Some(&self.doors.get(&node)?.requests),
            (LinkEnd::Node(node), LinkEnd::Harness) => Some(&self.doors.get(&node)?.replies),
            _ => None,
        }
    }

    /// What happened on these links so far.
    fn met(&self, links: &[Link], figures: &Figures) -> Met {
        let mut met = Met { broken: figures.broken, ..Met::default() };
        for link in links {
            if let Some(figures) = figures.links.get(link) {
                met = met.with(figures);
            }
            let counters = self.gate(*link).map(Gate::counters);
            met.counters = met.counters + counters.unwrap_or_default();
        }
        met
    }
}

impl Links for DockerLinks {
    fn install<'a>(
        &'a mut self,
        fault: &'a Fault,
        changes: &'a [(Link, LinkState)],
        by: Instant,
    ) -> BoxFuture<'a, Result<String, String>> {
        Box::pin(async move {
            // Should nobody answer, it counts from what was known last.
            let mut known = Figures { links: BTreeMap::new(), broken: 0 };
            self.known.values().for_each(|links| add_up(&mut known.links, links));
            self.before.insert(fault.id, self.met(&fault.links, &known));
            let figures = self.change(changes, &fault.links, by).await?;
            self.before.insert(fault.id, self.met(&fault.links, &figures));
            Ok(evidence::at_install(&fault.links, fault.kind))
        })
    }

    fn heal<'a>(
        &'a mut self,
        fault: &'a Fault,
        changes: &'a [(Link, LinkState)],
        by: Instant,
    ) -> BoxFuture<'a, Result<(String, bool), String>> {
        Box::pin(async move {
            let figures = self.change(changes, &fault.links, by).await?;
            let now = self.met(&fault.links, &figures);
            let met = now - self.before.remove(&fault.id).unwrap_or_default();
            Ok((evidence::during(&fault.links, fault.kind, met), met.is_any(fault.kind)))
        })
    }

    fn clear(&mut self, by: Instant) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let held: Vec<_> =
                self.states.keys().map(|link| (*link, LinkState::default())).collect();
            self.before.clear();
            let all: Vec<Link> = self.agents.keys().map(|node| Link::requests(*node)).collect();
            self.change(&held, &all, by).await.map(|_| ())
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            for door in self.doors.into_values() {
                door.proxy.close().await;
            }
        })
    }
}

/// In whose namespace a link is cut: the receiving node's, or the only node's.
const fn judge(link: Link) -> Option<NodeId> {
    match (link.from, link.to) {
        (_, LinkEnd::Node(to)) => Some(to),
        (LinkEnd::Node(from), LinkEnd::Harness) => Some(from),
        (LinkEnd::Harness, LinkEnd::Harness) => None,
    }
}

fn nodes_of(link: Link) -> impl Iterator<Item = NodeId> {
    [link.from, link.to].into_iter().filter_map(|end| match end {
        LinkEnd::Node(node) => Some(node),
        LinkEnd::Harness => None,
    })
}

/// What the rules of a link's namespace do to its packets. Client links are refused and reset by
/// the proxy, which alone sees a client's connection.
fn fate(link: Link, state: LinkState) -> Option<CutFate> {
    let is_client = link.from == LinkEnd::Harness || link.to == LinkEnd::Harness;
    match state {
        LinkState { reset: true, .. } if !is_client => Some(CutFate::Reset),
        LinkState { hold: Some(_), .. } => Some(CutFate::Drop),
        LinkState { refuse: true, .. } if !is_client => Some(CutFate::Refuse),
        _ => None,
    }
}

fn add_up(sum: &mut BTreeMap<Link, LinkFigures>, links: &[LinkFigures]) {
    for figures in links {
        sum.entry(figures.link)
            .and_modify(|sum| {
                // A link is cut at one end and harmed at the other.
                sum.cut_packets += figures.cut_packets;
                sum.cut_bytes += figures.cut_bytes;
                sum.harmed = sum.harmed + figures.harmed;
            })
            .or_insert(*figures);
    }
}
