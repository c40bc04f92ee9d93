//! The checker `total-queue`: what was put into a queue came out of it.

use tribunal_history::{Completion, Finding, Function, Record, ValueId};

use super::case::{Case, is_fail, is_ok};
use super::doubt::Doubt;
use super::index::Index;
use super::ledger::{Account, check};
use super::listed::{listed, times};
use super::proof::Proof;
use super::ruling::{Charge, Figures, Ruling};
use crate::count::plural;
use crate::{Budget, Checker};

/// Judges what came out of a queue against what was put in, as multisets; order does not matter.
///
/// Operations: `enqueue` of an element; `dequeue`, which answers an element, or nil if the queue is
/// empty; `drain`, which takes all there is and answers the list. The queue *was shown empty* by a
/// drain or a dequeue of nil that ended `ok`.
///
/// - *lost*: acknowledged before the last operation was invoked that showed the queue empty, and
///   delivered fewer times than that, beyond what dequeues of unknown outcome may have taken.
/// - *unexpected*: delivered, and no enqueue of it that did not fail was invoked before.
/// - *duplicated*: delivered more often than put in so far. Allowed by *at least once*.
/// - *recovered*: delivered, and no enqueue of it was acknowledged.
///
/// Unknown if an acknowledged element was not delivered and that is no proof: the queue was not
/// shown empty afterwards, or an operation of unknown outcome may hold it. Unknown as well if
/// nothing ended `ok`. O(n log n); memory proportional to operations and distinct elements.
/// Source: Jepsen's `checker/total-queue`; differences in `docs/checkers/accounting.md`.
#[derive(Clone, Copy, Debug)]
pub struct TotalQueue {
    loses: bool,
    duplicates: bool,
}

impl TotalQueue {
    /// Acknowledged elements are delivered once or more often.
    pub const fn at_least_once() -> TotalQueue {
        TotalQueue { loses: false, duplicates: true }
    }

    /// Elements are delivered once, or get lost.
    pub const fn at_most_once() -> TotalQueue {
        TotalQueue { loses: true, duplicates: false }
    }

    /// Acknowledged elements are delivered exactly once.
    pub const fn exactly_once() -> TotalQueue {
        TotalQueue { loses: false, duplicates: false }
    }
}

impl Checker for TotalQueue {
    fn name(&self) -> &'static str {
        TotalQueue::NAME
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        check(self, record, budget)
    }
}

impl Account for TotalQueue {
    const NAME: &'static str = "total-queue";
    const OBJECT: &'static str = "the queue";

    fn claim(&self) -> &'static str {
        match (self.loses, self.duplicates) {
            (false, true) => "every acknowledged element was delivered at least once",
            (true, _) => "every element was delivered at most once",
            (false, false) => "every acknowledged element was delivered exactly once",
        }
    }

    fn judge(&self, case: Case<'_>) -> Result<Ruling, Doubt> {
        let mut flow = Flow::open(case)?;
        flow.run()?;
        Ok(self.close(&flow))
    }
}

impl TotalQueue {
    fn close(self, flow: &Flow<'_>) -> Ruling {
        let figures = flow.figures();
        let missing = flow.sum(Element::missing);
        let undelivered = flow.sum(Element::undelivered);
        let crashed = flow.crashed_dequeues;
        let certain = flow.crashed_drains == 0 && missing > crashed;
        let first = |is: fn(&Element) -> bool| flow.elements.iter().position(is);
        let unexpected = first(|element| element.unexpected != NONE);
        let duplicated = first(|element| element.duplicated != NONE).filter(|_| !self.duplicates);
        let lost = first(|element| element.missing() > 0).filter(|_| certain && !self.loses);
        let ruling = if let Some(number) = lost {
            Ruling::invalid(flow.lost(number, missing - crashed), figures)
        } else if let Some(number) = unexpected {
            Ruling::invalid(flow.unexpected(number), figures)
        } else if let Some(number) = duplicated {
            Ruling::invalid(flow.duplicated(number), figures)
        } else if flow.is_idle() {
            Ruling::unknown("no enqueue, dequeue or drain ended ok", figures)
        } else if missing > 0 && !self.loses {
            let missing = plural(missing, "acknowledged element");
            let reason = format!("{missing} may be with operations of unknown outcome");
            Ruling::unknown(reason, figures)
        } else if undelivered > 0 && !self.loses {
            let waiting = plural(undelivered, "acknowledged element");
            let reason = format!("{waiting} may still be in the queue, which was not drained");
            Ruling::unknown(reason, figures)
        } else {
            Ruling::valid(figures)
        };
        let bytes = flow.index.bytes() + (flow.case.calls.len() * 16) as u64;
        let at_least = match (certain, missing + undelivered) {
            (true, _) => "no",
            (false, 0) => "yes",
            _ => "not known",
        };
        let extra = flow.sum(|element| u64::from(element.extra));
        let at_most = if extra > 0 { "no" } else { "yes" };
        let mut lines =
            vec![format!("delivered at least once: {at_least}; delivered at most once: {at_most}")];
        lines.extend(flow.lines());
        ruling.with(lines, bytes)
    }
}

const NONE: u32 = u32::MAX;

/// The account of one element. Calls are positions among the case's calls.
#[derive(Clone, Copy)]
struct Element {
    /// Enqueues that did not fail, invoked so far.
    attempts: u32,
    /// Enqueues that ended `ok`, and those that did before the queue was last shown empty.
    acknowledged: u32,
    due: u32,
    delivered: u32,
    /// The first enqueue that was due, the first that did not fail, the first that did.
    due_by: u32,
    attempt: u32,
    failed: u32,
    /// The first delivery; the first that could not be; the first too many.
    delivery: u32,
    unexpected: u32,
    duplicated: u32,
    /// How many deliveries are too many.
    extra: u32,
}

const UNHEARD: Element = Element {
    attempts: 0,
    acknowledged: 0,
    due: 0,
    delivered: 0,
    due_by: NONE,
    attempt: NONE,
    failed: NONE,
    delivery: NONE,
    unexpected: NONE,
    duplicated: NONE,
    extra: 0,
};

impl Element {
    /// Acknowledged, due, and not delivered so often.
    const fn missing(&self) -> u64 {
        self.due.saturating_sub(self.delivered) as u64
    }

    /// Acknowledged and not delivered so often, due or not.
    const fn undelivered(&self) -> u64 {
        self.acknowledged.saturating_sub(self.delivered) as u64
    }

    const fn recovered(&self) -> u64 {
        let most = if self.delivered < self.attempts { self.delivered } else { self.attempts };
        most.saturating_sub(self.acknowledged) as u64
    }
}

struct Flow<'a> {
    case: Case<'a>,
    index: Index,
    elements: Vec<Element>,
    /// The call that showed the queue empty and was invoked last.
    emptied: Option<usize>,
    crashed_dequeues: u64,
    crashed_drains: u64,
}

impl<'a> Flow<'a> {
    /// Looks at the shapes, and enters every enqueue.
    fn open(case: Case<'a>) -> Result<Flow<'a>, Doubt> {
        let index = Index::new(case.budget.bytes);
        let mut flow = Flow {
            case,
            index,
            elements: Vec::new(),
            emptied: None,
            crashed_dequeues: 0,
            crashed_drains: 0,
        };
        for (position, call) in case.calls.iter().enumerate() {
            let crashed = u64::from(call.completion == Completion::Info);
            match call.function {
                Function::Enqueue if call.argument.is_nil() => {
                    return Err(case.bad_argument(call, "an element").into());
                }
                Function::Enqueue => {}
                Function::Dequeue => {
                    flow.crashed_dequeues += crashed;
                    if call.result().is_some_and(ValueId::is_nil) {
                        flow.emptied = Some(position);
                    }
                }
                Function::Drain => {
                    flow.crashed_drains += crashed;
                    if is_ok(call) {
                        case.result_list(call, "a list of elements")?;
                        flow.emptied = Some(position);
                    }
                }
                _ => return Err(case.foreign(call, "queue").into()),
            }
        }
        Ok(flow)
    }

    fn element(&mut self, id: ValueId) -> Result<&mut Element, Doubt> {
        let number = self.index.number(id)?;
        if number == self.elements.len() {
            self.elements.push(UNHEARD);
        }
        Ok(&mut self.elements[number])
    }

    /// Walks through all moments: what was put in so far, and what came out.
    fn run(&mut self) -> Result<(), Doubt> {
        let case = self.case;
        for moment in case.moments() {
            let position = moment.call as usize;
            let call = &case.calls[position];
            let begins = call.invoked == moment.event;
            match call.function {
                Function::Enqueue if begins => self.put(position)?,
                Function::Enqueue => self.acknowledge(position)?,
                Function::Dequeue if !begins => {
                    if let Some(id) = call.result().filter(|id| !id.is_nil()) {
                        self.deliver(id, position)?;
                    }
                }
                Function::Drain if !begins && is_ok(call) => {
                    for id in case.result_list(call, "a list of elements")? {
                        self.deliver(*id, position)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn put(&mut self, position: usize) -> Result<(), Doubt> {
        let call = &self.case.calls[position];
        let element = self.element(call.argument)?;
        if is_fail(call) {
            element.failed = element.failed.min(position as u32);
        } else {
            element.attempts += 1;
            element.attempt = element.attempt.min(position as u32);
        }
        Ok(())
    }

    fn acknowledge(&mut self, position: usize) -> Result<(), Doubt> {
        let call = &self.case.calls[position];
        let due = self.emptied.is_some_and(|empty| call.completed < self.case.calls[empty].invoked);
        let element = self.element(call.argument)?;
        if is_ok(call) {
            element.acknowledged += 1;
            element.due += u32::from(due);
            if due {
                element.due_by = element.due_by.min(position as u32);
            }
        }
        Ok(())
    }

    fn deliver(&mut self, id: ValueId, position: usize) -> Result<(), Doubt> {
        let element = self.element(id)?;
        element.delivered = element.delivered.saturating_add(1);
        let position = position as u32;
        if element.attempts == 0 {
            element.unexpected = element.unexpected.min(position);
        } else if element.delivered > element.attempts {
            element.extra += 1;
            element.duplicated = element.duplicated.min(position);
        }
        element.delivery = element.delivery.min(position);
        Ok(())
    }

    /// Whether nothing came of any operation.
    fn is_idle(&self) -> bool {
        !self.case.calls.iter().any(is_ok)
    }

    fn sum(&self, of: impl Fn(&Element) -> u64) -> u64 {
        self.elements.iter().map(of).sum()
    }

    fn figures(&self) -> Figures {
        vec![
            ("attempted", self.sum(|element| u64::from(element.attempts))),
            ("acknowledged", self.sum(|element| u64::from(element.acknowledged))),
            ("delivered", self.sum(|element| u64::from(element.delivered))),
            ("missing", self.sum(Element::missing)),
            ("still inside", self.sum(|one| one.undelivered() - one.missing())),
            ("unexpected", self.sum(|element| u64::from(element.unexpected != NONE))),
            ("duplicated", self.sum(|element| u64::from(element.extra))),
            ("recovered", self.sum(Element::recovered)),
            ("dequeues of unknown outcome", self.crashed_dequeues + self.crashed_drains),
        ]
    }

    fn lines(&self) -> Vec<String> {
        let of = |what: &str, count: fn(&Element) -> u64| {
            let which = self.elements.iter().enumerate().filter(|(_, one)| count(one) > 0);
            let names = which.map(|(number, _)| self.case.show(self.index.id(number)));
            listed(what, names, self.elements.iter().filter(|one| count(one) > 0).count() as u64)
        };
        [
            of("not delivered", Element::missing),
            of("unexpected", |element| u64::from(element.unexpected != NONE)),
            of("duplicated", |element| u64::from(element.extra)),
            of("recovered", Element::recovered),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Flow<'_> {
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

    fn lost(&self, number: usize, certain: u64) -> Charge {
        let element = &self.elements[number];
        let name = self.case.show(self.index.id(number));
        let (put, empty) = (element.due_by as usize, self.emptied.unwrap_or_default());
        let delivery = (element.delivery != NONE).then_some(element.delivery as usize);
        let proof = Proof::new(self.case, empty, std::iter::once(put).chain(delivery));
        let (a, z) = (proof.name(put), proof.name(empty));
        let mut argument = vec![
            format!("{a} had put {name} in and was acknowledged before {z} began"),
            format!("{z} left the queue empty"),
            format!(
                "{name} was acknowledged {} so, and delivered {}",
                times(u64::from(element.due)),
                times(u64::from(element.delivered))
            ),
        ];
        argument.push(match self.crashed_dequeues {
            0 => "no dequeue has an unknown outcome, so nobody else can have taken it".to_owned(),
            more => format!(
                "the {} of unknown outcome cannot hold all that is missing, at least {} is lost",
                plural(more, "dequeue"),
                plural(certain, "element")
            ),
        });
        let headline = format!(
            "lost {}: {name} was acknowledged, the queue was emptied, and nobody got it",
            plural(certain, "element")
        );
        let proof = (proof, format!("it left nothing, and nobody got {name}"), argument);
        self.charge((number, empty), "lost element", headline, proof)
    }

    fn unexpected(&self, number: usize) -> Charge {
        let element = &self.elements[number];
        let name = self.case.show(self.index.id(number));
        let taker = element.unexpected as usize;
        let put = [element.attempt, element.failed].into_iter().find(|put| *put != NONE);
        let put = put.map(|put| put as usize);
        let proof = Proof::new(self.case, taker, put);
        let z = proof.name(taker);
        let mut argument = vec![format!("{z} delivered {name}")];
        if let Some(put) = put {
            let failed = is_fail(&self.case.calls[put]);
            let why = if failed { "certainly did not happen" } else { "began after it had ended" };
            argument.push(format!("{} puts {name} in, but {why}", proof.name(put)));
        }
        argument.push(format!("no operation can have put {name} in before {z} ended"));
        let headline = format!(
            "delivered {}: nobody had put {name} in",
            plural(self.sum(|one| u64::from(one.unexpected != NONE)), "unexpected element")
        );
        let proof = (proof, format!("nobody had put {name} in"), argument);
        self.charge((number, taker), "unexpected element", headline, proof)
    }

    fn duplicated(&self, number: usize) -> Charge {
        let element = &self.elements[number];
        let name = self.case.show(self.index.id(number));
        let taker = element.duplicated as usize;
        let others = [element.attempt as usize, element.delivery as usize];
        let proof = Proof::new(self.case, taker, others);
        let z = proof.name(taker);
        let most = times(u64::from(element.attempts));
        let argument = vec![
            format!("{name} was put in at most {most}"),
            format!("with {z} it was delivered once more than it had been put in"),
        ];
        let headline = format!(
            "delivered {} too many: {name} came out more often than it was put in",
            plural(self.sum(|one| u64::from(one.extra)), "element")
        );
        let proof = (proof, format!("{name} had been delivered before"), argument);
        self.charge((number, taker), "duplicate element", headline, proof)
    }
}
