//! Wishes to end: Ctrl-C, SIGTERM and SIGHUP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::mpsc;

use crate::exit::{Exit, Failure};

/// Each Ctrl-C, SIGTERM or SIGHUP is one wish to end: counted, and told to the run while it lasts.
/// To be called in a runtime, which must live for as long as they are to be heard.
pub(crate) fn count_into(counter: &Arc<AtomicU32>) -> mpsc::UnboundedReceiver<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (wishes, receiver) = mpsc::unbounded_channel();
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let wishes = wishes.clone();
        let Ok(mut signals) = signal(kind) else { continue };
        let counter = Arc::clone(counter);
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                counter.fetch_add(1, Ordering::Relaxed);
                // The run may be over and only its checkers at work.
                let _ = wishes.send(());
            }
        });
    }
    receiver
}

/// Counts wishes to end for the rest of the program's life, also between runs, where none of theirs
/// listens: the first run's listening has taken the signals' power to end the program.
#[derive(Debug)]
pub(crate) struct Standby {
    counter: Arc<AtomicU32>,
}

impl Standby {
    /// Begins to listen; when this returns nothing is missed any more.
    ///
    /// # Errors
    /// If a thread or its runtime cannot be started.
    pub(crate) fn begin() -> Result<Standby, Failure> {
        let counter = Arc::new(AtomicU32::new(0));
        let failed = |error: std::io::Error| {
            let message = format!("cannot listen for signals: {error}");
            Failure::new(Exit::Environment, message, "see `tribunal doctor`")
        };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let mut wishes = {
            let _inside = runtime.enter();
            count_into(&counter)
        };
        let listen = move || runtime.block_on(async { while wishes.recv().await.is_some() {} });
        std::thread::Builder::new().name("signals".into()).spawn(listen).map_err(failed)?;
        Ok(Standby { counter })
    }

    /// How many wishes there were.
    pub(crate) fn wishes(&self) -> &AtomicU32 {
        &self.counter
    }

    /// Whether somebody wished for the end.
    pub(crate) fn is_wished(&self) -> bool {
        self.counter.load(Ordering::Relaxed) > 0
    }
}
