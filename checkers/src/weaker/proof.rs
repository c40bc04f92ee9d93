//! A contradiction among the pairs of a relation, put into words.

use tribunal_history::{Nanos, Witness};

use super::known::Known;
use super::phrase::plural;
use super::relation::{Adjacent, Hop, Pair, Relation, Why};
use super::testimony::Testimony;

/// Why no order, or no order of versions, is possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Contradiction {
    /// This access saw a value nobody wrote.
    Nowhere(u32),
    /// These hops lead back to where they began.
    Cycle(Vec<Hop>),
    /// The first writes the key, comes before the second, and the second saw the key as it was
    /// before any write.
    Unwritten(u32, u32),
    /// The first writes the key; so does the second, which comes later; the third comes later still
    /// and saw what the first wrote.
    Overwritten(u32, u32, u32),
}

/// A contradiction with everything that is known.
pub(crate) struct Proof<'a> {
    pub known: &'a Known<'a>,
    pub relation: &'a Relation<'a>,
    pub contradiction: &'a Contradiction,
}

/// What a finding takes from a proof.
pub(crate) struct Proven {
    /// The anomaly class.
    pub anomaly: &'static str,
    /// The key it is about, if it is about one.
    pub subject: String,
    /// What went wrong, after a colon.
    pub headline: String,
    /// When.
    pub at: Option<Nanos>,
    /// The counterexample.
    pub witness: Witness,
}

impl Proof<'_> {
    /// The contradiction in words. O(n + pairs) for each line, and lines are few.
    pub(crate) fn words(&self) -> Proven {
        let mut testimony = Testimony::of(&self.known.trace);
        let last = match self.contradiction {
            Contradiction::Nowhere(reader) => *reader as usize,
            Contradiction::Unwritten(_, reader) | Contradiction::Overwritten(_, _, reader) => {
                *reader as usize
            }
            Contradiction::Cycle(hops) => hops
                .iter()
                .map(|hop| self.relation.ends(*hop).1)
                .max_by_key(|access| self.known.trace.call(*access).invoked)
                .unwrap_or_default(),
        };
        testimony.blame(self.call(last));
        let at = self.known.trace.call(last).completed_at;
        let incoming = self.relation.incoming();
        let (anomaly, headline, conclusion) = match self.contradiction {
            Contradiction::Nowhere(reader) => self.nowhere(*reader as usize),
            Contradiction::Unwritten(write, reader) => {
                self.show_path(&incoming, (*write, *reader), u32::MAX, &mut testimony);
                self.unwritten(*write as usize, *reader as usize)
            }
            Contradiction::Overwritten(old, new, reader) => {
                self.show_path(&incoming, (*old, *new), u32::MAX, &mut testimony);
                self.show_path(&incoming, (*new, *reader), u32::MAX, &mut testimony);
                self.overwritten((*old as usize, *new as usize), *reader as usize)
            }
            Contradiction::Cycle(hops) => self.cycle(&incoming, hops, &mut testimony),
        };
        let count = self.known.trace.len();
        let calls: Vec<usize> = conclusion.1.iter().map(|access| self.call(*access)).collect();
        let witness = testimony.witness((&conclusion.0, &calls), "nil", count);
        let subject = match self.contradiction {
            Contradiction::Cycle(_) => String::new(),
            _ => self.key(last),
        };
        Proven { anomaly, subject, headline, at, witness }
    }

    fn call(&self, access: usize) -> usize {
        self.known.trace.accesses[access].call as usize
    }

    fn key(&self, access: usize) -> String {
        self.known.trace.key_name(self.known.trace.accesses[access].key)
    }

    fn process(&self, access: usize) -> String {
        format!("process {}", self.known.trace.call(access).process)
    }

    fn nowhere(&self, reader: usize) -> (&'static str, String, (String, Vec<usize>)) {
        let headline = format!("{} was seen with a value nobody wrote", self.key(reader));
        let line = "@ saw a value that no operation which may have happened wrote: a contradiction";
        ("value from nowhere", headline, (line.to_owned(), vec![reader]))
    }

    fn unwritten(
        &self,
        write: usize,
        reader: usize,
    ) -> (&'static str, String, (String, Vec<usize>)) {
        let key = self.key(reader);
        let headline = format!("{key} was seen unwritten after a write to it");
        let line = "so @ comes before @, which saw the key as it was before any write: a \
            contradiction";
        ("write not seen", headline, (line.to_owned(), vec![write, reader]))
    }

    fn overwritten(
        &self,
        (old, new): (usize, usize),
        reader: usize,
    ) -> (&'static str, String, (String, Vec<usize>)) {
        let headline = format!("{} was seen with an overwritten value", self.key(reader));
        let line = "so @ comes after @ and before @, which saw what @ wrote and not what @ wrote: \
            a contradiction";
        let calls = vec![new, old, reader, old, new];
        ("overwritten value seen", headline, (line.to_owned(), calls))
    }

    fn cycle(
        &self,
        incoming: &Adjacent,
        hops: &[Hop],
        testimony: &mut Testimony<'_>,
    ) -> (&'static str, String, (String, Vec<usize>)) {
        self.show_hops(incoming, hops, testimony);
        let has = |wanted: fn(Why) -> bool| {
            hops.iter().any(|hop| match hop {
                Hop::Session(..) => false,
                Hop::Pair(number) => wanted(self.relation.pairs[*number as usize].why),
            })
        };
        let (anomaly, headline) = if has(|why| matches!(why, Why::Replaced(_) | Why::Unwritten)) {
            ("no common order", "would each come before the next, in a circle")
        } else if has(|why| matches!(why, Why::Overwritten(_))) {
            ("writes in two orders", "would each come before the next, in a circle")
        } else {
            ("causality cycle", "each depend on the one before, in a circle")
        };
        let headline = format!("{} {headline}", plural(hops.len() as u64, "operation"));
        let calls: Vec<usize> = hops.iter().map(|hop| self.relation.ends(*hop).0).collect();
        let names = vec!["@"; calls.len() + 1].join(", then ");
        let mut around = calls.clone();
        around.extend(calls.first());
        (anomaly, headline, (format!("so {names}: a contradiction"), around))
    }

    /// Says the steps of a path, and why each pair holds.
    fn show_path(
        &self,
        incoming: &Adjacent,
        (from, to): (u32, u32),
        limit: u32,
        testimony: &mut Testimony<'_>,
    ) {
        if let Some(hops) = self.relation.path(incoming, from as usize, to as usize, limit) {
            self.show_hops(incoming, &hops, testimony);
        }
    }

    /// Says hops, what each rests on before it. The pairs are walked with a stack of their own:
    /// first a pair's grounds, then the pair.
    fn show_hops(&self, incoming: &Adjacent, hops: &[Hop], testimony: &mut Testimony<'_>) {
        let mut todo: Vec<(Hop, bool)> = hops.iter().rev().map(|hop| (*hop, false)).collect();
        while let Some((hop, grounds_said)) = todo.pop() {
            if testimony.is_full() {
                break;
            }
            let Hop::Pair(number) = hop else {
                self.say(hop, testimony);
                continue;
            };
            if grounds_said {
                self.say(hop, testimony);
                continue;
            }
            todo.push((hop, true));
            let Pair { from, to, why } = self.relation.pairs[number as usize];
            let grounds = match why {
                Why::ReadsFrom | Why::Unwritten => None,
                Why::Overwritten(reader) => Some((from, reader)),
                Why::Replaced(written) => Some((written, to)),
            };
            let path = grounds.and_then(|(from, to)| {
                self.relation.path(incoming, from as usize, to as usize, number)
            });
            todo.extend(path.into_iter().flatten().rev().map(|hop| (hop, false)));
        }
    }

    fn say(&self, hop: Hop, testimony: &mut Testimony<'_>) {
        let (from, to) = self.relation.ends(hop);
        let (one, other) = (self.call(from), self.call(to));
        let Hop::Pair(number) = hop else {
            let process = self.process(from);
            testimony.say(&format!("@ came before @ in {process};"), &[one, other]);
            return;
        };
        let key = self.key(from);
        match self.relation.pairs[number as usize].why {
            Why::ReadsFrom => testimony.say("@ saw what @ wrote;", &[other, one]),
            Why::Overwritten(reader) => {
                let reader = self.call(reader as usize);
                testimony.say_of(
                    "@ comes before @, which saw what @ wrote, so @ comes before @ as writes of ",
                    &format!("{key};"),
                    &[one, reader, other, one, other],
                );
            }
            Why::Replaced(written) => {
                let written = self.call(written as usize);
                testimony.say_of(
                    "@ comes before @, which replaced it, so @, which saw what @ wrote, comes \
                     before @ on ",
                    &format!("{key};"),
                    &[written, other, one, written, other],
                );
            }
            Why::Unwritten => testimony.say_of(
                "@ saw the key as it was before any write, so it comes before @ on ",
                &format!("{key};"),
                &[one, other],
            ),
        }
    }
}
