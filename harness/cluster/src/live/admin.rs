//! The controller's side of a node's admin channel.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::codec::{Framed, LinesCodec};
use tribunal_history::NodeId;
use tribunal_history::admin::{Ask, FromNode, Reply, Request};

use crate::{Report, Reports};

/// Longest line a node may send.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// Requests waiting for their turn; more than this are refused as unreachable.
const WAITING_MAX: usize = 64;

/// How long after a failed connection the next is tried.
const RETRY: Duration = Duration::from_millis(10);

/// How long a node may take to accept and to answer the greeting.
const GREETING: Duration = Duration::from_secs(1);

/// The admin channel of one incarnation of a node; closes when the last handle is dropped.
#[derive(Clone)]
pub(super) struct Admin {
    questions: mpsc::Sender<Question>,
}

/// Whom to connect to, and what to say.
pub(super) struct AdminOptions {
    pub(super) node: NodeId,
    pub(super) address: SocketAddr,
    pub(super) token: String,
    pub(super) all_notes: bool,
    pub(super) reports: Reports,
}

struct Question {
    ask: Ask,
    by: Instant,
    answer: oneshot::Sender<Reply>,
}

type Lines = Framed<TcpStream, LinesCodec>;

impl Admin {
    /// Connects, trying until it succeeds or every handle is dropped.
    pub(super) fn open(options: AdminOptions) -> (Admin, JoinHandle<()>) {
        let (questions, asked) = mpsc::channel(WAITING_MAX);
        (Admin { questions }, tokio::spawn(talk(options, asked)))
    }

    /// Asks, and waits for the answer until `by`; `None` if there is none. A question that was
    /// given up before it was sent is never sent.
    pub(super) async fn ask(&self, ask: Ask, by: Instant) -> Option<Reply> {
        let (answer, answered) = oneshot::channel();
        self.questions.try_send(Question { ask, by, answer }).ok()?;
        timeout_at(by, answered).await.ok()?.ok()
    }
}

async fn talk(options: AdminOptions, mut asked: mpsc::Receiver<Question>) {
    while !asked.is_closed() {
        if let Ok(Some(lines)) = timeout(GREETING, greet(&options)).await {
            exchange(&options, lines, &mut asked).await;
        }
        sleep(RETRY).await;
    }
}

/// Connects and opens the channel.
async fn greet(options: &AdminOptions) -> Option<Lines> {
    let stream = TcpStream::connect(options.address).await.ok()?;
    stream.set_nodelay(true).ok()?;
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(LINE_BYTES_MAX));
    let token = options.token.clone();
    let ask = Ask::Hello { token, all_notes: options.all_notes };
    lines.send(to_line(&Request { number: 0, ask })).await.ok()?;
    loop {
        match parse(&lines.next().await?.ok()?)? {
            FromNode::Reply { number: 0, reply: Reply::Hello { node, .. } } => {
                return (node == options.node).then_some(lines);
            }
            FromNode::Reply { .. } => return None,
            other => pass_on(options, other),
        }
    }
}

/// Sends questions and hands out answers until the connection or the last handle is gone.
async fn exchange(options: &AdminOptions, mut lines: Lines, asked: &mut mpsc::Receiver<Question>) {
    let mut open: BTreeMap<u64, oneshot::Sender<Reply>> = BTreeMap::new();
    for number in 1.. {
        let question = loop {
            tokio::select! {
                question = asked.recv() => match question {
                    Some(question) => break question,
                    None => return,
                },
                line = lines.next() => {
                    let Some(Ok(line)) = line else { return };
                    match parse(&line) {
                        Some(FromNode::Reply { number, reply }) => {
                            if let Some(answer) = open.remove(&number) {
                                // Whoever asked may have given up.
                                let _ = answer.send(reply);
                            }
                        }
                        Some(other) => pass_on(options, other),
                        None => return,
                    }
                }
            }
        };
        open.retain(|_, answer| !answer.is_closed());
        if question.answer.is_closed() || question.by <= Instant::now() {
            continue;
        }
        let line = to_line(&Request { number, ask: question.ask });
        open.insert(number, question.answer);
        if !matches!(timeout_at(question.by, lines.send(line)).await, Ok(Ok(()))) {
            return;
        }
    }
}

fn pass_on(options: &AdminOptions, from_node: FromNode) {
    let node = options.node;
    let report = match from_node {
        FromNode::Note { note } => Report::Note { node, note },
        FromNode::NotesDropped { count } => Report::NotesDropped { node, count },
        FromNode::Reply { .. } => return,
    };
    // Nobody listens only when the run is over.
    let _ = options.reports.send(report);
}

fn parse(line: &str) -> Option<FromNode> {
    serde_json::from_str(line).ok()
}

fn to_line(request: &Request) -> String {
    serde_json::to_string(request).expect("invariant: a request is JSON")
}
