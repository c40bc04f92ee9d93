//! Counterexamples: the drawing, the steps as a table, and the words.

use tribunal_history::{Finding, Trial, Witness, WitnessOperation, WitnessRole};

use crate::clash::{outcome_word, span};
use crate::fault_view::FaultView;
use crate::lanes;
use crate::text::{clean, thousands};

/// Most counterexamples drawn, and most operations of all of them.
const DRAWN_MAX: usize = 4;
const DRAWN_OPERATIONS_MAX: usize = 50;
/// Most operations of one.
pub(crate) const OPERATIONS_MAX: usize = 40;
/// Most lines of its words, and most characters of each.
const WORDS_MAX: usize = 80;
const WORD_CHARS_MAX: usize = 300;
/// Most characters of a state or a reason.
const STATE_MAX: usize = 160;

/// One operation of the table below the drawing.
pub(crate) struct StepRow {
    /// The number in the legal order, `✗`, or `·` if it has no place in it.
    pub(crate) step: String,
    pub(crate) class: &'static str,
    pub(crate) client: String,
    pub(crate) label: String,
    pub(crate) when: String,
    /// State before → after, or why the operation is refused.
    pub(crate) state: String,
    /// Which bar it is.
    pub(crate) bar: String,
}

/// One counterexample, ready for the page.
pub(crate) struct Counterexample {
    pub(crate) number: usize,
    pub(crate) heading: String,
    pub(crate) size: String,
    pub(crate) svg: String,
    pub(crate) initial: String,
    pub(crate) rows: Vec<StepRow>,
    pub(crate) words: String,
}

/// The counterexamples of a run, violations first; what was cut is added to `cuts`.
pub(crate) fn counterexamples(
    trial: &Trial,
    faults: &[FaultView<'_>],
    cuts: &mut Vec<String>,
) -> Vec<Counterexample> {
    let mut found: Vec<(&Finding, &Witness)> =
        trial.findings.iter().filter_map(|it| Some((it, it.witness.as_ref()?))).collect();
    found.sort_by_key(|(finding, _)| std::cmp::Reverse(finding.verdict));
    let mut operations = 0;
    let fits = |(_, witness): &&(&Finding, &Witness)| {
        operations += witness.operations.len().min(OPERATIONS_MAX);
        operations <= DRAWN_OPERATIONS_MAX
    };
    let drawn = found.iter().take(DRAWN_MAX).take_while(fits).count();
    let rest = found.len() - drawn;
    if rest > 0 {
        cuts.push(format!("{} more counterexamples", thousands(rest as u64)));
    }
    found
        .into_iter()
        .take(drawn)
        .enumerate()
        .map(|(position, (finding, witness))| {
            let bounded = bounded(witness, cuts);
            counterexample(position + 1, finding, &bounded, faults)
        })
        .collect()
}

/// The witness with every list and text within bounds and every position valid.
fn bounded(witness: &Witness, cuts: &mut Vec<String>) -> Witness {
    let operations = witness.operations.iter().take(OPERATIONS_MAX);
    let operations: Vec<WitnessOperation> = operations
        .map(|it| WitnessOperation { label: clean(&it.label, STATE_MAX), ..it.clone() })
        .collect();
    let rest = witness.operations.len() - operations.len();
    if rest > 0 {
        cuts.push(format!("{} more operations of a counterexample", thousands(rest as u64)));
    }
    if witness.words.len() > WORDS_MAX {
        let rest = witness.words.len() - WORDS_MAX;
        cuts.push(format!("{} more lines of an explanation", thousands(rest as u64)));
    }
    let exists = |operation: u16| usize::from(operation) < operations.len();
    let mut order: Vec<_> = witness
        .order
        .iter()
        .filter(|it| exists(it.operation))
        .take(OPERATIONS_MAX)
        .cloned()
        .collect();
    order.iter_mut().for_each(|step| step.state = clean(&step.state, STATE_MAX));
    let refused = witness.refused.iter().filter(|it| exists(it.0)).take(OPERATIONS_MAX);
    Witness {
        order,
        refused: refused.map(|(at, reason)| (*at, clean(reason, STATE_MAX))).collect(),
        initial: clean(&witness.initial, STATE_MAX),
        core: witness.core.max(witness.operations.len() as u64),
        clock: witness.clock,
        shrunk_from: witness.shrunk_from,
        words: witness.words.iter().take(WORDS_MAX).map(|it| clean(it, WORD_CHARS_MAX)).collect(),
        operations,
    }
}

fn counterexample(
    number: usize,
    finding: &Finding,
    witness: &Witness,
    faults: &[FaultView<'_>],
) -> Counterexample {
    let subject = clean(&finding.subject, 60);
    let heading = if subject.is_empty() { clean(&finding.checker, 60) } else { subject };
    Counterexample {
        number,
        size: witness.size(),
        svg: lanes::draw(number, &clean(&finding.summary, 240), witness, faults),
        initial: witness.initial.clone(),
        rows: rows(witness),
        words: witness.words.join("\n"),
        heading,
    }
}

/// The legal order, then what is refused, then the rest, which some witnesses consist of.
fn rows(witness: &Witness) -> Vec<StepRow> {
    let mut told = vec![false; witness.operations.len()];
    let mut rows = Vec::new();
    let mut before = &witness.initial;
    for (position, step) in witness.order.iter().enumerate() {
        let bar = usize::from(step.operation);
        let state = if *before == step.state {
            step.state.clone()
        } else {
            format!("{before} → {}", step.state)
        };
        rows.push(row(witness, bar, (position + 1).to_string(), state));
        (told[bar], before) = (true, &step.state);
    }
    for (bar, reason) in &witness.refused {
        let bar = usize::from(*bar);
        if !told[bar] {
            rows.push(row(witness, bar, "✗".into(), reason.clone()));
            told[bar] = true;
        }
    }
    let rest = match witness.order.is_empty() {
        true => "the contradiction rests on it",
        false => "the order ends before it",
    };
    for bar in (0..told.len()).filter(|bar| !told[*bar]) {
        rows.push(row(witness, bar, "·".into(), rest.into()));
    }
    rows
}

fn row(witness: &Witness, bar: usize, step: String, state: String) -> StepRow {
    let operation = &witness.operations[bar];
    let via = operation.node.map_or(String::new(), |node| format!(" via {node}"));
    StepRow {
        class: match (step.as_str(), operation.role) {
            ("✗", _) => "refused",
            (_, WitnessRole::Waiting) => "waiting",
            (_, WitnessRole::Ordered | WitnessRole::Refused) => "ordered",
        },
        step,
        client: format!("client {}{via}", operation.process),
        label: format!("{} = {}", Witness::name(bar), operation.label),
        when: format!("{} {}", outcome_word(operation.outcome), span(witness, operation)),
        state,
        bar: bar.to_string(),
    }
}
