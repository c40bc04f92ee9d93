//! Values written once: who wrote each, who met it, and which cas leads from one to the next.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::{Operation, obstacle};
use crate::algorithm::Obstacle;
use crate::models::cell::{CellInput, Datum};

/// No cluster, or no operation.
pub(super) const NONE: u32 = u32::MAX;

/// The cluster of a value nobody writes.
pub(super) const NOWHERE: u32 = u32::MAX - 1;

/// Why a crashed operation took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// Nothing says so.
    None,
    /// This completed operation (a position) met what it wrote; of all that did it ended first.
    Met(u32),
    /// The cas that writes this cluster did take effect, and expects what it wrote.
    Expected(u32),
}

/// The clusters of a key: 0 is that of the initial nil, the others are numbered as their writers
/// stand.
pub(super) struct Clusters<'a> {
    pub operations: &'a [Operation],
    /// Per operation the cluster it writes, or [`NONE`].
    pub written: Vec<u32>,
    /// Per operation the cluster it met, [`NOWHERE`], or [`NONE`] if it does not say.
    pub met: Vec<u32>,
    /// Per cluster the position of its writer.
    pub writer: Vec<u32>,
    /// Per cluster the one its writer replaced, if that is a cas: else [`NONE`].
    pub source: Vec<u32>,
    /// Per cluster why it was there, if its writer crashed.
    pub proof: Vec<Proof>,
}

impl<'a> Clusters<'a> {
    /// The clusters, if every value is written once and none is nil.
    pub(super) fn of(operations: &'a [Operation]) -> Result<Clusters<'a>, Obstacle> {
        let count = operations.len();
        let mut numbers: HashMap<&Datum, u32, FixedState> =
            HashMap::with_capacity_and_hasher(count / 2, FixedState::with_seed(0x636c_7573));
        let mut written = vec![NONE; count];
        let mut writer = vec![NONE];
        for (position, operation) in operations.iter().enumerate() {
            let Some(value) = operation.value_written() else { continue };
            written[position] = writer.len() as u32;
            let known = numbers.insert(value, writer.len() as u32);
            if known.is_some() || *value == Datum::NIL {
                return Err(obstacle(value, position));
            }
            writer.push(position as u32);
        }
        let number = |value: &Datum| match *value {
            Datum::NIL => 0,
            _ => numbers.get(value).copied().unwrap_or(NOWHERE),
        };
        let mut met = vec![NONE; count];
        let mut source = vec![NONE; writer.len()];
        for (position, operation) in operations.iter().enumerate() {
            if let Some(seen) = operation.observes() {
                met[position] = number(seen);
            }
            let cluster = written[position];
            if let (CellInput::Cas(expected, _), true) = (&operation.input, cluster != NONE) {
                source[cluster as usize] = match met[position] {
                    NONE => number(expected),
                    met => met,
                };
            }
        }
        let proof = vec![Proof::None; writer.len()];
        let mut clusters = Clusters { operations, written, met, writer, source, proof };
        clusters.prove();
        Ok(clusters)
    }

    /// Finds out which crashed writes took effect: what a completed operation met was written, and
    /// so was what a cas that took effect expects. O(n): each step settles a cluster.
    fn prove(&mut self) {
        for (position, cluster) in self.met.iter().enumerate() {
            let Some(proof) = self.proof.get_mut(*cluster as usize) else { continue };
            let end = self.operations[position].end;
            let earlier = |other: u32| -> bool { self.operations[other as usize].end < end };
            if !matches!(*proof, Proof::Met(other) if earlier(other)) {
                *proof = Proof::Met(position as u32);
            }
        }
        for first in 1..self.writer.len() {
            let mut cluster = first;
            // From a crashed cas that took effect to the crashed write of what it expects.
            while self.is_pending(cluster as u32) && self.proof[cluster] != Proof::None {
                let source = self.source[cluster];
                let Some(proof) = self.proof.get_mut(source as usize) else { break };
                if *proof != Proof::None {
                    break;
                }
                *proof = Proof::Expected(cluster as u32);
                cluster = source as usize;
            }
        }
    }

    pub(super) fn writer(&self, cluster: u32) -> Option<&'a Operation> {
        self.operations.get(*self.writer.get(cluster as usize)? as usize)
    }

    /// Whether the writer of the cluster crashed.
    pub(super) fn is_pending(&self, cluster: u32) -> bool {
        self.writer(cluster).is_some_and(Operation::is_pending)
    }

    /// Whether the cluster's writer takes effect: it ended, or somebody saw so. The others may be
    /// dropped (rule N3 in `docs/checkers/linearizability.md`).
    pub(super) fn is_kept(&self, cluster: u32) -> bool {
        !self.is_pending(cluster) || self.proof[cluster as usize] != Proof::None
    }

    /// The operation that met what nobody had begun to write before it ended: the first to end.
    pub(super) fn first_from_nowhere(&self) -> Option<usize> {
        let from_nowhere = |position: &usize| match self.met[*position] {
            NONE | 0 => false,
            NOWHERE => true,
            cluster => {
                let end = self.operations[*position].end;
                self.writer(cluster).is_some_and(|writer| writer.begin > end)
            }
        };
        (0..self.met.len())
            .filter(from_nowhere)
            .min_by_key(|position| self.operations[*position].end)
    }

    /// A crashed cas that took effect, and expects what nobody writes: the cluster it writes.
    pub(super) fn kept_without_source(&self) -> Option<u32> {
        let lost =
            |cluster: &u32| self.source[*cluster as usize] == NOWHERE && self.is_kept(*cluster);
        (1..self.writer.len() as u32).find(lost)
    }

    /// The chains of clusters; or two cas that replaced the same.
    pub(super) fn chains(&self) -> Result<Chains, (u32, u32)> {
        let count = self.writer.len();
        let mut next = vec![NONE; count];
        for cluster in (1..count as u32).filter(|cluster| self.is_kept(*cluster)) {
            let source = self.source[cluster as usize];
            let Some(next) = next.get_mut(source as usize) else { continue };
            if *next != NONE {
                return Err((*next, cluster));
            }
            *next = cluster;
        }
        let mut places = vec![(NONE, 0); count];
        for root in 0..count as u32 {
            if self.source[root as usize] != NONE || !self.is_kept(root) {
                continue;
            }
            let (mut cluster, mut depth) = (root, 0);
            while cluster != NONE {
                places[cluster as usize] = (root, depth);
                cluster = next[cluster as usize];
                depth += 1;
            }
        }
        Ok(Chains { places })
    }
}

/// Clusters linked by cas.
pub(super) struct Chains {
    /// Per cluster the first of its chain, and how many there are before it.
    places: Vec<(u32, u32)>,
}

impl Chains {
    /// The first cluster of the chain, and how many there are before this one.
    pub(super) fn place(&self, cluster: u32) -> (u32, u32) {
        self.places[cluster as usize]
    }

    /// A cluster that is on no chain, so on a circle: each cas of it replaced what the one before
    /// wrote.
    pub(super) fn on_a_cycle(&self, clusters: &Clusters<'_>) -> Option<u32> {
        let lost = |cluster: &u32| self.place(*cluster).0 == NONE && clusters.is_kept(*cluster);
        (1..self.places.len() as u32).find(lost)
    }
}
