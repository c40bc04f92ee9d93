//! A node that starts with what its disk holds.

use std::sync::Arc;

use tribunal_history::NodeId;

use super::core::{Planted, Raft};
use super::durability::Durability;
use super::forward::Forwards;
use super::log::Log;
use super::snapshot::{self, Snapshot};
use super::standing::Standing;
use super::{Entry, Position, Record};
use crate::kv::Machine;
use crate::{Config, Recovered, Refused};

/// The core of a node that starts with this on its disk.
///
/// # Errors
/// If what the disk holds contradicts itself or this configuration.
pub(super) fn recover(
    config: &Config,
    me: NodeId,
    disk: Recovered<Record>,
) -> Result<Raft, Refused> {
    if !config.nodes.contains(&me) {
        return Err(refused(format!("{me} is not among the cluster's nodes")));
    }
    let mut distinct = config.nodes.clone();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct != config.nodes {
        return Err(refused(format!("the nodes {} are not in order", list(&config.nodes))));
    }
    let mut replay = Replay::begin(config, disk.snapshot)?;
    for record in disk.records {
        replay.take(record).map_err(refused)?;
    }
    replay.check().map_err(refused)?;
    Ok(replay.finish(me, disk.repaired))
}

/// A disk's records, taken in one by one.
struct Replay<'a> {
    config: &'a Config,
    planted: Planted,
    machine: Machine,
    /// The end of what the snapshot covers.
    covered: Position,
    saved: Option<Snapshot>,
    log: Log,
    term: u64,
    vote: Option<NodeId>,
    is_configured: bool,
}

impl<'a> Replay<'a> {
    fn begin(config: &'a Config, bytes: Option<Arc<[u8]>>) -> Result<Replay<'a>, Refused> {
        let mut replay = Replay {
            config,
            planted: Planted::of(config),
            machine: Machine::new(config),
            covered: Position::default(),
            saved: None,
            log: Log::default(),
            term: 0,
            vote: None,
            is_configured: false,
        };
        if let Some(bytes) = bytes {
            let (header, machine) =
                snapshot::open(config, &bytes).map_err(|error| refused(error.to_string()))?;
            replay.configuration(&header.nodes).map_err(refused)?;
            replay.machine = machine;
            replay.covered = header.end;
            replay.log = Log::starting_at(header.end);
            replay.saved = Some(Snapshot { index: header.end.index, bytes });
        }
        Ok(replay)
    }

    fn take(&mut self, record: Record) -> Result<(), String> {
        match record {
            Record::Configuration(nodes) => self.configuration(&nodes),
            Record::Term { term, vote } => self.term(term, vote),
            Record::Start(position) => self.start(position),
            Record::Entry { index, entry } => self.entry(index, entry),
            Record::Truncate { from } => self.truncate(from),
        }
    }

    fn configuration(&mut self, nodes: &[NodeId]) -> Result<(), String> {
        if nodes != self.config.nodes {
            let (disk, config) = (list(nodes), list(&self.config.nodes));
            return Err(format!("the disk belongs to a cluster of {disk}, this one is {config}"));
        }
        self.is_configured = true;
        Ok(())
    }

    fn term(&mut self, term: u64, vote: Option<NodeId>) -> Result<(), String> {
        if let Some(stranger) = vote.filter(|vote| !self.config.nodes.contains(vote)) {
            return Err(format!("a vote for {stranger}, which is not in the cluster"));
        }
        if term < self.term {
            return Err(format!("term {term} on disk after term {}", self.term));
        }
        if term == self.term && self.vote.is_some() && vote != self.vote {
            return Err(format!("two votes in term {term}"));
        }
        self.term = term;
        self.vote = vote;
        Ok(())
    }

    fn start(&mut self, position: Position) -> Result<(), String> {
        let (start, covered) = (position.index, self.covered.index);
        if self.saved.is_none() || start > covered || self.log.last() != self.covered {
            return Err(format!(
                "a log that starts behind {start} over a snapshot up to {covered}"
            ));
        }
        self.log = Log::starting_at(position);
        Ok(())
    }

    fn entry(&mut self, index: u64, entry: Entry) -> Result<(), String> {
        let last = self.log.last();
        if index != last.index + 1 {
            return Err(format!("entry {index} on disk where {} must be", last.index + 1));
        }
        if entry.term < last.term {
            let term = entry.term;
            return Err(format!("entry {index} has term {term}, lower than the one before"));
        }
        if entry.term > self.term {
            // Only with the planted bug `vote.no_persist` are entries newer than the term on disk.
            if !self.planted.no_persist {
                let (of, term) = (entry.term, self.term);
                return Err(format!("entry {index} has term {of}, the node only {term}"));
            }
            self.term = entry.term;
            self.vote = None;
        }
        self.log.push(entry);
        Ok(())
    }

    fn truncate(&mut self, from: u64) -> Result<(), String> {
        let last = self.log.last().index;
        if from <= self.covered.index || from > last {
            let covered = self.covered.index;
            return Err(format!(
                "a truncation at {from} of a log up to {last} over a snapshot up to {covered}"
            ));
        }
        self.log.truncate(from);
        Ok(())
    }

    fn check(&mut self) -> Result<(), String> {
        if self.log.position(self.covered.index) != Some(self.covered) {
            let index = self.covered.index;
            return Err(format!("the log does not agree with the snapshot at entry {index}"));
        }
        if self.covered.term > self.term {
            if !self.planted.no_persist {
                let (of, term) = (self.covered.term, self.term);
                return Err(format!("the snapshot has term {of}, the node only {term}"));
            }
            self.term = self.covered.term;
            self.vote = None;
        }
        Ok(())
    }

    fn finish(self, me: NodeId, repaired: bool) -> Raft {
        Raft {
            config: Arc::new(self.config.clone()),
            planted: self.planted,
            me,
            nodes: self.config.nodes.clone(),
            is_configured: self.is_configured,
            term: self.term,
            told_term: self.term,
            vote: self.vote,
            durability: Durability::recovered(self.log.last().index),
            log: self.log,
            machine: self.machine,
            saved: self.saved,
            standing: Standing::Follower { leader: None },
            heard: None,
            incoming: None,
            forwards: Forwards::default(),
            repaired,
        }
    }
}

fn list(nodes: &[NodeId]) -> String {
    let names: Vec<String> = nodes.iter().map(NodeId::to_string).collect();
    names.join(",")
}

fn refused(reason: impl Into<String>) -> Refused {
    Refused { reason: reason.into() }
}
