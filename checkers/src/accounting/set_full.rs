//! The checker `set-full`: the life of every element through all reads.

use tribunal_history::{Call, Finding, Function, Record};

use super::case::{Case, is_fail, is_ok};
use super::doubt::Doubt;
use super::element::{Element, NONE};
use super::index::Index;
use super::ledger::{Account, check};
use super::listed::listed;
use super::proof::Proof;
use super::quantiles::quantiles;
use super::ruling::{Charge, Figures, Ruling};
use crate::count::plural;
use crate::{Budget, Checker};

/// Judges the life of every element of a grow-only set that is read often.
///
/// Operations: `add` of an element, `read` of the list of all. An element is *known* from the first
/// moment at which an `add` of it ended `ok` or a read that shows it ended. Then it is
///
/// - *lost* if a read that was invoked after that moment lacks it, and no read that ended after the
///   last such read was invoked shows it;
/// - *stable* if it was shown and is not lost; *stale* if a read invoked after it was known lacks
///   it all the same;
/// - *never read* otherwise.
///
/// An element in a read is *unexpected* if no `add` of it that did not fail was invoked before the
/// read ended, and *duplicated* if one read shows it more than once. Lost, unexpected and
/// duplicated elements are violations; stale ones are with [`SetFull::linearizable`]. No stable
/// element and no violation: unknown.
///
/// O(operations + elements in all reads); memory proportional to distinct elements and reads.
/// Source: Jepsen's `checker/set-full`; the differences are in `docs/checkers/accounting.md`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SetFull {
    linearizable: bool,
}

impl SetFull {
    /// Elements may take their time to show, but must show in the end.
    pub const fn new() -> SetFull {
        SetFull { linearizable: false }
    }

    /// Every element must show in every read that is invoked after it is known.
    pub const fn linearizable() -> SetFull {
        SetFull { linearizable: true }
    }
}

impl Checker for SetFull {
    fn name(&self) -> &'static str {
        SetFull::NAME
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        check(self, record, budget)
    }
}

impl Account for SetFull {
    const NAME: &'static str = "set-full";
    const OBJECT: &'static str = "the set";

    fn claim(&self) -> &'static str {
        if self.linearizable {
            "every element shows in each read once it is known, and nothing unexpected does"
        } else {
            "no acknowledged element was lost, and none unexpected or duplicated"
        }
    }

    fn judge(&self, case: Case<'_>) -> Result<Ruling, Doubt> {
        let mut lives = Lives::open(case)?;
        lives.read()?;
        Ok(lives.close(self.linearizable))
    }
}

/// All elements, and all reads in order of invocation.
struct Lives<'a> {
    case: Case<'a>,
    index: Index,
    elements: Vec<Element>,
    reads: Vec<u32>,
}

impl<'a> Lives<'a> {
    fn open(case: Case<'a>) -> Result<Lives<'a>, Doubt> {
        let (index, elements) = (Index::new(case.budget.bytes), Vec::new());
        let mut lives = Lives { case, index, elements, reads: Vec::new() };
        for (position, call) in case.calls.iter().enumerate() {
            match call.function {
                Function::Add if call.argument.is_nil() => {
                    return Err(case.bad_argument(call, "an element").into());
                }
                Function::Add => lives.add(position, call)?,
                Function::Read if is_ok(call) => lives.reads.push(position as u32),
                Function::Read => {}
                _ => return Err(case.foreign(call, "set").into()),
            }
        }
        Ok(lives)
    }

    fn element(&mut self, id: tribunal_history::ValueId) -> Result<&mut Element, Doubt> {
        let number = self.index.number(id)?;
        if number == self.elements.len() {
            self.elements.push(Element::UNHEARD);
        }
        Ok(&mut self.elements[number])
    }

    fn add(&mut self, position: usize, call: &Call) -> Result<(), Doubt> {
        let element = self.element(call.argument)?;
        if is_fail(call) {
            element.failed = element.failed.min(position as u32);
        } else if element.attempt == NONE {
            (element.attempt, element.attempted) = (position as u32, call.invoked);
        }
        if is_ok(call) {
            element.know(position as u32, call.completed);
        }
        Ok(())
    }

    /// Walks through the reads from the last to the first.
    fn read(&mut self) -> Result<(), Doubt> {
        let count = self.reads.len() as u32;
        for rank in (0..count).rev() {
            if (self.case.budget.stop)() {
                return Err(Doubt::Stopped);
            }
            let position = self.reads[rank as usize];
            let call = &self.case.calls[position as usize];
            for id in self.case.result_list(call, "a list of elements")? {
                self.element(*id)?.show(rank, count, position, call);
            }
        }
        Ok(())
    }

    /// The last read, by invocation, that lacks the element.
    fn last_absent(&self, element: &Element) -> Option<usize> {
        let rank = (self.reads.len() as u32).checked_sub(element.run + 1)?;
        Some(self.reads[rank as usize] as usize)
    }

    /// The last read that lacks the element although it was known before.
    fn missed(&self, element: &Element) -> Option<usize> {
        let absent = self.last_absent(element)?;
        let counts = element.attempt != NONE && element.unexpected == NONE;
        (counts && element.known < self.case.calls[absent].invoked).then_some(absent)
    }

    fn is_lost(&self, element: &Element) -> bool {
        self.missed(element).is_some_and(|absent| {
            !element.is_shown() || element.shown_until < self.case.calls[absent].invoked
        })
    }

    fn is_stable(&self, element: &Element) -> bool {
        let counts = element.attempt != NONE && element.unexpected == NONE;
        counts && element.is_shown() && !self.is_lost(element)
    }

    fn is_stale(&self, element: &Element) -> bool {
        self.is_stable(element) && self.missed(element).is_some()
    }

    fn count(&self, is: impl Fn(&Element) -> bool) -> u64 {
        self.elements.iter().filter(|element| is(element)).count() as u64
    }

    fn names(&self, is: impl Fn(&Element) -> bool) -> impl Iterator<Item = String> {
        let which = self.elements.iter().enumerate().filter(move |(_, element)| is(element));
        which.map(|(number, _)| self.case.show(self.index.id(number)))
    }

    fn figures(&self) -> Figures {
        let attempts = self.count(|element| element.attempt != NONE);
        let stable = self.count(|element| self.is_stable(element));
        let lost = self.count(|element| self.is_lost(element));
        let unexpected = self.count(Element::is_unexpected);
        let strange = self.count(|one| one.is_unexpected() && one.attempt != NONE);
        vec![
            ("attempted", attempts),
            ("acknowledged", self.count(|element| element.acknowledged)),
            ("stable", stable),
            ("stale", self.count(|element| self.is_stale(element))),
            ("never read", attempts.saturating_sub(stable + lost + strange)),
            ("lost", lost),
            ("unexpected", unexpected),
            ("duplicated", self.count(Element::is_duplicated)),
        ]
    }

    fn close(&self, linearizable: bool) -> Ruling {
        let figures = self.figures();
        let first = |is: &dyn Fn(&Element) -> bool| self.elements.iter().position(is);
        let ruling = if let Some(number) = first(&|element| self.is_lost(element)) {
            Ruling::invalid(self.lost(number), figures)
        } else if let Some(number) = first(&Element::is_unexpected) {
            Ruling::invalid(self.unexpected(number), figures)
        } else if let Some(number) = first(&Element::is_duplicated) {
            Ruling::invalid(self.duplicated(number), figures)
        } else if let Some(number) =
            first(&|element| self.is_stale(element)).filter(|_| linearizable)
        {
            Ruling::invalid(self.stale(number), figures)
        } else if first(&|element| self.is_stable(element)).is_none() {
            Ruling::unknown("no read shows any element to be stable", figures)
        } else {
            Ruling::valid(figures)
        };
        let calls = (self.reads.len() * size_of::<u32>()) as u64;
        ruling.with(self.lines(), self.index.bytes() + calls)
    }

    fn lines(&self) -> Vec<String> {
        let stale = |element: &Element| self.is_stale(element);
        let lost = |element: &Element| self.is_lost(element);
        let mut worst: Vec<(u64, usize)> = Vec::new();
        let is_timed = self.case.history.clock().is_time();
        let (mut until_stable, mut until_lost) = (Vec::new(), Vec::new());
        for (number, element) in self.elements.iter().enumerate() {
            if self.is_stable(element) {
                let latency = self.stable_latency(element);
                until_stable.push(latency);
                if self.is_stale(element) {
                    worst.push((latency, number));
                }
            } else if self.is_lost(element) {
                until_lost.push(self.lost_latency(element));
            }
        }
        worst.sort_unstable_by(|one, other| other.cmp(one));
        let worst = worst.iter().map(|(latency, number)| {
            let name = self.case.show(self.index.id(*number));
            match is_timed {
                true => format!("{name} after {} ms", latency / 1_000_000),
                false => name,
            }
        });
        if !is_timed {
            (until_stable, until_lost) = (Vec::new(), Vec::new());
        }
        [
            quantiles("time until stable", until_stable),
            quantiles("time until lost", until_lost),
            listed("lost", self.names(lost), self.count(lost)),
            listed("stale, the worst first", worst, self.count(stale)),
            listed(
                "unexpected",
                self.names(Element::is_unexpected),
                self.count(Element::is_unexpected),
            ),
            listed(
                "duplicated",
                self.names(Element::is_duplicated),
                self.count(Element::is_duplicated),
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Nanoseconds from the moment the element was known to the last read that lacks it.
    fn stable_latency(&self, element: &Element) -> u64 {
        let Some(absent) = self.missed(element) else { return 0 };
        let known = self.case.calls[element.known_by as usize].completed_at.unwrap_or_default();
        self.case.calls[absent].invoked_at.0.saturating_add(1).saturating_sub(known.0)
    }

    /// Nanoseconds from the moment the element was known to the last read that shows it.
    fn lost_latency(&self, element: &Element) -> u64 {
        let known = self.case.calls[element.known_by as usize].completed_at.unwrap_or_default();
        match element.is_shown() {
            false => 0,
            true => self.case.calls[element.last_present as usize]
                .invoked_at
                .0
                .saturating_add(1)
                .saturating_sub(known.0),
        }
    }
}

impl Lives<'_> {
    fn charge(
        &self,
        (number, at): (usize, usize),
        anomaly: &'static str,
        headline: String,
        (proof, reason, argument): (Proof<'_>, String, Vec<String>),
    ) -> Charge {
        Charge {
            anomaly,
            subject: format!("element {}", self.case.show(self.index.id(number))),
            headline,
            at: self.case.calls[at].completed_at,
            witness: proof.witness(reason, argument),
        }
    }

    fn lost(&self, number: usize) -> Charge {
        let element = &self.elements[number];
        let name = self.case.show(self.index.id(number));
        let absent = self.last_absent(element).unwrap_or_default();
        let known = element.known_by as usize;
        let shown = element.is_shown().then_some(element.last_present as usize);
        let attempt = element.attempt as usize;
        let proof = Proof::new(
            self.case,
            absent,
            [Some(known), shown, Some(attempt)].into_iter().flatten(),
        );
        let (a, z) = (proof.name(known), proof.name(absent));
        let mut argument =
            vec![format!("{a} had ended before {z} began, and from then on {name} was there")];
        argument.push(match shown {
            Some(shown) if shown != known => format!(
                "{} is the last read that shows {name}, and had ended before {z} began",
                proof.name(shown)
            ),
            Some(_) => format!("no later read shows {name}"),
            None => format!("no read shows {name}"),
        });
        argument.push(format!("{z} lacks {name}, nothing is ever removed"));
        let count = plural(self.count(|one| self.is_lost(one)), "element");
        let time = self.case.history.clock().instant(self.case.calls[absent].invoked_at);
        let headline =
            format!("lost {count}: {name} was known, and missing in the read of {time} and later");
        let proof = (proof, format!("it lacks {name}"), argument);
        self.charge((number, absent), "lost element", headline, proof)
    }

    fn unexpected(&self, number: usize) -> Charge {
        let element = &self.elements[number];
        let name = self.case.show(self.index.id(number));
        let reader = element.unexpected as usize;
        let add = [element.attempt, element.failed].into_iter().find(|add| *add != NONE);
        let add = add.map(|add| add as usize);
        let proof = Proof::new(self.case, reader, add);
        let z = proof.name(reader);
        let mut argument = vec![format!("{z} shows {name}")];
        if let Some(add) = add {
            let failed = is_fail(&self.case.calls[add]);
            let why = if failed { "certainly did not happen" } else { "began after it had ended" };
            argument.push(format!("{} adds {name}, but {why}", proof.name(add)));
        }
        argument.push(format!("no operation can have added {name} before {z} ended"));
        let count = plural(self.count(Element::is_unexpected), "unexpected element");
        let headline = format!("shows {count}: {name} was read, and nobody had added it");
        let proof = (proof, format!("nobody had added {name}"), argument);
        self.charge((number, reader), "unexpected element", headline, proof)
    }

    fn duplicated(&self, number: usize) -> Charge {
        let element = &self.elements[number];
        let name = self.case.show(self.index.id(number));
        let reader = element.duplicated as usize;
        let proof = Proof::new(self.case, reader, [element.attempt as usize]);
        let argument = vec![
            "a set holds an element once".to_owned(),
            format!("{} shows {name} more than once", proof.name(reader)),
        ];
        let count = plural(self.count(Element::is_duplicated), "duplicated element");
        let headline = format!("shows {count}: one read holds {name} more than once");
        let proof = (proof, format!("it holds {name} more than once"), argument);
        self.charge((number, reader), "duplicate element", headline, proof)
    }

    fn stale(&self, number: usize) -> Charge {
        let element = &self.elements[number];
        let name = self.case.show(self.index.id(number));
        let absent = self.last_absent(element).unwrap_or_default();
        let known = element.known_by as usize;
        let proof = Proof::new(self.case, absent, [known, element.attempt as usize]);
        let (a, z) = (proof.name(known), proof.name(absent));
        let argument = vec![
            format!("{a} had ended before {z} began, and from then on {name} was there"),
            format!("{z} lacks {name}, nothing is ever removed"),
        ];
        let count = plural(self.count(|one| self.is_stale(one)), "element");
        let headline = format!("hid {count}: {name} was known, and a later read lacks it");
        let proof = (proof, format!("it lacks {name}"), argument);
        self.charge((number, absent), "stale read", headline, proof)
    }
}
