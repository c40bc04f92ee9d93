//! What an operation on a log did, whoever recorded it.

use tribunal_history::{Call, Function, ValueId};

use super::case::{Case, is_ok};
use super::doubt::Doubt;

/// A message's offset and value.
pub(crate) type Message = (i64, ValueId);

/// One step of an operation on a log.
pub(crate) enum Step {
    /// A value was to be put into a partition. The offset is known if the operation ended `ok` and
    /// says it.
    Send { partition: ValueId, value: ValueId, offset: Option<i64> },
    /// These messages of a partition came back, in this order.
    Poll { partition: ValueId, messages: Vec<Message> },
}

/// What an operation on a log did.
pub(crate) enum Deed {
    /// It sent and polled; polls only if it ended `ok`.
    Steps(Vec<Step>),
    /// The process reads these partitions from now on, and goes on where it was in them.
    Assign(Vec<ValueId>),
    /// The process reads what it is given from now on, from positions it is given.
    Subscribe,
    /// The process begins anew.
    Crash,
    /// Nothing that concerns the log.
    Nothing,
}

const MICROS: &str = "micro-operations [\"send\" k v] and [\"poll\"]";
const ANSWERS: &str =
    "micro-operations [\"send\" k [offset v]] and [\"poll\" [[k [[offset v] …]] …]]";

impl Deed {
    /// Reads a call: ours (`send` and `poll`, keyed by partition) or Jepsen's (micro-operations).
    ///
    /// # Errors
    /// If it is neither.
    pub(crate) fn read(case: Case<'_>, call: &Call) -> Result<Deed, Doubt> {
        match call.function {
            Function::Send | Function::Poll | Function::Txn => match micros(case, call) {
                Some(asked) => jepsen(case, call, asked).map(Deed::Steps),
                None => ours(case, call).map(Deed::Steps),
            },
            Function::Other(_) => match case.function(call) {
                "assign" => {
                    let all = || case.values().list(call.argument);
                    let nobody = call.argument.is_nil().then_some(&[][..]);
                    let partitions = all().or(nobody);
                    let partitions =
                        partitions.ok_or_else(|| case.bad_argument(call, "a list of partitions"));
                    Ok(Deed::Assign(partitions?.to_vec()))
                }
                "subscribe" => Ok(Deed::Subscribe),
                "crash" => Ok(Deed::Crash),
                "debug-topic-partitions" => Ok(Deed::Nothing),
                _ => Err(case.foreign(call, "log").into()),
            },
            _ => Err(case.foreign(call, "log").into()),
        }
    }
}

/// The members, if the argument is a list of micro-operations on a log. Only a transaction may be
/// empty: elsewhere an empty list is a value.
fn micros<'a>(case: Case<'a>, call: &Call) -> Option<&'a [ValueId]> {
    let values = case.values();
    let micros = values.list(call.argument)?;
    let known = |micro: &ValueId| {
        let name = values.list(*micro).and_then(|one| values.text(*one.first()?));
        matches!(name, Some("send" | "poll"))
    };
    let any = !micros.is_empty() || call.function == Function::Txn;
    (any && micros.iter().all(known)).then_some(micros)
}

fn jepsen(case: Case<'_>, call: &Call, asked: &[ValueId]) -> Result<Vec<Step>, Doubt> {
    let values = case.values();
    let malformed = || Doubt::from(case.bad_result(call, ANSWERS));
    let answered = match call.result() {
        Some(result) => Some(values.list(result).ok_or_else(malformed)?),
        None => None,
    };
    if answered.is_some_and(|answered| answered.len() != asked.len()) {
        return Err(malformed());
    }
    let mut steps = Vec::with_capacity(asked.len());
    for (place, micro) in asked.iter().enumerate() {
        let asked = values.list(*micro).unwrap_or_default();
        let sends = asked.first().and_then(|name| values.text(*name)) == Some("send");
        let answer = match answered {
            Some(answered) => Some(values.list(answered[place]).ok_or_else(malformed)?),
            None => None,
        };
        if answer.is_some_and(|answer| answer.first() != asked.first()) {
            return Err(malformed());
        }
        if !sends {
            if let Some([_, map]) = answer {
                polled(case, *map, &mut steps).ok_or_else(malformed)?;
            }
            continue;
        }
        let [_, partition, value] = *asked else {
            return Err(case.bad_argument(call, MICROS).into());
        };
        if value.is_nil() {
            return Err(case.bad_argument(call, MICROS).into());
        }
        let offset = match answer {
            None => None,
            Some([_, key, _]) if *key != partition => return Err(malformed()),
            Some([_, _, result]) => sent(case, *result, value).ok_or_else(malformed)?,
            Some(_) => return Err(malformed()),
        };
        steps.push(Step::Send { partition, value, offset });
    }
    Ok(steps)
}

/// The offset in the answer to a send of `value`: `[offset value]`, or the value alone if the
/// offset is not known.
fn sent(case: Case<'_>, result: ValueId, value: ValueId) -> Option<Option<i64>> {
    if result == value {
        return Some(None);
    }
    match case.values().pair(result)? {
        (offset, echo) if echo == value && offset.is_nil() => Some(None),
        (offset, echo) if echo == value => case.int(offset).map(Some),
        _ => None,
    }
}

/// The steps of `[[partition [[offset value] …]] …]`; nil is nothing.
fn polled(case: Case<'_>, map: ValueId, steps: &mut Vec<Step>) -> Option<()> {
    if map.is_nil() {
        return Some(());
    }
    for entry in case.values().list(map)? {
        let (partition, batch) = case.values().pair(*entry)?;
        let messages = messages(case, batch)?;
        steps.push(Step::Poll { partition, messages });
    }
    Some(())
}

fn messages(case: Case<'_>, batch: ValueId) -> Option<Vec<Message>> {
    let batch = case.values().list(batch)?;
    batch
        .iter()
        .map(|message| {
            let (offset, value) = case.values().pair(*message)?;
            Some((case.int(offset)?, value))
        })
        .collect()
}

fn ours(case: Case<'_>, call: &Call) -> Result<Vec<Step>, Doubt> {
    let mut steps = Vec::new();
    match call.function {
        Function::Send => {
            if call.argument.is_nil() {
                return Err(case.bad_argument(call, "a value").into());
            }
            let offset = match call.result() {
                None => None,
                Some(result) => {
                    let offset = sent(case, result, call.argument);
                    offset.ok_or_else(|| case.bad_result(call, "[offset value]"))?
                }
            };
            steps.push(Step::Send { partition: call.key, value: call.argument, offset });
        }
        Function::Poll if !is_ok(call) => {}
        Function::Poll if call.key.is_nil() => {
            let result = call.result().filter(|result| !result.is_nil());
            result
                .and_then(|result| polled(case, result, &mut steps))
                .ok_or_else(|| case.bad_result(call, "[[partition [[offset value] …]] …]"))?;
        }
        Function::Poll => {
            let batch = call.result().and_then(|result| messages(case, result));
            let messages = batch.ok_or_else(|| case.bad_result(call, "[[offset value] …]"))?;
            steps.push(Step::Poll { partition: call.key, messages });
        }
        _ => return Err(case.bad_argument(call, MICROS).into()),
    }
    Ok(steps)
}
