//! `tribunal chatter`: be a node that talks all the time and says what it hears, so that a test can
//! see what a cluster does to links. Started by tests, not by people.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{interval, sleep, timeout};
use tribunal_history::NodeId;

use crate::args::NodeArgs;
use crate::exit::{Exit, Failure};

/// How often it says the next number to each peer.
const BEAT: Duration = Duration::from_millis(10);
/// How often it says what it heard.
const SAY: Duration = Duration::from_millis(20);
/// How long a peer may take to accept.
const DIAL: Duration = Duration::from_secs(1);

/// Who it is and whom it talks to.
#[derive(Debug, Serialize, Deserialize)]
struct Options {
    node: NodeId,
    peer: SocketAddr,
    client: SocketAddr,
    peers: Vec<(NodeId, SocketAddr)>,
}

/// What was heard of one peer last: the number of its connection and that of its words.
type Heard = Arc<Mutex<BTreeMap<u16, (u64, u64)>>>;

/// Talks until it is killed.
pub(crate) fn command(args: &NodeArgs) -> Result<Exit, Failure> {
    let bad = |reason: String| {
        Failure::new(Exit::Environment, reason, "this command is started by tests")
    };
    let text = std::fs::read(&args.config).map_err(|error| bad(error.to_string()))?;
    let options = serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| bad(error.to_string()))?;
    runtime.block_on(talk(options)).map_err(|error| bad(error.to_string()))?;
    Ok(Exit::Valid)
}

async fn talk(options: Options) -> std::io::Result<()> {
    let peers = TcpListener::bind(options.peer).await?;
    let clients = TcpListener::bind(options.client).await?;
    println!("ready {}", options.node);
    for (_, address) in options.peers.clone() {
        tokio::spawn(tell(options.node, address));
    }
    let heard = Heard::default();
    tokio::spawn(listen(peers, Arc::clone(&heard)));
    tokio::spawn(answer(clients));
    let mut beat = interval(SAY);
    loop {
        beat.tick().await;
        let heard = heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (from, (connection, number)) in heard {
            println!("heard n{from} {connection} {number}");
        }
    }
}

/// Says numbers to one peer, on one connection as long as that lives.
async fn tell(me: NodeId, address: SocketAddr) {
    let mut number = 0_u64;
    let mut beat = interval(BEAT);
    for connection in 1_u64.. {
        let Ok(Ok(mut stream)) = timeout(DIAL, TcpStream::connect(address)).await else {
            sleep(BEAT).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        loop {
            beat.tick().await;
            number += 1;
            let words = format!("{} {connection} {number}\n", me.0);
            if stream.write_all(words.as_bytes()).await.is_err() {
                break;
            }
        }
    }
}

async fn listen(listener: TcpListener, heard: Heard) {
    while let Ok((stream, _)) = listener.accept().await {
        let heard = Arc::clone(&heard);
        tokio::spawn(async move {
            let mut lines = BufReader::new(stream).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let mut words = line.split(' ').map(|word| word.parse::<u64>().unwrap_or(0));
                let (Some(from), Some(connection), Some(number)) =
                    (words.next(), words.next(), words.next())
                else {
                    return;
                };
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                heard.insert(from as u16, (connection, number));
            }
        });
    }
}

/// Answers each line of a client with the same line.
async fn answer(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let (input, mut output) = stream.split();
            let _ = tokio::io::copy(&mut BufReader::new(input), &mut output).await;
        });
    }
}
