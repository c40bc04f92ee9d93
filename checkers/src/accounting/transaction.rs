//! Transactions of single-key writes or of reads, as the long-fork workload makes them.

use tribunal_history::{Call, Function, ValueId};

use super::case::{Case, is_ok};
use super::doubt::Doubt;

/// What a transaction does.
pub(crate) enum Transaction {
    /// It writes one value to one key.
    Write { key: ValueId, value: ValueId },
    /// It read these keys and saw these values, in ascending order of the keys' ids, each key once.
    Read(Vec<(ValueId, ValueId)>),
    /// It reads, and nobody knows what it saw.
    Unread,
}

const WANTED: &str = "one write [\"w\" k v], or reads [\"r\" k v] of different keys";

impl Transaction {
    /// Reads a call's micro-operations. O(n log n).
    ///
    /// # Errors
    /// If they are neither one write nor reads of different keys.
    pub(crate) fn read(case: Case<'_>, call: &Call) -> Result<Transaction, Doubt> {
        let values = case.values();
        if !matches!(call.function, Function::Read | Function::Write | Function::Txn) {
            return Err(case.foreign(call, "long-fork transaction").into());
        }
        let malformed = || Doubt::from(case.bad_argument(call, WANTED));
        let asked = values.list(call.argument).ok_or_else(malformed)?;
        let asked: Option<Vec<Micro>> = asked.iter().map(|one| micro(case, *one)).collect();
        let mut asked = asked.ok_or_else(malformed)?;
        match asked[..] {
            [] => return Err(malformed()),
            [Micro { writes: true, key, value }] if !value.is_nil() => {
                return Ok(Transaction::Write { key, value });
            }
            _ if asked.iter().any(|one| one.writes) => return Err(malformed()),
            _ => {}
        }
        if !is_ok(call) {
            return Ok(Transaction::Unread);
        }
        let malformed = || Doubt::from(case.bad_result(call, WANTED));
        let answered = case.result_list(call, WANTED)?;
        let seen: Option<Vec<Micro>> = answered.iter().map(|one| micro(case, *one)).collect();
        let mut seen = seen.ok_or_else(malformed)?;
        seen.sort_unstable_by_key(|one| one.key);
        asked.sort_unstable_by_key(|one| one.key);
        let same = seen.iter().map(|one| one.key).eq(asked.iter().map(|one| one.key));
        let twice = seen.windows(2).any(|two| two[0].key == two[1].key);
        if !same || twice || seen.iter().any(|one| one.writes) {
            return Err(malformed());
        }
        Ok(Transaction::Read(seen.into_iter().map(|one| (one.key, one.value)).collect()))
    }
}

#[derive(Clone, Copy)]
struct Micro {
    writes: bool,
    key: ValueId,
    value: ValueId,
}

fn micro(case: Case<'_>, id: ValueId) -> Option<Micro> {
    let [name, key, value] = *case.values().list(id)? else { return None };
    let writes = match case.values().text(name)? {
        "w" => true,
        "r" => false,
        _ => return None,
    };
    Some(Micro { writes, key, value })
}
