//! The configurations of a history and the steps between them: the rules of the search.
//!
//! Each rule leaves out steps that need not be tried, and none that must: the proofs are in
//! `docs/checkers/search.md`, under the names given here.

use super::configuration::{Configuration, slots};
use super::hopes::{Hopes, Parts};
use super::meter::Meter;
use super::states::States;
use super::timeline::{Event, Item, Timeline};
use super::trail::{Step, Trail};
use super::uses::Uses;
use super::window::Window;
use super::{Exhausted, is_recorded};
use crate::{Interval, Model};

/// What may be placed next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Candidate {
    /// The item that ends was absorbed: it took effect before the last blind operation (J2).
    LetGo,
    /// An open item.
    Place(u32),
    /// A crashed operation of this class.
    Crash(u32),
}

/// Which open items are tried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preference {
    /// The one that has to be placed now.
    Target,
    /// The one that began first.
    Oldest,
}

/// How far a real order came.
pub(super) struct Furthest {
    /// The event it could not pass.
    pub event: u32,
    settled: u32,
    crashed: u32,
    /// Its steps, for short histories.
    pub steps: Vec<Step>,
}

/// What all orders of search share.
pub(super) struct Space<'a, M: Model> {
    pub model: &'a M,
    pub operations: &'a [Interval<M>],
    pub timeline: Timeline,
    pub meter: Meter<'a>,
    pub uses: Uses,
    /// Of which classes crashed operations are counted (J5); of the others there are any number.
    pub counted: Vec<bool>,
    /// Whether they are counted of all classes, whatever `counted` says.
    pub is_exact: bool,
    /// Whether what cannot lead on is left out (J7).
    pub looks_ahead: bool,
    /// Until when there is hope for each item.
    hopes: Hopes,
    /// So many events are to be passed.
    pub goal: u32,
    /// The furthest that used no more crashed operations than there were.
    pub furthest: Option<Furthest>,
    states: States<M>,
    /// Room for the items that may be placed.
    live: Vec<u32>,
}

impl<'a, M: Model> Space<'a, M> {
    /// The configurations of this history.
    pub(super) fn new(
        model: &'a M,
        operations: &'a [Interval<M>],
        timeline: Timeline,
        meter: Meter<'a>,
    ) -> Space<'a, M> {
        Space {
            model,
            operations,
            counted: timeline.classes.iter().map(|class| !class.is_finite).collect(),
            goal: timeline.events.len() as u32,
            hopes: Hopes::new(model, operations, &timeline),
            looks_ahead: true,
            timeline,
            meter,
            uses: Uses::new(),
            is_exact: false,
            furthest: None,
            states: States::new(),
            live: Vec::new(),
        }
    }

    /// The configuration before anything.
    pub(super) fn start(&mut self) -> Result<Configuration, Exhausted> {
        let mut start = Configuration::default();
        start.marks.resize(self.timeline.layout.words(), 0);
        start.head.state = self.states.number(self.model, self.model.init(), &mut self.meter)?;
        Ok(start)
    }

    /// **J0**, **J1**: goes on to the next end of an item that has not been placed, or with
    /// `every_end` of any item; gives the item, or `None` at the goal. Pure items that begin on the
    /// way are placed if they can be.
    pub(super) fn walk(
        &mut self,
        now: &mut Configuration,
        trail: &mut impl Trail,
        every_end: bool,
    ) -> Result<Option<u32>, Exhausted> {
        while now.head.event < self.goal {
            match self.timeline.events[now.head.event as usize] {
                Event::Begin(item) => {
                    let slot = self.timeline.items[item as usize].slot;
                    if self.timeline.is_pure(slot) && self.is_legal(now, item) {
                        now.place(slot);
                        now.head.tip =
                            trail.add(now.head.tip, Step::place(item), &mut self.meter)?;
                    }
                }
                Event::End(item) => {
                    let slot = self.timeline.items[item as usize].slot;
                    if every_end || !now.is_placed(slot) {
                        return Ok(Some(item));
                    }
                    self.pass(now, item);
                    continue;
                }
                Event::Crash(_) => {}
            }
            now.head.event += 1;
        }
        Ok(None)
    }

    /// Goes past the end of an item that was placed.
    pub(super) fn pass(&self, now: &mut Configuration, item: u32) {
        let slot = self.timeline.items[item as usize].slot;
        now.lift(slot);
        if self.timeline.is_blind(slot) {
            now.unabsorb(slot, self.timeline.layout);
        }
        now.head.is_hot = false;
        now.head.event += 1;
    }

    /// Keeps a configuration that stands before an end, if none that is real came further: to a
    /// later end; there with more items; with as many, and fewer crashed operations.
    pub(super) fn note(&mut self, now: &Configuration, trail: &impl Trail) {
        if now.head.is_over {
            return;
        }
        let (event, crashed) = (now.head.event, now.head.crashed);
        let settled = now.settled();
        if self.furthest.as_ref().is_some_and(|best| {
            let further = best.event.cmp(&event).then(best.settled.cmp(&settled));
            further.then(crashed.cmp(&best.crashed)).is_ge()
        }) {
            return;
        }
        let steps = match is_recorded(self.operations) {
            true => self.steps(now, trail),
            false => Vec::new(),
        };
        self.furthest = Some(Furthest { event, settled, crashed, steps });
    }

    /// The steps to a configuration, absorbed items let go.
    fn steps(&self, now: &Configuration, trail: &impl Trail) -> Vec<Step> {
        let mut steps = trail.steps(now.head.tip);
        let layout = self.timeline.layout;
        let mut window = Window::new(&self.timeline);
        window.seek(&self.timeline, now.head.event);
        for word in layout.blind_words() {
            for slot in slots(word, now.marks[word + layout.blind]) {
                steps.push(Step::absorb(window.holder(slot)));
            }
        }
        steps
    }

    /// **J7**: the end of an open item that cannot become legal any more, if there is one: it is
    /// not legal here and nothing that may enable it is left or begins before it ends; or it is
    /// lost here and the same holds of what may recover it.
    pub(super) fn doom(&mut self, now: &Configuration, window: &Window) -> Option<u32> {
        if !self.looks_ahead {
            return None;
        }
        let layout = self.timeline.layout;
        let mut looked = 0;
        let mut wanted = (0..layout.mutators + layout.pure)
            .flat_map(|word| slots(word, window.open_slots(word) & !now.marks[word]))
            .map(|slot| window.holder(slot));
        let doomed = wanted.find(|item| {
            let hopes = (&self.hopes.enabled, &self.hopes.recovered);
            let enabled = hopes.0[*item as usize] < now.head.event;
            let recovered = hopes.1[*item as usize] < now.head.event;
            // Beyond the goal nothing has to be legal.
            if !enabled && !recovered || self.timeline.items[*item as usize].end >= self.goal {
                return false;
            }
            looked += 1;
            let (state, wanted) = (self.states.get(now.head.state), self.parts(*item));
            let may_enable = |maker| self.model.may_enable(maker, wanted);
            let may_recover = |maker| self.model.may_recover(maker, wanted);
            recovered
                && self.model.is_lost(state, wanted)
                && !self.is_left(now, window, may_recover)
                || enabled
                    && !self.is_left(now, window, may_enable)
                    && self.model.step(state, wanted.0, wanted.1).is_err()
        });
        self.meter.work(looked);
        doomed.map(|item| self.timeline.items[item as usize].end)
    }

    /// Whether an open item that may change something is such, and has not been placed.
    fn is_left<'b>(
        &'b self,
        now: &Configuration,
        window: &Window,
        is_such: impl Fn(Parts<'b, M>) -> bool,
    ) -> bool {
        let layout = self.timeline.layout;
        (0..layout.mutators).chain(layout.blind_words()).any(|word| {
            slots(word, window.open_slots(word) & !now.marks[word])
                .any(|slot| is_such(self.parts(window.holder(slot))))
        })
    }

    fn parts(&self, item: u32) -> Parts<'_, M> {
        let Interval { input, output, .. } = &self.operations[self.position(item)];
        (input, output.as_ref())
    }

    /// The candidate to be tried before all others, if that is plain without listing the others.
    ///
    /// What was absorbed is let go, unless somebody waits for what it leaves.
    pub(super) fn opening(
        &self,
        now: &Configuration,
        target: u32,
        preference: Preference,
        window: &Window,
    ) -> Option<Candidate> {
        let slot = self.timeline.items[target as usize].slot;
        let is_blind = self.timeline.is_blind(slot);
        let is_in_vain = now.head.is_hot && is_blind;
        let may_be_placed = !self.timeline.is_pure(slot) && !is_in_vain;
        if is_blind && now.is_absorbed(slot, self.timeline.layout) {
            let is_awaited = may_be_placed
                && self.timeline.layout.pure_words().any(|word| {
                    slots(word, window.open_slots(word) & !now.marks[word]).any(|slot| {
                        let wanted = self.parts(window.holder(slot));
                        self.model.may_enable(self.parts(target), wanted)
                    })
                });
            return Some(if is_awaited { Candidate::Place(target) } else { Candidate::LetGo });
        }
        (may_be_placed && preference == Preference::Target).then_some(Candidate::Place(target))
    }

    /// What may be placed next where `target` ends, but for the opening; the best last. Crashed
    /// operations come after items, those that are used up after the others.
    pub(super) fn candidates(
        &mut self,
        now: &Configuration,
        target: u32,
        preference: Preference,
        window: &Window,
        into: &mut Vec<Candidate>,
    ) -> Result<(), Exhausted> {
        let opening = self.opening(now, target, preference, window);
        self.list_live(now, window);
        for is_over in [true, false] {
            for class in (0..self.timeline.classes.len() as u32).rev() {
                let (begun, used) = (window.begun(class), self.uses.count(now.head.used, class));
                if begun > 0 && is_over == (used >= begun) && self.may_crash(now, class, is_over) {
                    self.meter.push(into, Candidate::Crash(class))?;
                }
            }
        }
        self.meter.work(self.timeline.classes.len() + self.live.len());
        let before = into.len();
        for item in self.live.iter().rev().map(|item| Candidate::Place(*item)) {
            if Some(item) != opening {
                self.meter.push(into, item)?;
            }
        }
        // Let go and used now are different steps: the target comes first of what is left.
        let is_target = |candidate: &Candidate| *candidate == Candidate::Place(target);
        if preference == Preference::Target
            && let Some(at) = into[before..].iter().position(is_target)
        {
            into[before + at..].rotate_left(1);
        }
        let slot = self.timeline.items[target as usize].slot;
        if opening == Some(Candidate::Place(target))
            && self.timeline.is_blind(slot)
            && now.is_absorbed(slot, self.timeline.layout)
        {
            self.meter.push(into, Candidate::LetGo)?;
        }
        Ok(())
    }

    /// **J6**: lists the open items that may be placed, oldest first; of those that ask and answer
    /// the same only the one that ends first.
    fn list_live(&mut self, now: &Configuration, window: &Window) {
        let (layout, items) = (self.timeline.layout, &self.timeline.items);
        let blind = if now.head.is_hot { 0..0 } else { layout.blind_words() };
        let live = &mut self.live;
        live.clear();
        for word in (0..layout.mutators).chain(blind) {
            let open = window.open_slots(word) & !now.marks[word];
            live.extend(slots(word, open).map(|slot| window.holder(slot)));
        }
        live.sort_unstable_by_key(|item| {
            let Item { asks, end, .. } = items[*item as usize];
            (asks, end)
        });
        let (mut kept, mut group) = (0, 0);
        for at in 0..live.len() {
            let item = &items[live[at] as usize];
            if kept > 0 && items[live[kept - 1] as usize].asks != item.asks {
                group = kept;
            }
            let is_alike = |other: &u32| {
                let other = items[*other as usize].position as usize;
                self.timeline.is_blind(item.slot)
                    || self.operations[other].output
                        == self.operations[item.position as usize].output
            };
            if !live[group..kept].iter().any(is_alike) {
                live[kept] = live[at];
                kept += 1;
            }
        }
        live.truncate(kept);
        live.sort_unstable();
    }

    /// **J2**, **J3**, **J5**: whether a crashed operation of a class need be tried. Not where an
    /// open item that asks the same can be placed.
    fn may_crash(&self, now: &Configuration, number: u32, is_over: bool) -> bool {
        let class = &self.timeline.classes[number as usize];
        if is_over && self.is_counted(number) || now.head.is_hot && class.is_blind {
            return false;
        }
        !self.live.iter().any(|item| {
            Some(self.timeline.items[*item as usize].asks) == class.asks
                && (class.is_blind || self.is_legal(now, *item))
        })
    }

    /// Whether an item may be placed in this state.
    fn is_legal(&self, now: &Configuration, item: u32) -> bool {
        let (input, output) = self.parts(item);
        self.model.step(self.states.get(now.head.state), input, output).is_ok()
    }

    /// Turns a configuration into the one after a step, with the pure items that can be placed
    /// then; false, and some other configuration, if the step is not legal or leads nowhere.
    pub(super) fn take(
        &mut self,
        now: &mut Configuration,
        candidate: Candidate,
        target: u32,
        window: &Window,
        trail: &mut impl Trail,
    ) -> Result<bool, Exhausted> {
        let before = now.head.state;
        let (step, is_blind) = match candidate {
            Candidate::LetGo => {
                now.place(self.timeline.items[target as usize].slot);
                let step = Step::absorb(target);
                now.head.tip = trail.add(now.head.tip, step, &mut self.meter)?;
                return Ok(true);
            }
            Candidate::Place(item) => {
                let Some(state) = self.after(before, self.position(item))? else {
                    return Ok(false);
                };
                now.head.state = state;
                let slot = self.timeline.items[item as usize].slot;
                now.place(slot);
                (Step::place(item), self.timeline.is_blind(slot))
            }
            Candidate::Crash(number) => {
                let class = &self.timeline.classes[number as usize];
                let is_blind = class.is_blind;
                let Some(state) = self.after(before, class.members[0] as usize)? else {
                    return Ok(false);
                };
                if state == before && !is_blind {
                    return Ok(false);
                }
                now.head.state = state;
                self.use_crashed(now, number, window.begun(number))?;
                (Step::crash(number), is_blind)
            }
        };
        now.head.tip = trail.add(now.head.tip, step, &mut self.meter)?;
        if is_blind {
            self.absorb(now, window);
        }
        let met = now.head.state != before && self.place_pure(now, window, trail)?;
        now.head.is_hot = is_blind && !met;
        Ok(true)
    }

    fn position(&self, item: u32) -> usize {
        self.timeline.items[item as usize].position as usize
    }

    /// The state after an operation; `None` if it is not legal.
    fn after(&mut self, state: u32, position: usize) -> Result<Option<u32>, Exhausted> {
        self.meter.work(1);
        let Interval { input, output, .. } = &self.operations[position];
        let before = self.states.get(state);
        match self.model.step(before, input, output.as_ref()) {
            Ok(next) if next == *before => Ok(Some(state)),
            Ok(next) => self.states.number(self.model, next, &mut self.meter).map(Some),
            Err(_) => Ok(None),
        }
    }

    fn is_counted(&self, class: u32) -> bool {
        self.is_exact || self.counted[class as usize]
    }

    /// **J3**: counts a crashed operation.
    fn use_crashed(
        &mut self,
        now: &mut Configuration,
        class: u32,
        begun: u32,
    ) -> Result<(), Exhausted> {
        let is_counted = self.is_counted(class);
        let head = &mut now.head;
        let used = self.uses.count(head.used, class);
        head.crashed += 1;
        head.is_over |= used >= begun;
        if is_counted {
            head.counted = self.uses.with(head.counted, class, &mut self.meter)?;
        }
        // Beyond what there is, it makes no difference how many.
        if used < self.timeline.classes[class as usize].members.len() as u32 {
            head.used = self.uses.with(head.used, class, &mut self.meter)?;
        }
        Ok(())
    }

    /// **J2**: every open blind item not placed might have been placed just before this blind step.
    fn absorb(&self, now: &mut Configuration, window: &Window) {
        let layout = self.timeline.layout;
        for word in layout.blind_words() {
            // What was absorbed and is now placed is placed.
            now.marks[word + layout.blind] = window.open_slots(word) & !now.marks[word];
        }
    }

    /// **J1**: places the open pure items that can be; whether there are any.
    fn place_pure(
        &mut self,
        now: &mut Configuration,
        window: &Window,
        trail: &mut impl Trail,
    ) -> Result<bool, Exhausted> {
        let mut met = false;
        for word in self.timeline.layout.pure_words() {
            for slot in slots(word, window.open_slots(word) & !now.marks[word]) {
                let item = window.holder(slot);
                if self.is_legal(now, item) {
                    met = true;
                    now.place(slot);
                    now.head.tip = trail.add(now.head.tip, Step::place(item), &mut self.meter)?;
                }
            }
        }
        Ok(met)
    }
}
