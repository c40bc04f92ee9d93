//! A core in the making: of each operation only the halves the contradiction needs.

use std::collections::BTreeMap;

use super::Operation;
use super::clusters::{Clusters, Proof};
use crate::models::cell::{CellInput, CellOutput};

/// Largest core: what certificates can try every order of, with room to spare.
const CORE_MAX: usize = 64;

/// What is needed of an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Halves {
    met: bool,
    wrote: bool,
}

/// A core in the making. Whatever is added brings what explains it: what was met, the operation
/// that wrote it; a crashed operation, somebody who saw that it took effect.
pub(super) struct Draft<'a> {
    clusters: &'a Clusters<'a>,
    halves: BTreeMap<u32, Halves>,
    /// Clusters whose crashed writers are in the draft.
    crashed: Vec<u32>,
}

impl<'a> Draft<'a> {
    pub(super) const fn new(clusters: &'a Clusters<'a>) -> Draft<'a> {
        Draft { clusters, halves: BTreeMap::new(), crashed: Vec::new() }
    }

    /// That this operation (a position) met what it did; a crashed one did if it took effect.
    pub(super) fn met(&mut self, position: u32) {
        let halves = self.halves.entry(position).or_default();
        if !std::mem::replace(&mut halves.met, true) {
            self.wrote(self.met_by(position));
            if self.clusters.operations[position as usize].is_pending() {
                self.wrote(self.clusters.written[position as usize]);
            }
        }
    }

    /// That this cluster was written; nothing for the initial one, or none.
    pub(super) fn wrote(&mut self, cluster: u32) {
        let position = match self.clusters.writer.get(cluster as usize) {
            Some(position) if cluster != 0 => *position,
            _ => return,
        };
        let halves = self.halves.entry(position).or_default();
        if !std::mem::replace(&mut halves.wrote, true) && self.clusters.is_pending(cluster) {
            self.crashed.push(cluster);
        }
    }

    /// That the cas which writes this cluster replaced what it met.
    pub(super) fn replaced(&mut self, cluster: u32) {
        self.wrote(cluster);
        if let Some(position) = self.clusters.writer.get(cluster as usize) {
            self.met(*position);
        }
    }

    /// That the clusters from `first` to `last`, each replaced by the next, stand together. `false`
    /// if they are too many.
    pub(super) fn chain(&mut self, first: u32, last: u32) -> bool {
        let mut cluster = last;
        while cluster != first {
            if self.halves.len() > CORE_MAX || cluster as usize >= self.clusters.source.len() {
                return false;
            }
            self.replaced(cluster);
            cluster = self.clusters.source[cluster as usize];
        }
        self.wrote(first);
        true
    }

    /// The cluster an operation met, or must have met.
    fn met_by(&self, position: u32) -> u32 {
        let at = position as usize;
        match self.clusters.written[at] {
            super::NONE => self.clusters.met[at],
            cluster => self.clusters.source[cluster as usize],
        }
    }

    /// The core, in order of beginnings, and how much it says; `None` if it is too large.
    pub(super) fn finish(mut self) -> Option<(usize, Vec<Operation>)> {
        if self.halves.len() > CORE_MAX {
            return None;
        }
        while let Some(cluster) = self.unproven() {
            let mut crashed = cluster;
            // A chain of proofs ends with a completed operation.
            while self.halves.len() <= CORE_MAX && self.clusters.is_pending(crashed) {
                match self.clusters.proof[crashed as usize] {
                    Proof::None => return None,
                    Proof::Met(position) => {
                        self.met(position);
                        break;
                    }
                    Proof::Expected(next) => {
                        self.replaced(next);
                        crashed = next;
                    }
                }
            }
            if self.halves.len() > CORE_MAX {
                return None;
            }
        }
        let needed = |halves: &Halves| usize::from(halves.met) + usize::from(halves.wrote);
        let said = self.halves.values().map(needed).sum();
        let mut core: Vec<Operation> =
            self.halves.iter().map(|(position, halves)| self.form(*position, *halves)).collect();
        core.sort_by_key(|operation| (operation.begin, operation.call));
        Some((said, core))
    }

    /// A cluster of a crashed writer of which the draft does not yet show that it was written: by a
    /// completed operation that met it, or a crashed cas that replaced it and is itself shown.
    fn unproven(&self) -> Option<u32> {
        if self.crashed.is_empty() {
            return None;
        }
        let met = self.halves.iter().filter(|(_, halves)| halves.met);
        let met: Vec<(u32, u32)> = met
            .map(|(position, _)| {
                (self.met_by(*position), self.clusters.written[*position as usize])
            })
            .collect();
        let mut open = self.crashed.clone();
        loop {
            let before = open.len();
            let left = open.clone();
            open.retain(|cluster| {
                !met.iter().any(|(seen, wrote)| seen == cluster && !left.contains(wrote))
            });
            if open.len() == before {
                break;
            }
        }
        // The last of a chain proves the others.
        let last = open.iter().find(|cluster| met.iter().all(|(seen, _)| seen != *cluster));
        last.or(open.first()).copied()
    }

    /// The core alone.
    pub(super) fn core(self) -> Option<Vec<Operation>> {
        self.finish().map(|(_, core)| core)
    }

    /// The operation, made to say no more than is needed.
    fn form(&self, position: u32, halves: Halves) -> Operation {
        let mut operation = self.clusters.operations[position as usize].clone();
        let CellInput::Cas(_, new) = &operation.input else { return operation };
        if operation.value_written().is_none() {
            return operation;
        }
        match halves {
            Halves { met: false, .. } => {
                operation.input = CellInput::Write(new.clone());
                operation.output = (!operation.is_pending()).then_some(CellOutput::Done);
            }
            Halves { wrote: false, .. } => {
                operation.input = CellInput::Read;
            }
            Halves { .. } => {}
        }
        operation
    }
}
