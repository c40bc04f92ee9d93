use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tracing::Dispatch;
use tribunal_history::{Nanos, NodeId};

use crate::bugs::ACK_BEFORE_FSYNC;
use crate::store::{RecordStore, store_exists};
use crate::{
    CLIENT_PROTOCOL, ClockModel, Core, CoreVisitor, Hello, LossyDisk, RealDisk, Recovered, visit,
};

use super::admin::Admin;
use super::clients::Clients;
use super::driver::{Driver, Sources, World};
use super::identity::Identity;
use super::inbox::{AdminInput, INBOX_MAX, Input};
use super::peer_in::{PeerHello, PeerIn};
use super::peer_out::{PeerOut, PeerQueue};
use super::store_thread::{NodeDisk, StoreThread};
use super::{NodeError, NodeOptions, framing, log};

/// Runs a node until it is killed: the body of a node process.
///
/// Prints `ready <node>` on stdout when it listens everywhere and has recovered. The log goes to
/// stderr, an error to the caller: it is to be printed as one line and become the process's exit
/// code ([`NodeError::exit_code`]).
///
/// # Errors
/// If the node cannot start, or its disk fails.
pub fn run(options: NodeOptions) -> Result<(), NodeError> {
    struct Runner(NodeOptions);

    impl CoreVisitor for Runner {
        type Out = Result<(), NodeError>;
        fn visit<C: Core>(self) -> Self::Out {
            run_core::<C>(self.0)
        }
    }

    let name = options.core.clone();
    visit(&name, Runner(options)).unwrap_or(Err(NodeError::UnknownCore(name)))
}

/// As [`run`], with a core that need not be in the registry.
///
/// # Errors
/// As [`run`].
pub fn run_core<C: Core>(options: NodeOptions) -> Result<(), NodeError> {
    // Kept to the end: a node stops only when it is killed.
    let (_never, stop) = oneshot::channel();
    let node = options.node;
    let announce = |_: &Bound| {
        let mut stdout = std::io::stdout();
        // A controller that does not read is no reason to stop.
        let _ = writeln!(stdout, "ready {node}").and_then(|()| stdout.flush());
    };
    serve::<C>(options, stop, announce)
}

/// Where a node listens, for who started it on ports the system chose.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    pub(super) peer: SocketAddr,
    pub(super) client: SocketAddr,
    pub(super) admin: Option<SocketAddr>,
}

/// Runs a node until `stop` is sent or dropped; says once when it is ready.
pub(super) fn serve<C: Core>(
    options: NodeOptions,
    stop: oneshot::Receiver<()>,
    announce: impl FnOnce(&Bound),
) -> Result<(), NodeError> {
    let started = Instant::now();
    die_with_parent(options.parent_pid)?;
    let log = log::dispatch(options.node, started, options.verbose);
    tracing::dispatcher::with_default(&log.clone(), || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| NodeError::Process { what: "start the runtime", source })?;
        runtime.block_on(start::<C>(options, started, log, stop, announce))
    })
}

async fn start<C: Core>(
    options: NodeOptions,
    started: Instant,
    log: Dispatch,
    stop: oneshot::Receiver<()>,
    announce: impl FnOnce(&Bound),
) -> Result<(), NodeError> {
    let clock = clock(&options, started)?;
    let listeners = Listeners::bind(&options).await?;
    let bound = listeners.addresses()?;
    let (store, recovered) = open_store::<C>(&options)?;
    let core = C::recover(&options.config, options.node, recovered)
        .map_err(|source| NodeError::Refused { directory: directory(&options), source })?;
    let ack_before_fsync = options.config.bugs.has(ACK_BEFORE_FSYNC.name);
    let store = StoreThread::start(store, ack_before_fsync, log)
        .map_err(|source| NodeError::Process { what: "start the store's thread", source })?;
    let (to_inbox, inbox) = mpsc::channel(INBOX_MAX);
    let (to_admin, admin) = mpsc::channel(INBOX_MAX);
    let peers = spawn_peers(&options);
    listeners.spawn(&options, to_inbox, to_admin);
    let seed = options.seed.child_at("node", options.node.0.into());
    let random = seed.child_at("incarnation", options.incarnation.into()).random();
    let Bound { peer, client, admin: controller } = bound;
    tracing::info!(%peer, %client, ?controller, core = options.core, "ready");
    announce(&bound);
    let driver = Driver::new(core, World { started, clock, random }, peers, store.asks);
    let done = driver.run(Sources { inbox, admin, store: store.said, stop }).await;
    // The driver was the last to hold the way in, so the thread ends. If it panicked, the panic is
    // on stderr and the driver has said that the store stopped.
    let _ = store.thread.join();
    done
}

/// Starts the ways to the peers.
fn spawn_peers<M>(options: &NodeOptions) -> BTreeMap<NodeId, PeerQueue<M>>
where
    M: Serialize + Send + 'static,
{
    let hello = framing::frame(&PeerHello::new(&options.cluster, options.node));
    let spawn = |peer: &(NodeId, SocketAddr)| {
        let (queue, task) = PeerOut::new(*peer, hello.clone(), &options.config);
        tokio::spawn(task.run());
        (peer.0, queue)
    };
    options.peers.iter().map(spawn).collect()
}

struct Listeners {
    peer: TcpListener,
    client: TcpListener,
    admin: Option<TcpListener>,
}

impl Listeners {
    async fn bind(options: &NodeOptions) -> Result<Listeners, NodeError> {
        let admin = match options.token {
            Some(_) => Some(bind("the controller", options.admin_address).await?),
            None => None,
        };
        Ok(Listeners {
            peer: bind("peers", options.peer_address).await?,
            client: bind("clients", options.client_address).await?,
            admin,
        })
    }

    /// Begins to accept.
    fn spawn<M>(
        self,
        options: &NodeOptions,
        inbox: mpsc::Sender<Input<M>>,
        driver: mpsc::Sender<AdminInput>,
    ) where
        M: DeserializeOwned + Send + 'static,
    {
        let peers = options.peers.iter().map(|(peer, _)| *peer).collect();
        tokio::spawn(PeerIn::new(&options.cluster, peers, inbox.clone()).run(self.peer));
        let hello = framing::frame(&Hello { protocol: CLIENT_PROTOCOL, node: options.node });
        tokio::spawn(Clients::new(hello, inbox).run(self.client));
        if let (Some(listener), Some(token)) = (self.admin, &options.token) {
            tokio::spawn(Admin::new(options.node, token.clone(), driver).run(listener));
        }
    }

    fn addresses(&self) -> Result<Bound, NodeError> {
        let of = |listener: &TcpListener| {
            listener
                .local_addr()
                .map_err(|source| NodeError::Process { what: "learn its own address", source })
        };
        Ok(Bound {
            peer: of(&self.peer)?,
            client: of(&self.client)?,
            admin: self.admin.as_ref().map(of).transpose()?,
        })
    }
}

async fn bind(what: &'static str, address: SocketAddr) -> Result<TcpListener, NodeError> {
    TcpListener::bind(address).await.map_err(|source| NodeError::Listen { what, address, source })
}

/// The node's clocks, with the faults in force.
fn clock(options: &NodeOptions, started: Instant) -> Result<ClockModel, NodeError> {
    #[expect(clippy::disallowed_methods, reason = "a node's wall clock begins at the time of day")]
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut clock = ClockModel::new(Nanos::from(wall.saturating_sub(started.elapsed())));
    for fault in &options.clock {
        clock.apply(Nanos::ZERO, *fault)?;
    }
    Ok(clock)
}

fn directory(options: &NodeOptions) -> String {
    options.data.display().to_string()
}

type Opened<C> = (RecordStore<NodeDisk, <C as Core>::Record>, Recovered<<C as Core>::Record>);

/// Opens the store of this node on its disk, and no other node's.
fn open_store<C: Core>(options: &NodeOptions) -> Result<Opened<C>, NodeError> {
    let foreign = |what| NodeError::ForeignData { directory: directory(options), what };
    let mut disk = LossyDisk::new(RealDisk::new(options.data.join("store"))?)?;
    if !options.lossy {
        disk.write_through()?;
    }
    let owner = Identity::read(&mut disk)?.map_err(foreign)?;
    let me = Identity { node: options.node, cluster: options.cluster.clone() };
    if let Some(what) = me.objection(owner.as_ref(), !store_exists(&mut disk)?) {
        return Err(foreign(what));
    }
    let opened = RecordStore::<_, C::Record>::open_with(disk, options.config.segment_bytes);
    let (mut store, opened) =
        opened.map_err(|source| NodeError::Store { directory: directory(options), source })?;
    if owner.is_none() {
        me.write(store.store_mut().disk_mut())?;
    }
    if let Some(repair) = &opened.repair {
        tracing::info!("{repair}");
    }
    Ok((store, opened.recovered))
}

/// Makes sure that the node does not outlive who started it.
fn die_with_parent(parent: Option<i32>) -> Result<(), NodeError> {
    let Some(expected) = parent else { return Ok(()) };
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL).map_err(|error| {
        NodeError::Process { what: "ask to die with the controller", source: error.into() }
    })?;
    // Asked after the signal was: a parent that died in between is noticed here.
    let found = nix::unistd::getppid().as_raw();
    if found == expected { Ok(()) } else { Err(NodeError::Orphaned { expected, found }) }
}
