//! A counterexample in the making: who speaks in it, and what is said.

use tribunal_history::{
    Call, Clock, Completion, EventKindName, Values, Witness, WitnessOperation, WitnessRole,
};

use super::trace::Trace;
use crate::{Cell, Notation};

/// Operations of a witness, at most.
const SHOWN_MAX: usize = 40;

/// Lines of an argument, at most.
const LINES_MAX: usize = 60;

/// Stands in a line for the name of the next operation it speaks of. Labels cannot hold it:
/// control characters of values are escaped.
const NAME: char = '\u{1}';

/// Operations and lines about them. An operation has its name only at the end, when all are known,
/// because names follow the order of invocation.
pub(crate) struct Testimony<'a> {
    calls: &'a [Call],
    values: &'a Values,
    clock: Clock,
    lines: Vec<(String, Vec<usize>)>,
    blamed: Option<usize>,
    cut: bool,
}

impl<'a> Testimony<'a> {
    /// Nothing said yet about operations of this trace.
    pub(crate) const fn of(trace: &Trace<'a>) -> Testimony<'a> {
        Testimony {
            calls: trace.calls,
            values: trace.values,
            clock: trace.clock,
            lines: Vec::new(),
            blamed: None,
            cut: false,
        }
    }

    /// Says a line. Every `@` stands for the name of one of `calls`, in order.
    pub(crate) fn say(&mut self, template: &str, calls: &[usize]) {
        self.tell(&template.replace('@', &NAME.to_string()), "", calls);
    }

    /// As [`Testimony::say`], with text at the end that is taken as it is.
    pub(crate) fn say_of(&mut self, template: &str, rest: &str, calls: &[usize]) {
        self.tell(&template.replace('@', &NAME.to_string()), rest, calls);
    }

    fn tell(&mut self, start: &str, rest: &str, calls: &[usize]) {
        let line = (format!("{start}{rest}"), calls.to_vec());
        if self.lines.contains(&line) {
            return;
        }
        let fits = self.lines.len() < LINES_MAX;
        self.cut |= !fits;
        if fits {
            self.lines.push(line);
        }
    }

    /// How many lines more there may be.
    pub(crate) const fn is_full(&self) -> bool {
        self.lines.len() >= LINES_MAX
    }

    /// Marks the operation the finding is about.
    pub(crate) const fn blame(&mut self, call: usize) {
        self.blamed = Some(call);
    }

    /// The witness, its last line being `conclusion`.
    pub(crate) fn witness(
        mut self,
        conclusion: (&str, &[usize]),
        initial: &str,
        shrunk_from: usize,
    ) -> Witness {
        let line = (conclusion.0.replace('@', &NAME.to_string()), conclusion.1.to_vec());
        if self.cut {
            let more = "further steps of the argument are not shown;".to_owned();
            self.lines.push((more, Vec::new()));
        }
        self.lines.push(line);
        // The conclusion first: it must not lose its operations where there are too many.
        let mut cast: Vec<usize> = Vec::new();
        let said = self.lines.iter().rev().flat_map(|(_, calls)| calls.iter().copied());
        for call in self.blamed.into_iter().chain(said) {
            if !cast.contains(&call) {
                cast.push(call);
            }
        }
        let core = cast.len() as u64;
        cast.truncate(SHOWN_MAX);
        cast.sort_unstable_by_key(|call| self.calls[*call].invoked);
        let mut words = vec!["Let:".to_owned()];
        let names = |call: &usize| cast.iter().position(|one| one == call);
        words.extend(cast.iter().enumerate().map(|(place, call)| self.introduce(place, *call)));
        words.push("Then:".to_owned());
        words.extend(self.lines.iter().map(|(line, calls)| {
            let mut calls = calls.iter();
            let mut text = "  ".to_owned();
            for character in line.chars() {
                match character {
                    NAME => {
                        text += &calls.next().and_then(names).map_or_else(unnamed, Witness::name)
                    }
                    other => text.push(other),
                }
            }
            text
        }));
        Witness {
            operations: cast.iter().map(|call| self.operation(*call)).collect(),
            core,
            clock: self.clock,
            order: Vec::new(),
            refused: Vec::new(),
            initial: initial.to_owned(),
            shrunk_from: shrunk_from as u64,
            words,
        }
    }

    fn label(&self, call: usize) -> String {
        Cell::kv().describe_op(&self.calls[call], self.values)
    }

    fn introduce(&self, place: usize, position: usize) -> String {
        let call = &self.calls[position];
        let node = call.node.map(|node| format!(" at {node}")).unwrap_or_default();
        let who = format!("process {}{node}", call.process);
        let (name, label) = (Witness::name(place), self.label(position));
        let (outcome, end) = match call.completion {
            Completion::Ok(_) => ("ok", call.completed_at),
            Completion::Fail | Completion::Info => ("unknown outcome", None),
        };
        let stretch = self.clock.stretch(call.invoked_at, end);
        format!("  {name} = {label}, {outcome}, {who}, {stretch}")
    }

    fn operation(&self, position: usize) -> WitnessOperation {
        let call = &self.calls[position];
        WitnessOperation {
            index: call.invoked,
            process: call.process,
            node: call.node,
            label: self.label(position),
            outcome: match call.completion {
                Completion::Ok(_) => EventKindName::Ok,
                Completion::Fail => EventKindName::Fail,
                Completion::Info => EventKindName::Info,
            },
            invoked: call.invoked_at,
            completed: call.completed_at.filter(|_| call.completion != Completion::Info),
            role: match self.blamed == Some(position) {
                true => WitnessRole::Refused,
                false => WitnessRole::Waiting,
            },
        }
    }
}

fn unnamed() -> String {
    "another operation".to_owned()
}
