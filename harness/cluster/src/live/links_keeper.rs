//! The keeper of all links: does one order after another.

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tribunal_history::{Fault, Link};

use super::host::Links;
use crate::{LinkState, Transition};

/// Orders links, in order.
pub(super) struct LinksKeeper {
    // Unbounded, because what fills it is bounded: active faults, and tear-down.
    orders: mpsc::UnboundedSender<LinksOrder>,
    task: JoinHandle<()>,
}

/// One order; the answer's end without one means that the keeper is gone.
enum LinksOrder {
    Install(Fault, Vec<(Link, LinkState)>, Instant, oneshot::Sender<Result<String, String>>),
    Heal(Fault, Vec<(Link, LinkState)>, Instant, oneshot::Sender<Result<(String, bool), String>>),
    Clear(Instant, oneshot::Sender<Result<(), String>>),
}

impl LinksKeeper {
    pub(super) fn new(links: Box<dyn Links>) -> LinksKeeper {
        let (orders, ordered) = mpsc::unbounded_channel();
        LinksKeeper { orders, task: tokio::spawn(keep(links, ordered)) }
    }

    pub(super) fn install(
        &self,
        fault: Fault,
        transitions: &[Transition],
        by: Instant,
    ) -> oneshot::Receiver<Result<String, String>> {
        let (answer, answered) = oneshot::channel();
        self.order(LinksOrder::Install(fault, changes(transitions), by, answer));
        answered
    }

    pub(super) fn heal(
        &self,
        fault: Fault,
        transitions: &[Transition],
        by: Instant,
    ) -> oneshot::Receiver<Result<(String, bool), String>> {
        let (answer, answered) = oneshot::channel();
        self.order(LinksOrder::Heal(fault, changes(transitions), by, answer));
        answered
    }

    pub(super) fn clear(&self, by: Instant) -> oneshot::Receiver<Result<(), String>> {
        let (answer, answered) = oneshot::channel();
        self.order(LinksOrder::Clear(by, answer));
        answered
    }

    /// Closes all links when the orders so far are done. Whoever gives this up must abort.
    pub(super) async fn close(self) {
        drop(self.orders);
        // It panics only with a task beside it, which the program reports by itself.
        let _ = self.task.await;
    }

    fn order(&self, order: LinksOrder) {
        // A keeper that is gone drops the order, which the receiver sees.
        let _ = self.orders.send(order);
    }
}

fn changes(transitions: &[Transition]) -> Vec<(Link, LinkState)> {
    let change = |transition: &Transition| match transition {
        Transition::Link { link, to, .. } => Some((*link, *to)),
        Transition::Node { .. } | Transition::Clock { .. } => None,
    };
    transitions.iter().filter_map(change).collect()
}

async fn keep(mut links: Box<dyn Links>, mut orders: mpsc::UnboundedReceiver<LinksOrder>) {
    while let Some(order) = orders.recv().await {
        // Whoever asked may have given up and said so.
        match order {
            LinksOrder::Install(fault, changes, by, answer) => {
                let _ = answer.send(links.install(&fault, &changes, by).await);
            }
            LinksOrder::Heal(fault, changes, by, answer) => {
                let _ = answer.send(links.heal(&fault, &changes, by).await);
            }
            LinksOrder::Clear(by, answer) => {
                let _ = answer.send(links.clear(by).await);
            }
        }
    }
    links.close().await;
}
