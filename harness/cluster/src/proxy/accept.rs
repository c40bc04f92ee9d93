//! One listening socket of the proxy.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use super::Gate;
use super::connection::Connection;

/// How long to wait after the system refused to hand out a connection (no descriptors are left).
const BREATH: Duration = Duration::from_millis(10);

/// What a proxy carries, and where to.
pub struct ProxyOptions {
    /// The loopback address to listen on; the port is the system's choice.
    pub listen: IpAddr,
    /// Where connections are carried to.
    pub upstream: SocketAddr,
    /// The link of what the dialling side says.
    pub ahead: Arc<Gate>,
    /// The link of what it is told on the same connection.
    pub back: Arc<Gate>,
    /// The most connections at once; more are reset and counted.
    pub connections_max: usize,
}

/// One listening socket and the connections accepted on it; all end when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Listens, and carries what comes, on the current runtime.
    ///
    /// # Errors
    /// If it cannot listen.
    pub async fn open(options: ProxyOptions) -> io::Result<Proxy> {
        let listener = TcpListener::bind((options.listen, 0)).await?;
        let address = listener.local_addr()?;
        Ok(Proxy { address, accepting: tokio::spawn(accept(listener, options)) })
    }

    /// Where to dial.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening, ends all connections and waits until that is done.
    pub async fn close(mut self) {
        self.accepting.abort();
        // It ends by being aborted, which is the error this returns.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, options: ProxyOptions) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((near, _)) => begin(near, &options, &mut connections),
                Err(_) => sleep(BREATH).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

fn begin(near: TcpStream, options: &ProxyOptions, connections: &mut JoinSet<()>) {
    if connections.len() >= options.connections_max {
        options.ahead.cells.over_limit.add(1);
        let _ = near.set_zero_linger();
        return;
    }
    // Small messages must not wait for acknowledgements; without the option they are only late.
    let _ = near.set_nodelay(true);
    let connection = Connection {
        near,
        upstream: options.upstream,
        ahead: Arc::clone(&options.ahead),
        back: Arc::clone(&options.back),
    };
    connections.spawn(connection.run());
}
