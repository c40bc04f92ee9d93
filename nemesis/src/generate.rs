//! A schedule from a seed.

use tribunal_history::{At, FaultId, Nanos, PlannedFault, Schedule, Seed};

use crate::form::Drawn;
use crate::swizzle::{MEMBERS_MAX, swizzle};
use crate::{Medium, NemesisInfo, Spec};

/// The most slots of a schedule; a load too long for that has longer slots.
const SLOTS_MAX: u64 = 5_000;
/// The most faults of a nemesis in one slot.
const REPEATS_MAX: u64 = 20;

/// How a schedule is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GenerateOptions {
    /// Length of a slot; `None` for the longest period of what is named, at most 10 s, or less if
    /// the load would not hold one more slot than there are nemeses.
    pub interval: Option<Nanos>,
    /// Whether every nemesis takes every slot, so that faults of different ones overlap.
    pub overlap: bool,
    /// What links carry. A nemesis that can do several things draws among those that can happen
    /// there; one that can do nothing there is planned all the same, and the cluster says why not.
    pub medium: Medium,
}

/// The schedule a seed means for `load` of load.
///
/// Time is a sequence of slots of one interval. Every nemesis named takes a slot before any
/// repeats, in an order drawn anew for each round. A fault begins early in its slot and ends within
/// the slot's first half: unless asked for, no two faults overlap, and the load ends half a slot
/// after the last fault or later. A template with a shorter period than the slot acts several times
/// in the first half.
///
/// Pure: equal arguments give equal schedules. The n-th fault of a nemesis is drawn from a child of
/// the seed named after both, so naming another nemesis moves faults in time but does not change
/// what they do.
///
/// At most 5,000 slots (of all nemeses together, if they overlap) with 20 faults each: a load
/// longer than that gets longer slots. O(faults · log faults).
pub fn generate(spec: &Spec, seed: Seed, load: Nanos, options: &GenerateOptions) -> Schedule {
    let interval = interval(spec, load, options);
    if spec.is_none() || interval == Nanos::ZERO {
        return Schedule::default();
    }
    let mut planner = Planner {
        seed: seed.child("nemesis"),
        interval,
        medium: options.medium,
        turns: vec![0; spec.items().len()],
        planned: Vec::new(),
    };
    for slot in 0..load.0 / interval.0 {
        planner.slot(spec, slot, options.overlap);
    }
    planner.into_schedule()
}

fn interval(spec: &Spec, load: Nanos, options: &GenerateOptions) -> Nanos {
    let count = spec.items().len() as u64;
    let period = spec.items().iter().map(|item| item.form.pace().period).max();
    // With overlap every nemesis takes every slot, so two slots are enough.
    let (least, most) =
        if options.overlap { (2, SLOTS_MAX / count.max(1)) } else { (count + 1, SLOTS_MAX) };
    let fitting = period.unwrap_or_default().min(Nanos(load.0 / least));
    options.interval.unwrap_or(fitting).max(Nanos(load.0.div_ceil(most)))
}

struct Planner {
    seed: Seed,
    interval: Nanos,
    medium: Medium,
    /// Faults so far of each nemesis.
    turns: Vec<u64>,
    planned: Vec<(Nanos, Nanos, Drawn)>,
}

impl Planner {
    fn slot(&mut self, spec: &Spec, slot: u64, overlap: bool) {
        let count = spec.items().len();
        if overlap {
            (0..count).for_each(|index| self.take(spec, index, slot));
            return;
        }
        let round = slot / count as u64;
        let mut order: Vec<usize> = (0..count).collect();
        self.seed.child_at("round", round).random().shuffle(&mut order);
        self.take(spec, order[(slot % count as u64) as usize], slot);
    }

    /// Fills a slot with the faults of one nemesis.
    fn take(&mut self, spec: &Spec, index: usize, slot: u64) {
        let item: &NemesisInfo = spec.items()[index];
        let pace = item.form.pace();
        let begins = self.interval.times(slot);
        let most = if item.form.is_swizzle() { REPEATS_MAX / MEMBERS_MAX } else { REPEATS_MAX };
        let repeats = (self.interval.0 / 2 / pace.period.0.max(1)).clamp(1, most);
        let step = if repeats == 1 { self.interval } else { pace.period };
        for repeat in 0..repeats {
            let turn = self.turns[index];
            self.turns[index] += 1;
            let mut random = self.seed.child(item.name).child_at("fault", turn).random();
            if item.form.is_swizzle() {
                let drawn = item.form.draw(turn, self.medium, &mut random);
                self.planned.extend(swizzle(&drawn, begins, step, &mut random));
                continue;
            }
            let drawn = item.form.draw(turn, self.medium, &mut random);
            let (offset, lasts) = pace.draw(step, &mut random);
            self.planned.push((begins + step.times(repeat) + offset, lasts, drawn));
        }
    }

    fn into_schedule(mut self) -> Schedule {
        self.planned.sort_by_key(|(at, ..)| *at);
        let numbered = self.planned.into_iter().zip(1..);
        let faults = numbered.map(|((at, lasts, drawn), number)| PlannedFault {
            id: FaultId(number),
            family: drawn.family,
            kind: drawn.kind,
            targets: drawn.targets,
            at: At::Time(at),
            lasts: Some(lasts),
        });
        Schedule::new(faults.collect())
    }
}
