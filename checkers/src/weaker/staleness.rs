//! The checker `bounded-staleness`: how old what was read was.

use tribunal_history::{Clock, Finding, Nanos, Record, Verdict};

use super::blocks::{Blocks, NoBlocks};
use super::known::{Known, Source};
use super::ladder::is_linearizable;
use super::meter::Meter;
use super::per_key::BYTES_EACH;
use super::phrase::{grouped, plural};
use super::testimony::Testimony;
use super::trace::Trace;
use super::verdict;
use super::zones::{Clash, INITIAL, Zones};
use crate::{Budget, Checker};

/// Measures how stale reads were: the smallest Δ for which the history is Δ-atomic (Golab, Li and
/// Shah 2011), that is, linearizable once every read may have begun Δ earlier. Where the versions
/// of a key are known, also the smallest k for which no read was more than k versions behind.
///
/// Without a limit the finding is *valid* and says what was measured; with one it is *invalid*
/// where Δ is larger. A key that no Δ explains is *invalid* either way. Δ rests on the times of
/// events, and is as good as the recorder's clock; that a key is not linearizable at all rests on
/// their order alone. O(n log n), and for keys that are not linearizable 64 times that. See
/// `docs/checkers/weaker-models.md`.
#[derive(Clone, Copy, Debug, Default)]
pub struct BoundedStaleness {
    limit: Option<Nanos>,
}

impl BoundedStaleness {
    /// Measures, and judges only what no staleness explains.
    pub const fn measured() -> BoundedStaleness {
        BoundedStaleness { limit: None }
    }

    /// No read may be staler than this.
    pub const fn within(limit: Nanos) -> BoundedStaleness {
        BoundedStaleness { limit: Some(limit) }
    }
}

impl Checker for BoundedStaleness {
    fn name(&self) -> &'static str {
        "bounded-staleness"
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        let calls = record.history.calls();
        let raw = match Trace::of_record(&calls, &record.history) {
            Ok(raw) => raw,
            Err(malformed) => return vec![verdict::malformed(self.name(), &malformed, &calls)],
        };
        let mut meter = Meter::new(budget, &raw);
        let mut survey = Survey::default();
        for part in raw.by_key() {
            let bytes = part.len() * BYTES_EACH;
            if let Err(what) = meter.spend(part.len() as u64).and_then(|()| meter.hold(bytes)) {
                return vec![verdict::exhausted(self.name(), what, &meter)];
            }
            let known = Known::of(&part);
            let staleness = staleness(&part, &known, budget);
            survey.versions(&part, &known);
            survey.add(part.clone(), known, staleness);
        }
        vec![self.finding(&survey, record.history.clock(), &meter)]
    }
}

/// How stale the reads of a key were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Staleness {
    /// At most so much, and what shows that it was not less.
    Delta(Nanos, Option<Clash>),
    /// No staleness explains them.
    Unbounded(Clash),
    /// Two cas replaced the same value, or cas found what they wrote.
    Torn(NoBlocks),
    /// This access saw a value nobody wrote.
    Nowhere(usize),
    /// Nobody knows, for this reason.
    Unknown(String),
}

/// Measures one key. `known` is what is known of `raw`.
pub(crate) fn staleness(raw: &Trace<'_>, known: &Known<'_>, budget: &Budget<'_>) -> Staleness {
    if let Some(reader) = known.nowhere {
        return Staleness::Nowhere(reader as usize);
    }
    if let Some(doubt) = known.doubt() {
        return match is_linearizable(raw, budget) {
            Verdict::Valid => Staleness::Delta(Nanos::ZERO, None),
            Verdict::Invalid | Verdict::Unknown => Staleness::Unknown(doubt),
        };
    }
    let blocks = match Blocks::of(known) {
        Ok(blocks) => blocks,
        Err(torn) => return Staleness::Torn(torn),
    };
    let zones = Zones::of(known, &blocks);
    let Some(clash) = zones.clash_by_order() else {
        return Staleness::Delta(Nanos::ZERO, None);
    };
    if let Some(clash) = zones.clash_by_time(u64::MAX) {
        return Staleness::Unbounded(clash);
    }
    // The clash at the largest lateness known to be too small.
    let mut shown = clash;
    let last = known.trace.calls.iter().map(|call| call.invoked_at.0).max().unwrap_or_default();
    let (mut low, mut high) = (0, last);
    while low < high {
        let middle = low + (high - low) / 2;
        match zones.clash_by_time(middle) {
            Some(clash) => (low, shown) = (middle + 1, clash),
            None => high = middle,
        }
    }
    Staleness::Delta(Nanos(low), Some(shown))
}

/// What was measured of all keys.
#[derive(Default)]
struct Survey<'a> {
    /// The stalest key: which, how stale, and what shows it.
    worst: Option<(Trace<'a>, Known<'a>, Nanos, Option<Clash>)>,
    /// The first key that no staleness explains.
    broken: Option<(Trace<'a>, Known<'a>, Staleness)>,
    /// The first key that could not be measured, and why; and how many there are.
    unknown: Option<String>,
    unknowns: u64,
    /// Keys whose versions are known, and the most versions behind, with the key.
    versioned: u64,
    behind: u32,
    behind_at: String,
}

impl<'a> Survey<'a> {
    fn add(&mut self, part: Trace<'a>, known: Known<'a>, staleness: Staleness) {
        match staleness {
            Staleness::Delta(delta, clash) => {
                if self.worst.as_ref().is_none_or(|(_, _, worst, _)| delta > *worst) {
                    self.worst = Some((part, known, delta, clash));
                }
            }
            Staleness::Unknown(doubt) => {
                self.unknowns += 1;
                self.unknown.get_or_insert(doubt);
            }
            other => {
                self.broken.get_or_insert((part, known, other));
            }
        }
    }

    /// How many versions reads were behind, if all writes of the key but one are a chain of cas.
    fn versions(&mut self, part: &Trace<'_>, known: &Known<'_>) {
        if let Some(behind) = versions_behind(known) {
            self.versioned += 1;
            if behind > self.behind || self.behind_at.is_empty() {
                (self.behind, self.behind_at) = (behind, part.key_name(0));
            }
        }
    }
}

/// The most versions a read of the key was behind what had certainly been written when it began;
/// `None` if the order of its versions is not known. O(n log n).
pub(crate) fn versions_behind(known: &Known<'_>) -> Option<u32> {
    let trace = &known.trace;
    if known.doubt.is_some() || known.nowhere.is_some() {
        return None;
    }
    let blocks = Blocks::of(known).ok()?;
    let mut writes: Vec<usize> =
        (0..trace.len()).filter(|access| trace.accesses[*access].writes.is_some()).collect();
    let block = |access: usize| blocks.block[access];
    let chain = block(*writes.first()?);
    if writes.iter().any(|write| block(*write) != chain) {
        return None;
    }
    // The initial value is version 0, also where a blind write began the chain.
    let version = |access: usize| match known.sources[access] {
        Source::Initial if trace.accesses[access].writes.is_none() => 0,
        _ => blocks.rank[access] / 2 + u32::from(chain != 0),
    };
    writes.sort_unstable_by_key(|write| trace.call(*write).completed);
    let ends: Vec<u32> = writes.iter().map(|write| trace.call(*write).completed).collect();
    let mut newest = Vec::with_capacity(writes.len());
    for write in &writes {
        newest.push(version(*write).max(newest.last().copied().unwrap_or_default()));
    }
    let reads = (0..trace.len()).filter(|access| trace.accesses[*access].reads.is_some());
    reads
        .filter(|read| trace.accesses[*read].writes.is_none())
        .map(|read| {
            let before = ends.partition_point(|end| *end < trace.call(read).invoked);
            let written = before.checked_sub(1).map_or(0, |place| newest[place]);
            written.saturating_sub(version(read))
        })
        .max()
        .or(Some(0))
}

impl BoundedStaleness {
    fn finding(&self, survey: &Survey<'_>, clock: Clock, meter: &Meter<'_>) -> Finding {
        let mut finding = match (&survey.broken, &survey.worst) {
            (Some((part, known, broken)), _) => self.broken((part, known), broken, meter),
            (None, Some((part, _, delta, _))) if delta.0 > 0 && !clock.is_time() => {
                self.untimed(&part.key_name(0), meter)
            }
            (None, Some((part, known, delta, Some(clash))))
                if self.limit.is_some_and(|limit| *delta > limit) =>
            {
                self.too_stale((part, known), *delta, *clash, meter)
            }
            (None, worst) if survey.unknown.is_none() => {
                let summary = match worst {
                    Some((part, _, delta, Some(_))) if delta.0 > 0 => {
                        format!("reads were at most {delta} stale, on {}", part.key_name(0))
                    }
                    Some((part, _, _, Some(_))) => format!(
                        "no read was stale by a measurable time, though {} is not linearizable",
                        part.key_name(0)
                    ),
                    _ => format!("no read was stale: {}", verdict::nothing_found(meter.cost())),
                };
                let mut finding =
                    verdict::blank(self.name(), Verdict::Valid, summary, meter.cost());
                if let Some((part, ..)) = worst.as_ref().filter(|worst| worst.2.0 > 0) {
                    finding.subject = part.key_name(0);
                }
                finding
            }
            (None, _) => {
                let doubt = survey.unknown.clone().unwrap_or_default();
                let count = grouped(survey.unknowns);
                let total = plural(meter.cost().keys, "key");
                let summary = format!("{count} of {total} could not be judged: {doubt}");
                verdict::blank(self.name(), Verdict::Unknown, summary, meter.cost())
            }
        };
        if let Some(limit) = self.limit {
            finding.details.push(format!("the limit is {limit}"));
        }
        if survey.versioned > 0 {
            finding.details.push(format!(
                "at most {} behind, on {}; the order of versions is known of {}",
                plural(u64::from(survey.behind), "version"),
                survey.behind_at,
                plural(survey.versioned, "key")
            ));
        }
        if clock.is_time() {
            finding.details.push(
                "times are those of the record's events, and as good as the recorder's clock"
                    .to_owned(),
            );
        }
        finding
    }

    /// Reads were stale, and the history does not tell for how long.
    fn untimed(&self, key: &str, meter: &Meter<'_>) -> Finding {
        let verdict = if self.limit.is_some() { Verdict::Unknown } else { Verdict::Valid };
        let summary = "reads were stale, and for how long is not known: the history has no times";
        let mut finding = verdict::blank(self.name(), verdict, summary.to_owned(), meter.cost());
        finding.subject = key.to_owned();
        finding
    }

    fn too_stale(
        &self,
        (part, known): (&Trace<'_>, &Known<'_>),
        delta: Nanos,
        clash: Clash,
        meter: &Meter<'_>,
    ) -> Finding {
        let key = part.key_name(0);
        let line = format!("so a read was {delta} stale or more: a contradiction");
        let summary = format!("{key} was read {delta} stale, more than the limit");
        Finding {
            anomaly: "too stale".to_owned(),
            ..accuse(self.name(), known, (clash, &line), (summary, meter))
        }
    }

    fn broken(
        &self,
        (part, known): (&Trace<'_>, &Known<'_>),
        broken: &Staleness,
        meter: &Meter<'_>,
    ) -> Finding {
        let key = part.key_name(0);
        let trace = &known.trace;
        let (anomaly, what, line, calls) = match broken {
            Staleness::Unbounded(clash) => {
                let line = "no staleness of reads explains this: a contradiction";
                let summary = format!("no staleness explains {key}");
                return Finding {
                    anomaly: "value read before it was written".to_owned(),
                    ..accuse(self.name(), known, (*clash, line), (summary, meter))
                };
            }
            Staleness::Torn(NoBlocks::LostUpdate(one, other)) => {
                let line = "@ and @ found the same value, there only once, and both replaced it: \
                    a contradiction";
                ("lost update", "two cas replaced one value", line, vec![*one, *other])
            }
            Staleness::Torn(NoBlocks::Circle(cas)) => {
                let line = "@ found what, by way of other cas, it wrote itself: a contradiction";
                ("causality cycle", "a cas found what it led to", line, vec![*cas])
            }
            Staleness::Nowhere(reader) => {
                let line = "@ saw a value nobody wrote: a contradiction";
                ("value from nowhere", "a value nobody wrote was read", line, vec![*reader as u32])
            }
            Staleness::Delta(..) | Staleness::Unknown(_) => ("", "", "", Vec::new()),
        };
        let mut testimony = Testimony::of(trace);
        let call = |access: &u32| trace.accesses[*access as usize].call as usize;
        let calls: Vec<usize> = calls.iter().map(call).collect();
        let last = calls.iter().copied().max_by_key(|call| trace.calls[*call].invoked);
        if let Some(last) = last {
            testimony.blame(last);
        }
        let summary = format!("no staleness explains {key}: {what}");
        let mut finding = verdict::blank(self.name(), Verdict::Invalid, summary, meter.cost());
        finding.anomaly = anomaly.to_owned();
        finding.subject = key;
        finding.at = last.and_then(|last| trace.calls[last].completed_at);
        finding.witness = Some(testimony.witness((line, &calls), "nil", part.len()));
        finding
    }
}

/// An *invalid* that rests on a clash.
fn accuse(
    checker: &str,
    known: &Known<'_>,
    (clash, line): (Clash, &str),
    (summary, meter): (String, &Meter<'_>),
) -> Finding {
    let trace = &known.trace;
    let mut testimony = Testimony::of(trace);
    let shown = |access: usize| {
        let member = trace.accesses[access];
        trace.show(member.writes.or(member.reads).unwrap_or(tribunal_history::ValueId::NIL))
    };
    let mut newest: Option<usize> = None;
    let mut say = |(ended, begun): (usize, usize), so: bool| {
        let later = trace.call(begun);
        newest = newest.max_by_invocation(trace, begun);
        let call = |access: usize| trace.accesses[access].call as usize;
        if ended == INITIAL {
            testimony.say("@ came after the state before any write;", &[call(begun)]);
            return;
        }
        newest = newest.max_by_invocation(trace, ended);
        let end = trace.call(ended).completed_at.unwrap_or_default();
        let gap = trace.clock.gap(end, later.invoked_at);
        let order = match so {
            true => format!(", so {} came before {};", shown(ended), shown(begun)),
            false => ", and must come after it;".to_owned(),
        };
        testimony.say_of(
            &format!("@ ended {gap}before @ began"),
            &order,
            &[call(ended), call(begun)],
        );
    };
    match clash {
        Clash::Inside(before) => say(before, false),
        Clash::Between(one, other) => {
            say(one, true);
            say(other, true);
        }
    }
    let blamed = newest.map(|access| trace.accesses[access].call as usize);
    if let Some(blamed) = blamed {
        testimony.blame(blamed);
    }
    let mut finding = verdict::blank(checker, Verdict::Invalid, summary, meter.cost());
    finding.subject = trace.key_name(0);
    finding.at = blamed.and_then(|call| trace.calls[call].completed_at);
    finding.witness = Some(testimony.witness((line, &[]), "nil", trace.len()));
    finding
}

/// The later of two accesses, by invocation.
trait Newest {
    fn max_by_invocation(self, trace: &Trace<'_>, other: usize) -> Self;
}

impl Newest for Option<usize> {
    fn max_by_invocation(self, trace: &Trace<'_>, other: usize) -> Option<usize> {
        match self {
            Some(one) if trace.call(one).invoked >= trace.call(other).invoked => Some(one),
            _ => Some(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::picture;

    fn behind(text: &str) -> Option<u32> {
        let history = picture::history(text);
        let calls = history.calls();
        versions_behind(&Known::of(&Trace::of(&calls, history.values()).unwrap()))
    }

    #[test]
    fn versions_are_counted_where_their_order_is_known() {
        let chain = "c0 |--cas x nil 1--| |--cas x 1 2--| |--cas x 2 3--|";
        let late = "c1                                                      |--read x";
        assert_eq!(behind(&format!("{chain}\n{late} 3--|")), Some(0));
        assert_eq!(behind(&format!("{chain}\n{late} 2--|")), Some(1));
        assert_eq!(behind(&format!("{chain}\n{late} 1--|")), Some(2));
        assert_eq!(behind(&format!("{chain}\n{late} nil--|")), Some(3));
        // A blind write begins a chain after the initial value.
        let written = chain.replace("cas x nil 1", "write x 1");
        assert_eq!(behind(&format!("{written}\n{late} nil--|")), Some(3));
        assert_eq!(behind(&format!("{written}\n{late} 2--|")), Some(1));
        // What overlaps is not missed for certain.
        assert_eq!(behind(&format!("{chain}\nc1                         |--read x 2--|")), Some(0));
        // Two blind writes: which is newer is not known.
        assert_eq!(behind("c0 |--write x 1--|\nc1 |--write x 2--|"), None);
        assert_eq!(behind("c0 |--read x nil--|"), None);
    }
}
