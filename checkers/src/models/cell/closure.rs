//! When a few operations of a cell may stand for all of them.

use std::collections::BTreeMap;

use super::projection::is_projection;
use super::{Cell, CellInput, CellOutput, Datum};
use crate::Interval;
use crate::certificate::is_plain_reduction;

type Operation = Interval<Cell>;

/// Whether `core`, if it has no legal order, shows that `all` has none.
///
/// Without appends it is enough that every operation of the core is one of `all`, as it is or made
/// to say less, and that *with every value met, everything that may have written it in time is in
/// the core*. *Proof.* Take a legal order of `all`, without the crashed cas that change nothing,
/// and restrict it to the core. What meets v there met it in that order, where the last operation m
/// before that changed the state wrote v (or nothing had changed it, and v is nil). m began before
/// the other ended, so m is in the core and writes v still; nothing that writes has come between. ∎
/// With appends, [`is_projection`] or the rule that knows no model. O(n log core).
pub(super) fn is_reduction(cell: &Cell, core: &[Operation], all: &[Operation]) -> bool {
    if all.iter().any(|operation| matches!(operation.input, CellInput::Append(_))) {
        return is_projection(core, all) || is_plain_reduction(cell, core, all);
    }
    let mut kept: BTreeMap<usize, &Operation> = BTreeMap::new();
    let mut met: BTreeMap<&Datum, u64> = BTreeMap::new();
    for operation in core {
        kept.insert(operation.call, operation);
        if let Some(value) = operation.observes().or_else(|| operation.must_meet()) {
            let until = met.entry(value).or_insert(0);
            *until = operation.end.max(*until);
        }
    }
    let mut found = 0;
    let closed = all.iter().all(|original| {
        let kept = kept.get(&original.call);
        found += usize::from(kept.is_some());
        let written = original.value_written();
        let needed = written.and_then(|v| met.get(v)).is_some_and(|until| original.begin < *until);
        match kept {
            Some(form) => says_less(form, original) && (!needed || form.value_written() == written),
            None => !needed,
        }
    });
    closed && kept.len() == core.len() && found == core.len()
}

/// Whether `form` is the operation, or made to say less: with unknown end and answer, or a cas that
/// forgot what it met (a write) or what it wrote (a read).
fn says_less(form: &Operation, original: &Operation) -> bool {
    if form.is_weaker_form_of(original) {
        return true;
    }
    let same_end = form.begin == original.begin && form.end == original.end;
    let answered = form.output.is_some() == original.output.is_some();
    same_end
        && answered
        && matches!(original.input, CellInput::Cas(..))
        && match (&form.input, &form.output) {
            (CellInput::Write(value), Some(CellOutput::Done) | None) => {
                original.value_written() == Some(value)
            }
            (CellInput::Read, Some(CellOutput::Saw(seen))) => original.observes() == Some(seen),
            _ => false,
        }
}
