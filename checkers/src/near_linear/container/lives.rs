//! The lives of unique elements: from put to take.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::clash::{Clash, SEVERAL_AT_ONCE};
use super::slots::{FOREVER, Slots};
use crate::Interval;
use crate::algorithm::{Attempt, Obstacle};
use crate::models::container::{Container, ContainerInput, ContainerOutput, Discipline, Outcome};

/// No operation.
pub(crate) const NOBODY: u32 = u32::MAX;

/// What is known of one element. Operations are positions; windows are in slots, with both bounds
/// in them, and narrowed by what must hold in every order: a put is over when an answer with its
/// element has ended, and nothing sees an element before its put has begun.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    /// Who put it in.
    pub put: u32,
    /// When that may have happened.
    pub put_first: u32,
    pub put_last: u32,
    /// Who shows that it was in by `put_last`.
    pub in_by: u32,
    /// Who took it out; [`NOBODY`] if nobody did.
    pub take: u32,
    /// The first end of an answer with it ([`FOREVER`] if there is none), and whose it is.
    pub seen_by: u32,
    pub first_seer: u32,
    /// When it was still in: the last beginning of an answer with it, or of its put; [`FOREVER`] if
    /// nobody took it.
    pub until: u32,
    pub last_seer: u32,
    /// The last end of its take; [`FOREVER`] if there is none.
    pub take_last: u32,
}

/// An operation that saw an element and left it there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peek {
    /// The element's life.
    pub life: u32,
    /// The operation.
    pub operation: u32,
}

/// The operations of a container, element by element.
pub(crate) struct Lives<E> {
    /// When operations are open.
    pub slots: Slots,
    /// One for each element, in no particular order.
    pub lives: Vec<Life>,
    /// The elements.
    pub elements: Vec<E>,
    /// Completed peeks that found something.
    pub peeks: Vec<Peek>,
    /// Operations that found nothing.
    pub empties: Vec<u32>,
    /// Crashed takes.
    pub takers: Vec<u32>,
}

impl<E: Copy> Lives<E> {
    /// Reads `operations`. O(n) expected, and what [`Slots::new`] costs.
    ///
    /// Crashed puts of elements nobody saw are left out, which is exact (the lemma N3 of the normal
    /// form); so are crashed peeks.
    ///
    /// # Errors
    /// If elements are not unique, if a drain takes several at once, or if one element alone is a
    /// contradiction.
    pub(crate) fn new<D: Discipline<Element = E>>(
        operations: &[Interval<Container<D>>],
    ) -> Result<Lives<E>, Outcome<D>> {
        let mut reader = Reader::new(operations);
        reader.read_puts()?;
        for (position, operation) in (0..).zip(operations) {
            reader.read_answer(position, operation)?;
        }
        let Reader { slots, mut lives, elements, mut peeks, empties, takers, .. } = reader;
        peeks.sort_unstable_by_key(|peek: &Peek| slots.first[peek.operation as usize]);
        for life in &mut lives {
            if life.seen_by < life.put_last {
                (life.put_last, life.in_by) = (life.seen_by, life.first_seer);
            }
            if life.take == NOBODY {
                (life.until, life.last_seer) = (FOREVER, NOBODY);
            } else if life.until < life.put_first {
                (life.until, life.last_seer) = (life.put_first, life.put);
            }
        }
        Ok(Lives { slots, lives, elements, peeks, empties, takers })
    }

    /// Places each life's peeks together: for each life the range of its peeks in the list, which
    /// are in order of their beginnings.
    pub(crate) fn peeks_by_life(&self) -> (Vec<u32>, Vec<u32>) {
        let mut starts = vec![0_u32; self.lives.len() + 1];
        for peek in &self.peeks {
            starts[peek.life as usize + 1] += 1;
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let mut next = starts.clone();
        let mut list = vec![NOBODY; self.peeks.len()];
        for peek in &self.peeks {
            let place = &mut next[peek.life as usize];
            list[*place as usize] = peek.operation;
            *place += 1;
        }
        (starts, list)
    }
}

/// Crashed puts of an element: the first, and how many there are.
type Crashed<E> = HashMap<E, (u32, u32), FixedState>;

struct Reader<'a, D: Discipline> {
    operations: &'a [Interval<Container<D>>],
    slots: Slots,
    known: HashMap<D::Element, u32, FixedState>,
    crashed: Crashed<D::Element>,
    lives: Vec<Life>,
    elements: Vec<D::Element>,
    peeks: Vec<Peek>,
    empties: Vec<u32>,
    takers: Vec<u32>,
}

impl<'a, D: Discipline> Reader<'a, D> {
    fn new(operations: &'a [Interval<Container<D>>]) -> Self {
        let hasher = FixedState::with_seed(0x6c69_7665);
        Reader {
            operations,
            slots: Slots::new(operations),
            known: HashMap::with_capacity_and_hasher(operations.len() / 2, hasher),
            crashed: HashMap::with_hasher(FixedState::with_seed(0x6c69_7665)),
            lives: Vec::with_capacity(operations.len() / 2),
            elements: Vec::with_capacity(operations.len() / 2),
            peeks: Vec::new(),
            empties: Vec::new(),
            takers: Vec::new(),
        }
    }

    fn read_puts(&mut self) -> Result<(), Outcome<D>> {
        for (position, operation) in (0..).zip(self.operations) {
            let ContainerInput::Put(element) = operation.input else { continue };
            if operation.is_pending() {
                self.crashed.entry(element).or_insert((position, 0)).1 += 1;
            } else if self.known.insert(element, self.lives.len() as u32).is_some() {
                return Err(not_unique(position));
            } else {
                self.begin(element, position);
            }
        }
        Ok(())
    }

    fn begin(&mut self, element: D::Element, put: u32) {
        self.elements.push(element);
        self.lives.push(Life {
            put,
            put_first: self.slots.first[put as usize],
            put_last: self.slots.last[put as usize],
            in_by: put,
            take: NOBODY,
            seen_by: FOREVER,
            first_seer: NOBODY,
            until: 0,
            last_seer: NOBODY,
            take_last: FOREVER,
        });
    }

    fn read_answer(
        &mut self,
        position: u32,
        operation: &Interval<Container<D>>,
    ) -> Result<(), Outcome<D>> {
        let takes = matches!(operation.input, ContainerInput::Take);
        match (&operation.input, &operation.output) {
            (ContainerInput::Put(_), _) | (ContainerInput::Peek, None) => {}
            (_, Some(output)) if output.is_empty() => self.empties.push(position),
            (_, Some(ContainerOutput::Got(Some(element)))) => {
                let life = self.life_of(*element, position)?;
                if !takes {
                    self.peeks.push(Peek { life, operation: position });
                }
                self.sees(life, position, takes)?;
            }
            (ContainerInput::Take, None) => self.takers.push(position),
            _ => {
                let obstacle = Obstacle::new(SEVERAL_AT_ONCE, Some(position as usize));
                return Err(Attempt::Inapplicable(obstacle));
            }
        }
        Ok(())
    }

    /// The life of an element that `seer` answered with.
    fn life_of(&mut self, element: D::Element, seer: u32) -> Result<u32, Outcome<D>> {
        let crashed = self.crashed.get(&element).copied();
        if let Some(life) = self.known.get(&element) {
            let put = self.lives[*life as usize].put;
            return match crashed {
                // Which of them was seen?
                Some((other, _)) if other != put => Err(not_unique(other)),
                _ => Ok(*life),
            };
        }
        let Some((put, count)) = crashed else {
            return Err(Clash::of(vec![element], vec![seer]).outcome(self.operations));
        };
        if count > 1 {
            return Err(not_unique(put));
        }
        let life = self.lives.len() as u32;
        self.known.insert(element, life);
        self.begin(element, put);
        Ok(life)
    }

    /// Notes that `seer` answered with an element.
    fn sees(&mut self, number: u32, seer: u32, takes: bool) -> Result<(), Outcome<D>> {
        let (first, last) = (self.slots.first[seer as usize], self.slots.last[seer as usize]);
        let life = &mut self.lives[number as usize];
        let clash = |needed| {
            let elements = vec![self.elements[number as usize]];
            Err(Clash::of(elements, needed).outcome(self.operations))
        };
        if last < life.put_first {
            return clash(vec![seer]);
        }
        if last < life.seen_by {
            (life.seen_by, life.first_seer) = (last, seer);
        }
        if first >= life.until {
            (life.until, life.last_seer) = (first, seer);
        }
        if takes {
            if life.take != NOBODY {
                return clash(vec![life.put, life.take, seer]);
            }
            (life.take, life.take_last) = (seer, last);
        }
        if life.take_last < life.until {
            return clash(vec![life.put, life.take, life.last_seer]);
        }
        Ok(())
    }
}

fn not_unique<D: Discipline>(example: u32) -> Outcome<D> {
    let why = format!("values are not unique: several operations {} one", D::VOCABULARY.put);
    Attempt::Inapplicable(Obstacle::new(why, Some(example as usize)))
}
