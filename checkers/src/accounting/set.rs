//! The checker `set`: what was added and acknowledged is in the last read.

use tribunal_history::{Finding, Function, Record};

use super::case::{Case, is_fail, is_ok};
use super::doubt::Doubt;
use super::index::Index;
use super::ledger::{Account, check};
use super::listed::listed;
use super::proof::Proof;
use super::ruling::{Charge, Ruling};
use crate::count::plural;
use crate::{Budget, Checker};

/// Judges whether the last read holds every acknowledged element, and nothing nobody added.
///
/// Operations: `add` of an element, `read` of the list of all. The last read is the `ok` one that
/// was invoked last. An element is *lost* if an `add` of it ended `ok` before that read was invoked
/// and the read lacks it; *unexpected* if the read shows it though no `add` of it that did not fail
/// was invoked before the read ended; *recovered* if the read shows it and no `add` of it ended
/// `ok` before. Without a read that ended `ok`: unknown.
///
/// O(operations + elements read); memory proportional to distinct elements.
/// Source: Jepsen's `checker/set`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Set;

const NONE: u32 = u32::MAX;

/// What is known of an element.
#[derive(Clone, Copy)]
struct Element {
    /// The first call that adds it and did not fail, if it was invoked before the read ended.
    attempt: u32,
    /// The first call that adds it and ended `ok` before the read was invoked.
    acknowledged: u32,
    /// The first call that adds it and failed, or came too late.
    failed: u32,
    read: bool,
}

const UNHEARD: Element = Element { attempt: NONE, acknowledged: NONE, failed: NONE, read: false };

impl Checker for Set {
    fn name(&self) -> &'static str {
        Set::NAME
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        check(self, record, budget)
    }
}

impl Account for Set {
    const NAME: &'static str = "set";
    const OBJECT: &'static str = "the set";

    fn claim(&self) -> &'static str {
        "the last read holds every acknowledged element and nothing unexpected"
    }

    fn judge(&self, case: Case<'_>) -> Result<Ruling, Doubt> {
        let Some(last) = last_read(case)? else {
            return Ok(Ruling::unknown("it was never read", Vec::new()));
        };
        let mut books = Books::open(case, last)?;
        books.read()?;
        Ok(books.close())
    }
}

/// The position of the `ok` read invoked last.
fn last_read(case: Case<'_>) -> Result<Option<usize>, Doubt> {
    let mut last = None;
    for (position, call) in case.calls.iter().enumerate() {
        match call.function {
            Function::Add if call.argument.is_nil() => {
                return Err(case.bad_argument(call, "an element").into());
            }
            Function::Add => {}
            Function::Read if is_ok(call) => {
                case.result_list(call, "a list of elements")?;
                last = Some(position);
            }
            Function::Read => {}
            _ => return Err(case.foreign(call, "set").into()),
        }
    }
    Ok(last)
}

struct Books<'a> {
    case: Case<'a>,
    last: usize,
    index: Index,
    elements: Vec<Element>,
    /// Elements the read shows more than once.
    repeated: u64,
    /// Adds that ended `ok` too late for the read to have to show them.
    late: u64,
}

impl<'a> Books<'a> {
    /// Enters every `add`.
    fn open(case: Case<'a>, last: usize) -> Result<Books<'a>, Doubt> {
        let mut index = Index::new(case.budget.bytes);
        let mut elements: Vec<Element> = Vec::new();
        let (begun, ended) = (case.calls[last].invoked, case.calls[last].completed);
        let mut late = 0;
        for (position, call) in case.calls.iter().enumerate() {
            if call.function != Function::Add {
                continue;
            }
            let number = index.number(call.argument)?;
            if number == elements.len() {
                elements.push(UNHEARD);
            }
            let element = &mut elements[number];
            let position = position as u32;
            if is_fail(call) || call.invoked > ended {
                element.failed = element.failed.min(position);
            } else {
                element.attempt = element.attempt.min(position);
            }
            if is_ok(call) && call.completed < begun {
                element.acknowledged = element.acknowledged.min(position);
            } else {
                late += u64::from(is_ok(call));
            }
        }
        Ok(Books { case, last, index, elements, repeated: 0, late })
    }

    /// Enters what the last read shows.
    fn read(&mut self) -> Result<(), Doubt> {
        let shown = self.case.result_list(&self.case.calls[self.last], "a list of elements")?;
        for id in shown {
            let number = self.index.number(*id)?;
            if number == self.elements.len() {
                self.elements.push(UNHEARD);
            }
            let element = &mut self.elements[number];
            self.repeated += u64::from(element.read);
            element.read = true;
        }
        Ok(())
    }

    fn count(&self, is: impl Fn(&Element) -> bool) -> u64 {
        self.elements.iter().filter(|element| is(element)).count() as u64
    }

    fn names(&self, is: impl Fn(&Element) -> bool) -> impl Iterator<Item = String> {
        let which = self.elements.iter().enumerate().filter(move |(_, element)| is(element));
        which.map(|(number, _)| self.case.show(self.index.id(number)))
    }

    fn close(&self) -> Ruling {
        let lost = self.count(Element::is_lost);
        let unexpected = self.count(Element::is_unexpected);
        let recovered = self.count(Element::is_recovered);
        let figures = vec![
            ("attempted", self.count(|element| element.attempt != NONE)),
            ("acknowledged", self.count(|element| element.acknowledged != NONE)),
            ("read", self.count(|element| element.read && element.attempt != NONE)),
            ("lost", lost),
            ("unexpected", unexpected),
            ("recovered", recovered),
            ("read twice", self.repeated),
            ("acknowledged too late to be judged", self.late),
        ];
        let first = |is: fn(&Element) -> bool| self.elements.iter().position(is);
        let ruling = if let Some(number) = first(Element::is_lost) {
            Ruling::invalid(self.lost(number, lost), figures)
        } else if let Some(number) = first(Element::is_unexpected) {
            Ruling::invalid(self.unexpected(number, unexpected), figures)
        } else {
            Ruling::valid(figures)
        };
        let lines = [
            listed("lost", self.names(Element::is_lost), lost),
            listed("unexpected", self.names(Element::is_unexpected), unexpected),
            listed("recovered", self.names(Element::is_recovered), recovered),
        ];
        ruling.with(lines.into_iter().flatten().collect(), self.index.bytes())
    }

    fn lost(&self, number: usize, count: u64) -> Charge {
        let element = self.case.show(self.index.id(number));
        let add = self.elements[number].acknowledged as usize;
        let proof = Proof::new(self.case, self.last, [add]);
        let (a, b) = (proof.name(add), proof.name(self.last));
        let argument = vec![
            format!("{a} had added {element} and was acknowledged before {b} began"),
            "nothing is ever removed".to_owned(),
            format!("{b} is the last read, and lacks {element}"),
        ];
        Charge {
            anomaly: "lost element",
            subject: format!("element {element}"),
            headline: format!(
                "lost {}: the last read lacks {element}, which was acknowledged before",
                plural(count, "element")
            ),
            at: self.case.calls[self.last].completed_at,
            witness: proof.witness(format!("it lacks {element}"), argument),
        }
    }

    fn unexpected(&self, number: usize, count: u64) -> Charge {
        let element = self.case.show(self.index.id(number));
        let failed = Some(self.elements[number].failed).filter(|add| *add != NONE);
        let add = failed.map(|add| add as usize);
        let proof = Proof::new(self.case, self.last, add);
        let b = proof.name(self.last);
        let mut argument = vec![format!("{b} shows {element}")];
        if let Some(add) = add {
            let late = !is_fail(&self.case.calls[add]);
            let why = if late { "began after it had ended" } else { "certainly did not happen" };
            argument.push(format!("{} adds {element}, but {why}", proof.name(add)));
        }
        argument.push(format!("no operation can have added {element} before {b} ended"));
        Charge {
            anomaly: "unexpected element",
            subject: format!("element {element}"),
            headline: format!(
                "shows {}: the last read holds {element}, which nobody had added",
                plural(count, "unexpected element")
            ),
            at: self.case.calls[self.last].completed_at,
            witness: proof.witness(format!("nobody had added {element}"), argument),
        }
    }
}

impl Element {
    const fn is_lost(&self) -> bool {
        self.acknowledged != NONE && !self.read
    }

    const fn is_unexpected(&self) -> bool {
        self.attempt == NONE && self.read
    }

    const fn is_recovered(&self) -> bool {
        self.attempt != NONE && self.acknowledged == NONE && self.read
    }
}
