//! What is known of each key, and the one finding about all of them.

use tribunal_history::{Cost, Finding, Nanos, ValueId, Values, Verdict};

use crate::normal::Applied;
use crate::search::Exhausted;
use crate::{Budget, Datum, Malformed};

/// Keys that get a line of their own in the details, at most, of each kind.
const LINES_MAX: usize = 6;

/// Why a key could not be judged.
pub(crate) enum Doubt {
    /// An operation is none of the model's.
    Malformed(Malformed),
    /// The budget ended; up to this time the key is linearizable.
    Exhausted(Exhausted, Option<Nanos>),
    /// A legal order was found that is not one: a defect of this program.
    Certificate,
}

/// What is known of a key.
pub(crate) enum Judgement {
    /// There is a legal order, checked twice.
    Valid,
    /// Neither shown to hold nor to be violated.
    Unknown(Doubt),
    /// No order of what ended up to this moment is legal.
    Impossible(u64),
    /// This operation, by position among those that did not fail, saw what nobody can have written.
    FromNowhere(usize),
}

/// One key with its operations and what became of them.
pub(crate) struct KeyVerdict {
    pub key: ValueId,
    /// Positions of its calls.
    pub members: Vec<usize>,
    pub judgement: Judgement,
    pub applied: Applied,
    pub cost: Cost,
}

impl KeyVerdict {
    /// Nothing is known yet, and nothing speaks against the key.
    pub(crate) fn new(key: ValueId, members: Vec<usize>) -> KeyVerdict {
        let judgement = Judgement::Valid;
        KeyVerdict { key, members, judgement, applied: Applied::default(), cost: Cost::default() }
    }

    const fn verdict(&self) -> Verdict {
        match self.judgement {
            Judgement::Valid => Verdict::Valid,
            Judgement::Unknown(_) => Verdict::Unknown,
            Judgement::Impossible(_) | Judgement::FromNowhere(_) => Verdict::Invalid,
        }
    }
}

/// All keys of a history, in order.
pub(crate) struct Verdicts<'a> {
    values: &'a Values,
    budget: &'a Budget<'a>,
    keys: Vec<KeyVerdict>,
}

impl<'a> Verdicts<'a> {
    /// None yet.
    pub(crate) const fn new(values: &'a Values, budget: &'a Budget<'a>) -> Verdicts<'a> {
        Verdicts { values, budget, keys: Vec::new() }
    }

    /// One more, later in the order than those before.
    pub(crate) fn push(&mut self, key: KeyVerdict) {
        self.keys.push(key);
    }

    /// The first key of this verdict.
    pub(crate) fn first(&self, verdict: Verdict) -> Option<&KeyVerdict> {
        self.keys.iter().find(|key| key.verdict() == verdict)
    }

    /// The finding about all keys, without the counterexample.
    pub(crate) fn finding(&self, checker: &str) -> Finding {
        let verdict = self.keys.iter().map(KeyVerdict::verdict).collect();
        let first = self.first(verdict).filter(|_| verdict != Verdict::Valid);
        Finding {
            checker: checker.to_owned(),
            verdict,
            anomaly: String::new(),
            subject: first.map(|key| self.name(key)).unwrap_or_default(),
            summary: match first {
                None => self.valid_summary(),
                Some(key) if verdict == Verdict::Unknown => self.unknown_summary(key),
                Some(key) => self.invalid_summary(key, "has no legal order"),
            },
            details: self.details(),
            at: None,
            witness: None,
            cost: self.cost(),
        }
    }

    /// The sentence of an *invalid* whose first bad key did what `headline` says.
    pub(crate) fn invalid_summary(&self, bad: &KeyVerdict, headline: &str) -> String {
        let name = self.name(bad);
        let count = self.count(Verdict::Invalid);
        if self.keys.len() == 1 {
            return format!("{name} is not linearizable: it {headline}");
        }
        let verb = if count == 1 { "is" } else { "are" };
        let total = grouped(self.keys.len() as u64);
        format!("{} of {total} keys {verb} not linearizable: {name} {headline}", grouped(count))
    }

    fn valid_summary(&self) -> String {
        let Cost { operations, keys, .. } = self.cost();
        format!(
            "no violation found in {}, {}",
            plural(keys, "key"),
            plural(operations, "operation")
        )
    }

    fn unknown_summary(&self, key: &KeyVerdict) -> String {
        let Judgement::Unknown(doubt) = &key.judgement else { return String::new() };
        let count = grouped(self.count(Verdict::Unknown));
        let total = plural(self.keys.len() as u64, "key");
        format!("{count} of {total} could not be judged: {}: {}", self.name(key), self.doubt(doubt))
    }

    fn doubt(&self, doubt: &Doubt) -> String {
        let Budget { states, bytes, .. } = self.budget;
        match doubt {
            Doubt::Malformed(malformed) => malformed.to_string(),
            Doubt::Certificate => "the order found does not hold when checked again; this is a \
                defect of the checker"
                .to_owned(),
            Doubt::Exhausted(what, reached) => {
                let what = match what {
                    Exhausted::States => format!("{} were not enough", plural(*states, "state")),
                    Exhausted::Bytes => format!("{} were not enough", plural(*bytes, "byte")),
                    Exhausted::Stopped => "the search was stopped".to_owned(),
                };
                match reached {
                    Some(time) => {
                        let seconds = time.as_millis() / 1_000;
                        let millis = time.as_millis() % 1_000;
                        format!(
                            "{what}; what ended before {seconds}.{millis:03} s has a legal order"
                        )
                    }
                    None => what,
                }
            }
        }
    }

    fn details(&self) -> Vec<String> {
        let mut details = Vec::new();
        let doubts = self.keys.iter().filter_map(|key| match &key.judgement {
            Judgement::Unknown(doubt) => Some((key, self.doubt(doubt))),
            _ => None,
        });
        self.list(doubts.collect(), &mut details);
        let kept = self.keys.iter().filter_map(|key| Some((key, self.kept(&key.applied)?)));
        self.list(kept.collect(), &mut details);
        details.extend(self.normal_form());
        details
    }

    /// A line for each of the first keys, and how many more there are.
    fn list(&self, lines: Vec<(&KeyVerdict, String)>, details: &mut Vec<String>) {
        for (key, line) in lines.iter().take(LINES_MAX) {
            details.push(format!("{}: {line}", self.name(key)));
        }
        if let Some(more) = lines.len().checked_sub(LINES_MAX).filter(|more| *more > 0) {
            details.push(format!("and so on for {}", plural(more as u64, "more key")));
        }
    }

    /// Why crashed operations of a key had to be kept.
    fn kept(&self, applied: &Applied) -> Option<String> {
        let kept = match applied.kept {
            0 => return None,
            1 => "1 crashed operation stays as it is".to_owned(),
            more => format!("{} crashed operations stay as they are", grouped(more as u64)),
        };
        Some(match &applied.ambiguous {
            Some((value, count)) => {
                format!("{} is written {}, so {kept}", value.show(self.values), times(*count))
            }
            None if applied.appended => format!("its text was seen, so {kept}"),
            None => kept,
        })
    }

    /// What became of the crashed operations of all keys.
    fn normal_form(&self) -> Option<String> {
        let sum = |of: fn(&Applied) -> usize| -> u64 {
            self.keys.iter().map(|key| of(&key.applied) as u64).sum()
        };
        let parts = [
            (sum(|applied| applied.pure), "would have changed nothing"),
            (sum(|applied| applied.unobserved), "had no effect that anybody saw"),
            (sum(|applied| applied.bounded), "did happen, because somebody saw it"),
            (sum(|applied| applied.kept), "may have happened at any time or never"),
        ];
        let total: u64 = parts.iter().map(|(count, _)| count).sum();
        let parts: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{} {what}", grouped(*count)))
            .collect();
        (total > 0)
            .then(|| format!("of {}: {}", plural(total, "crashed operation"), parts.join(", ")))
    }

    fn cost(&self) -> Cost {
        let mut cost = Cost { keys: self.keys.len() as u64, ..Cost::default() };
        for key in &self.keys {
            cost.operations += key.members.len() as u64;
            cost.states += key.cost.states;
            cost.bytes = cost.bytes.max(key.cost.bytes);
        }
        cost
    }

    fn count(&self, verdict: Verdict) -> u64 {
        self.keys.iter().filter(|key| key.verdict() == verdict).count() as u64
    }

    fn name(&self, key: &KeyVerdict) -> String {
        if key.key.is_nil() {
            return "the object".to_owned();
        }
        format!("key {}", Datum::of(key.key, self.values).show(self.values))
    }
}

fn times(count: usize) -> String {
    if count == 2 { "twice".to_owned() } else { format!("{} times", grouped(count as u64)) }
}

pub(crate) fn plural(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// The number with a comma before every third digit.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let cases = [(0, "0"), (999, "999"), (1_000, "1,000"), (101_884, "101,884")];
        for (number, text) in cases {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(plural(1, "key"), "1 key");
        assert_eq!(plural(1_234_567, "state"), "1,234,567 states");
    }
}
