//! One connection through a proxy, both ways.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures_util::future::try_join;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Gate;
use super::lane::{Cut, Lane, Way};

/// How long the side behind may take to accept. On a loopback device it answers at once or its
/// queue is full, because it is paused.
const DIAL: Duration = Duration::from_secs(2);

/// One accepted connection.
pub(super) struct Connection {
    pub(super) near: TcpStream,
    pub(super) upstream: SocketAddr,
    pub(super) ahead: Arc<Gate>,
    pub(super) back: Arc<Gate>,
}

impl Connection {
    /// Carries the connection until it ends.
    pub(super) async fn run(self) {
        let gate = Arc::clone(&self.ahead);
        gate.cells.connections.add(1);
        let _open = Open::new(&gate);
        self.carry().await;
    }

    async fn carry(mut self) {
        let state = self.ahead.state();
        if state.refuse || state.reset {
            self.ahead.cells.refused.add(1);
            return reset(&self.near);
        }
        let spoke = AtomicBool::new(false);
        let mut ahead = Lane::new(&self.ahead, Way::Ahead(&spoke));
        let (near_in, mut near_out) = self.near.split();
        if state.hold.is_some() {
            self.ahead.cells.delayed_connections.add(1);
            if ahead.wait_for_heal(&near_in).await.is_err() {
                return reset(&self.near);
            }
        }
        let Ok(Ok(mut far)) = timeout(DIAL, TcpStream::connect(self.upstream)).await else {
            self.ahead.cells.refused.add(1);
            return reset(&self.near);
        };
        // Small messages must not wait for acknowledgements; without the option they are only late.
        let _ = far.set_nodelay(true);
        let mut back = Lane::new(&self.back, Way::Back(&spoke));
        let (far_in, mut far_out) = far.split();
        let both = try_join(
            ahead.carry(&near_in, &mut far_out), //
            back.carry(&far_in, &mut near_out),
        );
        match both.await {
            Ok(_) => {}
            Err(Cut::ReplyLost) => reset(&self.near),
            Err(Cut::Reset) => {
                reset(&self.near);
                reset(&far);
            }
        }
    }
}

/// Makes the coming close a reset. It fails only on a connection that is reset already.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

/// Counts a connection as open while it lives.
struct Open<'a>(&'a Gate);

impl<'a> Open<'a> {
    fn new(gate: &'a Gate) -> Open<'a> {
        gate.cells.open.add(1);
        Open(gate)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.cells.open.subtract(1);
    }
}
