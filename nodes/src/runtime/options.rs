use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tribunal_history::{NodeId, Seed};

use crate::{ClockFault, Config};

use super::NodeError;

/// Everything a node process is told: the content of the file given to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeOptions {
    /// Who the node is.
    pub node: NodeId,
    /// Which core it runs, by its name in [`crate::CORES`].
    pub core: String,
    /// Its core's configuration.
    pub config: Config,
    /// The cluster's identity, as the run's id: peers and disks of another one are refused.
    pub cluster: String,
    /// Its data directory; made if it does not exist. The store is in a folder `store` of it.
    pub data: PathBuf,
    /// Where it listens for peers.
    pub peer_address: SocketAddr,
    /// Where it listens for clients.
    pub client_address: SocketAddr,
    /// Where it listens for the controller; used only with a token.
    pub admin_address: SocketAddr,
    /// Its peers, as it must dial them.
    pub peers: Vec<(NodeId, SocketAddr)>,
    /// What the controller must say first; without it there is no admin channel.
    pub token: Option<String>,
    /// Whether the disk holds back what is not synced ([`crate::LossyDisk`]).
    pub lossy: bool,
    /// Clock faults in force at the start, in order.
    pub clock: Vec<ClockFault>,
    /// The run's seed; the node takes a child of it.
    pub seed: Seed,
    /// How often the node was started before.
    pub incarnation: u32,
    /// The process that must be its parent: the node dies with it. Linux sends the signal when the
    /// *thread* that started the node ends, so that thread must live as long as the controller.
    pub parent_pid: Option<i32>,
    /// Whether per-entry notes go to the log, too.
    pub verbose: bool,
}

impl NodeOptions {
    /// Options of a node of one that nobody controls, on ports the system chooses.
    pub fn new(node: NodeId, core: &str, config: Config, data: impl Into<PathBuf>) -> NodeOptions {
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        NodeOptions {
            node,
            core: core.to_owned(),
            config,
            cluster: "alone".to_owned(),
            data: data.into(),
            peer_address: any_port,
            client_address: any_port,
            admin_address: any_port,
            peers: Vec::new(),
            token: None,
            lossy: false,
            clock: Vec::new(),
            seed: Seed(0),
            incarnation: 0,
            parent_pid: None,
            verbose: false,
        }
    }

    /// The options in a JSON file.
    ///
    /// # Errors
    /// If it cannot be read or does not hold options.
    pub fn read(file: &Path) -> Result<NodeOptions, NodeError> {
        let name = file.display().to_string();
        let text = std::fs::read(file)
            .map_err(|source| NodeError::OptionsFile { file: name.clone(), source })?;
        serde_json::from_slice(&text)
            .map_err(|source| NodeError::Options { file: name, what: source.to_string() })
    }
}
