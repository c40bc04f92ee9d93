//! A contradiction, and the core that shows it.

use std::collections::BTreeSet;

use crate::algorithm::{Attempt, Obstacle};
use crate::certificate::{Confirmation, confirm};
use crate::interval::NEVER;
use crate::models::container::closure::is_settled;
use crate::models::container::{Container, ContainerInput, Discipline, Outcome};
use crate::{Interval, Model};

use super::lives::{Life, NOBODY};
use super::slots::FOREVER;

/// Why unique elements are not judged one by one.
pub(super) const SEVERAL_AT_ONCE: &str = "a drain takes several values at once";

/// Most operations of a core.
const CORE_MAX: usize = 100;

/// Operations of a core all of whose orders can be tried, however they overlap.
const CORE_SMALL: usize = 16;

/// Most operations of a larger core that are open at once.
const WIDTH_MAX: usize = 10;

/// Elements that contradict each other, and the operations (positions) the contradiction rests on.
pub(crate) struct Clash<E> {
    elements: BTreeSet<E>,
    needed: Vec<u32>,
}

impl<E: Copy + Ord> Clash<E> {
    /// These, resting on these.
    pub(crate) fn of(elements: Vec<E>, mut needed: Vec<u32>) -> Clash<E> {
        needed.retain(|operation| *operation != NOBODY);
        needed.sort_unstable();
        needed.dedup();
        Clash { elements: elements.into_iter().collect(), needed }
    }

    /// The contradiction as what an algorithm came to; undecided if the core would be too large for
    /// every order of it to be tried. Inapplicable if a drain took one of the elements together
    /// with others: these are read by nobody, and the core would not stand for all. O(n log core).
    ///
    /// The core has what is needed as it is; of the rest up to the last end needed, what puts in or
    /// took these elements (a put with unknown end if that is later), and the crashed takes that
    /// may have taken them.
    pub(crate) fn outcome<D: Discipline<Element = E>>(
        mut self,
        operations: &[Interval<Container<D>>],
    ) -> Outcome<D> {
        while self.adds_takes(operations) {}
        let core = self.core(operations);
        let is_foreign = |element: &E| !self.elements.contains(element);
        let mixed = core.iter().find(|operation| operation.elements().iter().any(is_foreign));
        if let Some(drain) = mixed {
            return Attempt::Inapplicable(several_at_once(operations, drain));
        }
        let too_large = core.len() > CORE_MAX
            || core.len() > CORE_SMALL
                && (width(&core) > WIDTH_MAX
                    || confirm(&Container::<D>::new(), &core) == Confirmation::TooLarge);
        if too_large { Attempt::Undecided } else { Attempt::Impossible(core) }
    }

    fn until<D: Discipline<Element = E>>(
        &self,
        operations: &[Interval<Container<D>>],
    ) -> Option<u64> {
        let ends = self.needed.iter().map(|operation| operations[*operation as usize].end);
        ends.filter(|end| *end != NEVER).max()
    }

    /// Whether there are more takes of these elements, begun up to the last end needed; they are
    /// needed as well.
    fn adds_takes<D: Discipline<Element = E>>(
        &mut self,
        operations: &[Interval<Container<D>>],
    ) -> bool {
        let until = self.until(operations);
        let is_more = |(position, operation): &(u32, &Interval<Container<D>>)| {
            Some(operation.begin) <= until
                && matches!(operation.input, ContainerInput::Take)
                && operation.elements().iter().any(|element| self.elements.contains(element))
                && self.needed.binary_search(position).is_err()
        };
        let more: Vec<u32> = (0..).zip(operations).filter(is_more).map(|(at, _)| at).collect();
        self.needed.extend_from_slice(&more);
        self.needed.sort_unstable();
        !more.is_empty()
    }

    fn core<D: Discipline<Element = E>>(
        &self,
        operations: &[Interval<Container<D>>],
    ) -> Vec<Interval<Container<D>>> {
        let until = self.until(operations);
        let mut core: Vec<Interval<Container<D>>> = Vec::new();
        let mut unknown = Vec::new();
        for (position, operation) in (0..).zip(operations) {
            if self.needed.binary_search(&position).is_ok() {
                core.push(operation.clone());
                continue;
            }
            if Some(operation.begin) > until || operation.only_looks() {
                continue;
            }
            if operation.takes_unknown() {
                unknown.push(operation.clone());
            } else if operation.elements().iter().any(|element| self.elements.contains(element)) {
                let mut operation = operation.clone();
                if Some(operation.end) > until {
                    operation.weaken();
                }
                core.push(operation);
            }
        }
        if !is_settled(&core, operations, &self.elements, until) {
            core.extend(unknown);
            core.sort_by_key(|operation| operation.call);
        }
        core
    }
}

/// The obstacle that this drain is.
fn several_at_once<D: Discipline>(
    operations: &[Interval<Container<D>>],
    drain: &Interval<Container<D>>,
) -> Obstacle {
    let position = operations.iter().position(|operation| operation.call == drain.call);
    Obstacle::new(SEVERAL_AT_ONCE, position)
}

/// How many operations are open at once, at most.
fn width<M: Model>(core: &[Interval<M>]) -> usize {
    let open_at =
        |moment: u64| core.iter().filter(|o| o.begin <= moment && moment <= o.end).count();
    core.iter().map(|operation| open_at(operation.begin)).max().unwrap_or(0)
}

impl Life {
    /// Whether this element came in before `other` in every order.
    pub(crate) const fn is_put_before(&self, other: &Life) -> bool {
        self.put_last < other.put_first
    }

    /// What shows that.
    pub(crate) fn put_before(&self, other: &Life) -> [u32; 2] {
        [self.in_by, other.put]
    }

    /// What shows that it was in from when to when.
    pub(crate) fn presence(&self) -> [u32; 3] {
        let put = if self.until == FOREVER { self.put } else { NOBODY };
        [self.in_by, put, self.last_seer]
    }
}

/// An obstacle if crashed takes are in the way of what an algorithm found without them.
///
/// A legal order stays one: crashed takes may be left out. A core is taken only if it may stand for
/// all, with the crashed takes.
pub(crate) fn despite_takers<D: Discipline>(
    found: Outcome<D>,
    operations: &[Interval<Container<D>>],
    takers: &[u32],
) -> Outcome<D> {
    let (Attempt::Impossible(core), Some(taker)) = (&found, takers.first()) else { return found };
    if crate::models::container::closure::is_reduction(core, operations)
        && !core.iter().any(Interval::takes_unknown)
    {
        return found;
    }
    let why = format!("a crashed {} may have taken any value", D::VOCABULARY.take);
    Attempt::Inapplicable(Obstacle::new(why, Some(*taker as usize)))
}
