//! The checker of the four session guarantees, with a finding for each.

use tribunal_history::{Finding, Record, Verdict};

use super::guarantees::{Demand, Demands, EVERY, Ground, Guarantee};
use super::known::Known;
use super::meter::Meter;
use super::phrase::{listed, plural};
use super::proof::{Contradiction, Proof};
use super::relation::Relation;
use super::sequential::settle_doubt;
use super::testimony::Testimony;
use super::trace::Trace;
use super::verdict;
use crate::engine::Exhausted;
use crate::{Budget, Checker};

/// Judges read your writes, monotonic reads, monotonic writes and writes follow reads (Terry et al.
/// 1994, in the form of Viotti and Vukolić 2016, §3.4), each in a finding of its own.
///
/// Each guarantee demands that some writes are ordered before others; a set of guarantees is
/// contradictory if its demands form a cycle. A guarantee is *invalid* if it takes part in a
/// smallest contradictory set: alone, or together with others, which the finding names, because the
/// history does not tell which of them was broken. So a guarantee is *valid* if it can be added to
/// whichever others hold, and the history has all four if and only if all four are valid.
///
/// Exact where each value read has one writer. O(n). See `docs/checkers/weaker-models.md`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionGuarantees;

impl Checker for SessionGuarantees {
    fn name(&self) -> &'static str {
        "session-guarantees"
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        let calls = record.history.calls();
        let raw = match Trace::of_record(&calls, &record.history) {
            Ok(raw) => raw,
            Err(malformed) => {
                let finding = |one: Guarantee| verdict::malformed(one.slug(), &malformed, &calls);
                return Guarantee::ALL.into_iter().map(finding).collect();
            }
        };
        let known = Known::of(&raw);
        let mut meter = Meter::new(budget, &raw);
        let guarantees = guarantees(&known, &mut meter);
        let mut findings: Vec<Finding> = Guarantee::ALL
            .into_iter()
            .map(|guarantee| finding(guarantee, &guarantees, &known, &meter))
            .collect();
        if let [first, others @ ..] = &mut findings[..] {
            let claim = Guarantee::ReadYourWrites.name();
            settle_doubt(first, claim, (&raw, &known), &mut meter);
            for (guarantee, other) in Guarantee::ALL.into_iter().skip(1).zip(others) {
                if first.verdict == Verdict::Valid && other.verdict == Verdict::Unknown {
                    let summary = first.summary.replacen(claim, guarantee.name(), 1);
                    *other =
                        Finding { checker: guarantee.slug().to_owned(), summary, ..first.clone() };
                }
            }
        }
        findings
    }
}

/// Which guarantees a history has.
pub(crate) enum Guarantees {
    /// All four.
    Hold,
    /// A read saw a value nobody wrote: none of them.
    Nowhere(u32),
    /// These sets are contradictory, and no smaller ones are; each with a cycle.
    Contradictory(Demands, Vec<(u8, Vec<Demand>)>),
    /// Nobody knows.
    Exhausted(Exhausted),
}

/// Finds the smallest contradictory sets of guarantees.
pub(crate) fn guarantees(known: &Known<'_>, meter: &mut Meter<'_>) -> Guarantees {
    if let Some(reader) = known.nowhere {
        return Guarantees::Nowhere(reader);
    }
    let demands = Demands::of(known);
    match contradictory(&demands, known, meter) {
        Ok(sets) if sets.is_empty() => Guarantees::Hold,
        Ok(sets) => Guarantees::Contradictory(demands, sets),
        Err(what) => Guarantees::Exhausted(what),
    }
}

fn contradictory(
    demands: &Demands,
    known: &Known<'_>,
    meter: &mut Meter<'_>,
) -> Result<Vec<(u8, Vec<Demand>)>, Exhausted> {
    meter.hold(demands.bytes())?;
    meter.spend(known.trace.len() as u64)?;
    let mut sets: Vec<(u8, Vec<Demand>)> = Vec::new();
    if cycle(demands, EVERY).is_none() {
        return Ok(sets);
    }
    let mut subsets: Vec<u8> = (1..=EVERY).collect();
    subsets.sort_by_key(|subset| (subset.count_ones(), *subset));
    for subset in subsets {
        if sets.iter().any(|(smaller, _)| smaller & !subset == 0) {
            continue;
        }
        meter.spend(known.trace.len() as u64)?;
        if let Some(cycle) = cycle(demands, subset) {
            sets.push((subset, cycle));
        }
    }
    Ok(sets)
}

/// A cycle of what a set of guarantees demands. O(demands) but for cycles, of which a few are
/// tried to find a short one.
fn cycle(demands: &Demands, guarantees: u8) -> Option<Vec<Demand>> {
    let points = demands.points as usize;
    let all: Vec<Demand> =
        demands.all.iter().filter(|demand| demand.guarantees & !guarantees == 0).copied().collect();
    let mut starts = vec![0_u32; points + 1];
    let mut waiting = vec![0_u32; points];
    for demand in &all {
        starts[demand.from as usize + 1] += 1;
        waiting[demand.to as usize] += 1;
    }
    for point in 0..points {
        starts[point + 1] += starts[point];
    }
    let mut next = starts.clone();
    let mut sorted = vec![0_u32; all.len()];
    for (number, demand) in all.iter().enumerate() {
        let place = &mut next[demand.from as usize];
        sorted[*place as usize] = number as u32;
        *place += 1;
    }
    let of = |point: u32| {
        let (start, end) = (starts[point as usize], starts[point as usize + 1]);
        sorted[start as usize..end as usize].iter().map(|number| all[*number as usize])
    };
    let mut ready: Vec<u32> =
        (0..demands.points).filter(|point| waiting[*point as usize] == 0).collect();
    let mut done = 0;
    while let Some(point) = ready.pop() {
        done += 1;
        for demand in of(point) {
            waiting[demand.to as usize] -= 1;
            if waiting[demand.to as usize] == 0 {
                ready.push(demand.to);
            }
        }
    }
    if done == points {
        return None;
    }
    shortest(&all, &waiting, of)
}

/// Demands of a cycle through which a shorter one is sought, at most.
const CYCLES_TRIED: usize = 64;

fn shortest<I: Iterator<Item = Demand>>(
    all: &[Demand],
    waiting: &[u32],
    of: impl Fn(u32) -> I,
) -> Option<Vec<Demand>> {
    let left = |point: u32| waiting[point as usize] > 0;
    let mut by: Vec<Option<Demand>> = vec![None; waiting.len()];
    for demand in all.iter().filter(|demand| left(demand.from)) {
        by[demand.to as usize].get_or_insert(*demand);
    }
    let mut point = waiting.iter().position(|count| *count > 0)? as u32;
    for _ in 0..waiting.len() {
        point = by[point as usize]?.from;
    }
    let mut around = Vec::new();
    let start = point;
    loop {
        let demand = by[point as usize]?;
        around.push(demand);
        point = demand.from;
        if point == start {
            break;
        }
    }
    around.reverse();
    let mut best = around.clone();
    for first in around.iter().take(CYCLES_TRIED) {
        // Back from where this one leads to where it begins, breadth first.
        let mut came: Vec<Option<Demand>> = vec![None; waiting.len()];
        let mut todo = std::collections::VecDeque::from([first.to]);
        while let Some(point) = todo.pop_front() {
            if point == first.from {
                break;
            }
            for demand in of(point).filter(|demand| left(demand.to) && demand.to != first.to) {
                if came[demand.to as usize].is_none() {
                    came[demand.to as usize] = Some(demand);
                    todo.push_back(demand.to);
                }
            }
        }
        let mut path = vec![*first];
        let mut point = first.from;
        while point != first.to {
            let Some(demand) = came[point as usize] else { break };
            path.insert(1, demand);
            point = demand.from;
        }
        if point == first.to && path.len() < best.len() {
            best = path;
        }
    }
    Some(best)
}

fn finding(
    guarantee: Guarantee,
    guarantees: &Guarantees,
    known: &Known<'_>,
    meter: &Meter<'_>,
) -> Finding {
    let (slug, name) = (guarantee.slug(), guarantee.name());
    let mut finding = match guarantees {
        Guarantees::Hold => verdict::holds(slug, name, known, meter),
        Guarantees::Exhausted(what) => verdict::exhausted(slug, *what, meter),
        Guarantees::Nowhere(reader) => {
            let relation = &Relation::causal(known, |_| true);
            let contradiction = &Contradiction::Nowhere(*reader);
            let proven = Proof { known, relation, contradiction }.words();
            let mut finding = verdict::violated(slug, name, proven, meter);
            finding.summary =
                format!("{name}: {} was seen with a value nobody wrote", finding.subject);
            finding
        }
        Guarantees::Contradictory(demands, sets) => {
            let bit = guarantee.bit();
            match sets.iter().find(|(set, _)| set & bit != 0) {
                // Where the source of a read is in doubt there may be smaller sets, in which this
                // guarantee is not.
                Some((set, _)) if known.doubt.is_some() && *set != bit => {
                    let mut finding = verdict::holds(slug, name, known, meter);
                    let names = listed(&names(*set));
                    finding.details.push(format!("{names} cannot all hold"));
                    finding
                }
                Some((set, cycle)) => {
                    let mut finding = violated(guarantee, (*set, cycle), demands, (known, meter));
                    let others = sets.iter().filter(|(other, _)| other & bit != 0 && other != set);
                    for (other, _) in others {
                        let names = listed(&names(*other));
                        finding.details.push(format!("{names} cannot all hold either"));
                    }
                    finding
                }
                None => verdict::holds(slug, name, known, meter),
            }
        }
    };
    let how = "decided by the order of writes that the guarantees demand (Viotti and Vukolić 2016)";
    finding.details.push(how.to_owned());
    finding
}

fn names(set: u8) -> Vec<String> {
    let members = Guarantee::ALL.into_iter().filter(|one| set & one.bit() != 0);
    members.map(|one| one.name().to_owned()).collect()
}

fn violated(
    guarantee: Guarantee,
    (set, cycle): (u8, &[Demand]),
    demands: &Demands,
    (known, meter): (&Known<'_>, &Meter<'_>),
) -> Finding {
    let name = guarantee.name();
    let alone = set == guarantee.bit();
    let others: Vec<String> = names(set & !guarantee.bit());
    let mut testimony = Testimony::of(&known.trace);
    let teller = Teller { known, demands, last: None };
    let (last, around) = teller.tell(cycle, &mut testimony);
    testimony.blame(known.trace.accesses[last].call as usize);
    let at = known.trace.call(last).completed_at;
    let line = if around.iter().any(Option::is_none) {
        "so a write would have to come before the state before any write: a contradiction"
            .to_owned()
    } else {
        let count = plural(around.len() as u64, "write");
        format!(
            "so {count} would each have to be older than the next, in a circle: a contradiction"
        )
    };
    let calls: Vec<usize> =
        around.iter().flatten().map(|write| known.trace.accesses[*write].call as usize).collect();
    let witness = testimony.witness((&line, &calls), "nil", known.trace.len());
    let summary = if alone {
        format!("{name} is violated by process {}", known.trace.call(last).process)
    } else {
        format!("{name} cannot hold together with {}", listed(&others))
    };
    let mut finding = verdict::blank(guarantee.slug(), Verdict::Invalid, summary, meter.cost());
    finding.anomaly = match guarantee {
        _ if !alone => format!("{name} or {} violated", others.join(" or ")),
        Guarantee::ReadYourWrites => "read your own writes violated".to_owned(),
        _ => format!("{name} violated"),
    };
    finding.subject = known.trace.key_name(known.trace.accesses[last].key);
    finding.at = at;
    finding.witness = Some(witness);
    if !alone {
        finding.details.push(
            "each of them alone can hold; the history does not tell which of them was broken"
                .to_owned(),
        );
    }
    finding
}

/// Puts a cycle of demands into words.
struct Teller<'a> {
    known: &'a Known<'a>,
    demands: &'a Demands,
    /// The access invoked last of those spoken of.
    last: Option<usize>,
}

impl Teller<'_> {
    /// The last access spoken of, and the writes of the cycle, `None` for the initial state.
    fn tell(
        mut self,
        cycle: &[Demand],
        testimony: &mut Testimony<'_>,
    ) -> (usize, Vec<Option<usize>>) {
        let is_knot = |point: u32| point > self.demands.initial;
        let Some(start) = cycle.iter().position(|demand| !is_knot(demand.from)) else {
            return (0, Vec::new());
        };
        let mut around = Vec::new();
        let mut open: Option<Demand> = None;
        for step in 0..cycle.len() {
            let demand = cycle[(start + step) % cycle.len()];
            // A way through knots has the ground of the one step that has one.
            let grounds = match (open, demand.ground) {
                (Some(first), Ground::Knot) => first.ground,
                (_, ground) => ground,
            };
            let from = open.map_or(demand.from, |first| first.from);
            let whole = Demand { from, ground: grounds, ..demand };
            if is_knot(demand.to) {
                open = Some(whole);
                continue;
            }
            open = None;
            let initial = from == self.demands.initial;
            around.push((!initial).then_some(from as usize));
            self.say(whole, testimony);
        }
        (self.last.unwrap_or_default(), around)
    }

    fn say(&mut self, demand: Demand, testimony: &mut Testimony<'_>) {
        let trace = &self.known.trace;
        let call = |access: u32| trace.accesses[access as usize].call as usize;
        let newest = match demand.ground {
            Ground::Initial | Ground::Knot => return,
            Ground::WroteThenRead(read) | Ground::ReadThenRead(_, read) => read,
            Ground::WroteThenWrote | Ground::ReadThenWrote(_) | Ground::WroteReadWrote(_) => {
                demand.to
            }
        };
        let invoked = |access: usize| trace.call(access).invoked;
        if self.last.is_none_or(|last| invoked(newest as usize) >= invoked(last)) {
            self.last = Some(newest as usize);
        }
        let process = trace.call(newest as usize).process;
        let from = call(demand.from);
        let newer = (demand.to < self.demands.initial).then(|| call(demand.to));
        match (demand.ground, newer) {
            (Ground::WroteThenRead(read), Some(to)) => testimony.say(
                &format!(
                    "process {process} wrote @, then in @ saw what @ wrote, so @ is older than @;"
                ),
                &[from, call(read), to, from, to],
            ),
            (Ground::WroteThenRead(read), None) => testimony.say(
                &format!("process {process} wrote @, then in @ saw the key as before any write;"),
                &[from, call(read)],
            ),
            (Ground::ReadThenRead(one, other), Some(to)) => testimony.say(
                &format!(
                    "process {process} saw in @ what @ wrote, then in @ what @ wrote, so @ is \
                     older than @;"
                ),
                &[call(one), from, call(other), to, from, to],
            ),
            (Ground::ReadThenRead(one, other), None) => testimony.say(
                &format!(
                    "process {process} saw in @ what @ wrote, then in @ the key as before any \
                     write;"
                ),
                &[call(one), from, call(other)],
            ),
            (Ground::WroteThenWrote, Some(to)) => testimony.say(
                &format!("process {process} wrote @ before @, so @ is older than @;"),
                &[from, to, from, to],
            ),
            (Ground::ReadThenWrote(read), Some(to)) => testimony.say(
                &format!(
                    "process {process} saw in @ what @ wrote, then wrote @, so @ is older than @;"
                ),
                &[call(read), from, to, from, to],
            ),
            (Ground::WroteReadWrote(read), Some(to)) => testimony.say(
                &format!(
                    "process {process} wrote @, then read @, then wrote @, so @ is older than @;"
                ),
                &[from, call(read), to, from, to],
            ),
            _ => {}
        }
    }
}
