//! A node on a thread of its own, and connections to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;
use tribunal_history::NodeId;
use tribunal_history::admin::{self, FromNode, Reply};

use crate::runtime::start::{Bound, serve};
use crate::runtime::{NodeError, NodeOptions, framing};
use crate::{Answer, Config, Core, Hello, Request, Response, open_frame};

/// How long a test waits for what must come.
pub(super) const LIMIT: Duration = Duration::from_secs(20);

pub(super) const TOKEN: &str = "the run's token";

pub(super) fn options(node: u16, data: &Path) -> NodeOptions {
    let config = Config::new(NodeId::all(2).collect());
    let mut options = NodeOptions::new(NodeId(node), "probe", config, data);
    options.token = Some(TOKEN.to_owned());
    options
}

/// A running node; stops like a crashed one when it is dropped.
pub(super) struct Running {
    pub(super) bound: Bound,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), NodeError>>>,
}

impl Running {
    pub(super) fn start<C: Core>(options: NodeOptions) -> Running {
        Running::try_start::<C>(options).expect("the node starts")
    }

    /// Starts a node and waits until it is ready or refuses.
    pub(super) fn try_start<C: Core>(options: NodeOptions) -> Result<Running, NodeError> {
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            serve::<C>(options, stopped, move |bound| ready.send(*bound).unwrap())
        });
        match is_ready.recv() {
            Ok(bound) => Ok(Running { bound, stop: Some(stop), thread: Some(thread) }),
            Err(_) => Err(thread.join().unwrap().expect_err("a node that is never ready fails")),
        }
    }

    /// Waits until the node ends by itself.
    pub(super) fn wait(mut self) -> Result<(), NodeError> {
        self.thread.take().unwrap().join().unwrap()
    }

    pub(super) fn client(&self) -> Client {
        Client::connect(self.bound.client)
    }

    pub(super) fn admin(&self, all_notes: bool) -> Controller {
        let mut controller = Controller::connect(self.bound.admin.unwrap());
        let hello = admin::Ask::Hello { token: TOKEN.to_owned(), all_notes };
        assert!(matches!(controller.ask(hello), Reply::Hello { .. }));
        controller
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && !thread::panicking()
        {
            thread.join().unwrap().unwrap();
        }
    }
}

pub(super) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

/// A client that reads and writes frames.
pub(super) struct Client {
    pub(super) stream: TcpStream,
    pub(super) hello: Hello,
}

impl Client {
    fn connect(address: SocketAddr) -> Client {
        let mut stream = connect(address);
        let hello = read_frame(&mut stream).expect("the node speaks first");
        Client { stream, hello }
    }

    pub(super) fn send(&mut self, body: &impl Serialize) {
        self.stream.write_all(&framing::frame(body)).unwrap();
    }

    pub(super) fn answer(&mut self) -> Option<Answer> {
        read_frame(&mut self.stream)
    }

    pub(super) fn ask(&mut self, request: Request) -> Response {
        self.send(&request);
        let answer = self.answer().expect("an answer");
        assert_eq!(answer.id, request.id);
        answer.response
    }
}

/// One frame; `None` when the connection was closed.
fn read_frame<T: DeserializeOwned>(stream: &mut TcpStream) -> Option<T> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut body = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut body).ok()?;
    Some(open_frame(&body).expect("a whole body"))
}

/// A controller that reads and writes lines.
pub(super) struct Controller {
    lines: BufReader<TcpStream>,
    number: u64,
    /// What came between replies.
    pub(super) notes: Vec<FromNode>,
}

impl Controller {
    pub(super) fn connect(address: SocketAddr) -> Controller {
        Controller { lines: BufReader::new(connect(address)), number: 0, notes: Vec::new() }
    }

    pub(super) fn write(&mut self, line: &str) {
        self.lines.get_mut().write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// The next line; `None` when the channel was closed.
    pub(super) fn read(&mut self) -> Option<FromNode> {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(serde_json::from_str(&line).unwrap()),
        }
    }

    pub(super) fn ask(&mut self, ask: admin::Ask) -> Reply {
        self.number += 1;
        let request = admin::Request { number: self.number, ask };
        self.write(&serde_json::to_string(&request).unwrap());
        loop {
            match self.read().expect("a reply") {
                FromNode::Reply { number, reply } => {
                    assert_eq!(number, self.number);
                    return reply;
                }
                note => self.notes.push(note),
            }
        }
    }
}
