//! The agent's side of the protocol.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use nix::sys::socket::{setsockopt, sockopt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::codec::{Framed, LinesCodec};
use tracing::warn;

use super::namespace::Namespace;
use crate::protocol::{
    Abilities, Ask, LINE_BYTES_MAX, Path, Reply, Request, Response, VERSION, Wanted,
};

/// Most connections at a time.
const CONNECTIONS_MAX: usize = 16;

/// How long a connection may take to say the token.
const GREETING_PATIENCE: Duration = Duration::from_secs(1);

/// How long a controller may take to read a reply.
const REPLY_PATIENCE: Duration = Duration::from_secs(5);

/// How long a request may take, with those before it.
const WORK_PATIENCE: Duration = Duration::from_secs(8);

/// How long to wait after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// After how long without a sign of life a connection is asked for one, in seconds; how often, and
/// how many times in vain. Eleven seconds in all for a controller whose machine is gone.
const KEEP_ALIVE: (u32, u32, u32) = (5, 2, 3);

type Lines = Framed<TcpStream, LinesCodec>;

/// How many controllers are there, and since when it is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attendance {
    connected: usize,
    since: Instant,
}

impl Attendance {
    /// Nobody has come yet.
    pub(super) fn begin(now: Instant) -> Attendance {
        Attendance { connected: 0, since: now }
    }
}

/// Waits until no controller has been there for `patience`.
pub(super) async fn abandoned(mut attendance: watch::Receiver<Attendance>, patience: Duration) {
    loop {
        let Attendance { connected, since } = *attendance.borrow_and_update();
        let end = sleep_until(since + patience);
        tokio::select! {
            changed = attendance.changed() => if changed.is_err() { return },
            () = end, if connected == 0 => return,
        }
    }
}

/// Serves controllers.
pub(super) struct Server {
    pub(super) token: String,
    pub(super) abilities: Abilities,
    pub(super) namespace: Arc<Mutex<Namespace>>,
    pub(super) attendance: watch::Sender<Attendance>,
}

impl Server {
    /// Accepts connections for ever.
    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener) {
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
                // Closed, which the controller sees as a lost connection.
                warn!("more than {CONNECTIONS_MAX} connections at a time");
                continue;
            };
            let server = Arc::clone(&self);
            tokio::spawn(async move {
                server.converse(stream).await;
                drop(place);
            });
        }
    }

    /// Serves one connection until it ends.
    async fn converse(&self, stream: TcpStream) {
        keep_alive(&stream);
        let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(LINE_BYTES_MAX));
        let greeting = timeout(GREETING_PATIENCE, next(&mut lines)).await;
        let Ok(Some(first)) = greeting else { return };
        let reply = match first {
            Ok(Request { number, ask: Ask::Hello { version, token } }) => {
                Response { number, reply: self.greet(version, &token) }
            }
            Ok(Request { number, .. }) => refused(number, "say hello first".to_owned()),
            Err(refusal) => refusal,
        };
        let is_welcome = matches!(reply.reply, Reply::Hello(_));
        let _present = is_welcome.then(|| Present::enter(&self.attendance));
        if say(&mut lines, &reply).await.is_none() || !is_welcome {
            return;
        }
        while let Some(request) = next(&mut lines).await {
            let reply = match request {
                Ok(request) => self.answer(request).await,
                Err(refusal) => refusal,
            };
            if say(&mut lines, &reply).await.is_none() {
                return;
            }
        }
    }

    fn greet(&self, version: u32, token: &str) -> Reply {
        let reason = match () {
            () if version != VERSION => {
                format!("this agent speaks version {VERSION}, not {version}: use one executable")
            }
            () if !is_equal(token.as_bytes(), self.token.as_bytes()) => "wrong token".to_owned(),
            () => return Reply::Hello(self.abilities.clone()),
        };
        Reply::Refused { reason }
    }

    /// Answers one request; others wait meanwhile.
    async fn answer(&self, request: Request) -> Response {
        let number = request.number;
        let (wanted, breaks) = match request.ask {
            Ask::Hello { .. } => return refused(number, "hello was said before".to_owned()),
            Ask::Set { wanted, breaks } => (Some(wanted), breaks),
            Ask::Read => (None, Vec::new()),
        };
        let work = self.work(wanted, breaks);
        let reply = match timeout(WORK_PATIENCE, work).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(reason)) => Reply::Refused { reason },
            Err(_) => Reply::Refused {
                reason: format!("not done after {WORK_PATIENCE:?}; it may yet be done"),
            },
        };
        Response { number, reply }
    }

    async fn work(&self, wanted: Option<Wanted>, breaks: Vec<Path>) -> Result<Reply, String> {
        let mut namespace = Arc::clone(&self.namespace).lock_owned().await;
        // System calls that mostly take microseconds, but may take as long as they like.
        let work = move || {
            let is_set = wanted.is_some();
            let broken = wanted.map_or(Ok(0), |wanted| namespace.set(&wanted, &breaks))?;
            let links = namespace.figures().map_err(|error| match is_set {
                true => format!("what is wanted is in force, but not counted: {error}"),
                false => error,
            })?;
            Ok(Reply::State { links, broken })
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|error| Err(format!("a fault of the agent: {error}")))
    }
}

/// Counts a controller for as long as it lives.
struct Present<'a>(&'a watch::Sender<Attendance>);

impl Present<'_> {
    fn enter(attendance: &watch::Sender<Attendance>) -> Present<'_> {
        attendance.send_modify(|now| now.connected += 1);
        Present(attendance)
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|now| {
            now.connected -= 1;
            now.since = Instant::now();
        });
    }
}

/// The next request, the refusal of a line that is none, or nothing at the end.
async fn next(lines: &mut Lines) -> Option<Result<Request, Response>> {
    let line = lines.next().await?.ok()?;
    let request = serde_json::from_str(&line);
    Some(request.map_err(|error| refused(0, format!("no request: {error}"))))
}

async fn say(lines: &mut Lines, response: &Response) -> Option<()> {
    let line = serde_json::to_string(response).ok()?;
    timeout(REPLY_PATIENCE, lines.send(line)).await.ok()?.ok()
}

fn refused(number: u64, reason: String) -> Response {
    Response { number, reply: Reply::Refused { reason } }
}

/// Takes as long for a wrong token as for the right one.
fn is_equal(one: &[u8], other: &[u8]) -> bool {
    let differing = one.iter().zip(other).fold(0, |differing, (a, b)| differing | (a ^ b));
    one.len() == other.len() && differing == 0
}

/// A machine that vanished must not hold the agent for ever. A connection without this is as good
/// until then.
fn keep_alive(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let (after, every, times) = KEEP_ALIVE;
    let _ = setsockopt(stream, sockopt::KeepAlive, &true);
    let _ = setsockopt(stream, sockopt::TcpKeepIdle, &after);
    let _ = setsockopt(stream, sockopt::TcpKeepInterval, &every);
    let _ = setsockopt(stream, sockopt::TcpKeepCount, &times);
}
