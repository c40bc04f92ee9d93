//! The model of a generator of ids: no two are alike.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use tribunal_history::{Call, Function, ValueId, Values};

use super::Data;
use super::words::{Class, answer, bad_result, no_function, show, title};
use crate::algorithm::Algorithm;
use crate::near_linear::unique_ids;
use crate::notation::Decoded;
use crate::persistent::PersistentMap;
use crate::{Interval, Kind, Malformed, Model, Notation, Reductions, WhyNot};

/// A generator of ids, none of which it gives twice. They need not be in any order.
pub struct IdGenerator<V>(PhantomData<fn() -> V>);

/// The one thing a generator is asked for: an id. Its answer is the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Generate;

impl<V> IdGenerator<V> {
    /// A generator.
    pub const fn new() -> IdGenerator<V> {
        IdGenerator(PhantomData)
    }
}

impl<V> Default for IdGenerator<V> {
    fn default() -> Self {
        IdGenerator::new()
    }
}

impl<V> Clone for IdGenerator<V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for IdGenerator<V> {}

impl<V> fmt::Debug for IdGenerator<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdGenerator")
    }
}

impl WhyNot {
    /// The id is not new.
    const TWICE: WhyNot = WhyNot("was given an id that was given before");
}

impl<V: Data> Model for IdGenerator<V> {
    /// The ids given.
    type State = PersistentMap<V, ()>;
    type Input = Generate;
    type Output = V;

    fn init(&self) -> PersistentMap<V, ()> {
        PersistentMap::new()
    }

    fn step(
        &self,
        state: &PersistentMap<V, ()>,
        _input: &Generate,
        output: Option<&V>,
    ) -> Result<PersistentMap<V, ()>, WhyNot> {
        match output {
            // Nobody saw the id: it was one that nobody else was given.
            None => Ok(state.clone()),
            Some(id) if state.contains(id) => Err(WhyNot::TWICE),
            Some(id) => Ok(state.with(id.clone(), ())),
        }
    }

    fn advance(
        &self,
        state: &mut PersistentMap<V, ()>,
        _input: &Generate,
        output: Option<&V>,
    ) -> Result<(), WhyNot> {
        match output {
            Some(id) if state.insert(id.clone(), ()).is_some() => Err(WhyNot::TWICE),
            None | Some(_) => Ok(()),
        }
    }

    fn is_pure(&self, _input: &Generate, output: Option<&V>) -> bool {
        output.is_none()
    }

    fn is_finite(&self, _input: &Generate) -> bool {
        true
    }

    fn state_bytes(&self, state: &PersistentMap<V, ()>) -> usize {
        state.bytes()
    }

    fn algorithms(&self) -> Vec<Algorithm<Self>> {
        vec![Algorithm { name: "ids are unique", attempt: unique_ids::attempt }]
    }

    /// Of a legal order any part is legal: fewer ids were given. O(n log core).
    fn is_reduction(&self, core: &[Interval<Self>], all: &[Interval<Self>]) -> bool {
        let mut kept: BTreeMap<usize, &Interval<Self>> =
            core.iter().map(|operation| (operation.call, operation)).collect();
        let known = kept.len() == core.len();
        known
            && all.iter().all(|original| match kept.remove(&original.call) {
                Some(form) => form.is_weaker_form_of(original),
                None => true,
            })
            && kept.is_empty()
    }

    fn reductions(&self) -> Reductions<Self> {
        Reductions {
            units: |_, operations| operations.iter().map(|o| o.call as u64).collect(),
            without: |_, operations, units| {
                let stays = |o: &&Interval<Self>| units.binary_search(&(o.call as u64)).is_err();
                operations.iter().filter(stays).cloned().collect()
            },
            ..Reductions::default()
        }
    }
}

impl Notation for IdGenerator<ValueId> {
    fn noun(&self) -> &'static str {
        "generator of ids"
    }

    fn decode(&self, call: &Call, values: &Values) -> Result<Decoded<Self>, Malformed> {
        if call.function != Function::Generate {
            return Err(no_function(call, values, "generator of ids"));
        }
        match answer(call) {
            Some(id) if id.is_nil() => Err(bad_result(call, values, "an id", id)),
            id => Ok((Generate, id)),
        }
    }

    fn describe_op(&self, call: &Call, values: &Values) -> String {
        let title = title(call, values);
        match answer(call) {
            Some(id) => format!("{title} → {}", show(id, values)),
            None => title,
        }
    }

    fn describe_state(&self, state: &PersistentMap<ValueId, ()>, _values: &Values) -> String {
        format!("{} given", state.len())
    }

    fn classify(&self, core: &[Interval<Self>], _all: &[Interval<Self>]) -> Box<dyn Kind<Self>> {
        Box::new(match core {
            [one, other] if one.output.is_some() && one.output == other.output => {
                Class { class: "duplicate id", headline: "gave one id twice" }
            }
            _ => Class::PLAIN,
        })
    }
}
