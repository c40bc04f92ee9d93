//! The checker `bank`: transfers move money, and make or lose none.

use std::collections::BTreeSet;

use tribunal_history::{Call, Finding, Function, Record, Value, ValueId};

use super::case::{Case, is_ok};
use super::doubt::Doubt;
use super::ledger::{Account, check};
use super::proof::Proof;
use super::ruling::{Charge, Ruling};
use super::statement::{Error, Statement};
use crate::count::plural;
use crate::{Budget, Checker};

/// Judges whether every read of all accounts is a moment of one bank.
///
/// Operations: `read` of all accounts, which answers pairs `[account balance]`; `transfer` of
/// `[["from" a] ["to" b] ["amount" n]]`. A read is wrong for the first of these reasons that holds:
/// it shows an account that does not exist; a balance of nil; balances whose sum is not the total;
/// a negative balance, unless these are allowed.
///
/// Total and accounts are those given, or else those of the first read that ended `ok` (for the
/// total: the first without a balance of nil). No read that ended `ok`: unknown.
///
/// O(balances read · log accounts); memory proportional to accounts. Source: Jepsen's `tests/bank`.
#[derive(Clone, Debug, Default)]
pub struct Bank {
    total: Option<i64>,
    accounts: Option<BTreeSet<Value>>,
    negative: bool,
}

impl Bank {
    /// Total and accounts as in the first read; no negative balances.
    pub const fn new() -> Bank {
        Bank { total: None, accounts: None, negative: false }
    }

    /// All balances make this together.
    #[must_use]
    pub const fn total(mut self, total: i64) -> Bank {
        self.total = Some(total);
        self
    }

    /// These accounts exist.
    #[must_use]
    pub fn accounts(mut self, accounts: impl IntoIterator<Item = Value>) -> Bank {
        self.accounts = Some(accounts.into_iter().collect());
        self
    }

    /// Balances may be negative.
    #[must_use]
    pub const fn allow_negative(mut self) -> Bank {
        self.negative = true;
        self
    }
}

impl Checker for Bank {
    fn name(&self) -> &'static str {
        Bank::NAME
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        check(self, record, budget)
    }
}

/// How many reads are wrong in one way, and which.
#[derive(Clone, Copy, Default)]
struct Tally {
    count: u64,
    first: usize,
    worst: usize,
    badness: u128,
}

/// What every read is held against, and where it comes from.
struct Books {
    total: Option<i128>,
    total_from: Option<usize>,
    accounts: BTreeSet<ValueId>,
    accounts_from: Option<usize>,
}

impl Account for Bank {
    const NAME: &'static str = "bank";
    const OBJECT: &'static str = "the bank";

    fn claim(&self) -> &'static str {
        if self.negative {
            "every read shows all the money, and no account out of nowhere"
        } else {
            "every read shows all the money, and no account overdrawn or out of nowhere"
        }
    }

    fn judge(&self, case: Case<'_>) -> Result<Ruling, Doubt> {
        let mut books: Option<Books> = None;
        let mut tallies = [Tally::default(); Error::CLASSES.len()];
        let (mut reads, mut transfers) = (0_u64, 0_u64);
        let mut first: Option<(usize, Error)> = None;
        // In order of completion: the first wrong read is the one that was known first.
        for moment in case.moments() {
            let position = moment.call as usize;
            let call = &case.calls[position];
            match call.function {
                Function::Transfer => {
                    transfers += u64::from(call.invoked == moment.event);
                    check_transfer(case, call)?;
                }
                Function::Read if is_ok(call) && call.completed == moment.event => {
                    reads += 1;
                    let statement = Statement::read(case, call)?;
                    let books = books.get_or_insert_with(|| self.books(case, position, &statement));
                    books.learn(position, &statement);
                    if let Some(error) = self.error(&statement, books) {
                        tallies[error.class()].enter(position, error.badness());
                        first.get_or_insert((position, error));
                    }
                }
                Function::Read => {}
                _ => return Err(case.foreign(call, "bank").into()),
            }
        }
        let mut figures = vec![("reads", reads), ("transfers", transfers)];
        figures.extend(Error::CLASSES.iter().zip(tallies).map(|(name, one)| (*name, one.count)));
        let ruling = match (first, &books) {
            (Some((position, error)), Some(books)) => {
                let all = tallies.iter().map(|tally| tally.count).sum();
                Ruling::invalid(charge(case, position, &error, (books, all)), figures)
            }
            _ if reads == 0 => Ruling::unknown("no read ended ok", figures),
            _ => Ruling::valid(figures),
        };
        let accounts = books.map_or(0, |books| books.accounts.len() as u64);
        Ok(ruling.with(lines(case, &tallies), accounts * 64))
    }
}

impl Bank {
    fn books(&self, case: Case<'_>, position: usize, statement: &Statement) -> Books {
        let accounts = match &self.accounts {
            Some(given) => given.iter().filter_map(|one| case.values().find(one)).collect(),
            None => statement.balances.iter().map(|(account, _)| *account).collect(),
        };
        let accounts_from = self.accounts.is_none().then_some(position);
        Books { total: self.total.map(i128::from), total_from: None, accounts, accounts_from }
    }

    fn error(&self, statement: &Statement, books: &Books) -> Option<Error> {
        statement
            .unexpected(&books.accounts)
            .or_else(|| statement.nil())
            .or_else(|| books.total.and_then(|total| statement.wrong_total(total)))
            .or_else(|| statement.negative().filter(|_| !self.negative))
    }
}

impl Books {
    /// The first complete read tells the total, if nobody else has.
    fn learn(&mut self, position: usize, statement: &Statement) {
        if self.total.is_none() && statement.nil().is_none() {
            self.total = Some(statement.sum());
            self.total_from = Some(position);
        }
    }
}

impl Tally {
    fn enter(&mut self, position: usize, badness: u128) {
        if self.count == 0 {
            self.first = position;
        }
        if self.count == 0 || badness > self.badness {
            (self.worst, self.badness) = (position, badness);
        }
        self.count += 1;
    }
}

fn check_transfer(case: Case<'_>, call: &Call) -> Result<(), Doubt> {
    let wanted = "[[\"from\" a] [\"to\" b] [\"amount\" n]]";
    let malformed = || Doubt::from(case.bad_argument(call, wanted));
    let values = case.values();
    let entries = values.list(call.argument).ok_or_else(malformed)?;
    let mut found = [false; 3];
    for entry in entries {
        let (name, value) = values.pair(*entry).ok_or_else(malformed)?;
        match values.text(name) {
            Some("from") => found[0] = !value.is_nil(),
            Some("to") => found[1] = !value.is_nil(),
            Some("amount") => found[2] = case.int(value).is_some(),
            _ => {}
        }
    }
    if found == [true; 3] { Ok(()) } else { Err(malformed()) }
}

fn lines(case: Case<'_>, tallies: &[Tally]) -> Vec<String> {
    let mut lines = Vec::new();
    for (class, tally) in Error::CLASSES.iter().zip(tallies) {
        if tally.count > 0 {
            let show = |position: usize| {
                let call = &case.calls[position];
                format!("event {}, {}", call.completed, case.label(call))
            };
            if tally.first == tally.worst {
                lines.push(format!("{class}, first and worst: {}", show(tally.first)));
                continue;
            }
            lines.push(format!("{class}, first: {}", show(tally.first)));
            lines.push(format!("{class}, worst: {}", show(tally.worst)));
        }
    }
    lines
}

fn charge(case: Case<'_>, read: usize, error: &Error, (books, all): (&Books, u64)) -> Charge {
    let source = match error {
        Error::Unexpected { .. } => books.accounts_from,
        Error::WrongTotal { .. } => books.total_from,
        Error::Nil { .. } | Error::Negative { .. } => None,
    };
    let source = source.filter(|source| *source != read);
    let proof = Proof::new(case, read, source);
    let name = proof.name(read);
    let by = source.map_or_else(
        || "as was agreed".to_owned(),
        |source| format!("as {} shows", proof.name(source)),
    );
    let (fact, rule, subject) = match error {
        Error::Unexpected { account, .. } => {
            let account = case.show(*account);
            let fact = format!("shows account {account}, which does not exist");
            let rule = format!("there is no account {account}, {by}");
            (fact, rule, format!("account {account}"))
        }
        Error::Nil { account, .. } => {
            let account = case.show(*account);
            let fact = format!("shows nil as the balance of account {account}");
            (fact, "every account has a balance".to_owned(), format!("account {account}"))
        }
        Error::WrongTotal { found, wanted } => {
            let fact = format!("shows {found} in all instead of {wanted}");
            let rule = format!("the total is {wanted}, {by}, and transfers do not change it");
            (fact, rule, "the total".to_owned())
        }
        Error::Negative { account, balance, .. } => {
            let account = case.show(*account);
            let fact = format!("shows a balance of {balance} in account {account}");
            let rule = "no transfer may overdraw an account".to_owned();
            (fact, rule, format!("account {account}"))
        }
    };
    let argument = vec![rule, format!("{name} {fact}")];
    let reads = plural(all, "wrong read");
    Charge {
        anomaly: error.anomaly(),
        subject,
        headline: format!("gave {reads}: the first {fact}"),
        at: case.calls[read].completed_at,
        witness: proof.witness(format!("it {fact}"), argument),
    }
}
