//! The agent inside a node's network namespace: it cuts and harms links from within.
//!
//! It needs CAP_NET_ADMIN for cuts, breaks and routes, CAP_NET_RAW for sending packets on, and
//! `/dev/net/tun`; what is lacking it says in its [`Abilities`]. It
//! calls no other program.

mod breaks;
mod cuts;
mod namespace;
mod netlink;
mod packets;
mod routes;
mod server;

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{SigHandler, Signal, signal};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::SignalKind;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use crate::agent_client::{AgentClient, AgentClientError};
use crate::protocol::{Abilities, Wanted};
use namespace::Namespace;
use server::{Attendance, Server};

pub use packets::{Fate, fate};

/// How long a healing may take.
const HEAL_PATIENCE: Duration = Duration::from_secs(10);

/// How an agent is run.
#[derive(Clone)]
pub struct AgentOptions {
    /// Where it listens for controllers.
    pub listen: SocketAddr,
    /// The run's token, which every controller must say first.
    pub token: String,
    /// How long it lives without a controller, counted from its start and from the moment the last
    /// one left.
    pub patience: Duration,
}

/// Why an agent ended, or did not heal.
#[derive(Debug, Error)]
pub enum AgentError {
    /// It cannot listen there.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// It cannot learn that it is to end.
    #[error("cannot watch for signals: {0}")]
    Signals(io::Error),
    /// A task or thread of its own failed, which is a fault of this program.
    #[error("a part of the agent failed: {0}")]
    Broken(String),
    /// No controller was there for so long; everything is healed.
    #[error("no controller for {0:?}: the run is over or its controller is gone")]
    Abandoned(Duration),
    /// Something could not be healed.
    #[error("cannot heal: {0}")]
    Heal(String),
}

/// Runs an agent until SIGTERM, then heals what it did. Says `ready` on stdout when it listens.
///
/// As the first process of a process namespace it also reaps orphans.
///
/// # Errors
/// If it cannot listen, if no controller is there for as long as its patience, or if it cannot heal
/// at the end.
pub async fn run(options: AgentOptions) -> Result<(), AgentError> {
    let mut ends =
        tokio::signal::unix::signal(SignalKind::terminate()).map_err(AgentError::Signals)?;
    if std::process::id() == 1 {
        reap_orphans()?;
    }
    let address = options.listen;
    let listen = |source| AgentError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let port = listener.local_addr().map_err(listen)?.port();
    let namespace = tokio::task::spawn_blocking(move || Namespace::open(port)).await;
    let namespace = namespace.map_err(|error| AgentError::Broken(error.to_string()))?;
    let abilities = namespace.abilities();
    let namespace = Arc::new(Mutex::new(namespace));
    let (attended, attendance) = watch::channel(Attendance::begin(Instant::now()));
    let server = Server {
        token: options.token,
        abilities,
        namespace: Arc::clone(&namespace),
        attendance: attended,
    };
    say_ready();
    let end = tokio::select! {
        _ = ends.recv() => Ok(()),
        () = server::abandoned(attendance, options.patience) => {
            Err(AgentError::Abandoned(options.patience))
        }
        () = Arc::new(server).serve(listener) => Ok(()),
    };
    let healed = close(namespace).await;
    end.and(healed)
}

/// What the kernel lets an agent do in this network namespace.
///
/// # Errors
/// If a thread of its own fails.
pub async fn probe() -> Result<Abilities, AgentError> {
    let asked = tokio::task::spawn_blocking(|| Namespace::open(0).abilities()).await;
    asked.map_err(|error| AgentError::Broken(error.to_string()))
}

/// Heals everything an agent did in this network namespace: asks the one that listens, or if there
/// is none, removes what it left. Again is as once.
///
/// # Errors
/// If the agent refuses or does not answer in time, or what is left cannot be removed.
pub async fn heal(options: AgentOptions) -> Result<(), AgentError> {
    let mut address = options.listen;
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    if tokio::net::TcpStream::connect(address).await.is_err() {
        return remove_leftovers().await;
    }
    let by = Instant::now() + HEAL_PATIENCE;
    let failed = |error: AgentClientError| AgentError::Heal(error.to_string());
    let (client, _) = AgentClient::connect(address, options.token, by).await.map_err(failed)?;
    client.set(Wanted::default(), Vec::new(), by).await.map_err(failed)?;
    Ok(())
}

/// Devices and routes end with the agent that made them; the table of cuts does not.
async fn remove_leftovers() -> Result<(), AgentError> {
    let removed = tokio::task::spawn_blocking(cuts::remove_leftovers).await;
    match removed {
        Ok(removed) => removed.map_err(AgentError::Heal),
        Err(error) => Err(AgentError::Broken(error.to_string())),
    }
}

async fn close(namespace: Arc<Mutex<Namespace>>) -> Result<(), AgentError> {
    let closed = async {
        let mut namespace = namespace.lock_owned().await;
        tokio::task::spawn_blocking(move || namespace.close()).await
    };
    match tokio::time::timeout(HEAL_PATIENCE, closed).await {
        Ok(Ok(closed)) => closed.map_err(AgentError::Heal),
        Ok(Err(error)) => Err(AgentError::Broken(error.to_string())),
        Err(_) => Err(AgentError::Heal(format!("not done after {HEAL_PATIENCE:?}"))),
    }
}

/// Nobody may be listening, which is no reason to end.
fn say_ready() {
    let mut stdout = io::stdout();
    let _ = stdout.write_all(b"ready\n").and_then(|()| stdout.flush());
}

/// The kernel reaps children of a process that ignores their ends.
fn reap_orphans() -> Result<(), AgentError> {
    // SAFETY: no handler runs; the disposition is set before any child exists.
    let set = unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) };
    set.map(drop).map_err(|errno| AgentError::Signals(errno.into()))
}
