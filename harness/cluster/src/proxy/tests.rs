use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tribunal_history::{LinkFault, LinkHeal, Nanos, PacketFault, Seed};

use super::queue::HELD_MAX;
use super::{Gate, LinkCounters, Proxy, ProxyOptions};
use crate::LinkState;

mod packets;

const PATIENCE: Duration = Duration::from_secs(20);
const DELIVER: LinkFault = LinkFault::Hold { at_heal: LinkHeal::Deliver };
const RESET: LinkFault = LinkFault::Hold { at_heal: LinkHeal::Reset };

/// A proxy in front of a listener of the test's.
struct Rig {
    proxy: Proxy,
    upstream: TcpListener,
    ahead: Arc<Gate>,
    back: Arc<Gate>,
}

impl Rig {
    async fn new() -> Rig {
        Rig::with_limit(100).await
    }

    async fn with_limit(connections_max: usize) -> Rig {
        let listen = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let upstream = TcpListener::bind((listen, 0)).await.unwrap();
        let (ahead, back) = (Arc::new(Gate::new(Seed(1))), Arc::new(Gate::new(Seed(2))));
        let options = ProxyOptions {
            listen,
            upstream: upstream.local_addr().unwrap(),
            ahead: Arc::clone(&ahead),
            back: Arc::clone(&back),
            connections_max,
        };
        Rig { proxy: Proxy::open(options).await.unwrap(), upstream, ahead, back }
    }

    async fn dial(&self) -> TcpStream {
        TcpStream::connect(self.proxy.address()).await.unwrap()
    }

    async fn accept(&self) -> TcpStream {
        timeout(PATIENCE, self.upstream.accept()).await.expect("carried in time").unwrap().0
    }

    async fn pair(&self) -> (TcpStream, TcpStream) {
        let near = self.dial().await;
        (near, self.accept().await)
    }
}

/// A link whose packets come later, by milliseconds.
fn late(delay: u64, jitter: u64) -> LinkState {
    let (delay, jitter) = (Nanos::from_millis(delay), Nanos::from_millis(jitter));
    LinkState::under(LinkFault::Packet(PacketFault { delay, jitter, ..PacketFault::CLEAR }))
}

/// A link that carries so many bytes a second.
fn narrow(bandwidth: u64) -> LinkState {
    LinkState::under(LinkFault::Packet(PacketFault { bandwidth, ..PacketFault::CLEAR }))
}

async fn say(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
}

async fn hear(stream: &mut TcpStream, text: &str) {
    let mut buffer = vec![0; text.len()];
    timeout(PATIENCE, stream.read_exact(&mut buffer)).await.expect("heard in time").unwrap();
    assert_eq!(String::from_utf8_lossy(&buffer), text);
}

/// Waits for the end; true if it is a reset.
async fn ends_by_reset(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 1024];
    loop {
        match timeout(PATIENCE, stream.read(&mut buffer)).await.expect("ended in time") {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

async fn until(gate: &Gate, what: &str, condition: impl Fn(LinkCounters) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition(gate.counters()) {
        assert!(Instant::now() < deadline, "in vain: {what}: {:?}", gate.counters());
        sleep(Duration::from_millis(1)).await;
    }
}

fn is_silent(stream: &TcpStream) -> bool {
    stream.try_read(&mut [0; 1]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

#[tokio::test]
async fn bytes_pass_both_ways_and_so_does_the_end() {
    let rig = Rig::new().await;
    let (mut near, mut far) = rig.pair().await;
    say(&mut near, "question").await;
    hear(&mut far, "question").await;
    say(&mut far, "answer").await;
    hear(&mut near, "answer").await;
    drop(far);
    assert!(!ends_by_reset(&mut near).await, "an ordinary end stays one");
    drop(near);
    until(&rig.ahead, "closed", |now| now.open == 0).await;
    let counters = rig.ahead.counters();
    assert_eq!((counters.connections, counters.passed, counters.waiting), (1, 8, 0));
    assert_eq!(rig.back.counters().passed, 6);
}

#[tokio::test]
async fn a_cut_stops_one_direction_of_a_connection_and_its_heal_restores_the_same_one() {
    let rig = Rig::new().await;
    let (mut near, mut far) = rig.pair().await;
    say(&mut near, "before").await;
    hear(&mut far, "before").await;
    rig.ahead.set(LinkState::under(DELIVER));
    say(&mut near, "held").await;
    until(&rig.ahead, "bytes wait", |now| now.waiting == 4).await;
    // The other direction flows, and by the time it has, nothing came this way.
    for _ in 0..10 {
        say(&mut far, "back").await;
        hear(&mut near, "back").await;
    }
    assert!(is_silent(&far));
    rig.ahead.set(LinkState::default());
    hear(&mut far, "held").await;
    say(&mut near, "after").await;
    hear(&mut far, "after").await;
    assert_eq!(rig.ahead.counters().held, 4);
    assert_eq!(rig.ahead.counters().connections, 1);
}

#[tokio::test]
async fn the_end_of_a_connection_waits_too() {
    let rig = Rig::new().await;
    let (mut near, mut far) = rig.pair().await;
    rig.ahead.set(LinkState::under(DELIVER));
    say(&mut near, "last words").await;
    near.shutdown().await.unwrap();
    until(&rig.ahead, "bytes wait", |now| now.waiting == 10).await;
    say(&mut far, "still open").await;
    hear(&mut near, "still open").await;
    assert!(is_silent(&far));
    rig.ahead.set(LinkState::default());
    hear(&mut far, "last words").await;
    assert!(!ends_by_reset(&mut far).await);
}

#[tokio::test]
async fn at_most_so_many_bytes_are_held_for_a_connection_and_none_is_lost() {
    let rig = Rig::new().await;
    let (near, mut far) = rig.pair().await;
    rig.ahead.set(LinkState::under(DELIVER));
    let total = 8 * 1024 * 1024;
    let (_reader, mut writer) = near.into_split();
    let writing = tokio::spawn(async move {
        let bytes: Vec<u8> = (0..total).map(|index| (index % 251) as u8).collect();
        writer.write_all(&bytes).await.unwrap();
    });
    until(&rig.ahead, "the bound is reached", |now| now.waiting == HELD_MAX as u64).await;
    assert!(!writing.is_finished(), "the sender feels it");
    rig.ahead.set(LinkState::default());
    let mut heard = Vec::new();
    timeout(PATIENCE, far.read_to_end(&mut heard)).await.unwrap().unwrap();
    assert_eq!(heard.len(), total);
    assert!(heard.iter().enumerate().all(|(index, byte)| *byte == (index % 251) as u8));
    writing.await.unwrap();
}

#[tokio::test]
async fn new_connections_are_accepted_under_a_hold_and_carried_at_its_heal() {
    let rig = Rig::new().await;
    rig.ahead.set(LinkState::under(DELIVER));
    let (mut near, gave_up) = (rig.dial().await, rig.dial().await);
    say(&mut near, "early").await;
    until(&rig.ahead, "both wait", |now| now.delayed_connections == 2 && now.waiting == 5).await;
    drop(gave_up);
    until(&rig.ahead, "one gave up", |now| now.open == 1).await;
    rig.ahead.set(LinkState::default());
    let mut far = rig.accept().await;
    hear(&mut far, "early").await;
    // Nothing is left of the one that gave up: the next one carried is a new one.
    let (mut near, mut far) = rig.pair().await;
    say(&mut near, "new").await;
    hear(&mut far, "new").await;
}

#[tokio::test]
async fn a_hold_that_resets_at_its_heal_does_so_even_if_another_hold_remains() {
    let rig = Rig::new().await;
    let (mut near, mut far) = rig.pair().await;
    rig.ahead.set(LinkState::under(RESET));
    say(&mut near, "lost").await;
    until(&rig.ahead, "bytes wait", |now| now.waiting == 4).await;
    rig.ahead.set(LinkState::under(DELIVER));
    assert!(ends_by_reset(&mut near).await && ends_by_reset(&mut far).await);
    assert_eq!(rig.ahead.counters().passed, 0);
}

#[tokio::test]
async fn a_reset_ends_a_connection_when_anything_would_pass_and_new_ones_at_once() {
    let rig = Rig::new().await;
    let (mut near, mut far) = rig.pair().await;
    rig.ahead.set(LinkState::under(LinkFault::Reset));
    say(&mut far, "the other way").await;
    hear(&mut near, "the other way").await;
    say(&mut near, "never heard").await;
    assert!(ends_by_reset(&mut near).await && ends_by_reset(&mut far).await);
    assert!(ends_by_reset(&mut rig.dial().await).await);
    assert_eq!((rig.ahead.counters().resets, rig.ahead.counters().refused), (1, 1));
    assert_eq!(rig.ahead.counters().passed, 0);
}

#[tokio::test]
async fn refusing_leaves_existing_connections_alone() {
    let rig = Rig::new().await;
    let (mut near, mut far) = rig.pair().await;
    rig.ahead.set(LinkState::under(LinkFault::Refuse));
    assert!(ends_by_reset(&mut rig.dial().await).await);
    say(&mut near, "goes on").await;
    hear(&mut far, "goes on").await;
}

#[tokio::test]
async fn a_lost_reply_loses_neither_greeting_nor_request() {
    let rig = Rig::new().await;
    rig.back.set(LinkState::under(LinkFault::LoseReply));
    let (mut near, mut far) = rig.pair().await;
    say(&mut far, "hello").await;
    hear(&mut near, "hello").await;
    say(&mut near, "request").await;
    hear(&mut far, "request").await;
    say(&mut far, "reply").await;
    let mut rest = Vec::new();
    let end = timeout(PATIENCE, near.read_to_end(&mut rest)).await.expect("ended in time");
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(rest, b"", "the reply is lost");
    assert!(!ends_by_reset(&mut far).await, "the node sees an ordinary end");
    let counters = rig.back.counters();
    assert_eq!((counters.replies_lost, counters.swallowed, counters.passed), (1, 5, 5));
    rig.back.set(LinkState::default());
    let (mut near, mut far) = rig.pair().await;
    say(&mut near, "again").await;
    hear(&mut far, "again").await;
    say(&mut far, "answered").await;
    hear(&mut near, "answered").await;
}

#[tokio::test]
async fn a_reply_to_a_request_from_before_the_fault_is_lost_too() {
    let rig = Rig::new().await;
    let (mut near, mut far) = rig.pair().await;
    say(&mut near, "request").await;
    hear(&mut far, "request").await;
    rig.back.set(LinkState::under(LinkFault::LoseReply));
    say(&mut far, "reply").await;
    assert!(ends_by_reset(&mut near).await);
    assert_eq!(rig.back.counters().passed, 0);
}

#[tokio::test]
async fn in_front_of_a_dead_node_connections_are_reset() {
    let rig = Rig::new().await;
    let address: SocketAddr = rig.proxy.address();
    drop(rig.upstream);
    let mut near = TcpStream::connect(address).await.unwrap();
    assert!(ends_by_reset(&mut near).await);
    assert_eq!(rig.ahead.counters().refused, 1);
}

#[tokio::test]
async fn the_number_of_connections_is_bounded() {
    let rig = Rig::with_limit(2).await;
    let (_first, _second) = (rig.pair().await, rig.pair().await);
    assert!(ends_by_reset(&mut rig.dial().await).await);
    assert_eq!(rig.ahead.counters().over_limit, 1);
}
