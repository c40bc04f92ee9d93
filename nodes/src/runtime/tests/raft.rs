//! Three nodes of the real core in this process, linked as through proxies.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use tempfile::TempDir;
use tribunal_history::{Nanos, NodeId, Value};

use super::Running;
use super::node::{LIMIT, options};
use super::peers::carry;
use crate::raft::Raft;
use crate::runtime::NodeOptions;
use crate::{Command, Config, Request, RequestBody, Response};

/// Where each node listens for peers now.
type Table = Arc<Mutex<BTreeMap<NodeId, SocketAddr>>>;

/// An address that leads to wherever `to` listens at the time of a connection.
fn link(to: NodeId, table: &Table) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let table = Arc::clone(table);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let target = table.lock().unwrap().get(&to).copied();
            if let (Ok(stream), Some(target)) = (stream, target) {
                thread::spawn(move || carry(stream, target));
            }
        }
    });
    address
}

struct Trio {
    table: Table,
    options: Vec<NodeOptions>,
    running: Vec<Option<Running>>,
    _data: Vec<TempDir>,
}

impl Trio {
    fn start() -> Trio {
        let table = Table::default();
        let data: Vec<TempDir> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
        let mut config = Config::new(NodeId::all(3).collect());
        config.heartbeat = Nanos::from_millis(40);
        config.election_min = Nanos::from_millis(200);
        config.election_max = Nanos::from_millis(400);
        let node = |id: NodeId| NodeOptions {
            config: config.clone(),
            core: "raft".to_owned(),
            lossy: true,
            peers: NodeId::all(3)
                .filter(|peer| *peer != id)
                .map(|peer| (peer, link(peer, &table)))
                .collect(),
            ..options(id.0, data[id.slot()].path())
        };
        let options = NodeId::all(3).map(node).collect();
        let mut trio = Trio { table, options, running: vec![None, None, None], _data: data };
        NodeId::all(3).for_each(|id| trio.start_node(id));
        trio
    }

    fn start_node(&mut self, id: NodeId) {
        let node = Running::start::<Raft>(self.options[id.slot()].clone());
        self.table.lock().unwrap().insert(id, node.bound.peer);
        self.running[id.slot()] = Some(node);
    }

    fn kill_node(&mut self, id: NodeId) {
        self.running[id.slot()] = None;
    }

    /// Asks the running nodes in turn until one does it.
    fn ask(&self, body: &RequestBody) -> Response {
        let deadline = Instant::now() + LIMIT;
        while Instant::now() < deadline {
            for node in self.running.iter().flatten() {
                let mut client = node.client();
                client.send(&Request { id: 1, body: body.clone() });
                match client.answer().map(|answer| answer.response) {
                    Some(Response::Refused(_) | Response::Unknown) | None => thread::yield_now(),
                    Some(done) => return done,
                }
            }
        }
        panic!("nobody answered {body:?}");
    }

    fn put(&self, session: u64, sequence: u64, value: i64) {
        let command = Command::Put { key: Value::Int(1), value: Value::Int(value) };
        let body = RequestBody::Command { session, sequence, command };
        assert_eq!(self.ask(&body), Response::Applied(Value::Nil));
    }

    fn read(&self) -> Response {
        self.ask(&RequestBody::Read { key: Value::Int(1) })
    }
}

#[test]
fn three_nodes_serve_through_the_loss_of_each() {
    let mut trio = Trio::start();
    let opened = trio.ask(&RequestBody::OpenSession);
    let Response::Session(session) = opened else { panic!("{opened:?}") };
    trio.put(session, 1, 0);
    for (sequence, id) in (2..).zip(NodeId::all(3)) {
        trio.kill_node(id);
        trio.put(session, sequence, sequence as i64);
        assert_eq!(trio.read(), Response::Read(Value::Int(sequence as i64)));
        trio.start_node(id);
    }
    for id in NodeId::all(3) {
        trio.kill_node(id);
    }
    NodeId::all(3).for_each(|id| trio.start_node(id));
    assert_eq!(trio.read(), Response::Read(Value::Int(4)));
}
