//! What peers say: connections they dialled, on which this node never answers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::codec::FramedRead;
use tribunal_history::NodeId;

use super::accept::accept_each;
use super::framing::{self, PEER_FRAME_BYTES_MAX};
use super::inbox::Input;
use crate::open_frame;

/// Version of what peers say to each other; another one is refused.
const PEER_PROTOCOL: u32 = 2;

/// Connections at once, of all peers.
const CONNECTIONS_MAX: usize = 256;

/// Connections of one peer; a newer one ends the oldest. More than one, because what is still on
/// its way on an old connection is as good as any late message.
const CONNECTIONS_OF_PEER_MAX: usize = 4;

/// How long a connection may be without hello.
const HELLO_LIMIT: Duration = Duration::from_secs(5);

/// The first frame of a peer's connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PeerHello {
    protocol: u32,
    cluster: String,
    from: NodeId,
}

impl PeerHello {
    /// The hello of this node.
    pub(super) fn new(cluster: &str, from: NodeId) -> PeerHello {
        PeerHello { protocol: PEER_PROTOCOL, cluster: cluster.to_owned(), from }
    }
}

/// The listener for peers.
#[derive(Debug)]
pub(super) struct PeerIn<M> {
    cluster: String,
    peers: Vec<NodeId>,
    inbox: mpsc::Sender<Input<M>>,
    /// For each peer its connections, oldest first; dropping one's sender ends it.
    open: Mutex<BTreeMap<NodeId, VecDeque<oneshot::Sender<()>>>>,
}

impl<M: DeserializeOwned + Send + 'static> PeerIn<M> {
    /// Takes messages of these peers.
    pub(super) fn new(cluster: &str, peers: Vec<NodeId>, inbox: mpsc::Sender<Input<M>>) -> Self {
        PeerIn { cluster: cluster.to_owned(), peers, inbox, open: Mutex::default() }
    }

    /// Accepts for ever.
    pub(super) async fn run(self, listener: TcpListener) {
        let this = Arc::new(self);
        let serve = |stream| {
            let this = Arc::clone(&this);
            async move { this.serve(stream).await }
        };
        accept_each(listener, "peer", CONNECTIONS_MAX, serve).await;
    }

    async fn serve(&self, stream: TcpStream) {
        let mut frames = FramedRead::new(stream, framing::codec(PEER_FRAME_BYTES_MAX));
        let hello = match timeout(HELLO_LIMIT, frames.next()).await {
            Ok(Some(Ok(body))) => open_frame::<PeerHello>(&body),
            _ => return,
        };
        let Some(hello) = hello.filter(|hello| self.welcomes(hello)) else {
            tracing::warn!("refused a connection that is not a peer's");
            return;
        };
        let from = hello.from;
        let mut superseded = self.register(from);
        loop {
            let body = tokio::select! {
                frame = frames.next() => match frame {
                    Some(Ok(body)) => body,
                    Some(Err(error)) => {
                        tracing::debug!(%from, %error, "a peer's connection broke");
                        return;
                    }
                    None => return,
                },
                _ = &mut superseded => return,
            };
            let Some(message) = open_frame(&body) else {
                tracing::warn!(%from, "closed a connection for a damaged frame");
                return;
            };
            if self.inbox.send(Input::Peer { from, message }).await.is_err() {
                return;
            }
        }
    }

    fn welcomes(&self, hello: &PeerHello) -> bool {
        hello.protocol == PEER_PROTOCOL
            && hello.cluster == self.cluster
            && self.peers.contains(&hello.from)
    }

    fn register(&self, from: NodeId) -> oneshot::Receiver<()> {
        let (end, superseded) = oneshot::channel();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let connections = open.entry(from).or_default();
        connections.retain(|end| !end.is_closed());
        connections.push_back(end);
        if connections.len() > CONNECTIONS_OF_PEER_MAX {
            connections.pop_front();
        }
        superseded
    }
}
