//! What was placed, in order: what becomes the certificate of a *legal*.

use super::Exhausted;
use super::configuration::Head;
use super::meter::{Meter, bytes};
use super::timeline::Timeline;
use crate::{Interval, Model};

/// The tip before any step.
const ROOT: u32 = 0;

/// Fewest steps that are worth a sweep.
const SWEEP_MIN: usize = 1 << 14;

/// Marks of a step: what its number is one of.
const ABSORBED: u32 = 1 << 30;
const CRASHED: u32 = 1 << 31;

/// An item placed, an absorbed item let go, or a crashed operation used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step(u32);

impl Step {
    /// An item takes effect here.
    pub(super) const fn place(item: u32) -> Step {
        Step(item)
    }

    /// An item took effect just before the last blind operation.
    pub(super) const fn absorb(item: u32) -> Step {
        Step(item | ABSORBED)
    }

    /// The next crashed operation of this class takes effect here.
    pub(super) const fn crash(class: u32) -> Step {
        Step(class | CRASHED)
    }
}

/// Remembers steps; a configuration knows where its own end: its *tip*.
pub(super) trait Trail {
    /// Adds a step after a tip, and gives the new tip.
    fn add(&mut self, tip: u32, step: Step, meter: &mut Meter<'_>) -> Result<u32, Exhausted>;

    /// The steps up to a tip, in order.
    fn steps(&self, tip: u32) -> Vec<Step>;

    /// Bytes it occupies.
    fn bytes(&self) -> usize;
}

/// The steps of one configuration and of those it came from: going back to one of them forgets what
/// came after.
#[derive(Default)]
pub(super) struct Path {
    steps: Vec<Step>,
}

impl Trail for Path {
    fn add(&mut self, tip: u32, step: Step, meter: &mut Meter<'_>) -> Result<u32, Exhausted> {
        self.steps.truncate(tip as usize);
        meter.push(&mut self.steps, step)?;
        Ok(tip + 1)
    }

    fn steps(&self, tip: u32) -> Vec<Step> {
        self.steps[..tip as usize].to_vec()
    }

    fn bytes(&self) -> usize {
        bytes(&self.steps)
    }
}

/// The steps of many configurations, as a tree: each knows the one before it. What leads nowhere
/// any more is swept away when the tree has doubled.
pub(super) struct Tree {
    /// Pairs of the tip before, and the step. The tip of node `i` is `i + 1`.
    nodes: Vec<(u32, Step)>,
    sweep_at: usize,
}

impl Tree {
    /// Nothing placed.
    pub(super) const fn new() -> Tree {
        Tree { nodes: Vec::new(), sweep_at: SWEEP_MIN }
    }

    /// Forgets the steps that lead to none of these configurations, if it is time to. O(nodes)
    /// then, which is O(1) for each step added.
    pub(super) fn sweep(
        &mut self,
        shelves: [&mut [Head]; 2],
        meter: &mut Meter<'_>,
    ) -> Result<(), Exhausted> {
        if self.nodes.len() < self.sweep_at {
            return Ok(());
        }
        let transient = (self.nodes.len() + 1) * size_of::<u32>();
        meter.take(transient)?;
        // Where each tip moves to; at first only whether it is kept.
        let mut places = vec![ROOT; self.nodes.len() + 1];
        for head in shelves.iter().flat_map(|heads| heads.iter()) {
            let mut tip = head.tip;
            while tip != ROOT && places[tip as usize] == ROOT {
                places[tip as usize] = tip;
                tip = self.nodes[tip as usize - 1].0;
            }
        }
        let mut kept = 0;
        for tip in 1..places.len() {
            if places[tip] != ROOT {
                // A step is older than the steps after it, so the place of the one before is known.
                let (before, step) = self.nodes[tip - 1];
                self.nodes[kept] = (places[before as usize], step);
                kept += 1;
                places[tip] = kept as u32;
            }
        }
        for head in shelves.into_iter().flat_map(|heads| heads.iter_mut()) {
            head.tip = places[head.tip as usize];
        }
        self.nodes.truncate(kept);
        self.sweep_at = (kept * 2).max(SWEEP_MIN);
        meter.give(transient);
        Ok(())
    }
}

impl Trail for Tree {
    fn add(&mut self, tip: u32, step: Step, meter: &mut Meter<'_>) -> Result<u32, Exhausted> {
        if self.nodes.len() >= u32::MAX as usize - 1 {
            return Err(Exhausted::Bytes);
        }
        meter.push(&mut self.nodes, (tip, step))?;
        Ok(self.nodes.len() as u32)
    }

    fn steps(&self, mut tip: u32) -> Vec<Step> {
        let mut steps = Vec::new();
        while tip != ROOT {
            let (before, step) = self.nodes[tip as usize - 1];
            steps.push(step);
            tip = before;
        }
        steps.reverse();
        steps
    }

    fn bytes(&self) -> usize {
        bytes(&self.nodes)
    }
}

/// The order that steps stand for, as positions among the operations.
///
/// An absorbed item stands just before the last blind operation placed before it was let go: it was
/// open then already, is legal in every state, and the blind one leaves the same state after it.
/// The k-th use of a class is its k-th member, if that began before the first end of what is placed
/// later.
///
/// # Errors
/// The classes used more often than they had members in time, ascending. O(n).
pub(super) fn order<M: Model>(
    timeline: &Timeline,
    operations: &[Interval<M>],
    steps: &[Step],
) -> Result<Vec<usize>, Vec<u32>> {
    let mut uses = vec![0; timeline.classes.len()];
    // A position, or a use of a class; each in order, absorbed items moved to where they belong.
    let mut placed: Vec<(u32, Option<u32>)> = Vec::with_capacity(steps.len());
    let mut moved: Vec<(usize, u32)> = Vec::new();
    let mut blind = 0;
    for Step(step) in steps {
        let number = step & !(ABSORBED | CRASHED);
        if step & CRASHED != 0 {
            if timeline.classes[number as usize].is_blind {
                blind = placed.len();
            }
            placed.push((uses[number as usize], Some(number)));
            uses[number as usize] += 1;
        } else if step & ABSORBED != 0 {
            moved.push((blind, number));
        } else {
            if timeline.is_blind(timeline.items[number as usize].slot) {
                blind = placed.len();
            }
            placed.push((number, None));
        }
    }
    let placed = with_moved(placed, &moved);
    let (mut order, mut over) = (Vec::with_capacity(placed.len()), Vec::new());
    let mut wall = u64::MAX;
    for (number, class) in placed.into_iter().rev() {
        let Some(class) = class else {
            let position = timeline.items[number as usize].position as usize;
            wall = wall.min(operations[position].end);
            order.push(position);
            continue;
        };
        match timeline.classes[class as usize].members.get(number as usize) {
            Some(member) if operations[*member as usize].begin <= wall => {
                order.push(*member as usize);
            }
            _ => over.push(class),
        }
    }
    over.sort_unstable();
    over.dedup();
    order.reverse();
    if over.is_empty() { Ok(order) } else { Err(over) }
}

type Placed = Vec<(u32, Option<u32>)>;

/// The list with each moved item before the entry it belongs to; what is moved ascends.
fn with_moved(placed: Placed, moved: &[(usize, u32)]) -> Placed {
    if moved.is_empty() {
        return placed;
    }
    let mut all = Vec::with_capacity(placed.len() + moved.len());
    let mut moved = moved.iter().peekable();
    for (at, entry) in placed.into_iter().enumerate() {
        while let Some((_, item)) = moved.next_if(|(before, _)| *before == at) {
            all.push((*item, None));
        }
        all.push(entry);
    }
    all
}
