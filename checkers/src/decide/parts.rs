//! Parts of the operations that are decided one by one.

use super::{Decision, Doubt, Ground, Ruling, decide_whole};
use crate::algorithm::Obstacle;
use crate::certificate::is_linearization;
use crate::normal::Applied;
use crate::{Budget, Interval, Model};

/// Decides each part by itself, in turn, until one has no order; linearizability is local (Herlihy
/// and Wing 1990, Theorem 1). `obstacles` are those met by algorithms for the whole. The states of
/// the budget are for all parts together.
pub(super) fn decide_parts<M: Model>(
    model: &M,
    operations: &[Interval<M>],
    parts: Vec<Vec<usize>>,
    budget: &Budget<'_>,
    obstacles: Vec<(&'static str, Obstacle)>,
) -> Decision<M> {
    let mut whole = Decision {
        ruling: Ruling::Legal(Vec::new()),
        decided_by: "",
        obstacles,
        applied: Applied::default(),
        cost: Default::default(),
    };
    let mut points: Vec<(u64, usize)> = Vec::with_capacity(operations.len());
    for part in parts {
        let members: Vec<Interval<M>> =
            part.iter().map(|position| operations[*position].clone()).collect();
        let states = budget.states.saturating_sub(whole.cost.states);
        let decision = decide_whole(model, &members, &Budget { states, ..*budget });
        whole.take(&decision, &part);
        match decision.ruling {
            Ruling::Legal(order) => {
                let mut latest = 0;
                for index in order {
                    latest = members[index].begin.max(latest);
                    points.push((latest, part[index]));
                }
            }
            Ruling::Impossible(ground) => {
                whole.ruling = Ruling::Impossible(match ground {
                    Ground::Until(until) => Ground::Part(part, until),
                    known => known,
                });
                return whole;
            }
            // The checker itself is at fault: nothing else it says is relied on.
            Ruling::Unknown(doubt @ Doubt::Certificate(_)) => {
                whole.ruling = Ruling::Unknown(doubt);
                return whole;
            }
            Ruling::Unknown(Doubt::Exhausted(what, wall)) => {
                if matches!(whole.ruling, Ruling::Legal(_)) {
                    let wall = wall.map(|wall| part[wall]);
                    whole.ruling = Ruling::Unknown(Doubt::Exhausted(what, wall));
                }
            }
        }
    }
    if let Ruling::Legal(order) = &mut whole.ruling {
        *order = merged(points);
        // No model is taken at its word on what its parts are.
        if !is_linearization(model, operations, order) {
            whole.ruling = Ruling::Unknown(Doubt::Certificate("judging by parts"));
        }
    }
    whole
}

/// One order of the legal orders of parts, each operation with the last beginning up to it in its
/// part's order.
///
/// It keeps the parts' orders and real time: nothing stands after an operation with a later moment,
/// and every operation ends after its moment and began before it.
fn merged(mut points: Vec<(u64, usize)>) -> Vec<usize> {
    points.sort_by_key(|(moment, _)| *moment);
    points.into_iter().map(|(_, position)| position).collect()
}

impl<M: Model> Decision<M> {
    /// Adds what a part, which is no key of its own, has cost and met.
    fn take(&mut self, part: &Decision<M>, positions: &[usize]) {
        if self.decided_by.is_empty() || part.decided_by == super::SEARCH {
            self.decided_by = part.decided_by;
        }
        for (name, obstacle) in &part.obstacles {
            if self.obstacles.iter().all(|(known, _)| known != name) {
                let example = obstacle.example.map(|example| positions[example]);
                self.obstacles.push((name, Obstacle { why: obstacle.why.clone(), example }));
            }
        }
        self.cost.states += part.cost.states;
        self.cost.bytes = self.cost.bytes.max(part.cost.bytes);
        self.applied.pure += part.applied.pure;
        self.applied.unobserved += part.applied.unobserved;
        self.applied.bounded += part.applied.bounded;
        self.applied.kept += part.applied.kept;
        if self.applied.why_kept.is_none() {
            self.applied.why_kept.clone_from(&part.applied.why_kept);
        }
    }
}
