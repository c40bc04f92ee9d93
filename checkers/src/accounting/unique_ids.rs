//! The checker `unique-ids`: no id is given twice.

use tribunal_history::{Finding, Function, Record};

use super::case::{Case, is_ok};
use super::doubt::Doubt;
use super::index::Index;
use super::ledger::{Account, check};
use super::listed::{listed, times};
use super::proof::Proof;
use super::ruling::{Charge, Ruling};
use crate::count::plural;
use crate::{Budget, Checker};

/// Judges whether a generator of ids gave any id twice.
///
/// Operations: `generate`, which answers an id of any kind but nil. Two that ended `ok` with equal
/// ids are a violation. None that ended `ok`: unknown.
///
/// O(n); memory proportional to distinct ids. Source: Jepsen's `checker/unique-ids`.
#[derive(Clone, Copy, Debug, Default)]
pub struct UniqueIds;

impl Checker for UniqueIds {
    fn name(&self) -> &'static str {
        UniqueIds::NAME
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        check(self, record, budget)
    }
}

impl Account for UniqueIds {
    const NAME: &'static str = "unique-ids";
    const OBJECT: &'static str = "the generator";

    fn claim(&self) -> &'static str {
        "no id was given twice"
    }

    fn judge(&self, case: Case<'_>) -> Result<Ruling, Doubt> {
        let mut index = Index::new(case.budget.bytes);
        // The call that got the id first, and how many got it.
        let mut given: Vec<(u32, u32)> = Vec::new();
        let mut first: Option<(usize, usize)> = None;
        for (position, call) in case.calls.iter().enumerate() {
            if call.function != Function::Generate {
                return Err(case.foreign(call, "generator of ids").into());
            }
            let Some(id) = call.result() else { continue };
            if id.is_nil() {
                return Err(case.bad_result(call, "an id").into());
            }
            let number = index.number(id)?;
            if number == given.len() {
                given.push((position as u32, 0));
            }
            given[number].1 += 1;
            if given[number].1 == 2 && first.is_none() {
                first = Some((number, position));
            }
        }
        let repeated = given.iter().filter(|(_, count)| *count > 1).count() as u64;
        let acknowledged = case.calls.iter().filter(|call| is_ok(call)).count() as u64;
        let figures = vec![
            ("attempted", case.calls.len() as u64),
            ("acknowledged", acknowledged),
            ("given more than once", repeated),
        ];
        let ruling = match first {
            Some((number, again)) => {
                let (one, id) = (given[number].0 as usize, case.show(index.id(number)));
                Ruling::invalid(charge(case, (one, again), &id, repeated), figures)
            }
            None if acknowledged == 0 => Ruling::unknown("no id was generated", figures),
            None => Ruling::valid(figures),
        };
        let which = given.iter().enumerate().filter(|(_, (_, count))| *count > 1);
        let names = which.map(|(number, (_, count))| {
            format!("{} ({})", case.show(index.id(number)), times(u64::from(*count)))
        });
        let mut lines: Vec<String> =
            listed("given more than once", names, repeated).into_iter().collect();
        lines.extend(range(case, &index));
        Ok(ruling.with(lines, index.bytes()))
    }
}

/// The range of the ids, if all are integers.
fn range(case: Case<'_>, index: &Index) -> Option<String> {
    let numbers: Option<Vec<i64>> =
        (0..index.len()).map(|number| case.int(index.id(number))).collect();
    let numbers = numbers?;
    let (low, high) = (numbers.iter().min()?, numbers.iter().max()?);
    Some(format!("ids from {low} to {high}"))
}

fn charge(case: Case<'_>, (one, again): (usize, usize), id: &str, repeated: u64) -> Charge {
    let proof = Proof::new(case, again, [one]);
    let argument = vec![
        "ids are given once".to_owned(),
        format!("{} and {} were both given {id}", proof.name(one), proof.name(again)),
    ];
    Charge {
        anomaly: "duplicate id",
        subject: format!("id {id}"),
        headline: format!("gave {} more than once, first {id}", plural(repeated, "id")),
        at: case.calls[again].completed_at,
        witness: proof.witness(format!("{id} had been given before"), argument),
    }
}
