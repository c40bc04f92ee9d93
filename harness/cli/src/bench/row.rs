//! One history, made and judged in a process of its own.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tribunal_checkers::generate::{Functions, Generator, Written};
use tribunal_checkers::{Budget, Checker, Engine, Linearizable};
use tribunal_history::{Record, Seed, Verdict};

use super::args::Kind;
use crate::exit::{Exit, Failure};
use crate::output;

/// A history to make, and how to judge it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// What operations do.
    pub functions: Kind,
    /// How many there are.
    pub operations: u32,
    /// How many clients.
    pub clients: u32,
    /// How many keys.
    pub keys: u32,
    /// How many values; `None` if each write has its own.
    pub values: Option<u32>,
    /// Crashed operations in 10,000.
    pub crashed: u32,
    /// Whether one read near the end is stale.
    pub stale: bool,
    /// The seed.
    pub seed: u64,
    /// Threads that judge.
    pub threads: usize,
    /// Whether the twin judges.
    pub twin: bool,
}

/// What it took to judge a row.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// What came of it.
    pub verdict: Verdict,
    /// How it was decided, as the finding's details say.
    pub how: String,
    /// From the history in memory to the finding, in nanoseconds.
    pub nanoseconds: u64,
    /// Bytes of the history.
    pub history_bytes: u64,
    /// Most bytes the process held while judging, the history among them.
    pub peak_bytes: u64,
    /// States explored.
    pub states: u64,
}

/// A row and what came of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measured {
    /// The row.
    #[serde(flatten)]
    pub row: Row,
    /// What it took; `None` if the time ended first.
    pub cost: Option<Cost>,
}

impl Measured {
    /// Whether it is not judged other than is known.
    pub(crate) fn is_as_expected(&self) -> bool {
        let judged = self.cost.as_ref().map_or(Verdict::Unknown, |cost| cost.verdict);
        let known = super::expected(&self.row);
        judged == Verdict::Unknown || known.is_none_or(|known| known == judged)
    }

    /// The verdict, or that there was none in time.
    pub(crate) fn word(&self) -> String {
        self.cost.as_ref().map_or("no answer".to_owned(), |cost| cost.verdict.to_string())
    }
}

/// Has a row measured by a process of its own.
///
/// # Errors
/// If the process cannot be started, or breaks.
pub(crate) fn measure(row: &Row, limit: Duration) -> Result<Measured, Failure> {
    let broken = |what: String| Failure::new(Exit::Harness, what, "");
    let program = std::env::current_exe()
        .map_err(|error| broken(format!("cannot find this executable: {error}")))?;
    let spec = serde_json::to_string(row).expect("invariant: a row is plain data");
    let mut child = Command::new(program)
        .args(["bench", "row", &spec])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| broken(format!("cannot start a process for a history: {error}")))?;
    let mut from = child.stdout.take().expect("invariant: its output is piped");
    let (send, receive) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        let read = from.read_to_string(&mut text).map(|_| text);
        let _ = send.send(read);
    });
    let answer = receive.recv_timeout(limit);
    if answer.is_err() {
        // Out of time. It is ours, and not waited for yet: its number is still its own.
        let _ = child.kill();
    }
    let status = child.wait();
    let _ = reader.join();
    let cost = match answer {
        Err(_) => None,
        Ok(text) => {
            let text = text.unwrap_or_default();
            let cost = serde_json::from_str(&text).map_err(|_| {
                let status = status.map(|status| status.to_string()).unwrap_or_default();
                broken(format!("the process that judged a history ended with {status}"))
            })?;
            Some(cost)
        }
    };
    Ok(Measured { row: row.clone(), cost })
}

/// Makes and judges the row of this JSON, and prints what it took.
///
/// # Errors
/// If it is no row.
pub(crate) fn be_one(spec: &str) -> Result<Exit, Failure> {
    let unusable = |error: String| Failure::new(Exit::Usage, format!("no row: {error}"), "");
    let row: Row = serde_json::from_str(spec).map_err(|error| unusable(error.to_string()))?;
    let generator = generator(&row);
    let history = generator.record(Seed(row.seed)).map_err(|error| unusable(error.to_string()))?;
    let history_bytes = history.bytes() as u64;
    let record = Record { history, ..Record::default() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(row.threads.max(1)).build();
    let pool = pool.map_err(|error| unusable(error.to_string()))?;
    forget_peak();
    let began = Instant::now();
    let finding = pool.install(|| {
        let portfolio = Linearizable::new(generator.model());
        let checker = match row.twin {
            true => portfolio.judged_by(Engine::PlainWingGongLowe),
            false => portfolio,
        };
        checker.check(&record, &Budget::DEFAULT).remove(0)
    });
    let nanoseconds = began.elapsed().as_nanos() as u64;
    let how = finding.details.iter().find_map(|line| line.strip_prefix("decided by: "));
    let cost = Cost {
        verdict: finding.verdict,
        how: how.unwrap_or("").to_owned(),
        nanoseconds,
        history_bytes,
        peak_bytes: peak().unwrap_or(0),
        states: finding.cost.states,
    };
    output::line(serde_json::to_string(&cost).expect("invariant: a cost is plain data"));
    Ok(Exit::Valid)
}

fn generator(row: &Row) -> Generator {
    Generator {
        operations: row.operations,
        clients: row.clients,
        keys: row.keys,
        functions: match row.functions {
            Kind::Register => Functions::Register,
            Kind::Cas => Functions::CasRegister,
            Kind::KvAppend => Functions::AppendMap,
        },
        written: row.values.map_or(Written::Unique, Written::Of),
        crashed: row.crashed,
        stale_read: row.stale,
    }
}

/// Lets the kernel count the process's peak from here on, where it can.
fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The most memory the process held, in bytes.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes * 1024)
}
