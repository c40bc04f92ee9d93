//! What a counter must have reached, and cannot have passed, when it was read.

use crate::Interval;
use crate::algorithm::Attempt;
use crate::models::counter::{Counter, CounterInput, CounterOutput};

/// Most adds a counterexample shows one by one; more become one that stands for all.
const SHOWN_MAX: usize = 5;

type Operation = Interval<Counter>;

/// A necessary condition, whatever is added: a read saw no less than all that was added before it
/// began and all that may have been taken away before it ended, and no more than the other way
/// round. O(n log n).
///
/// This is what Jepsen's checker for counters asks, with a counterexample.
pub(crate) fn attempt(_: &Counter, operations: &[Operation]) -> Attempt<Counter> {
    for sign in [1, -1] {
        if let Some((reader, bound)) = first_below(operations, sign)
            && let Some(core) = bounded(operations, reader, bound)
        {
            return Attempt::Impossible(core);
        }
    }
    Attempt::Undecided
}

/// What bounds a read: what was added before it began, and may have been taken away before it
/// ended, as if `sign` made the counter count downwards.
#[derive(Clone, Copy)]
struct Bound {
    sign: i64,
    surely: i128,
    perhaps: i128,
}

/// The first read that ended and saw less than it must have, times `sign`.
fn first_below(operations: &[Operation], sign: i64) -> Option<(usize, Bound)> {
    let delta = |operation: &Operation| match operation.input {
        CounterInput::Add(more) => i128::from(more) * i128::from(sign),
        CounterInput::Read | CounterInput::Reach(_) => 0,
    };
    // What is added takes effect at its end at the latest, what is taken away at its beginning at
    // the earliest.
    let mut ups: Vec<(u64, i128)> = Vec::new();
    let mut downs: Vec<(u64, i128)> = Vec::new();
    let mut reads: Vec<(u64, usize, i128)> = Vec::new();
    for (position, operation) in operations.iter().enumerate() {
        match delta(operation) {
            0 => {}
            up @ 1.. if !operation.is_pending() => ups.push((operation.end, up)),
            1.. => {}
            down => downs.push((operation.begin, down)),
        }
        if let (CounterInput::Read, Some(CounterOutput::Value(seen))) =
            (&operation.input, &operation.output)
        {
            reads.push((operation.end, position, i128::from(*seen) * i128::from(sign)));
        }
    }
    let (ups, downs) = (Sums::of(ups), Sums::of(downs));
    reads.sort_unstable();
    reads.into_iter().find_map(|(end, position, seen)| {
        let surely = ups.before(operations[position].begin);
        let perhaps = downs.before(end);
        (seen < surely + perhaps).then_some((position, Bound { sign, surely, perhaps }))
    })
}

/// Sums of what happens before a moment.
struct Sums {
    moments: Vec<u64>,
    sums: Vec<i128>,
}

impl Sums {
    fn of(mut deltas: Vec<(u64, i128)>) -> Sums {
        deltas.sort_unstable();
        let mut sum = 0;
        let sums = deltas
            .iter()
            .map(|(_, delta)| {
                sum += delta;
                sum
            })
            .collect();
        Sums { moments: deltas.into_iter().map(|(moment, _)| moment).collect(), sums }
    }

    fn before(&self, moment: u64) -> i128 {
        match self.moments.partition_point(|at| *at < moment) {
            0 => 0,
            count => self.sums[count - 1],
        }
    }
}

/// The core of a read out of its bounds: what surely came before it as one add, what may have come
/// before it as another, and the read. `None` if a sum is too large for one.
fn bounded(operations: &[Operation], reader: usize, bound: Bound) -> Option<Vec<Operation>> {
    let Bound { sign, surely, perhaps } = bound;
    let read = &operations[reader];
    let adds = |up: bool| {
        operations.iter().filter(move |operation| match operation.input {
            CounterInput::Add(more) => more != 0 && (more.signum() == sign) == up,
            CounterInput::Read | CounterInput::Reach(_) => false,
        })
    };
    let ups: Vec<&Operation> = adds(true).filter(|add| add.end < read.begin).collect();
    let downs: Vec<&Operation> = adds(false).filter(|add| add.begin < read.end).collect();
    let many = downs.len() > 1;
    let mut core = vec![limited(read, sign)?];
    core.extend(sum_of(&ups, surely * i128::from(sign))?);
    core.extend(sum_of(&downs, perhaps * i128::from(sign))?.map(|mut sum| {
        if many || sum.end > read.end {
            sum.weaken();
        }
        sum
    }));
    core.sort_by_key(|operation| operation.begin);
    Some(core)
}

/// One add for several: from the first of their beginnings to the last of their ends. The one it
/// is named after began last. None for none; `None` if the sum is too large.
fn sum_of(adds: &[&Operation], sum: i128) -> Option<Option<Operation>> {
    let Some(last) = adds.iter().max_by_key(|add| add.begin) else { return Some(None) };
    let mut one = (*last).clone();
    one.input = CounterInput::Add(i64::try_from(sum).ok()?);
    one.begin = adds.iter().map(|add| add.begin).min()?;
    one.end = adds.iter().map(|add| add.end).max()?;
    Some(Some(one))
}

/// The read, made to say only that the counter was on one side of what it saw: at most, if `sign`
/// is 1.
fn limited(read: &Operation, sign: i64) -> Option<Operation> {
    let Some(CounterOutput::Value(seen)) = read.output else { return None };
    let output = if sign > 0 { CounterOutput::AtMost(seen) } else { CounterOutput::AtLeast(seen) };
    Some(Interval { output: Some(output), ..read.clone() })
}

/// The core of a read that saw less than was counted by force, where all adds are alike.
///
/// What forces is an earlier read r of c and the adds that began after r had ended and ended before
/// the reader began (or no read, and all adds that ended before). The read that needs the fewest
/// such adds is taken. O(n log n).
pub(super) fn too_low(operations: &[Operation], reader: usize, sign: i64) -> Attempt<Counter> {
    match below(operations, reader, sign) {
        Some(core) => Attempt::Impossible(core),
        None => Attempt::Undecided,
    }
}

fn below(operations: &[Operation], reader: usize, sign: i64) -> Option<Vec<Operation>> {
    let read = &operations[reader];
    let wide = |value: i64| i128::from(value) * i128::from(sign);
    let Some(CounterOutput::Value(seen)) = read.output else { return None };
    let mut adds: Vec<&Operation> = operations
        .iter()
        .filter(|add| matches!(add.input, CounterInput::Add(more) if more != 0))
        .filter(|add| add.precedes(read))
        .collect();
    adds.sort_unstable_by_key(|add| add.begin);
    let step = adds.first().map_or(1, |add| match add.input {
        CounterInput::Add(more) => wide(more),
        CounterInput::Read | CounterInput::Reach(_) => 1,
    });
    let mut best: Option<(i128, Option<&Operation>)> = None;
    let starts = operations.iter().filter(|earlier| earlier.precedes(read)).map(Some);
    for start in starts.chain([None]) {
        let (from, after) = match start.map(|start| (start, &start.output)) {
            Some((start, Some(CounterOutput::Value(value)))) => (wide(*value), start.end),
            Some(_) => continue,
            None => (0, 0),
        };
        let first = match start {
            Some(_) => adds.partition_point(|add| add.begin <= after),
            None => 0,
        };
        // Fewest adds with which the counter is past what was seen.
        let needed = if from > wide(seen) { 0 } else { (wide(seen) - from) / step + 1 };
        let enough = needed <= (adds.len() - first) as i128;
        if enough && best.is_none_or(|(fewest, _)| needed < fewest) {
            best = Some((needed, start));
        }
    }
    let (needed, start) = best?;
    let needed = usize::try_from(needed).ok()?;
    // The last ones: nearest to the reader.
    let adds = &adds[adds.len() - needed..];
    let mut core = vec![limited(read, sign)?];
    if let Some(start) = start {
        let Some(CounterOutput::Value(value)) = start.output else { return None };
        core.push(Interval { input: CounterInput::Reach(value), ..start.clone() });
    }
    if adds.len() > SHOWN_MAX {
        let sum = step * needed as i128 * i128::from(sign);
        core.extend(sum_of(adds, sum)?);
    } else {
        core.extend(adds.iter().map(|add| (*add).clone()));
    }
    core.sort_by_key(|operation| operation.begin);
    Some(core)
}

/// The core of a read that saw more than there are adds that began before its end, where all adds
/// are alike.
///
/// If an earlier read leaves few adds that may come between, that read and these; else all adds as
/// one. O(n).
pub(super) fn too_high(operations: &[Operation], reader: usize, sign: i64) -> Attempt<Counter> {
    let above = || {
        let (reader, bound) = first_below(operations, -sign)?;
        bounded(operations, reader, bound)
    };
    match near(operations, reader, sign).or_else(above) {
        Some(core) => Attempt::Impossible(core),
        None => Attempt::Undecided,
    }
}

/// The last read that ended before the reader began, if from it on too few adds may have counted.
fn near(operations: &[Operation], reader: usize, sign: i64) -> Option<Vec<Operation>> {
    let read = &operations[reader];
    let value = |operation: &Operation| match operation.output {
        Some(CounterOutput::Value(value)) => Some(i128::from(value)),
        _ => None,
    };
    let start = operations
        .iter()
        .filter(|earlier| earlier.precedes(read) && value(earlier).is_some())
        .max_by_key(|earlier| earlier.begin)?;
    let mut between = operations.iter().filter(|add| {
        let CounterInput::Add(more) = add.input else { return false };
        more != 0 && !add.precedes(start) && add.begin < read.end
    });
    let adds: Vec<&Operation> = between.by_ref().take(SHOWN_MAX + 1).collect();
    let sum: i128 = adds
        .iter()
        .map(|add| match add.input {
            CounterInput::Add(more) => i128::from(more),
            CounterInput::Read | CounterInput::Reach(_) => 0,
        })
        .sum();
    let most = value(start)? + sum;
    if adds.len() > SHOWN_MAX || value(read)? * i128::from(sign) <= most * i128::from(sign) {
        return None;
    }
    let Some(CounterOutput::Value(reached)) = start.output else { return None };
    let mut core = vec![limited(read, -sign)?];
    core.push(Interval { input: CounterInput::Reach(reached), ..start.clone() });
    // What ends later than the read: when does not matter.
    core.extend(adds.into_iter().map(|add| {
        let mut add = add.clone();
        if add.end > read.end {
            add.weaken();
        }
        add
    }));
    core.sort_by_key(|operation| operation.begin);
    Some(core)
}
