//! Nodes in containers.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};
use tribunal_cluster::{
    Addresses, BoxFuture, ClusterError, Gate, Host, Ledger, LedgerEntry, LiveCluster, LiveOptions,
    Logs, Place, Proxy, ProxyOptions, Site, Unsupported,
};
use tribunal_history::{Fault, Nanos, NodeId, Seed};

use crate::agent_client::AgentClient;
use crate::containers::{self, ADMIN_PORT, CLIENT_PORT, Maker, PEER_PORT, Published};
use crate::engine::{Engine, cannot, said, status};
use crate::image::{DATA, Image};
use crate::limits::Limits;
use crate::links::{Attended, DockerLinks, Door};
use crate::network::{NODES_MAX, Network};
use crate::process::ContainerLauncher;
use crate::protocol::Abilities;
use crate::{supported, sweep};

/// How long an agent may take from its start until it answers.
const AGENT: Duration = Duration::from_secs(15);

/// How long the engine may take to finish what it was asked for in a set-up that was given up.
const UNDER_WAY: Duration = Duration::from_secs(2);

/// Most connections at once that clients have to one node.
const CONNECTIONS_MAX: usize = 1_024;

/// What a Docker cluster needs to know.
#[derive(Clone, Debug)]
pub struct DockerOptions {
    /// The run's folder; the nodes' logs come to `nodes/<n>/` in it.
    pub folder: PathBuf,
    /// The run's ledger, which also knows the run's id.
    pub ledger: Arc<Ledger>,
    /// What the controller says to nodes.
    pub token: String,
    /// What it says to agents, which nodes must not know.
    pub agent_token: String,
    /// Whether disks lose unsynced bytes at a kill: the run has power faults.
    pub lossy: bool,
    /// Whether every note of the nodes is wanted, or only roles, terms and marks.
    pub all_notes: bool,
    /// When the run began; all times in commands count from here.
    pub origin: Instant,
    /// The program the image is made of: this one.
    pub program: PathBuf,
    /// What each node may use.
    pub limits: Limits,
    /// From which the fates of packets are drawn.
    pub seed: Seed,
}

/// Nodes in containers of a Docker engine.
pub type DockerCluster = LiveCluster<DockerHost>;

/// A cluster in containers that is not set up yet.
pub fn docker_cluster(options: DockerOptions) -> DockerCluster {
    let live = LiveOptions {
        folder: options.folder.clone(),
        run_id: options.ledger.mark().run_id.clone(),
        token: options.token.clone(),
        lossy: options.lossy,
        all_notes: options.all_notes,
        origin: options.origin,
    };
    let host = DockerHost {
        options,
        engine: None,
        abilities: Abilities::default(),
        is_made: false,
        took: Vec::new(),
    };
    LiveCluster::on(host, live)
}

/// A Docker engine as a place for nodes.
pub struct DockerHost {
    options: DockerOptions,
    /// There is one once anything can have been made.
    engine: Option<Engine>,
    /// What every agent can do.
    abilities: Abilities,
    /// Whether `open` has come to its end.
    is_made: bool,
    took: Vec<(String, Nanos)>,
}

/// One node's agent, once it answers.
struct Agent {
    node: NodeId,
    published: Published,
    client: AgentClient,
    abilities: Abilities,
    door: Door,
}

impl DockerHost {
    async fn make(&mut self, nodes: u16) -> Result<Site, ClusterError> {
        if nodes == 0 || nodes > NODES_MAX {
            return Err(ClusterError::Environment {
                what: format!("a Docker cluster of {nodes} nodes"),
                remedy: format!("ask for 1 to {NODES_MAX}"),
            });
        }
        let began = Instant::now();
        let engine = Engine::connect().await?;
        let began = self.note("connect to the engine", began);
        self.engine = Some(engine.clone());
        let image = Image::ensure(&engine, &self.options.program).await?;
        let how = if image.is_new { "make the image" } else { "find the image" };
        let began = self.note(how, began);
        let network = Network::create(&engine, &self.options.ledger).await?;
        let began = self.note("create the network", began);
        let agents = NodeId::all(nodes).map(|node| self.agent(&engine, &image, &network, node));
        // All of them, also when one fails: what is under way cannot be swept.
        let agents: Vec<_> = join_all(agents).await;
        let agents: Vec<Agent> = agents.into_iter().collect::<Result<_, _>>()?;
        self.note("start the agents", began);
        self.abilities = merge(agents.iter().map(|agent| &agent.abilities));
        let mut links = DockerLinks {
            agents: BTreeMap::new(),
            doors: BTreeMap::new(),
            subnet: network.subnet,
            seed: self.options.seed.child("packets"),
            states: BTreeMap::new(),
            breaks: Vec::new(),
            known: BTreeMap::new(),
            before: BTreeMap::new(),
        };
        let mut places = BTreeMap::new();
        for agent in agents {
            let place = self.place(&engine, &image, &network, (&agent, nodes))?;
            places.insert(agent.node, place);
            links.agents.insert(agent.node, Attended::new(agent.client));
            links.doors.insert(agent.node, agent.door);
        }
        self.is_made = true;
        Ok(Site { places, links: Box::new(links) })
    }

    /// Notes how long something took, and returns the time now.
    fn note(&mut self, what: &str, began: Instant) -> Instant {
        self.took.push((format!("set up: {what}"), Nanos::from(began.elapsed())));
        Instant::now()
    }

    async fn agent(
        &self,
        engine: &Engine,
        image: &Image,
        network: &Network,
        node: NodeId,
    ) -> Result<Agent, ClusterError> {
        let token = &self.options.agent_token;
        let failed = |reason: String| ClusterError::Start { node, reason };
        let maker = Maker { engine, ledger: &self.options.ledger, image: &image.name };
        let cannot_make = |error| cannot(&format!("make the agent of {node}"), &error);
        let mut made = maker.agent(node, network, token, true).await;
        if made.as_ref().is_err_and(|error| status(error) == Some(404)) {
            // Somebody has removed the image since it was found.
            Image::ensure(engine, &self.options.program).await?;
            made = maker.agent(node, network, token, true).await;
        }
        let mut id = made.map_err(cannot_make)?;
        if let Err(error) = containers::start(engine, &id).await {
            if !containers::lacks_tun(&error) {
                return Err(cannot(&format!("start the agent of {node}"), &error));
            }
            containers::remove(engine, &id).await.map_err(failed)?;
            id = maker.agent(node, network, token, false).await.map_err(cannot_make)?;
            let started = containers::start(engine, &id).await;
            started.map_err(|error| failed(format!("its agent: {}", said(&error))))?;
        }
        let published = containers::published(engine, node, &id).await?;
        let by = Instant::now() + AGENT;
        let reached = AgentClient::connect(published.agent, token.clone(), by).await;
        let (client, abilities) = match reached {
            Ok(reached) => reached,
            Err(error) => {
                let words = containers::last_words(engine, &id).await;
                return Err(failed(format!("its agent: {error}{words}")));
            }
        };
        let seed = self.options.seed.child("links").child(&node.to_string());
        let door = open_door(published.client, seed).await?;
        Ok(Agent { node, published, client, abilities, door })
    }

    fn place(
        &self,
        engine: &Engine,
        image: &Image,
        network: &Network,
        (agent, nodes): (&Agent, u16),
    ) -> Result<Place, ClusterError> {
        let node = agent.node;
        let folder = self.options.folder.join("nodes").join(node.to_string());
        std::fs::create_dir_all(&folder).map_err(|source| ClusterError::File {
            action: "create",
            path: folder.clone(),
            source,
        })?;
        let at = |node, port| SocketAddr::from((network.subnet.node(node), port));
        let peers = NodeId::all(nodes).filter(|peer| *peer != node);
        let launcher = ContainerLauncher {
            engine: engine.clone(),
            ledger: Arc::clone(&self.options.ledger),
            image: image.name.clone(),
            program: self.options.program.clone(),
            limits: self.options.limits,
            logs: Logs::create(&folder)?,
            client: agent.published.client,
            made: None,
        };
        Ok(Place {
            data: DATA.into(),
            addresses: Addresses {
                peer: at(node, PEER_PORT),
                client: at(node, CLIENT_PORT),
                admin: at(node, ADMIN_PORT),
                peers: peers.map(|peer| (peer, at(peer, PEER_PORT))).collect(),
            },
            admin: agent.published.admin,
            endpoint: agent.door.proxy.address(),
            parent: None,
            launcher: Box::new(launcher),
        })
    }
}

async fn open_door(upstream: SocketAddr, seed: Seed) -> Result<Door, ClusterError> {
    let gate = |way| Arc::new(Gate::new(seed.child(way)));
    let (requests, replies) = (gate("requests"), gate("replies"));
    let listen = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let proxy = Proxy::open(ProxyOptions {
        listen,
        upstream,
        ahead: Arc::clone(&requests),
        back: Arc::clone(&replies),
        connections_max: CONNECTIONS_MAX,
    });
    let proxy = proxy.await.map_err(|source| ClusterError::Address {
        address: format!("{listen} for clients"),
        source,
    })?;
    Ok(Door { proxy, requests, replies })
}

/// What every agent can do: of each lack the first reason.
fn merge<'a>(all: impl Iterator<Item = &'a Abilities>) -> Abilities {
    all.fold(Abilities::default(), |sum, one| Abilities {
        no_cuts: sum.no_cuts.or_else(|| one.no_cuts.clone()),
        no_packets: sum.no_packets.or_else(|| one.no_packets.clone()),
        no_breaks: sum.no_breaks.or_else(|| one.no_breaks.clone()),
    })
}

impl Host for DockerHost {
    fn open(&mut self, nodes: u16) -> BoxFuture<'_, Result<Site, ClusterError>> {
        Box::pin(self.make(nodes))
    }

    fn supports(&self, fault: &Fault) -> Result<(), Unsupported> {
        supported::check(fault, &self.abilities)
    }

    fn sweep(&mut self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async move {
            let Some(engine) = &self.engine else { return Vec::new() };
            let mark = self.options.ledger.mark();
            let mut left = sweep::run(engine, mark).await;
            if !self.is_made {
                // The engine goes on with what it was asked for, though nobody waits any more.
                sleep(UNDER_WAY).await;
                left = sweep::run(engine, mark).await;
            }
            // Without this line `clean` asks the engine about what is gone.
            if left.is_empty()
                && let Err(error) = self.options.ledger.enter(&LedgerEntry::ObjectsGone)
            {
                tracing::warn!("{error}");
            }
            left
        })
    }

    fn facts(&self) -> Vec<(String, String)> {
        let Some(engine) = &self.engine else { return Vec::new() };
        let limits = self.options.limits;
        let cpus = limits.nano_cpus.map_or_else(String::new, |nanos| {
            format!(
                ", {}.{:02} processors",
                nanos / 1_000_000_000,
                nanos % 1_000_000_000 / 10_000_000
            )
        });
        let fact = |name: &str, value: String| (name.to_owned(), value);
        vec![
            fact("docker engine", format!("{}, API {}", engine.version, engine.api)),
            fact("container kernel", engine.kernel.clone()),
            fact(
                "container limits",
                format!("{} MiB{cpus}, {} tasks", limits.memory >> 20, limits.pids),
            ),
        ]
    }

    fn timings(&self) -> Vec<(String, Nanos)> {
        self.took.clone()
    }
}
