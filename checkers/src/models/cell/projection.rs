//! When a few operations of a key that is appended to may stand for all of them.

use std::collections::{BTreeMap, HashSet};

use foldhash::fast::FixedState;

use super::tokens::{Lexis, token};
use super::{CellInput, CellOutput, Datum};
use crate::Interval;

type Operation = Interval<super::Cell>;

/// Whether `core`, if it has no legal order, shows that `all` has none, because texts may be read
/// through a sieve.
///
/// *Conditions.* On the whole key, only non-empty text is written; no cas writes; and it is plain
/// where one token ends and the next begins. Every operation of the core is one of `all`: with
/// unknown end and answer or as it is, but that reads may show less. Let K be the tokens the core
/// writes or shows. (i) What a read of the core shows is the text it saw without the tokens that
/// are not in K. (ii) If that text begins with a token that some put writes, that token is in K.
/// (iii) Whoever writes or appends a token that reads of the core show, and began before the last
/// of them ended, is in the core.
///
/// *Claim*: if `all` has a legal order, so has the core. *Proof.* Take a legal order of `all` and
/// restrict it to the core. Let r be a read of the core, and T the text it saw, so the state in
/// which it stood: made by the last put p before r and the appends since, or by all appends before
/// r if there is no such put; one operation for each token of T, in order. If there is a p, T
/// begins with its token, which by (ii) is in K and by (iii) p is in the core; if not, no put of
/// the core is before r either. So the state that r meets now is made by the same put, or none, and
/// those of the appends that are in the core: by (iii) those whose token is in K and no others, for
/// whatever the core appends is in K. That is what r shows, by (i). Other operations of the core
/// are legal in every state, which is always text or nil. ∎
///
/// O(n + length of what the core read).
pub(super) fn is_projection(core: &[Operation], all: &[Operation]) -> bool {
    let Some(lexis) = lexis(all) else { return false };
    let originals = originals(core, all);
    if originals.len() < core.len() {
        return false;
    }
    let mut kept: HashSet<&str, FixedState> =
        HashSet::with_hasher(FixedState::with_seed(0x6b65_7074));
    let mut until = BTreeMap::new();
    for operation in core {
        kept.extend(token(operation));
        for piece in shown(operation).into_iter().flat_map(|text| lexis.pieces(text)) {
            kept.insert(piece);
            let end = until.entry(piece).or_insert(0);
            *end = operation.end.max(*end);
        }
    }
    let mut firsts = HashSet::with_hasher(FixedState::with_seed(0x7265_6164));
    for (form, original) in core.iter().zip(&originals) {
        if !says_less(form, original, |text| {
            lexis.pieces(text).filter(|piece| kept.contains(piece)).collect()
        }) {
            return false;
        }
        let first = shown(original).and_then(|text| lexis.pieces(text).next());
        firsts.extend(first.filter(|first| !kept.contains(first)));
    }
    let calls: HashSet<usize, FixedState> = core.iter().map(|operation| operation.call).collect();
    all.iter().all(|operation| {
        let Some(token) = token(operation) else { return true };
        let is_put = matches!(operation.input, CellInput::Write(_));
        let needed = until.get(token).is_some_and(|end| operation.begin < *end);
        !(is_put && firsts.contains(token)) && (!needed || calls.contains(&operation.call))
    })
}

/// The lexis of a key on which only text is written, by puts and appends.
fn lexis(all: &[Operation]) -> Option<Lexis> {
    let textual = |operation: &Operation| match (&operation.input, operation.value_written()) {
        (CellInput::Cas(..), written) => written.is_none(),
        (CellInput::Write(value), _) => matches!(value, Datum::Text(_)),
        (CellInput::Read | CellInput::Append(_), _) => true,
    };
    let tokens = all.iter().filter_map(|operation| Some((0, token(operation)?)));
    if all.iter().all(textual) { Lexis::of(tokens).ok() } else { None }
}

/// The operation each of the core was made of; fewer if one is none of them, or made twice.
fn originals<'a>(core: &[Operation], all: &'a [Operation]) -> Vec<&'a Operation> {
    let mut places: BTreeMap<usize, usize> =
        core.iter().enumerate().map(|(place, operation)| (operation.call, place)).collect();
    let mut found: Vec<(usize, &Operation)> = all
        .iter()
        .filter_map(|operation| Some((places.remove(&operation.call)?, operation)))
        .collect();
    found.sort_unstable_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, operation)| operation).collect()
}

/// The text a completed operation saw, if it saw text.
fn shown(operation: &Operation) -> Option<&str> {
    match operation.observes()? {
        Datum::Text(text) => Some(text),
        Datum::Value(_) => None,
    }
}

/// Whether `form` is the operation, or made to say less: with unknown end and answer, or as a read
/// of what the sieve leaves of the text it saw.
fn says_less(form: &Operation, original: &Operation, sieve: impl Fn(&str) -> String) -> bool {
    let Some(text) = shown(original) else { return form.is_weaker_form_of(original) };
    let left = sieve(text);
    if left == text || form.is_pending() {
        return form.is_weaker_form_of(original);
    }
    let same = form.begin == original.begin && form.end == original.end;
    let saw = Some(CellOutput::Kept(Datum::text(&left)));
    same && original.writes().is_none() && form.input == CellInput::Read && form.output == saw
}
