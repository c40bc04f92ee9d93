//! The controller's side of an agent's protocol.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use tokio_util::codec::{Framed, LinesCodec};

use crate::protocol::{
    Abilities, Ask, LINE_BYTES_MAX, LinkFigures, Path, Reply, Request, Response, VERSION, Wanted,
};

/// How long to wait before another attempt to reach an agent, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(200));

/// Why an agent did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AgentClientError {
    /// It could not be reached by the deadline, and what the last attempt met.
    #[error("no agent at {address}: {reason}")]
    Unreachable {
        /// Where it should be.
        address: SocketAddr,
        /// In words.
        reason: String,
    },
    /// It answered that it did not, and why.
    #[error("the agent at {address} refused: {reason}")]
    Refused {
        /// Where it is.
        address: SocketAddr,
        /// In words.
        reason: String,
    },
    /// It was reached and did not answer by the deadline: it may have done so all the same.
    #[error("the agent at {address} did not answer in time")]
    Late {
        /// Where it is.
        address: SocketAddr,
    },
}

/// What an agent answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentState {
    /// In order of link.
    pub links: Vec<LinkFigures>,
    /// Connections broken by this request.
    pub broken: u64,
}

/// A controller's connection to one agent.
///
/// It stays open, which keeps the agent alive. If it is lost, it is opened again and the request is
/// said again, until the deadline: every request may be repeated.
pub struct AgentClient {
    address: SocketAddr,
    token: String,
    connection: Mutex<Option<Connection>>,
}

impl AgentClient {
    /// Connects, and learns what the agent can do. Attempts go on until `by`, since an agent that
    /// has just been started does not listen yet.
    ///
    /// # Errors
    /// If no agent is reached by `by`, it does not answer, or it refuses the token.
    pub async fn connect(
        address: SocketAddr,
        token: String,
        by: Instant,
    ) -> Result<(AgentClient, Abilities), AgentClientError> {
        let (connection, abilities) = reach(address, &token, by).await?;
        let connection = Mutex::new(Some(connection));
        Ok((AgentClient { address, token, connection }, abilities))
    }

    /// From now on exactly `wanted` is in force, and connections of `breaks` are broken.
    ///
    /// # Errors
    /// If the agent is not reached or does not answer by `by`, or if it refuses; then nothing has
    /// changed, or the reason says what has.
    pub async fn set(
        &self,
        wanted: Wanted,
        breaks: Vec<Path>,
        by: Instant,
    ) -> Result<AgentState, AgentClientError> {
        self.ask(Ask::Set { wanted, breaks }, by).await
    }

    /// What happened on each link that was ever named.
    ///
    /// # Errors
    /// If the agent is not reached or does not answer by `by`, or if it refuses.
    pub async fn read(&self, by: Instant) -> Result<AgentState, AgentClientError> {
        self.ask(Ask::Read, by).await
    }

    /// Asks on the connection there is, or on another one.
    async fn ask(&self, ask: Ask, by: Instant) -> Result<AgentState, AgentClientError> {
        let address = self.address;
        let late = |_| AgentClientError::Late { address };
        let mut slot = timeout_at(by, self.connection.lock()).await.map_err(late)?;
        let mut pause = PAUSES.0;
        loop {
            // Taken out, so that a caller who gives up halfway leaves no reply behind in it.
            let mut connection = match slot.take() {
                Some(connection) => connection,
                None => reach(address, &self.token, by).await?.0,
            };
            match timeout_at(by, connection.exchange(ask.clone())).await.map_err(late)? {
                Ok(reply) => {
                    *slot = Some(connection);
                    return self.state(reply);
                }
                // Lost: opened again, but not in a hurry if that goes on.
                Err(_) => timeout_at(by, tokio::time::sleep(pause)).await.map_err(late)?,
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    fn state(&self, reply: Reply) -> Result<AgentState, AgentClientError> {
        let address = self.address;
        match reply {
            Reply::State { links, broken } => Ok(AgentState { links, broken }),
            Reply::Refused { reason } => Err(AgentClientError::Refused { address, reason }),
            Reply::Hello(_) => {
                let reason = "it answered a request by a greeting".to_owned();
                Err(AgentClientError::Refused { address, reason })
            }
        }
    }
}

/// Connects and greets, again and again until `by`.
async fn reach(
    address: SocketAddr,
    token: &str,
    by: Instant,
) -> Result<(Connection, Abilities), AgentClientError> {
    let mut pause = PAUSES.0;
    let mut reason = "nothing answered by the deadline".to_owned();
    loop {
        let Ok(met) = timeout_at(by, greet(address, token)).await else {
            return Err(AgentClientError::Unreachable { address, reason });
        };
        match met {
            Ok((connection, Reply::Hello(abilities))) => return Ok((connection, abilities)),
            Ok((_, Reply::Refused { reason })) => {
                return Err(AgentClientError::Refused { address, reason });
            }
            Ok(_) => reason = "it does not speak as an agent".to_owned(),
            Err(error) => reason = error,
        }
        if timeout_at(by, tokio::time::sleep(pause)).await.is_err() {
            return Err(AgentClientError::Unreachable { address, reason });
        }
        pause = (pause * 2).min(PAUSES.1);
    }
}

async fn greet(address: SocketAddr, token: &str) -> Result<(Connection, Reply), String> {
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let lines = Framed::new(stream, LinesCodec::new_with_max_length(LINE_BYTES_MAX));
    let mut connection = Connection { lines, number: 0 };
    let hello = Ask::Hello { version: VERSION, token: token.to_owned() };
    let reply = connection.exchange(hello).await?;
    Ok((connection, reply))
}

/// One connection.
struct Connection {
    lines: Framed<TcpStream, LinesCodec>,
    number: u64,
}

impl Connection {
    /// Sends a request and waits for its reply; the error is that the connection is of no use.
    async fn exchange(&mut self, ask: Ask) -> Result<Reply, String> {
        self.number += 1;
        let request = Request { number: self.number, ask };
        let line = serde_json::to_string(&request).map_err(|error| error.to_string())?;
        self.lines.send(line).await.map_err(|error| error.to_string())?;
        let line = self.lines.next().await.ok_or("it closed the connection")?;
        let line = line.map_err(|error| error.to_string())?;
        let response: Response = serde_json::from_str(&line).map_err(|error| error.to_string())?;
        match (response.number, &response.reply) {
            (number, _) if number == request.number => Ok(response.reply),
            // It could not even read the number.
            (0, Reply::Refused { .. }) => Ok(response.reply),
            (number, _) => Err(format!("it answered request {} by {number}", request.number)),
        }
    }
}
