//! Messages passed among five hosts of turmoil, which simulates a network under tokio: for
//! comparison. Nothing else is done with them, no protocol, no disk, no faults, no checks.

use std::io::Result;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use turmoil::net::{TcpListener, TcpStream, UdpSocket};

const HOSTS: [&str; 5] = ["n1", "n2", "n3", "n4", "n5"];
const PORT: u16 = 9_000;
/// About as long as an append with one entry.
const MESSAGE: [u8; 64] = [7; 64];

/// What messages travel in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// Each in a datagram.
    Udp,
    /// In a connection for each directed pair of hosts.
    Tcp,
}

/// How fast each host sends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// So often in simulated time …
    pub(crate) every: Duration,
    /// … so many to each of the four others.
    pub(crate) burst: u64,
}

/// Passes so many messages, a few fewer if they do not come out even; gives how many arrived, and
/// the simulated time.
pub(crate) fn pass(messages: u64, carrier: Carrier, pace: Pace) -> (u64, Duration) {
    let rounds = messages / (HOSTS.len() as u64 * (HOSTS.len() as u64 - 1) * pace.burst);
    let all = rounds * HOSTS.len() as u64 * (HOSTS.len() as u64 - 1) * pace.burst;
    let arrived = Arc::new(AtomicU64::new(0));
    let mut sim = turmoil::Builder::new()
        .rng_seed(1)
        .tick_duration(Duration::from_millis(1))
        .min_message_latency(Duration::from_micros(200))
        .max_message_latency(Duration::from_millis(1))
        .udp_capacity(1 << 16)
        .tcp_capacity(1 << 16)
        .simulation_duration(Duration::from_secs(3_600))
        .build();
    for me in HOSTS {
        let arrived = Arc::clone(&arrived);
        sim.host(me, move || {
            let arrived = Arc::clone(&arrived);
            async move {
                match carrier {
                    Carrier::Udp => datagrams(me, rounds, pace, arrived).await?,
                    Carrier::Tcp => streams(me, rounds, pace, arrived).await?,
                }
                Ok(())
            }
        });
    }
    let waits_for = Arc::clone(&arrived);
    sim.client("judge", async move {
        while waits_for.load(Ordering::Relaxed) < all {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    });
    sim.run().expect("all messages arrive in an hour");
    (arrived.load(Ordering::Relaxed), sim.elapsed())
}

async fn datagrams(me: &str, rounds: u64, pace: Pace, arrived: Arc<AtomicU64>) -> Result<()> {
    let socket = Arc::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?);
    let hears = Arc::clone(&socket);
    tokio::spawn(async move {
        let mut buffer = [0; 128];
        while hears.recv_from(&mut buffer).await.is_ok() {
            arrived.fetch_add(1, Ordering::Relaxed);
        }
    });
    let others = others(me);
    let mut due = tokio::time::interval(pace.every);
    for _ in 0..rounds {
        due.tick().await;
        for other in &others {
            for _ in 0..pace.burst {
                socket.send_to(&MESSAGE, (*other, PORT)).await?;
            }
        }
    }
    std::future::pending().await
}

async fn streams(me: &str, rounds: u64, pace: Pace, arrived: Arc<AtomicU64>) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let arrived = Arc::clone(&arrived);
            tokio::spawn(async move {
                let mut buffer = MESSAGE;
                while stream.read_exact(&mut buffer).await.is_ok() {
                    arrived.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let mut connections = Vec::new();
    for other in others(me) {
        // Whoever is not yet listening refuses.
        let stream = loop {
            match TcpStream::connect((other, PORT)).await {
                Ok(stream) => break stream,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        connections.push(stream);
    }
    let mut due = tokio::time::interval(pace.every);
    for _ in 0..rounds {
        due.tick().await;
        for connection in &mut connections {
            for _ in 0..pace.burst {
                connection.write_all(&MESSAGE).await?;
            }
        }
    }
    std::future::pending().await
}

fn others(me: &str) -> Vec<IpAddr> {
    HOSTS.iter().filter(|host| **host != me).map(|host| turmoil::lookup(*host)).collect()
}
