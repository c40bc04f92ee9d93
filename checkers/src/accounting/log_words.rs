//! The words for what the checker `log` finds.

use super::case::is_fail;
use super::log_book::{Book, NONE};
use super::log_class::{Class, Example, with_article};
use super::proof::Proof;
use super::ruling::Charge;
use crate::count::grouped;

/// The charge of one case of a kind that was met `count` times.
pub(crate) fn charge(book: &Book<'_>, class: Class, example: &Example, count: u64) -> Charge {
    let case = book.case;
    let culprit = example.culprit as usize;
    let others = example.others.iter().filter(|call| **call != NONE).map(|call| *call as usize);
    let proof = Proof::new(case, culprit, others);
    let partition = case.show(book.partitions.id(example.partition as usize));
    let (fact, argument) = tell(book, class, example, &proof);
    let times = match count {
        1 => String::new(),
        more => format!(", one of {}", grouped(more)),
    };
    Charge {
        anomaly: class.name(),
        subject: format!("partition {partition}"),
        headline: format!(
            "has {} in partition {partition}{times}: {fact}",
            with_article(class.name())
        ),
        at: case.calls[culprit].completed_at,
        witness: proof.witness(fact, argument),
    }
}

/// The fact in a few words, and the argument.
fn tell(
    book: &Book<'_>,
    class: Class,
    example: &Example,
    proof: &Proof<'_>,
) -> (String, Vec<String>) {
    let show = |place: usize| book.case.show(example.values[place]);
    let z = proof.name(example.culprit as usize);
    let other = example.others[0];
    let a = if other == NONE { String::new() } else { proof.name(other as usize) };
    let [from, to] = example.offsets;
    match class {
        Class::LostWrite => (
            format!("{} was acknowledged at offset {from}, and no poll shows it", show(0)),
            vec![
                format!("{a} was acknowledged: {} is at offset {from}", show(0)),
                format!("{z} polled up to offset {to}, which is no lower"),
                format!("no poll of anybody shows {}", show(0)),
            ],
        ),
        Class::InconsistentOffsets => (
            format!("offset {from} holds {} and {}", show(0), show(1)),
            vec![
                "an offset holds one value".to_owned(),
                format!("{a} shows {} at offset {from}", show(0)),
                format!("{z} shows {} there", show(1)),
            ],
        ),
        Class::Duplicate => (
            format!("{} is at offsets {from} and {to}", show(0)),
            vec![
                format!("{a} shows {} at offset {from}", show(0)),
                format!("{z} shows it at offset {to}"),
                "so it is there more often than it was sent".to_owned(),
            ],
        ),
        Class::AbortedRead => (
            format!("{} was polled, and its send failed", show(0)),
            vec![
                format!("{a} sends {}, but certainly did not happen, nor did any other", show(0)),
                format!("{z} polled {}", show(0)),
            ],
        ),
        Class::Nowhere => nowhere(book, example, proof),
        _ => moves(class, (from, to), (&a, &z)),
    }
}

fn nowhere(book: &Book<'_>, example: &Example, proof: &Proof<'_>) -> (String, Vec<String>) {
    let value = book.case.show(example.values[0]);
    let z = proof.name(example.culprit as usize);
    let mut argument = vec![format!("{z} polled {value}")];
    let sender = example.others[0];
    if sender != NONE && !is_fail(&book.case.calls[sender as usize]) {
        argument.push(format!("{} began after {z} had ended", proof.name(sender as usize)));
    }
    argument.push(format!("nobody can have sent {value} before {z} ended"));
    (format!("{value} was polled, and nobody had sent it"), argument)
}

/// What a process did next, against where it was.
fn moves(class: Class, (from, to): (i64, i64), (a, z): (&str, &str)) -> (String, Vec<String>) {
    let sends = matches!(class, Class::InternalNonmonotonicSend | Class::NonmonotonicSend);
    let verb = if sends { "sent to" } else { "polled" };
    let back = matches!(
        class,
        Class::InternalNonmonotonicPoll
            | Class::NonmonotonicPoll
            | Class::InternalNonmonotonicSend
            | Class::NonmonotonicSend
    );
    let before = match a == z {
        true => format!("{z} {verb} offset {from} first, and offset {to} next"),
        false => format!("{a} {verb} offset {from}, and {z} of the same process offset {to} next"),
    };
    let rule = match (back, sends) {
        (true, true) => "what a process sends later lies higher",
        (true, false) => "what a process polls later lies higher",
        (false, _) => "there is a message between the two, and a poll leaves none out",
    };
    let fact = match back {
        true => format!("offset {to} came after offset {from}"),
        false => format!("offset {to} came after offset {from}, and what lies between was skipped"),
    };
    (fact, vec![rule.to_owned(), before])
}
