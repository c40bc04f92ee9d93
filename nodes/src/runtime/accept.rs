//! Accepting connections, the same way for everyone.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;

/// Pause after a failed accept, which fails again at once when files have run out.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts for ever and serves every connection in a task of its own, `max` at once; further ones
/// are closed as soon as they are accepted.
pub(super) async fn accept_each<F>(
    listener: TcpListener,
    who: &'static str,
    max: usize,
    mut serve: impl FnMut(TcpStream) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(max));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(who, %error, "cannot accept");
                sleep(PAUSE).await;
                continue;
            }
        };
        let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
            tracing::warn!(who, max, "too many connections");
            continue;
        };
        let served = serve(stream);
        tokio::spawn(async move {
            served.await;
            drop(permit);
        });
    }
}
