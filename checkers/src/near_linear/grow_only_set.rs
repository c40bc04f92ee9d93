//! A set from which nothing is removed: what is read says the order in which elements came.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::Interval;
use crate::algorithm::{Attempt, Obstacle};
use crate::models::Data;
use crate::models::set::reductions::projected;
use crate::models::set::{Set, SetInput, SetOutput, is_answer, saw};

type Operation<V> = Interval<Set<V>>;

/// No operation, or no class.
const NONE: u32 = u32::MAX;

/// Judges a set from which nothing is removed and to which nothing is added twice. O(n log n + what
/// was read · log of its size).
///
/// In every legal order the set only grows, so reads stand in order of their sizes, and each shows
/// what the one before it shows. That says for every element which reads come before its add and
/// which after; what found it missing (`contains`, say) comes before its add, what found it there
/// after. These constraints and real time are all there is. Every operation takes effect as early
/// as they allow: at its beginning or with the latest of its predecessors; if one had ended by
/// then, it ended before a predecessor of its predecessors began, and the constraints close a
/// circle. ∎
///
/// A crashed add that nobody saw is left out (see `docs/checkers/sets.md`).
pub(crate) fn attempt<V: Data>(_: &Set<V>, operations: &[Operation<V>]) -> Attempt<Set<V>> {
    let elements = match Elements::of(operations) {
        Ok(elements) => elements,
        Err(obstacle) => return Attempt::Inapplicable(obstacle),
    };
    let mut chain = Chain::of(operations);
    if let Err(core) = chain.grow(operations, &elements) {
        return Attempt::Impossible(core);
    }
    Schedule::new(operations, &elements, &chain).run()
}

/// Elements by number, and the one operation that adds each.
struct Elements<'a, V> {
    numbers: HashMap<&'a V, u32, FixedState>,
    adds: Vec<u32>,
}

impl<'a, V: Data> Elements<'a, V> {
    fn of(operations: &'a [Operation<V>]) -> Result<Self, Obstacle> {
        let numbers = HashMap::with_hasher(FixedState::with_seed(0x6772_6f77));
        let mut found = Elements { numbers, adds: Vec::new() };
        for (position, operation) in operations.iter().enumerate() {
            let obstacle = |why: &str| Err(Obstacle::new(why, Some(position)));
            if !is_answer(&operation.input, operation.output.as_ref()) {
                return obstacle("an answer is of another kind than its question");
            }
            let seen = saw(&operation.input, operation.output.as_ref());
            match (&operation.input, seen) {
                (SetInput::Remove(_), Some((_, false))) | (SetInput::Contains(_), _) => {}
                (SetInput::Remove(_), _) => return obstacle("elements are removed"),
                (SetInput::Add(element), None | Some((_, false))) => {
                    let number = found.number(element);
                    if std::mem::replace(&mut found.adds[number as usize], position as u32) != NONE
                    {
                        return obstacle("an element is added more than once");
                    }
                }
                (SetInput::Add(_) | SetInput::Read, _) => {}
            }
            if let Some(element) = operation.input.element() {
                found.number(element);
            }
        }
        Ok(found)
    }

    fn number(&mut self, element: &'a V) -> u32 {
        let next = self.adds.len() as u32;
        let number = *self.numbers.entry(element).or_insert(next);
        if number == next {
            self.adds.push(NONE);
        }
        number
    }

    fn find(&self, element: &V) -> Option<u32> {
        self.numbers.get(element).copied().filter(|number| self.adds[*number as usize] != NONE)
    }
}

/// The reads in order of their sizes.
struct Chain {
    /// Reads that ended; those of one class, which show the same, are together.
    reads: Vec<u32>,
    /// Where each class starts among the reads, and their number at last.
    starts: Vec<u32>,
    /// Of each element the class that first shows it.
    first: Vec<u32>,
}

impl Chain {
    fn of<V: Data>(operations: &[Operation<V>]) -> Chain {
        let mut reads: Vec<u32> = (0..operations.len() as u32)
            .filter(|at| shown(&operations[*at as usize]).is_some())
            .collect();
        let size = |at: &u32| shown(&operations[*at as usize]).map_or(0, |shown| shown.len());
        reads.sort_by_key(size);
        let mut starts: Vec<u32> = Vec::new();
        for (index, at) in reads.iter().enumerate() {
            if index == 0 || size(at) != size(&reads[index - 1]) {
                starts.push(index as u32);
            }
        }
        starts.push(reads.len() as u32);
        Chain { reads, starts, first: Vec::new() }
    }

    fn classes(&self) -> usize {
        self.starts.len() - 1
    }

    fn class(&self, class: usize) -> &[u32] {
        &self.reads[self.starts[class] as usize..self.starts[class + 1] as usize]
    }

    /// Finds the class of each element, or a contradiction: each read shows what the one before
    /// shows, and nothing that nobody adds.
    fn grow<V: Data>(
        &mut self,
        operations: &[Operation<V>],
        elements: &Elements<'_, V>,
    ) -> Result<(), Vec<Operation<V>>> {
        self.first = vec![NONE; elements.adds.len()];
        let mut stamps = vec![0_u32; elements.adds.len()];
        let mut previous: Option<u32> = None;
        let (mut stamp, mut size) = (1, 0);
        for class in 0..self.classes() {
            let range = self.starts[class] as usize..self.starts[class + 1] as usize;
            for index in range {
                let at = self.reads[index];
                let shows = shown(&operations[at as usize]).into_iter().flatten();
                let (mut kept, mut len) = (0, 0);
                for element in shows {
                    let Some(number) = elements.find(element) else {
                        let only = |other: &V| other == element;
                        return Err(vec![projected(&operations[at as usize], only)]);
                    };
                    kept += usize::from(stamps[number as usize] == stamp);
                    stamps[number as usize] = stamp + 1;
                    let first = &mut self.first[number as usize];
                    *first = (class as u32).min(*first);
                    len += 1;
                }
                if let Some(previous) = previous
                    && kept < size
                {
                    return Err(diverging(operations, elements, previous, at));
                }
                (previous, stamp, size) = (Some(at), stamp + 1, len);
            }
        }
        Ok(())
    }
}

/// What a completed read shows.
const fn shown<V: Data>(operation: &Operation<V>) -> Option<&std::collections::BTreeSet<V>> {
    match &operation.output {
        Some(SetOutput::Elements(shown)) => Some(shown),
        _ => None,
    }
}

/// Two reads each of which shows what the other does not.
fn diverging<V: Data>(
    operations: &[Operation<V>],
    elements: &Elements<'_, V>,
    one: u32,
    other: u32,
) -> Vec<Operation<V>> {
    let pair = (shown(&operations[one as usize]), shown(&operations[other as usize]));
    let (Some(left), Some(right)) = pair else { return Vec::new() };
    let only: Vec<&V> =
        left.difference(right).take(1).chain(right.difference(left).take(1)).collect();
    core(operations, elements, &only, &[one, other])
}

/// These operations and the adds of these elements; reads show these elements only.
fn core<V: Data>(
    operations: &[Operation<V>],
    elements: &Elements<'_, V>,
    only: &[&V],
    members: &[u32],
) -> Vec<Operation<V>> {
    let adds = only.iter().filter_map(|element| elements.find(element));
    let adds = adds.map(|number| elements.adds[number as usize]);
    let mut positions: Vec<u32> = members.iter().copied().chain(adds).collect();
    positions.sort_unstable();
    positions.dedup();
    positions
        .into_iter()
        .map(|at| projected(&operations[at as usize], |element| only.contains(&element)))
        .collect()
}

/// The earliest moment an operation can take effect at, and the operation that began then.
type Moment = (u64, u32);

/// Gives every operation the earliest moment the constraints allow.
struct Schedule<'a, V: Data> {
    operations: &'a [Operation<V>],
    elements: &'a Elements<'a, V>,
    chain: &'a Chain,
    /// Of each element, the last beginning of what found it missing.
    missing: Vec<Moment>,
    /// Of each element, whether something other than a read found it there.
    found: Vec<bool>,
    /// The moment of each element's add; `None` if it is left out.
    added: Vec<Option<Moment>>,
    /// Moment, rank at that moment, operation.
    points: Vec<(u64, u32, u32)>,
    /// The first operation that had ended by its moment, and what began then.
    late: Option<(u32, u32)>,
}

impl<'a, V: Data> Schedule<'a, V> {
    fn new(
        operations: &'a [Operation<V>],
        elements: &'a Elements<'a, V>,
        chain: &'a Chain,
    ) -> Self {
        Schedule {
            operations,
            elements,
            chain,
            missing: vec![(0, NONE); elements.adds.len()],
            found: vec![false; elements.adds.len()],
            added: vec![None; elements.adds.len()],
            points: Vec::with_capacity(operations.len()),
            late: None,
        }
    }

    fn run(mut self) -> Attempt<Set<V>> {
        if let Some(core) = self.sights() {
            return Attempt::Impossible(core);
        }
        let mut by_class: Vec<Vec<u32>> = vec![Vec::new(); self.chain.classes() + 1];
        for number in 0..self.elements.adds.len() as u32 {
            let class = self.chain.first[number as usize];
            let class = if class == NONE { self.chain.classes() } else { class as usize };
            by_class[class].push(number);
        }
        let mut base: Moment = (0, NONE);
        for (class, numbers) in by_class.iter().enumerate() {
            let mut latest = base;
            for number in numbers {
                latest = latest.max(self.add(*number, class, base));
            }
            if class < self.chain.classes() {
                for at in self.chain.class(class) {
                    let moment = self.place(*at, latest, 4 * class as u32 + 2);
                    base = base.max(moment);
                }
            }
        }
        self.place_sights();
        match self.late {
            Some((late, cause)) => Attempt::Impossible(self.contradiction(late, cause)),
            None => {
                self.points.sort_unstable();
                Attempt::Legal(self.points.iter().map(|(.., at)| *at as usize).collect())
            }
        }
    }

    /// What each element was seen by; a contradiction if one that nobody adds was found.
    fn sights(&mut self) -> Option<Vec<Operation<V>>> {
        for (position, operation) in self.operations.iter().enumerate() {
            let Some((element, there, false)) = self.sight(operation) else { continue };
            let number = self.elements.numbers[element] as usize;
            if there && self.elements.adds[number] == NONE {
                return Some(vec![operation.clone()]);
            }
            if there {
                self.found[number] = true;
            } else {
                let sight = (operation.begin, position as u32);
                self.missing[number] = sight.max(self.missing[number]);
            }
        }
        None
    }

    /// What an operation that adds nothing says of an element; the last whether it is the add.
    fn sight<'b>(&self, operation: &'b Operation<V>) -> Option<(&'b V, bool, bool)> {
        let (element, there) = saw(&operation.input, operation.output.as_ref())?;
        let is_add = matches!(operation.input, SetInput::Add(_)) && !there;
        Some((element, there, is_add))
    }

    /// Adds an element after what `base` is of, unless nobody needs it.
    fn add(&mut self, number: u32, class: usize, base: Moment) -> Moment {
        let add = self.elements.adds[number as usize];
        let needed = self.found[number as usize] || class < self.chain.classes();
        if add == NONE || self.operations[add as usize].is_pending() && !needed {
            return base;
        }
        let after = base.max(self.missing[number as usize]);
        let moment = self.place(add, after, 4 * class as u32 + 1);
        self.added[number as usize] = Some(moment);
        moment
    }

    /// Gives an operation its moment: its beginning, or what it comes after.
    fn place(&mut self, at: u32, after: Moment, rank: u32) -> Moment {
        let operation = &self.operations[at as usize];
        let moment = after.max((operation.begin, at));
        if operation.end < moment.0 && self.late.is_none() {
            self.late = Some((at, moment.1));
        }
        self.points.push((moment.0, rank, at));
        moment
    }

    fn place_sights(&mut self) {
        let operations = self.operations;
        for (position, operation) in operations.iter().enumerate() {
            let Some((element, there, false)) = self.sight(operation) else { continue };
            let number = self.elements.numbers[element] as usize;
            let class = (self.chain.first[number] as usize).min(self.chain.classes()) as u32;
            let after = self.added[number].filter(|_| there).unwrap_or((0, NONE));
            self.place(position as u32, after, 4 * class + if there { 3 } else { 0 });
        }
    }

    /// `late` had ended before `cause` began, and must come after it: whatever lies between in the
    /// chain, one read that shows the element of the one and lacks that of the other is enough.
    fn contradiction(&self, late: u32, cause: u32) -> Vec<Operation<V>> {
        let operation = |at: u32| &self.operations[at as usize];
        let mut members = vec![late, cause];
        let mut only: Vec<&V> = Vec::new();
        match (operation(late).input.element(), operation(cause).input.element()) {
            (None, None) => {
                if let (Some(more), Some(less)) = (shown(operation(late)), shown(operation(cause)))
                {
                    only.extend(more.difference(less).next());
                }
            }
            (Some(element), None) | (None, Some(element)) => only.push(element),
            (Some(one), Some(other)) if one == other => only.push(one),
            (Some(newer), Some(older)) => {
                only.extend([newer, older]);
                let class = self.elements.find(older).map(|at| self.chain.first[at as usize]);
                let read = class.filter(|class| *class != NONE);
                members.extend(read.map(|class| self.chain.class(class as usize)[0]));
            }
        }
        core(self.operations, self.elements, &only, &members)
    }
}
