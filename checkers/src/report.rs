//! The verdict on a history made in code, with words that can be read in a failing test.

use std::fmt::{self, Debug};

use tribunal_history::Verdict;

use crate::decide::{Apart, Decision, Doubt, Ground, Ruling, decide_apart};
use crate::engine::{Answer, Exhausted, search};
use crate::interval::NEVER;
use crate::witness::shrink::shrink;
use crate::{Budget, Confirmation, Interval, Model, Recorder, confirm_within};

/// Largest core of an algorithm that is shown as it is.
const CHOSEN_MAX: usize = 8;

/// Operations of a counterexample that are shown, at most.
const SHOWN_MAX: usize = 40;

/// Operations of a counterexample that are drawn, at most.
const DRAWN_MAX: usize = 12;

/// Longest operation shown whole, in characters.
const LABEL_MAX: usize = 60;

/// What was found out about a history. Prints as words.
#[derive(Debug, Clone)]
pub struct Report {
    /// Whether the history is linearizable.
    pub verdict: Verdict,
    /// What was found, in a sentence.
    pub summary: String,
    /// The algorithm that decided, or `search`.
    pub decided_by: &'static str,
    /// The operations that contradict each other, if any do.
    pub counterexample: Option<Counterexample>,
}

/// A few operations no order of which is legal. Prints as a picture: one line an operation, time to
/// the right.
#[derive(Debug, Clone)]
pub struct Counterexample {
    /// Positions among the operations that did not fail, as [`Recorder::operations`] gives them.
    pub positions: Vec<usize>,
    /// Each operation in words, with its beginning and its end.
    shown: Vec<(String, u64, u64)>,
    /// How far an order gets, and why it gets no further.
    why: Vec<String>,
}

/// Judges whether everything recorded so far is linearizable, within the default budget.
///
/// What has not ended may take effect at any later time, or never.
pub fn check<M: Model>(model: &M, recorder: &Recorder<M>) -> Report
where
    M::Input: Debug,
    M::Output: Debug,
{
    check_operations(model, &recorder.operations(), &Budget::DEFAULT)
}

/// Judges whether these operations are linearizable; their calls ascend.
///
/// A *valid* rests on an order that was replayed, an *invalid* on a few operations of which every
/// order was tried, or, where they are too many for that, on the search, which it then says; see
/// [`decide`](crate::decide).
///
/// # Panics
/// If an operation ends before it begins or begins never, or if calls do not ascend.
pub fn check_operations<M: Model>(
    model: &M,
    operations: &[Interval<M>],
    budget: &Budget<'_>,
) -> Report
where
    M::Input: Debug,
    M::Output: Debug,
{
    let apart = Apart::of(operations);
    let operations = apart.as_ref().map_or(operations, |apart| &apart.operations);
    let Decision { ruling, decided_by, .. } = decide_apart(model, operations, budget);
    let report = |verdict, summary| Report { verdict, summary, decided_by, counterexample: None };
    let count = operations.len();
    let defect = |by| format!("what {by} found does not hold when checked again; a defect");
    match ruling {
        Ruling::Legal(_) => {
            report(Verdict::Valid, format!("no violation found in {count} operations"))
        }
        Ruling::Unknown(Doubt::Certificate(by)) => report(Verdict::Unknown, defect(by)),
        Ruling::Unknown(Doubt::Exhausted(what, _)) => {
            let what = match what {
                Exhausted::States => "the states of the budget were not enough",
                Exhausted::Bytes => "the bytes of the budget were not enough",
                Exhausted::Stopped => "the search was stopped",
            };
            report(Verdict::Unknown, format!("{what} for {count} operations"))
        }
        Ruling::Impossible(ground) => {
            let core = core(model, operations, ground, budget);
            let confirmation = confirm_within(model, &core, budget);
            if confirmation == Confirmation::Refuted {
                return report(Verdict::Unknown, defect("the search"));
            }
            let mut summary =
                format!("not linearizable: of {count} operations, {} have no order", core.len());
            if confirmation == Confirmation::TooLarge {
                summary.push_str(" (by the search alone: too many orders to try each again)");
            }
            let counterexample = Some(Counterexample::new(model, &core, operations, budget));
            Report { counterexample, ..report(Verdict::Invalid, summary) }
        }
    }
}

/// The operations that contradict each other, as few as can be.
fn core<M: Model>(
    model: &M,
    operations: &[Interval<M>],
    ground: Ground<M>,
    budget: &Budget<'_>,
) -> Vec<Interval<M>> {
    match ground {
        Ground::Core(core) if core.len() <= CHOSEN_MAX => core,
        Ground::Core(core) => shrink(model, core, NEVER, budget).operations,
        Ground::Until(until) => shrink(model, operations.to_vec(), until, budget).operations,
        Ground::Part(part, until) => {
            let part = part.into_iter().map(|position| operations[position].clone()).collect();
            shrink(model, part, until, budget).operations
        }
    }
}

impl Counterexample {
    fn new<M: Model>(
        model: &M,
        core: &[Interval<M>],
        all: &[Interval<M>],
        budget: &Budget<'_>,
    ) -> Counterexample
    where
        M::Input: Debug,
        M::Output: Debug,
    {
        let mut positions: Vec<usize> = core
            .iter()
            .filter_map(|kept| all.binary_search_by_key(&kept.call, |one| one.call).ok())
            .collect();
        positions.sort_unstable();
        let shown = positions
            .iter()
            .map(|position| {
                let Interval { input, output, begin, end, .. } = &all[*position];
                let label = match output {
                    Some(output) => format!("{input:?} → {output:?}"),
                    None => format!("{input:?}, unknown outcome"),
                };
                (shortened(&label), *begin, *end)
            })
            .collect();
        let why = why(model, core, &positions, all, budget);
        Counterexample { positions, shown, why }
    }
}

/// How far an order of the core gets, and why what might come next may not.
fn why<M: Model>(
    model: &M,
    core: &[Interval<M>],
    positions: &[usize],
    all: &[Interval<M>],
    budget: &Budget<'_>,
) -> Vec<String> {
    let Answer::Impossible(stuck) = search(model, core, budget).answer else { return Vec::new() };
    let name = |index: usize| {
        let place = positions.iter().position(|at| all[*at].call == core[index].call);
        place.map(letter).unwrap_or_default()
    };
    let mut state = model.init();
    for index in &stuck.order {
        let operation = &core[*index];
        match model.step(&state, &operation.input, operation.output.as_ref()) {
            Ok(next) => state = next,
            Err(_) => return Vec::new(),
        }
    }
    let mut lines = Vec::new();
    let names: Vec<String> = stuck.order.iter().map(|index| name(*index)).collect();
    lines.push(match names.len() {
        0 => "no order gets anywhere:".to_owned(),
        _ => format!("the furthest any order gets is {}:", names.join(", ")),
    });
    let limit = stuck.wall.map_or(NEVER, |wall| core[wall].end);
    for (index, operation) in core.iter().enumerate() {
        if operation.begin <= limit
            && !stuck.order.contains(&index)
            && let Err(why) = model.step(&state, &operation.input, operation.output.as_ref())
        {
            lines.push(format!("  {} {}", name(index), why.0));
        }
    }
    lines
}

/// `A` to `Z`, then `A1`.
fn letter(place: usize) -> String {
    let letter = char::from(b'A' + (place % 26) as u8);
    if place < 26 { letter.to_string() } else { format!("{letter}{}", place / 26) }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= LABEL_MAX {
        return text.to_owned();
    }
    let head: String = text.chars().take(LABEL_MAX - 1).collect();
    format!("{head}…")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary)?;
        match &self.counterexample {
            Some(counterexample) => write!(f, "\n\n{counterexample}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut moments: Vec<u64> = self
            .shown
            .iter()
            .flat_map(|(_, begin, end)| [*begin, *end])
            .filter(|moment| *moment != NEVER)
            .collect();
        moments.sort_unstable();
        moments.dedup();
        let column = |moment: u64| 3 * moments.partition_point(|at| *at < moment);
        let width = self.shown.iter().map(|(label, ..)| label.chars().count()).max().unwrap_or(0);
        for (place, (label, begin, end)) in self.shown.iter().take(SHOWN_MAX).enumerate() {
            write!(f, "{:>3}  {label}", letter(place))?;
            if self.shown.len() <= DRAWN_MAX {
                let (from, to) = (column(*begin), column(*end));
                let pad = width - label.chars().count() + 2 + from;
                let close = if *end == NEVER { "…" } else { "|" };
                let bar = "-".repeat(to - from - 1);
                write!(f, "{:pad$}|{bar}{close}", "")?;
            }
            writeln!(f)?;
        }
        if self.shown.len() > SHOWN_MAX {
            writeln!(f, "     and {} more", self.shown.len() - SHOWN_MAX)?;
        }
        for line in &self.why {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}
