//! Which checker a history is meant for, as far as its operations tell.

use std::collections::BTreeSet;

use tribunal_checkers::{CHECKERS, Named};
use tribunal_history::{Call, Function, History};
use tribunal_reports::clean;

/// What told the checker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    /// No other has these functions.
    Functions,
    /// The looks of arguments and results as well.
    Values,
}

/// A history that does not tell what it must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Untold {
    /// Its functions, the first few.
    functions: String,
    /// The checkers it may be meant for.
    candidates: Vec<&'static str>,
    /// Whether its values look like theirs.
    is_of_their_looks: bool,
}

/// The checker a history's operations tell: the only one that has their functions and takes values
/// of their looks, or the one that is meant unless somebody says otherwise.
/// O(operations and the lengths of their values, for each checker that has their functions).
pub(super) fn infer(history: &History) -> Result<(&'static Named, Telling), Untold> {
    let calls = history.calls();
    let functions: BTreeSet<Function> = calls.iter().map(|call| call.function).collect();
    let names: BTreeSet<&str> =
        functions.iter().map(|function| history.function_name(*function)).collect();
    let knowing: Vec<&'static Named> =
        CHECKERS.iter().filter(|named| named.knows(&names)).collect();
    let by_functions = match meant(&knowing)[..] {
        [only] => Some(only),
        _ => None,
    };
    let fitting = fitting(&knowing, &calls, history);
    match (&meant(&fitting)[..], by_functions) {
        ([only], Some(known)) if only.name == known.name => Ok((known, Telling::Functions)),
        ([only], _) => Ok((*only, Telling::Values)),
        // It says best what it does not take.
        ([], Some(known)) => Ok((known, Telling::Functions)),
        ([], None) => Err(Untold::new(&names, &knowing, false)),
        (several, _) => Err(Untold::new(&names, several, true)),
    }
}

fn fitting(knowing: &[&'static Named], calls: &[Call], history: &History) -> Vec<&'static Named> {
    knowing.iter().copied().filter(|named| named.fits(calls, history)).collect()
}

/// Those that are meant rather than all others.
fn meant(candidates: &[&'static Named]) -> Vec<&'static Named> {
    let is_second =
        |one: &Named| candidates.iter().any(|other| other.rather_than.contains(&one.name));
    candidates.iter().copied().filter(|one| !is_second(one)).collect()
}

impl Telling {
    /// The note that says how the checker was told.
    pub(super) fn note(self, model: &str) -> String {
        let by = match self {
            Telling::Functions => "its functions",
            Telling::Values => "its functions and values",
        };
        format!("judged as {model}, as {by} tell; --model names another")
    }
}

impl Untold {
    fn new(names: &BTreeSet<&str>, candidates: &[&'static Named], is_of_their_looks: bool) -> Self {
        let candidates = candidates.iter().map(|named| named.name).collect();
        Untold { functions: shown(names), candidates, is_of_their_looks }
    }

    /// What is wrong.
    pub(super) fn message(&self) -> String {
        let functions = &self.functions;
        match (&self.candidates[..], self.is_of_their_looks) {
            ([], _) => format!("its functions are {functions}, which no model has"),
            (_, true) => {
                format!("its functions are {functions}, which do not tell what it must be like")
            }
            (_, false) => format!(
                "its functions are {functions}, and no model that has them takes all its values"
            ),
        }
    }

    /// What to do about it.
    pub(super) fn help(&self) -> String {
        match &self.candidates[..] {
            [] => {
                "`tribunal list models` lists them: name the one that is meant with --model".into()
            }
            [only] => format!("say it with --model: {only}"),
            [first @ .., last] => format!("say it with --model: {} or {last}", first.join(", ")),
        }
    }
}

/// The first few of some names.
fn shown(names: &BTreeSet<&str>) -> String {
    const SHOWN_MAX: usize = 8;
    let first: Vec<_> = names.iter().take(SHOWN_MAX).map(|name| clean(name, 40)).collect();
    let more = names.len().saturating_sub(SHOWN_MAX);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    first.join(", ") + &rest
}

#[cfg(test)]
mod tests {
    use tribunal_history::reading::{ReadOptions, read};

    use super::*;

    /// A history of one client, an operation a line: function, argument, result.
    fn history(operations: &[[&str; 3]]) -> History {
        let lines = operations.iter().map(|[function, argument, result]| {
            format!("0 :invoke :{function} {argument}\n0 :ok :{function} {result}\n")
        });
        let text: String = lines.collect();
        read(text.as_bytes(), &ReadOptions::default()).expect("a log").history
    }

    #[track_caller]
    fn told(model: &str, by: Telling, operations: &[[&str; 3]]) {
        let (named, telling) = infer(&history(operations)).expect("it is told");
        assert_eq!((named.name, telling), (model, by));
    }

    #[track_caller]
    fn untold(candidates: &[&str], operations: &[[&str; 3]]) -> Untold {
        let untold = infer(&history(operations)).expect_err("it is not told");
        assert_eq!(untold.candidates, candidates, "{}", untold.message());
        untold
    }

    #[test]
    fn functions_of_one_object_tell_it() {
        use Telling::Functions;
        told("stack", Functions, &[["push", "1", "1"], ["pop", "nil", "1"]]);
        told("fetch-add", Functions, &[["fetch-add", "1", "0"], ["read", "nil", "1"]]);
        told("unique-ids", Functions, &[["generate", "nil", "7"]]);
        told("set-linearizable", Functions, &[["add", "1", "1"], ["contains", "1", "true"]]);
        told("register", Functions, &[["cas", "[1 2]", "[1 2]"], ["cas", "[1 2]", "[2 2]"]]);
        told("kv", Functions, &[["put", "1", "1"], ["get", "nil", "1"]]);
        told("stack", Functions, &[["push", "nil", "nil"]]);
        told("kv", Functions, &[["append", "x", "x"], ["cas", "[1 2]", "[1 2]"]]);
    }

    #[test]
    fn looks_of_values_tell_objects_with_the_same_functions() {
        use Telling::Values;
        told("register", Values, &[["write", "1", "1"], ["read", "nil", "1"]]);
        told("register", Values, &[["write", "1", "1"], ["read", "nil", "1"]]);
        told("register", Values, &[["write", "[3 4]", "[3 4]"], ["read", "nil", "[3 4]"]]);
        told("versioned", Values, &[["write", "3", "[3 1]"], ["read", "nil", "[3 1]"]]);
        told("versioned", Values, &[["put", "1", "[1 7]"], ["get", "nil", "nil"]]);
        told("kv", Values, &[["append", "x", "x"], ["read", "nil", "x"]]);
        told("append-list", Values, &[["append", "1", "1"], ["read", "nil", "[1]"]]);
        told("counter", Values, &[["add", "1", "1"], ["read", "nil", "1"]]);
        told("mutex", Values, &[["acquire", "nil", "nil"], ["release", "nil", "nil"]]);
        told("semaphore", Values, &[["acquire", "1", "1"], ["release", "1", "1"]]);
        told("log-linearizable", Values, &[["send", "7", "0"], ["poll", "0", "[[0 7]]"]]);
        told("log", Values, &[["send", "7", "[0 7]"]]);
        told("multi-register", Values, &[["txn", "[[r x nil] [w x 1]]", "[[r x 2] [w x 1]]"]]);
        told("long-fork", Values, &[["write", "[[w x 1]]", "[[w x 1]]"]]);
    }

    #[test]
    fn what_may_be_meant_is_asked() {
        let untold = untold(
            &["set-linearizable", "set", "set-full", "set-full-linearizable"],
            &[["add", "1", "1"], ["read", "nil", "[1]"]],
        );
        assert!(untold.message().ends_with("add, read, which do not tell what it must be like"));
        let help = "say it with --model: set-linearizable, set, set-full or set-full-linearizable";
        assert_eq!(untold.help(), help);
    }

    #[test]
    fn the_same_looks_are_told_apart_by_nobody() {
        let queues = ["fifo-queue", "unordered-queue", "priority-queue", "total-queue"];
        untold(&queues, &[["enqueue", "1", "1"], ["dequeue", "nil", "1"]]);
        let without_numbers = ["fifo-queue", "unordered-queue", "total-queue"];
        untold(&without_numbers, &[["enqueue", "a", "a"], ["dequeue", "nil", "a"]]);
        untold(&["fifo-queue", "unordered-queue"], &[["enqueue", "a", "a"], ["peek", "nil", "a"]]);
        untold(&["mutex", "fenced-lock"], &[["acquire", "nil", "33"]]);
        untold(&["multi-register", "long-fork"], &[["txn", "[[w x 1]]", "[[w x 1]]"]]);
        let transfer = ["transfer", "[[from 1] [to 2] [amount 3]]", "nil"];
        untold(&["bank", "bank-negative"], &[transfer, ["read", "nil", "[[1 5] [2 5]]"]]);
    }

    #[test]
    fn values_and_functions_that_nobody_takes_are_said() {
        let operations = [["acquire", "2", "2"], ["release", "2", "2"]];
        let knowing = ["mutex", "reentrant-mutex", "fenced-lock", "semaphore"];
        let message = untold(&knowing, &operations).message();
        assert!(message.ends_with("no model that has them takes all its values"), "{message}");
        let foreign = untold(&[], &[["add", "1", "1"], ["frobnicate", "1", "1"]]);
        assert_eq!(foreign.message(), "its functions are add, frobnicate, which no model has");
        assert!(foreign.help().contains("tribunal list models"));
    }
}
