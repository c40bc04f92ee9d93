//! A monotone warp of time: bars wide enough for their text, points wide enough apart, and as much
//! of the real proportions as that leaves. Greedy, after Porcupine's visualisation: one pass from
//! left to right, O(n log n).

use tribunal_history::{Nanos, Witness};

/// Least distance of two edges.
const EDGE_STEP: f64 = 13.0;
/// Least distance of two points, so that their discs stay apart.
const POINT_STEP: f64 = 21.0;
/// Distance of two edges as far apart in time as is usual in this witness.
const USUAL_STEP: f64 = 30.0;

/// What happens at an instant. The order is that of drawing at one and the same instant: an
/// operation takes effect after it began and before it ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Begin(usize),
    /// The moment the n-th operation of the legal order takes effect; after the last comes the
    /// moment the refused one would have.
    Point(usize),
    End(usize),
}

/// Where everything of a witness stands, in pixels from the left.
pub(crate) struct Warp {
    pub(crate) begins: Vec<f64>,
    /// `None` for an operation that never ended.
    pub(crate) ends: Vec<Option<f64>>,
    /// Where the operations of the legal order take effect, and then the refused one.
    pub(crate) points: Vec<f64>,
    pub(crate) width: f64,
    /// Instants and their places, in order.
    knots: Vec<(Nanos, f64)>,
}

impl Warp {
    /// Lays a witness out. `bars` says how wide each operation's bar must be at least; the whole is
    /// at least `width` wide.
    pub(crate) fn new(witness: &Witness, bars: &[f64], width: f64) -> Warp {
        let edges = edges(witness);
        let usual = usual_gap(&edges);
        let count = witness.operations.len();
        let mut warp = Warp {
            begins: vec![0.0; count],
            ends: vec![None; count],
            points: Vec::new(),
            width: 0.0,
            knots: Vec::new(),
        };
        let mut x = 0.0;
        let mut before: Option<(Nanos, Edge)> = None;
        let mut last_point = f64::NEG_INFINITY;
        for (time, edge) in edges {
            if let Some((earlier, _)) = before {
                let share = time.since(earlier).0 as f64 / usual;
                let real = if time == earlier { 0.0 } else { USUAL_STEP * share.clamp(0.5, 4.0) };
                x += real.max(EDGE_STEP);
            }
            match edge {
                Edge::Begin(operation) => warp.begins[operation] = x,
                Edge::Point(_) => {
                    x = x.max(last_point + POINT_STEP);
                    last_point = x;
                    warp.points.push(x);
                }
                Edge::End(operation) => {
                    x = x.max(warp.begins[operation] + bars[operation]);
                    warp.ends[operation] = Some(x);
                }
            }
            warp.knots.push((time, x));
            before = Some((time, edge));
        }
        warp.finish(bars, x, width)
    }

    /// The place of an instant, kept within the drawing.
    pub(crate) fn x(&self, time: Nanos) -> f64 {
        let next = self.knots.partition_point(|knot| knot.0 <= time);
        match (next.checked_sub(1).map(|last| self.knots[last]), self.knots.get(next)) {
            (None, _) => 0.0,
            (Some(_), None) => self.width,
            (Some((from, left)), Some((to, right))) => {
                let share = time.since(from).0 as f64 / to.since(from).0.max(1) as f64;
                left + share * (right - left)
            }
        }
    }

    /// The distinct instants and where each is first reached, in order.
    pub(crate) fn instants(&self) -> Vec<(Nanos, f64)> {
        let mut instants = self.knots.clone();
        instants.dedup_by_key(|knot| knot.0);
        instants
    }

    /// Makes room for bars that never end, then stretches everything to the width wanted.
    fn finish(mut self, bars: &[f64], last: f64, width: f64) -> Warp {
        let open = self.ends.iter().zip(&self.begins).zip(bars);
        let open = open.filter(|((end, _), _)| end.is_none()).map(|((_, begin), bar)| begin + bar);
        let natural = open.fold(last + EDGE_STEP, f64::max);
        let stretch = (width / natural.max(1.0)).max(1.0);
        let places = self.begins.iter_mut().chain(self.ends.iter_mut().flatten());
        places.chain(self.points.iter_mut()).for_each(|x| *x *= stretch);
        self.knots.iter_mut().for_each(|knot| knot.1 *= stretch);
        self.width = natural * stretch;
        self
    }
}

fn edges(witness: &Witness) -> Vec<(Nanos, Edge)> {
    let mut edges = Vec::new();
    for (position, operation) in witness.operations.iter().enumerate() {
        edges.push((operation.invoked, Edge::Begin(position)));
        edges.extend(operation.completed.map(|end| (end, Edge::End(position))));
    }
    let refused = witness.refused.first().map(|(operation, _)| *operation);
    let order = witness.order.iter().map(|step| step.operation).chain(refused);
    let mut reached = Nanos::ZERO;
    for (position, operation) in order.enumerate() {
        let Some(operation) = witness.operations.get(usize::from(operation)) else { continue };
        reached = reached.max(operation.invoked);
        let latest = operation.completed.unwrap_or(Nanos::MAX);
        edges.push((reached.min(latest), Edge::Point(position)));
    }
    edges.sort_unstable();
    edges
}

/// The median distance of neighbouring instants.
fn usual_gap(edges: &[(Nanos, Edge)]) -> f64 {
    let gaps = edges.windows(2).map(|pair| pair[1].0.since(pair[0].0).0);
    let mut gaps: Vec<u64> = gaps.filter(|gap| *gap > 0).collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).copied().unwrap_or(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use tribunal_history::{
        Clock, EventKindName, ProcessId, Seed, WitnessOperation, WitnessRole, WitnessStep,
    };

    fn random_witness(seed: u64) -> Witness {
        let mut random = Seed(seed).random();
        let count = random.between(1, 40) as u16;
        let mut operations: Vec<WitnessOperation> = (0..count)
            .map(|index| {
                let invoked = Nanos(random.below(1_000));
                let open = random.chance(1, 4);
                let completed = (!open).then(|| invoked + Nanos(random.below(300)));
                WitnessOperation {
                    index: u32::from(index),
                    process: ProcessId(u32::from(index)),
                    node: None,
                    label: String::new(),
                    outcome: EventKindName::Ok,
                    invoked,
                    completed,
                    role: WitnessRole::Ordered,
                }
            })
            .collect();
        operations.sort_by_key(|it| it.invoked);
        // By end is an order every history allows.
        let mut order: Vec<u16> = (0..count).collect();
        order.sort_by_key(|it| operations[usize::from(*it)].completed.unwrap_or(Nanos::MAX));
        let step = |operation| WitnessStep { operation, state: String::new() };
        Witness {
            operations,
            order: order.into_iter().map(step).collect(),
            refused: Vec::new(),
            initial: String::new(),
            core: 0,
            clock: Clock::Time,
            shrunk_from: 0,
            words: Vec::new(),
        }
    }

    #[test]
    fn the_warp_is_monotone_and_everything_fits() {
        for seed in 0..500 {
            let witness = random_witness(seed);
            let bars = vec![80.0; witness.operations.len()];
            let warp = Warp::new(&witness, &bars, 400.0);
            for pair in warp.points.windows(2) {
                assert!(pair[1] - pair[0] >= POINT_STEP - 1e-6);
            }
            for (point, step) in warp.points.iter().zip(&witness.order) {
                let bar = usize::from(step.operation);
                let end = warp.ends[bar].unwrap_or(warp.width);
                assert!(warp.begins[bar] <= *point && *point <= end + 1e-6, "seed {seed}");
                assert!(end - warp.begins[bar] >= 80.0 - 1e-6);
            }
            let mut last = 0.0;
            for time in 0..1_400 {
                let x = warp.x(Nanos(time));
                assert!(x >= last && x <= warp.width);
                last = x;
            }
        }
    }

    #[test]
    fn an_empty_witness_has_a_width() {
        let mut witness = random_witness(1);
        witness.operations.clear();
        assert!(Warp::new(&witness, &[], 400.0).width >= 400.0);
    }
}
