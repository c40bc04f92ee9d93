//! Compaction, and snapshots on their way to a follower that needs what was compacted (paper, §7).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tribunal_history::{Mark, NodeId, Note};

use super::log::Log;
use super::progress::Mode;
use super::standing::Standing;
use super::{AppendResult, Message, Position, Raft, Record};
use crate::kv::{Machine, SnapshotError, decode, encode};
use crate::{Config, Effects, Moment, WriteId, WriteOp};

/// Largest snapshot a follower takes in.
const SNAPSHOT_BYTES_MAX: usize = 1 << 30;

/// A snapshot, as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Snapshot {
    /// The last index in it.
    pub(super) index: u64,
    /// All of it.
    pub(super) bytes: Arc<[u8]>,
}

/// A snapshot that is being received from the leader of the current term.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Incoming {
    index: u64,
    bytes: Vec<u8>,
}

/// What a snapshot says beside the state machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    /// The end of what it covers.
    pub(super) end: Position,
    /// The nodes of the cluster at that point.
    pub(super) nodes: Vec<NodeId>,
}

/// The parts of a snapshot.
///
/// # Errors
/// If the bytes are no snapshot, or one that contradicts itself.
pub(super) fn open(config: &Config, bytes: &[u8]) -> Result<(Header, Machine), SnapshotError> {
    let (header, machine): (Header, Machine) = decode(bytes)?;
    if machine.applied() != header.end.index {
        return Err(SnapshotError::Contradiction("its state is not that of its last index"));
    }
    Ok((header, machine.completed(config)?))
}

impl Raft {
    /// Replaces the applied part of the log by a snapshot, once enough of it has been applied.
    ///
    /// The last few applied entries stay, so that a follower one round trip behind needs no
    /// snapshot. O(state), in this one step.
    pub(super) fn compact_if_due(&mut self, out: &mut Effects<Raft>) {
        let index = self.committed();
        let since = index - self.saved.as_ref().map_or(0, |saved| saved.index);
        if since < self.config.compact_entries.max(1) {
            return;
        }
        let end = self.log.position(index).expect("invariant: what was just applied is in the log");
        let header = Header { end, nodes: self.nodes.clone() };
        let bytes: Arc<[u8]> = encode(&(&header, &self.machine)).into();
        let kept = self.config.compact_entries / 4;
        self.log.compact(index.saturating_sub(kept).max(self.log.base().index));
        self.checkpoint(Snapshot { index, bytes }, out);
        out.note(Note::Mark(Mark::Compacted));
    }

    /// Makes a snapshot, and all durable state that is not in it, replace what the disk holds.
    fn checkpoint(&mut self, snapshot: Snapshot, out: &mut Effects<Raft>) {
        let mut tail = vec![Record::Configuration(self.nodes.clone())];
        if !self.planted.no_persist {
            tail.push(Record::Term { term: self.term, vote: self.vote });
        }
        tail.push(Record::Start(self.log.base()));
        tail.extend(
            self.log.entries().map(|(index, entry)| Record::Entry { index, entry: entry.clone() }),
        );
        let write = out.write(vec![WriteOp::Checkpoint { snapshot: snapshot.bytes.clone(), tail }]);
        self.durability.issued(write, self.log.last().index);
        self.saved = Some(snapshot);
    }

    /// A follower needs what was compacted.
    pub(super) fn begin_transfer(&mut self, to: NodeId, out: &mut Effects<Raft>) {
        let Some(Snapshot { index, bytes }) = self.saved.clone() else { return };
        let Standing::Leader(leadership) = &mut self.standing else { return };
        let Some(progress) = leadership.peers.get_mut(&to) else { return };
        progress.transfer(index, bytes);
        out.note(Note::Mark(Mark::SnapshotSent));
        self.send_chunk(to, out);
    }

    /// Sends the chunk that a follower lacks next.
    pub(super) fn send_chunk(&self, to: NodeId, out: &mut Effects<Raft>) {
        let Standing::Leader(leadership) = &self.standing else { return };
        let Some(Mode::Transfer(transfer)) = leadership.peers.get(&to).map(|peer| &peer.mode)
        else {
            return;
        };
        let length = transfer.bytes.len();
        // All received and not yet installed: the last byte once more asks for the answer.
        let begin = (transfer.offset as usize).min(length.saturating_sub(1));
        let end = length.min(begin + (self.config.chunk_bytes as usize).max(1));
        let message = Message::Chunk {
            term: self.term,
            index: transfer.index,
            offset: begin as u64,
            last: end == length,
            bytes: transfer.bytes[begin..end].into(),
        };
        // Waits for no write: what is committed is durable on a majority.
        out.send_after(to, message, WriteId::NONE);
    }

    pub(super) fn on_chunk_reply(
        &mut self,
        at: Moment,
        from: NodeId,
        (term, index, received): (u64, u64, u64),
        out: &mut Effects<Raft>,
    ) {
        if !self.is_answer_to_leader(at, from, term, out) {
            return;
        }
        let Standing::Leader(leadership) = &mut self.standing else { return };
        if leadership.peers.get_mut(&from).is_some_and(|peer| peer.received(index, received)) {
            self.send_chunk(from, out);
        }
    }

    /// A piece of a snapshot arrives at a follower.
    pub(super) fn on_chunk(
        &mut self,
        from: NodeId,
        index: u64,
        (offset, is_last): (u64, bool),
        piece: &[u8],
        out: &mut Effects<Raft>,
    ) {
        let term = self.term;
        if index <= self.committed() {
            let result = AppendResult::Accepted { matched: index };
            return out.send(from, Message::AppendReply { term, result });
        }
        let incoming = match self.incoming.take() {
            Some(incoming) if incoming.index == index => incoming,
            _ => Incoming { index, bytes: Vec::new() },
        };
        let incoming = self.incoming.insert(incoming);
        let is_next = incoming.bytes.len() as u64 == offset;
        if is_next && incoming.bytes.len() + piece.len() <= SNAPSHOT_BYTES_MAX {
            incoming.bytes.extend_from_slice(piece);
            if is_last {
                return self.install(from, out);
            }
        }
        let received = incoming.bytes.len() as u64;
        // Waits for no write: what is received lies in memory and nothing is claimed about disks.
        out.send_after(from, Message::ChunkReply { term, index, received }, WriteId::NONE);
    }

    /// A snapshot is complete: it replaces the state, and the log unless that goes on behind it.
    ///
    /// One that cannot be read is dropped without an answer; the leader sends it again, no faster
    /// than its heartbeats.
    fn install(&mut self, from: NodeId, out: &mut Effects<Raft>) {
        let Some(incoming) = self.incoming.take() else { return };
        let Ok((header, machine)) = open(&self.config, &incoming.bytes) else { return };
        let end = header.end;
        if end.index != incoming.index || header.nodes != self.nodes {
            return;
        }
        if self.log.position(end.index) == Some(end) {
            self.log.compact(end.index);
        } else {
            // Of what replaces the log nothing is durable before the checkpoint is.
            self.log = Log::starting_at(end);
            self.durability.truncated(0);
        }
        self.machine = machine;
        out.note(Note::Mark(Mark::SnapshotInstalled));
        out.note(Note::Committed { index: end.index });
        self.checkpoint(Snapshot { index: end.index, bytes: incoming.bytes.into() }, out);
        let result = AppendResult::Accepted { matched: end.index };
        out.send(from, Message::AppendReply { term: self.term, result });
    }
}
