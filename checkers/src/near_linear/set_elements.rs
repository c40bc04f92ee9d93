//! A set without reads of all, element by element: each is there in one stretch of time at most.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::Interval;
use crate::algorithm::{Attempt, Obstacle};
use crate::interval::NEVER;
use crate::models::Data;
use crate::models::set::{Set, SetInput, is_answer, saw};

type Operation<V> = Interval<Set<V>>;

/// No operation.
const NONE: u32 = u32::MAX;

/// Judges a set nobody reads as a whole, in which every element is added by one operation and
/// removed by one at most. O(n log n).
///
/// Each element is an object of its own (linearizability is local: Herlihy and Wing 1990, Theorem
/// 1). Of one element, let A be the add, R the remove, *present* what found it there, *absent* what
/// found it missing. There are two cases, and both are tried:
///
/// - *R takes effect after A* (or there is no R): A and R at moments a < r, what is present
///   between, what is absent not. Let f be the first end of A, R and what is present, and s the
///   last of their beginnings. It must be that s ≤ end of R and f ≥ beginning of A. If s ≤ f, all
///   of these take effect at s, and what is absent before or after. Else the least a stretch can be
///   is from f to s, and nothing absent may lie strictly inside.
/// - *R takes effect before A, or never*: everything absent, and R, before A; all present after.
///
/// A crashed add that nothing present needs is left out, and a crashed remove that nothing absent
/// needs. The cases are all there are, and each is decided by extremes: so it is exact, and the
/// operations that attain the extremes are a contradiction by themselves.
pub(crate) fn attempt<V: Data>(_: &Set<V>, operations: &[Operation<V>]) -> Attempt<Set<V>> {
    let elements = match Elements::of(operations) {
        Ok(elements) => elements,
        Err(obstacle) => return Attempt::Inapplicable(obstacle),
    };
    // Where each operation takes effect: a moment, a rank among those at one moment, which.
    let mut points: Vec<(u64, u8, u32)> = Vec::with_capacity(operations.len());
    for element in 0..elements.adds.len() {
        let element = elements.element(operations, element);
        let fits = element.removed_later(&mut points) || element.removed_before(&mut points);
        if !fits {
            return Attempt::Impossible(element.core());
        }
    }
    points.sort_unstable();
    Attempt::Legal(points.into_iter().map(|(.., position)| position as usize).collect())
}

/// The operations of each element.
struct Elements {
    adds: Vec<u32>,
    removes: Vec<u32>,
    /// What found the element there or missing, besides: grouped by element.
    sights: Vec<u32>,
    starts: Vec<u32>,
}

impl Elements {
    fn of<V: Data>(operations: &[Operation<V>]) -> Result<Elements, Obstacle> {
        let mut known: HashMap<&V, u32, FixedState> =
            HashMap::with_hasher(FixedState::with_seed(0x656c_656d));
        let mut found = Elements {
            adds: Vec::new(),
            removes: Vec::new(),
            sights: Vec::new(),
            starts: Vec::new(),
        };
        let mut counts: Vec<u32> = Vec::new();
        let mut element_of: Vec<u32> = Vec::with_capacity(operations.len());
        for (position, operation) in operations.iter().enumerate() {
            let obstacle = |why: &str| Err(Obstacle::new(why, Some(position)));
            if !is_answer(&operation.input, operation.output.as_ref()) {
                return obstacle("an answer is of another kind than its question");
            }
            let Some(element) = operation.input.element() else {
                return obstacle("all elements are read at once");
            };
            let number = *known.entry(element).or_insert(counts.len() as u32);
            if number as usize == counts.len() {
                counts.push(0);
                found.adds.push(NONE);
                found.removes.push(NONE);
            }
            // An add of what was there, or a remove of what was not, only says so.
            let place = match (&operation.input, saw(&operation.input, operation.output.as_ref())) {
                (SetInput::Add(_), None | Some((_, false))) => &mut found.adds[number as usize],
                (SetInput::Remove(_), None | Some((_, true))) => {
                    &mut found.removes[number as usize]
                }
                _ => {
                    counts[number as usize] += 1;
                    element_of.push(number);
                    continue;
                }
            };
            element_of.push(NONE);
            if std::mem::replace(place, position as u32) != NONE {
                return obstacle("an element is added or removed more than once");
            }
        }
        let mut next = 0;
        for count in &counts {
            found.starts.push(next);
            next += count;
        }
        found.starts.push(next);
        found.sights = vec![NONE; next as usize];
        let mut place = found.starts.clone();
        for (position, number) in element_of.into_iter().enumerate() {
            if number != NONE {
                let at = &mut place[number as usize];
                found.sights[*at as usize] = position as u32;
                *at += 1;
            }
        }
        Ok(found)
    }

    fn element<'a, V: Data>(
        &'a self,
        operations: &'a [Operation<V>],
        number: usize,
    ) -> Element<'a, V> {
        let (from, to) = (self.starts[number] as usize, self.starts[number + 1] as usize);
        let some = |position: u32| (position != NONE).then_some(position);
        let sights = &self.sights[from..to];
        let mut element = Element {
            operations,
            add: some(self.adds[number]),
            remove: some(self.removes[number]),
            sights,
            first_end: (NEVER, NONE),
            last_begin: (0, NONE),
        };
        for position in sights.iter().copied().chain(element.remove) {
            let Interval { begin, end, .. } = operations[position as usize];
            if element.sees(position) == Some(true) {
                element.first_end = element.first_end.min((end, position));
                element.last_begin = element.last_begin.max((begin, position));
            }
        }
        element
    }
}

/// One element.
struct Element<'a, V: Data> {
    operations: &'a [Operation<V>],
    add: Option<u32>,
    remove: Option<u32>,
    sights: &'a [u32],
    /// Of what found it there: the first end and the last beginning. NONE if nothing did.
    first_end: (u64, u32),
    last_begin: (u64, u32),
}

impl<V: Data> Element<'_, V> {
    fn operation(&self, position: u32) -> &Operation<V> {
        &self.operations[position as usize]
    }

    /// Whether the operation ended and found the element there, or missing.
    fn sees(&self, position: u32) -> Option<bool> {
        let operation = self.operation(position);
        saw(&operation.input, operation.output.as_ref()).map(|(_, there)| there)
    }

    /// Whether anything found it there.
    fn is_seen(&self) -> bool {
        self.first_end.1 != NONE
    }

    fn absent(&self) -> impl Iterator<Item = u32> {
        self.sights.iter().copied().filter(|at| self.sees(*at) == Some(false))
    }

    /// The stretch between add and remove: its zone (f, s), if there are both.
    fn zone(&self) -> Option<((u64, u32), (u64, u32))> {
        let (add, remove) = (self.add?, self.remove?);
        let begin = |at: u32| (self.operation(at).begin, at);
        let end = |at: u32| (self.operation(at).end, at);
        let first = self.first_end.min(end(add)).min(end(remove));
        let last = self.last_begin.max(begin(add)).max(begin(remove));
        Some((first, last))
    }

    /// The case that the element is removed after it was added; gives every operation its moment.
    fn removed_later(&self, points: &mut Vec<(u64, u8, u32)>) -> bool {
        let (Some(((f, _), (s, _))), Some(add), Some(remove)) =
            (self.zone(), self.add, self.remove)
        else {
            return false;
        };
        let inside = |at: u32| f < self.operation(at).begin && self.operation(at).end < s;
        let early = f < self.operation(add).begin || self.operation(remove).end < s;
        if early || self.absent().any(inside) {
            return false;
        }
        // What nobody needs is left out by the other case.
        if self.operation(remove).is_pending()
            && self.operation(add).is_pending()
            && !self.is_seen()
        {
            return false;
        }
        let (a, r) = (f.min(s), s);
        points.push((a, 1, add));
        points.push((r, 3, remove));
        for at in self.sights.iter().copied() {
            let begin = self.operation(at).begin;
            match self.sees(at) {
                Some(true) => points.push((begin.max(a), 2, at)),
                Some(false) if begin <= a => points.push((begin, 0, at)),
                Some(false) => points.push((begin.max(r), 4, at)),
                None => {}
            }
        }
        true
    }

    /// The case that the element is removed before it is added, or never.
    fn removed_before(&self, points: &mut Vec<(u64, u8, u32)>) -> bool {
        // A remove that found it comes later; one of unknown end need not come at all.
        let removed = match self.remove {
            Some(remove) if self.operation(remove).is_pending() => None,
            Some(remove) if self.sees(remove) == Some(true) => return false,
            other => other,
        };
        let needed = self.is_seen();
        let add = match self.add {
            Some(add) if self.operation(add).is_pending() && !needed => None,
            None if needed => return false,
            other => other,
        };
        let before = || self.absent().chain(removed);
        let last = before().map(|at| self.operation(at).begin).max().unwrap_or(0);
        let mut a = last;
        if let Some(add) = add {
            a = a.max(self.operation(add).begin);
            if self.operation(add).end.min(self.first_end.0) < a {
                return false;
            }
            points.push((a, 1, add));
        }
        points.extend(before().map(|at| (self.operation(at).begin, 0, at)));
        for at in self.sights.iter().copied().filter(|at| self.sees(*at) == Some(true)) {
            points.push((self.operation(at).begin.max(a), 2, at));
        }
        true
    }

    /// The operations that both cases fail by: add, remove, and those that attain the extremes.
    fn core(&self) -> Vec<Operation<V>> {
        let mut core: Vec<u32> = Vec::new();
        core.extend(self.add);
        core.extend(self.remove);
        core.extend([self.first_end.1, self.last_begin.1]);
        // The case before: what is absent and began last.
        core.extend(self.absent().max_by_key(|at| self.operation(*at).begin));
        if let Some(((f, _), (s, _))) = self.zone() {
            let inside = |at: &u32| f < self.operation(*at).begin && self.operation(*at).end < s;
            core.extend(self.absent().find(inside));
        }
        core.retain(|at| *at != NONE);
        core.sort_unstable();
        core.dedup();
        core.into_iter().map(|at| self.operation(at).clone()).collect()
    }
}
