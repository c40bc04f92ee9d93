//! What containers are made of, and how they are made and removed.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};

use bollard::models::{
    ContainerCreateBody, DeviceMapping, EndpointIpamConfig, EndpointSettings, HostConfig,
    HostConfigLogConfig, NetworkingConfig, PortBinding, RestartPolicy, RestartPolicyNameEnum,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, LogsOptionsBuilder,
    RemoveContainerOptionsBuilder, StartContainerOptions,
};
use futures_util::StreamExt;
use tokio::time::{Duration, timeout};
use tribunal_cluster::{ClusterError, Ledger, LedgerEntry, NodeSpec};
use tribunal_history::NodeId;

use crate::engine::{Engine, said, status};
use crate::image::{DATA, NOBODY, PROGRAM};
use crate::labels;
use crate::limits::Limits;
use crate::network::Network;

/// Ports of every node: for peers, which is not published, for clients and for the controller.
pub(crate) const PEER_PORT: u16 = 7_001;
pub(crate) const CLIENT_PORT: u16 = 7_000;
pub(crate) const ADMIN_PORT: u16 = 7_002;
/// Where its agent listens.
pub(crate) const AGENT_PORT: u16 = 7_003;

/// The variable that tells an agent the run's token.
pub const TOKEN_VARIABLE: &str = "TRIBUNAL_TOKEN";

/// The device by which an agent gets packets to harm.
pub(crate) const TUN: &str = "/dev/net/tun";

/// An agent needs little: this is for its packets in flight.
const AGENT_MEMORY: i64 = 256 << 20;

/// Most of a container's last lines that is shown.
const WORDS_BYTES_MAX: usize = 4 * 1024;
/// How long each of them may take.
const WORDS: Duration = Duration::from_secs(2);

/// Where things of one container are seen from the controller's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) client: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) agent: SocketAddr,
}

/// What a run's containers have in common.
pub(crate) struct Maker<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) ledger: &'a Ledger,
    pub(crate) image: &'a str,
}

impl Maker<'_> {
    /// Makes a node's agent, which is not started; whether it may have a TUN device is said, too.
    ///
    /// # Errors
    /// If the engine refuses.
    pub(crate) async fn agent(
        &self,
        node: NodeId,
        network: &Network,
        token: &str,
        with_tun: bool,
    ) -> Result<String, bollard::errors::Error> {
        let address = network.subnet.node(node);
        let mut labels = labels::of_node(self.ledger.mark(), node);
        labels.insert(labels::AGENT_LABEL.into(), "yes".into());
        let body = ContainerCreateBody {
            image: Some(self.image.to_owned()),
            hostname: Some(node.to_string()),
            user: Some("0".into()),
            cmd: Some(vec!["agent".into(), "run".into(), format!("--listen=0.0.0.0:{AGENT_PORT}")]),
            env: Some(vec![format!("{TOKEN_VARIABLE}={token}")]),
            labels: Some(labels),
            exposed_ports: Some([CLIENT_PORT, ADMIN_PORT, AGENT_PORT].map(port_name).into()),
            host_config: Some(agent_limits(&network.name, with_tun)),
            networking_config: Some(at_address(&network.name, address)),
            ..Default::default()
        };
        self.create(&labels::agent_name(self.ledger.mark(), node), body).await
    }

    /// Makes a node, which is not started, in its agent's namespaces.
    ///
    /// # Errors
    /// If the engine refuses.
    pub(crate) async fn node(
        &self,
        node: NodeId,
        spec: &NodeSpec,
        limits: Limits,
    ) -> Result<String, bollard::errors::Error> {
        let agent = format!("container:{}", labels::agent_name(self.ledger.mark(), node));
        let env = spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let body = ContainerCreateBody {
            image: Some(self.image.to_owned()),
            user: Some(format!("{NOBODY}:{NOBODY}")),
            working_dir: Some(DATA.into()),
            entrypoint: Some(vec![PROGRAM.into()]),
            cmd: Some(spec.args.clone()),
            env: Some(env),
            labels: Some(labels::of_node(self.ledger.mark(), node)),
            host_config: Some(HostConfig {
                network_mode: Some(agent.clone()),
                // When the agent ends, the kernel ends all that is in its namespace; what is
                // paused, on cgroup v1, only when it is continued.
                pid_mode: Some(agent),
                memory: Some(limits.memory),
                memory_swap: Some(limits.memory),
                nano_cpus: limits.nano_cpus,
                pids_limit: Some(limits.pids),
                ..without_rights()
            }),
            ..Default::default()
        };
        self.create(&labels::node_name(self.ledger.mark(), node), body).await
    }

    async fn create(
        &self,
        name: &str,
        body: ContainerCreateBody,
    ) -> Result<String, bollard::errors::Error> {
        let entry = LedgerEntry::Object { kind: "container".into(), name: name.to_owned() };
        self.ledger.enter(&entry).map_err(|error| bollard::errors::Error::IOError {
            err: std::io::Error::other(error.to_string()),
        })?;
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        let made = self.engine.docker().create_container(Some(options), body);
        Ok(self.engine.bounded(made).await?.id)
    }
}

fn port_name(port: u16) -> String {
    format!("{port}/tcp")
}

fn agent_limits(network: &str, with_tun: bool) -> HostConfig {
    let tun = DeviceMapping {
        path_on_host: Some(TUN.into()),
        path_in_container: Some(TUN.into()),
        cgroup_permissions: Some("rw".into()),
    };
    // On the engine's own loopback address, and on a port it chooses.
    let near = PortBinding { host_ip: Some("127.0.0.1".into()), host_port: Some(String::new()) };
    let ports = [CLIENT_PORT, ADMIN_PORT, AGENT_PORT]
        .map(|port| (port_name(port), Some(vec![near.clone()])));
    HostConfig {
        network_mode: Some(network.to_owned()),
        port_bindings: Some(HashMap::from(ports)),
        cap_add: Some(vec!["NET_ADMIN".into(), "NET_RAW".into()]),
        devices: with_tun.then(|| vec![tun]),
        // Replies of a peer to whom packets go through the TUN device come in by another.
        sysctls: Some(HashMap::from([("net.ipv4.conf.all.rp_filter".into(), "2".into())])),
        readonly_rootfs: Some(true),
        memory: Some(AGENT_MEMORY),
        memory_swap: Some(AGENT_MEMORY),
        pids_limit: Some(64),
        ..without_rights()
    }
}

/// What every container has: no rights, little log, and nobody who starts it again.
fn without_rights() -> HostConfig {
    HostConfig {
        cap_drop: Some(vec!["ALL".into()]),
        security_opt: Some(vec!["no-new-privileges".into()]),
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".into()),
            config: Some(HashMap::from([("max-size".into(), "4m".into())])),
        }),
        restart_policy: Some(RestartPolicy {
            name: Some(RestartPolicyNameEnum::NO),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn at_address(network: &str, address: Ipv4Addr) -> NetworkingConfig {
    let settings = EndpointSettings {
        ipam_config: Some(EndpointIpamConfig {
            ipv4_address: Some(address.to_string()),
            ..Default::default()
        }),
        ..Default::default()
    };
    NetworkingConfig { endpoints_config: Some(HashMap::from([(network.to_owned(), settings)])) }
}

/// Whether a refusal is about the TUN device, which the engine's machine has not.
pub(crate) fn lacks_tun(error: &bollard::errors::Error) -> bool {
    said(error).contains(TUN)
}

/// Starts a container; one that runs already is no error.
pub(crate) async fn start(engine: &Engine, id: &str) -> Result<(), bollard::errors::Error> {
    engine.bounded(engine.docker().start_container(id, None::<StartContainerOptions>)).await
}

/// Where an agent's container publishes its ports.
pub(crate) async fn published(
    engine: &Engine,
    node: NodeId,
    id: &str,
) -> Result<Published, ClusterError> {
    let failed = |reason: String| ClusterError::Start { node, reason };
    let said = engine.docker().inspect_container(id, None::<InspectContainerOptions>).await;
    let said =
        said.map_err(|error| failed(format!("its agent: {}", crate::engine::said(&error))))?;
    if let Some(state) = &said.state
        && state.running == Some(false)
    {
        let code = state.exit_code.unwrap_or_default();
        let words = last_words(engine, id).await;
        return Err(failed(format!("its agent ended at once with exit status {code}{words}")));
    }
    let ports = said.network_settings.and_then(|network| network.ports).unwrap_or_default();
    let find = |port: u16| {
        let bound = ports.get(&port_name(port)).and_then(Option::as_ref);
        let bound = bound.and_then(|bound| {
            let port = bound.first()?.host_port.as_deref()?.parse().ok()?;
            Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        });
        bound.ok_or_else(|| failed(format!("the engine published no port for {port}")))
    };
    Ok(Published { client: find(CLIENT_PORT)?, admin: find(ADMIN_PORT)?, agent: find(AGENT_PORT)? })
}

/// The last lines a container printed, for an explanation; nothing if they cannot be had.
pub(crate) async fn last_words(engine: &Engine, id: &str) -> String {
    let options = LogsOptionsBuilder::default().stdout(true).stderr(true).tail("10").build();
    let mut lines = engine.docker().logs(id, Some(options));
    let mut words = String::new();
    // An engine that does not finish its answer is not waited for: the words are an extra.
    while let Ok(Some(Ok(line))) = timeout(WORDS, lines.next()).await {
        if words.len() < WORDS_BYTES_MAX {
            words.push_str(&line.to_string());
        }
    }
    if words.is_empty() { words } else { format!("; its last lines:\n{}", words.trim_end()) }
}

/// Removes a container, running or not; one that is gone, or going, is no error.
pub(crate) async fn remove(engine: &Engine, id: &str) -> Result<(), String> {
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    match engine.bounded(engine.docker().remove_container(id, Some(options))).await {
        Ok(()) => Ok(()),
        Err(error) if matches!(status(&error), Some(404 | 409)) => Ok(()),
        Err(error) => Err(said(&error)),
    }
}
