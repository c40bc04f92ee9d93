//! Peers: directed connections with a hello, given up and made again.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use tribunal_history::{NodeId, Value};

use super::node::{LIMIT, connect, options};
use super::{Ask, Probe, Running};
use crate::Response;
use crate::runtime::NodeOptions;
use crate::runtime::framing;
use crate::runtime::peer_in::PeerHello;

fn linked(node: u16, peer: u16, address: SocketAddr, data: &std::path::Path) -> NodeOptions {
    NodeOptions { peers: vec![(NodeId(peer), address)], ..options(node, data) }
}

/// Carries bytes one way, until either end closes.
pub(super) fn carry(mut from: TcpStream, to: SocketAddr) {
    let mut to = connect(to);
    let mut buffer = [0; 4_096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}

/// Node 2 is started first and dials node 1 through a listener of the test, as through a proxy.
#[test]
fn two_nodes_talk_on_one_connection_each_way() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let two = Running::start::<Probe>(linked(2, 1, proxy.local_addr().unwrap(), second.path()));
    let one = Running::start::<Probe>(linked(1, 2, two.bound.peer, first.path()));
    let to = one.bound.peer;
    // The first connection is reset: node 2 must dial again by itself.
    drop(proxy.accept().unwrap());
    let carrier = thread::spawn(move || carry(proxy.accept().unwrap().0, to));
    // What is said before the link is up again is lost, as on any link: ask until it is heard.
    let answer = (1..).find_map(|id| {
        let mut client = one.client();
        client.stream.set_read_timeout(Some(LIMIT / 40)).unwrap();
        client.send(&Ask::Peer.request(id));
        client.answer()
    });
    let answer = answer.unwrap();
    assert_eq!(answer.response, Response::Read(Value::Int(answer.id as i64 + 1)));
    drop((one, two));
    carrier.join().unwrap();
}

/// Whether the node closes a connection on which these bytes arrive.
fn closes(address: SocketAddr, bytes: &[u8]) -> bool {
    let mut stream = connect(address);
    stream.write_all(bytes).unwrap();
    matches!(stream.read(&mut [0; 1]), Ok(0))
}

#[test]
fn strangers_and_malformed_frames_are_closed() {
    let data = tempfile::tempdir().unwrap();
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let node = Running::start::<Probe>(linked(1, 2, nowhere, data.path()));
    let hello = |cluster: &str, from| framing::frame(&PeerHello::new(cluster, NodeId(from)));
    let peer = node.bound.peer;
    assert!(closes(peer, &hello("another", 2)));
    assert!(closes(peer, &hello("alone", 3)));
    assert!(closes(peer, &hello("alone", 1)));
    assert!(closes(peer, b"GET / HTTP/1.1\r\n\r\n"));
    let malformed = [&hello("alone", 2)[..], &framing::frame(&(true, 1_u64, 2_u64))].concat();
    assert!(closes(peer, &malformed));
    let mut damaged = [&hello("alone", 2)[..], &framing::frame(&(true, 1_u64))].concat();
    *damaged.last_mut().unwrap() ^= 1;
    assert!(closes(peer, &damaged));
}

#[test]
fn a_peer_has_few_connections_and_the_newest_stay() {
    let data = tempfile::tempdir().unwrap();
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let node = Running::start::<Probe>(linked(1, 2, nowhere, data.path()));
    let hello = framing::frame(&PeerHello::new("alone", NodeId(2)));
    let mut streams: Vec<TcpStream> = Vec::new();
    for _ in 0..5 {
        let mut stream = connect(node.bound.peer);
        stream.write_all(&hello).unwrap();
        streams.push(stream);
    }
    // Exactly one of the five is closed: which one depends on whose hello the node read first.
    for stream in &streams {
        stream.set_nonblocking(true).unwrap();
    }
    let deadline = std::time::Instant::now() + LIMIT;
    let is_closed = |stream: &mut TcpStream| matches!(stream.read(&mut [0; 1]), Ok(0));
    let mut closed = 0;
    while closed == 0 {
        assert!(std::time::Instant::now() < deadline, "none was closed");
        streams.retain_mut(|stream| !is_closed(stream));
        closed = 5 - streams.len();
        thread::yield_now();
    }
    // One that comes now takes the place of the oldest, and only of that.
    let mut newest = connect(node.bound.peer);
    newest.write_all(&hello).unwrap();
    newest.set_nonblocking(true).unwrap();
    while streams.len() == 4 {
        assert!(std::time::Instant::now() < deadline, "the oldest stays");
        streams.retain_mut(|stream| !is_closed(stream));
        thread::yield_now();
    }
    assert_eq!((closed, streams.len()), (1, 3));
    assert!(!is_closed(&mut newest), "the newest stays");
}
