//! When a few operations on a versioned register may stand for all of them.

use std::collections::BTreeMap;

use tribunal_history::ValueId;

use super::{Versioned, VersionedInput, VersionedOutput};
use crate::Interval;

type Operation = Interval<Versioned>;

/// The operation each of the core was made of, in order of the core; `None` if one is none of them,
/// or made twice.
fn originals<'a>(core: &[Operation], all: &'a [Operation]) -> Option<Vec<&'a Operation>> {
    let mut places: BTreeMap<usize, usize> =
        core.iter().enumerate().map(|(place, operation)| (operation.call, place)).collect();
    let mut found: Vec<(usize, &Operation)> = all
        .iter()
        .filter_map(|operation| Some((places.remove(&operation.call)?, operation)))
        .collect();
    found.sort_unstable_by_key(|(place, _)| *place);
    (found.len() == core.len()).then(|| found.into_iter().map(|(_, original)| original).collect())
}

/// The one operation of a core that is as it was recorded.
fn alone<'a>(core: &'a [Operation], all: &[Operation]) -> Option<&'a Operation> {
    let [alone] = core else { return None };
    let original = originals(core, all)?;
    alone.is_weaker_form_of(original[0]).then_some(alone)
}

/// Whether the core is one operation that no state allows.
pub(super) fn is_absurd(core: &[Operation], all: &[Operation]) -> bool {
    alone(core, all).is_some_and(Interval::<Versioned>::is_absurd)
}

/// Whether the core is one operation that met revision p > 0, and of what began before its end
/// nothing that ended made p, and nothing crashed that writes.
///
/// *Claim*: then `all` has no legal order. *Proof.* In one, the last write before the operation
/// made p. If it ended it says so; if it crashed it had begun. There is neither, so nothing was
/// written before, and the revision is 0. ∎ O(n).
pub(super) fn is_unmade(core: &[Operation], all: &[Operation]) -> bool {
    let Some(alone) = alone(core, all) else { return false };
    let Some(met) = alone.met().filter(|met| *met > 0) else { return false };
    !all.iter().any(|operation| {
        operation.begin <= alone.end
            && operation.call != alone.call
            && operation.new_value().is_some()
            && operation.revision().is_none_or(|made| made == met)
    })
}

/// Whether the core only keeps the order of revisions.
///
/// *Conditions.* Each operation of the core is one of `all`, made to say less: a write, or a cas
/// that took effect, what it made, however many writes came before; a read what it saw, a refused
/// cas what revision, likewise; a crashed write, or cas as a write, as it is. And for each read of
/// value v at revision r > 0 the core has all that made r, or, if nothing that ended did,
/// everything crashed that writes v and began before the read's end.
///
/// *Claim*: if `all` has a legal order, so has the core. *Proof.* Restrict the order to the core,
/// without the crashed cas that changed nothing in it. By induction the revision in the core is at
/// most what it was. So a write finds less than it makes, and a refused cas no more than it saw.
/// Before a read of v at r > 0 the last write made r and wrote v: it is in the core, and still the
/// last. So the read finds v, and a revision from 1 to r. A read at revision 0 stood before every
/// write. ∎ O(n log core).
pub(super) fn is_passing(core: &[Operation], all: &[Operation]) -> bool {
    let Some(originals) = originals(core, all) else { return false };
    if !core.iter().zip(originals).all(|(form, original)| says_less(form, original)) {
        return false;
    }
    let calls: BTreeMap<usize, &Operation> =
        core.iter().map(|operation| (operation.call, operation)).collect();
    let reads = || core.iter().filter(|operation| operation.input == VersionedInput::Read);
    // Per revision read, whether anything that ended made it.
    let mut read: BTreeMap<u64, bool> =
        reads().filter_map(Interval::revision).filter(|at| *at > 0).map(|at| (at, false)).collect();
    let writes = |operation: &&Operation| operation.new_value().is_some();
    for made in all.iter().filter(writes).filter_map(Interval::revision) {
        read.entry(made).and_modify(|known| *known = true);
    }
    // Per value that something crashed must have written, the last end of a read of it.
    let mut wanted: BTreeMap<ValueId, u64> = BTreeMap::new();
    for operation in reads() {
        let seen = operation.version().filter(|seen| read.get(&seen.revision) == Some(&false));
        if let Some(seen) = seen {
            let until = wanted.entry(seen.value).or_insert(0);
            *until = operation.end.max(*until);
        }
    }
    all.iter().filter(writes).all(|operation| {
        let needed = match operation.revision() {
            Some(made) => read.contains_key(&made),
            None => operation
                .new_value()
                .and_then(|value| wanted.get(&value))
                .is_some_and(|until| operation.begin < *until),
        };
        let kept = calls.get(&operation.call);
        !needed || kept.is_some_and(|form| form.new_value() == operation.new_value())
    })
}

fn says_less(form: &Operation, original: &Operation) -> bool {
    if form.begin != original.begin || form.end != original.end || original.is_absurd() {
        return false;
    }
    let first = form.revision() == Some(0);
    let output = match (&original.output, &form.output) {
        (None, None) => true,
        (Some(VersionedOutput::At(one)), Some(VersionedOutput::Since(other))) => one == other,
        (Some(VersionedOutput::Refused(one)), Some(VersionedOutput::RefusedSince(other))) => {
            one == other
        }
        (one, other) => first && one == other,
    };
    let input = match (&original.input, &form.input) {
        (VersionedInput::Cas(_, one), VersionedInput::Write(other)) => {
            one == other && original.new_value().is_some()
        }
        // A crashed cas would have to find its revision.
        (VersionedInput::Cas(..), VersionedInput::Cas(..)) => {
            original.input == form.input && form.output.is_some()
        }
        (one, other) => one == other,
    };
    output && input
}
