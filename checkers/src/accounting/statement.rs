//! What one read of a bank shows, and what can be wrong with it.

use std::collections::BTreeSet;

use tribunal_history::{Call, ValueId};

use super::case::Case;
use super::doubt::Doubt;

/// All balances of one read, in order of their accounts' ids.
pub(crate) struct Statement {
    pub balances: Vec<(ValueId, Option<i64>)>,
}

/// What is wrong with a read.
pub(crate) enum Error {
    /// It shows so many accounts that do not exist, this one first.
    Unexpected { account: ValueId, count: u64 },
    /// It shows so many balances of nil, this account's first.
    Nil { account: ValueId, count: u64 },
    /// The balances make another sum.
    WrongTotal { found: i128, wanted: i128 },
    /// It shows negative balances, this account's the lowest.
    Negative { account: ValueId, balance: i64, sum: i128 },
}

impl Error {
    /// The names of the kinds, in the order in which they are looked for.
    pub(crate) const CLASSES: [&'static str; 4] =
        ["unexpected accounts", "nil balances", "wrong totals", "negative balances"];

    /// The position in [`Error::CLASSES`].
    pub(crate) const fn class(&self) -> usize {
        match self {
            Error::Unexpected { .. } => 0,
            Error::Nil { .. } => 1,
            Error::WrongTotal { .. } => 2,
            Error::Negative { .. } => 3,
        }
    }

    /// The anomaly class.
    pub(crate) const fn anomaly(&self) -> &'static str {
        ["unexpected account", "nil balance", "wrong total", "negative balance"][self.class()]
    }

    /// How bad it is, comparable within a kind.
    pub(crate) const fn badness(&self) -> u128 {
        match self {
            Error::Unexpected { count, .. } | Error::Nil { count, .. } => *count as u128,
            Error::WrongTotal { found, wanted } => found.abs_diff(*wanted),
            Error::Negative { sum, .. } => sum.unsigned_abs(),
        }
    }
}

impl Statement {
    /// The balances an `ok` read answered. O(n log n).
    ///
    /// # Errors
    /// If they are not pairs of account and integer or nil, or an account is there twice.
    pub(crate) fn read(case: Case<'_>, call: &Call) -> Result<Statement, Doubt> {
        let wanted = "pairs [account balance], each account once";
        let malformed = || Doubt::from(case.bad_result(call, wanted));
        let mut balances = Vec::new();
        for entry in case.result_list(call, wanted)? {
            let (account, balance) = case.values().pair(*entry).ok_or_else(malformed)?;
            let amount = case.int(balance);
            if account.is_nil() || (amount.is_none() && !balance.is_nil()) {
                return Err(malformed());
            }
            balances.push((account, amount));
        }
        balances.sort_unstable_by_key(|(account, _)| *account);
        if balances.windows(2).any(|two| two[0].0 == two[1].0) {
            return Err(malformed());
        }
        Ok(Statement { balances })
    }

    /// The sum of all balances, nil as 0.
    pub(crate) fn sum(&self) -> i128 {
        self.balances.iter().map(|(_, balance)| i128::from(balance.unwrap_or(0))).sum()
    }

    pub(crate) fn unexpected(&self, accounts: &BTreeSet<ValueId>) -> Option<Error> {
        let strange = || self.balances.iter().filter(|(account, _)| !accounts.contains(account));
        let (account, _) = *strange().next()?;
        Some(Error::Unexpected { account, count: strange().count() as u64 })
    }

    pub(crate) fn nil(&self) -> Option<Error> {
        let nil = || self.balances.iter().filter(|(_, balance)| balance.is_none());
        let (account, _) = *nil().next()?;
        Some(Error::Nil { account, count: nil().count() as u64 })
    }

    pub(crate) fn wrong_total(&self, wanted: i128) -> Option<Error> {
        let found = self.sum();
        (found != wanted).then_some(Error::WrongTotal { found, wanted })
    }

    pub(crate) fn negative(&self) -> Option<Error> {
        let below = || {
            let all = self.balances.iter();
            all.filter_map(|(account, balance)| Some((*account, balance.filter(|it| *it < 0)?)))
        };
        let (account, balance) = below().min_by_key(|(_, balance)| *balance)?;
        let sum = below().map(|(_, balance)| i128::from(balance)).sum();
        Some(Error::Negative { account, balance, sum })
    }
}
