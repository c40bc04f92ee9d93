//! Clients: the node speaks first, answers by number, and closes on what it cannot read.

use std::io::{Read as _, Write as _};

use tribunal_history::{NodeId, Value};

use super::node::options;
use super::{Ask, Probe, Running};
use crate::runtime::{NodeOptions, framing};
use crate::single::Single;
use crate::{CLIENT_PROTOCOL, Command, Config, FRAME_BYTES_MAX, Request, RequestBody, Response};

#[test]
fn the_single_node_serves_reads_and_writes_and_keeps_them() {
    let data = tempfile::tempdir().unwrap();
    let command = |session, sequence, value| RequestBody::Command {
        session,
        sequence,
        command: Command::Put { key: Value::Int(1), value: Value::Int(value) },
    };
    let alone = || NodeOptions {
        config: Config::new(vec![NodeId(1)]),
        core: "single".to_owned(),
        ..options(1, data.path())
    };
    let node = Running::start::<Single>(alone());
    let mut client = node.client();
    assert_eq!(client.hello.protocol, CLIENT_PROTOCOL);
    assert_eq!(client.hello.node, NodeId(1));
    let opened = client.ask(Request { id: 1, body: RequestBody::OpenSession });
    let Response::Session(session) = opened else { panic!("{opened:?}") };
    let put = client.ask(Request { id: 2, body: command(session, 1, 17) });
    assert_eq!(put, Response::Applied(Value::Nil));
    let read = Request { id: 3, body: RequestBody::Read { key: Value::Int(1) } };
    assert_eq!(client.ask(read.clone()), Response::Read(Value::Int(17)));
    drop(node);
    let node = Running::start::<Single>(alone());
    assert_eq!(node.client().ask(read), Response::Read(Value::Int(17)));
}

#[test]
fn requests_are_pipelined_and_answered_by_number() {
    let data = tempfile::tempdir().unwrap();
    let node = Running::start::<Probe>(options(1, data.path()));
    let mut client = node.client();
    for id in 0..500 {
        client.send(&Ask::Records.request(id));
    }
    let mut ids: Vec<u64> = (0..500).map(|_| client.answer().unwrap().id).collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..500).collect::<Vec<_>>());
}

#[test]
fn what_is_no_request_closes_the_connection_and_no_other() {
    let data = tempfile::tempdir().unwrap();
    let node = Running::start::<Probe>(options(1, data.path()));
    let mut other = node.client();
    let too_long = (FRAME_BYTES_MAX as u32 + 1).to_be_bytes();
    let unknown = framing::frame(&(1_u64, 99_u8));
    let trailing = framing::frame(&(Ask::Clock.request(1), 0_u8));
    let mut damaged = framing::frame(&Ask::Clock.request(1)).to_vec();
    damaged[4] ^= 1;
    for bad in [&unknown[..], &too_long, &[0, 0, 0, 0], &trailing, &damaged] {
        let mut client = node.client();
        client.stream.write_all(bad).unwrap();
        assert_eq!(client.answer(), None, "{bad:?}");
    }
    assert!(matches!(other.ask(Ask::Clock.request(9)), Response::Read(Value::Int(_))));
}

#[test]
fn a_client_that_says_nothing_hears_only_the_hello() {
    let data = tempfile::tempdir().unwrap();
    let node = Running::start::<Probe>(options(1, data.path()));
    let mut client = node.client();
    drop(node);
    assert_eq!(client.stream.read(&mut [0; 1]).unwrap_or(0), 0, "closed without another byte");
}
