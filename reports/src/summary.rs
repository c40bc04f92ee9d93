//! What there is to say of a run, once: the page, the terminal and the Markdown print these words.

use tribunal_history::{Check, EventKind, Finding, Nanos, Record, RunState, Trial, Verdict};

use crate::clash::{Clash, Party, clash};
use crate::exhibit::Exhibit;
use crate::fault_view::{Fate, FaultView};
use crate::standing::Standing;
use crate::text::{capitalised, clean, counted, listed, seconds, thousands};

/// Most rows of each of the three tables.
const ROWS_MAX: usize = 16;
/// Most characters of a sentence that came from outside.
const SENTENCE_MAX: usize = 240;

/// One row of *properties*, *was the test meaningful* or *harness health*.
pub(crate) struct Row {
    pub(crate) name: String,
    /// The mark that goes with the colour.
    pub(crate) mark: &'static str,
    /// `valid`, `invalid`, `unknown`, `warning` or `plain`.
    pub(crate) class: &'static str,
    pub(crate) figure: String,
    /// What it cost, or what to do about it.
    pub(crate) more: String,
}

/// The words of a run.
pub(crate) struct Summary {
    pub(crate) standing: Standing,
    /// As `register × partition,kill`.
    pub(crate) title: String,
    /// One plain sentence without full stop.
    pub(crate) sentence: String,
    /// Sentences that go with it, in order.
    pub(crate) paragraph: Vec<String>,
    pub(crate) clash: Option<Clash>,
    /// The counterexample of a violation, if there is one.
    pub(crate) exhibit: Option<Exhibit>,
    pub(crate) properties: Vec<Row>,
    pub(crate) coverage: Vec<Row>,
    pub(crate) health: Vec<Row>,
    /// Operations invoked.
    pub(crate) operations: u64,
    /// Rows that did not fit, in words.
    pub(crate) cuts: Vec<String>,
}

impl Summary {
    pub(crate) fn new(trial: &Trial, record: &Record, faults: &[FaultView<'_>]) -> Summary {
        let standing = Standing::of(trial);
        let worst = worst(trial);
        let witness = worst
            .filter(|_| standing == Standing::Invalid)
            .and_then(|finding| finding.witness.as_ref());
        let clash = witness.and_then(|witness| clash(trial, faults, witness));
        let exhibit = witness.map(|witness| Exhibit::new(trial, faults, witness, clash.as_ref()));
        let invocations = record.history.events().iter().filter(|it| it.kind == EventKind::Invoke);
        let operations = invocations.count() as u64;
        let mut cuts = Vec::new();
        let mut summary = Summary {
            standing,
            title: title(trial),
            sentence: String::new(),
            paragraph: Vec::new(),
            properties: cut(trial.findings.iter().map(property), "properties", &mut cuts),
            coverage: cut(trial.gates.iter().map(gate), "gates", &mut cuts),
            health: cut(trial.health.iter().map(health), "health checks", &mut cuts),
            operations,
            clash,
            exhibit,
            cuts,
        };
        match standing {
            Standing::Invalid => summary.tell_invalid(trial, worst, faults),
            Standing::Unknown => summary.tell_unknown(trial),
            Standing::HarnessError => summary.tell_harness_error(trial),
            Standing::Valid => summary.tell_valid(faults),
        }
        summary.tell_conditions(trial);
        summary
    }

    fn tell_invalid(&mut self, trial: &Trial, worst: Option<&Finding>, faults: &[FaultView<'_>]) {
        let Some(finding) = worst else {
            self.sentence = "A violation was found, and nothing says which".into();
            return;
        };
        let at = finding.at.or(self.clash.as_ref().map(|it| it.at));
        let active: Vec<&FaultView<'_>> =
            at.map_or(Vec::new(), |at| faults.iter().filter(|it| it.acts_at(at)).collect());
        self.sentence = headline(finding, &active);
        if let Some(clash) = &self.clash {
            self.paragraph.extend(story(clash));
        }
        // Of a file nobody says what was done to the system.
        if trial.plan.cluster != "none" || !faults.is_empty() {
            self.paragraph.push(weather(at, &active, faults));
        }
    }

    fn tell_unknown(&mut self, trial: &Trial) {
        let undecided = trial.findings.iter().find(|it| it.verdict == Verdict::Unknown);
        let failed: Vec<&Check> =
            trial.gates.iter().filter(|it| it.passed == Some(false)).collect();
        self.sentence = match (trial.state, failed.first(), undecided) {
            (RunState::Running, _, _) => "Not known: the run has not come to its end".into(),
            (_, Some(gate), _) => format!("Not known: {}", shown(gate)),
            (_, None, Some(finding)) => {
                format!("Not known: {}", clean(&finding.summary, SENTENCE_MAX))
            }
            (_, None, None) if trial.findings.is_empty() => "Not known: nothing was judged".into(),
            (_, None, None) => "Not known: neither a checker nor a gate says why".into(),
        };
        let operations = counted(self.operations, "operation", "operations");
        self.paragraph.push(match trial.state {
            RunState::Running => {
                "It is running still, or it was killed; nothing was judged.".into()
            }
            RunState::Finished | RunState::Interrupted | RunState::HarnessError => format!(
                "No violation was found in {operations}, but that is not enough to call it a pass."
            ),
        });
        if let (Some(finding), false) = (undecided, failed.is_empty()) {
            let summary = capitalised(&clean(&finding.summary, SENTENCE_MAX));
            self.paragraph.push(format!("{summary}."));
        }
        for gate in failed.iter().take(ROWS_MAX).filter(|it| !it.remedy.is_empty()) {
            let (name, remedy) = (clean(&gate.name, 80), clean(&gate.remedy, SENTENCE_MAX));
            self.paragraph.push(format!("To mend “{name}”: {remedy}."));
        }
    }

    fn tell_harness_error(&mut self, trial: &Trial) {
        let error = trial.harness_error.as_deref().unwrap_or("nothing says how");
        self.sentence = "The harness broke: this says nothing about the system".into();
        self.paragraph.push(format!("{}.", capitalised(&clean(error, SENTENCE_MAX))));
    }

    fn tell_valid(&mut self, faults: &[FaultView<'_>]) {
        let installed = faults.iter().filter(|it| it.fate == Fate::Installed).count() as u64;
        let under = match installed {
            0 => "without faults".into(),
            some => format!("under {}", counted(some, "fault", "faults")),
        };
        let operations = counted(self.operations, "operation", "operations");
        self.sentence = format!("No violation found in {operations} {under}");
    }

    /// What a reader must know whatever the verdict: planted bugs, an early end.
    fn tell_conditions(&mut self, trial: &Trial) {
        let bugs: Vec<String> =
            trial.plan.bugs.names().iter().take(8).map(|name| clean(name, 60)).collect();
        if !bugs.is_empty() {
            let (noun, verb) = if bugs.len() == 1 { ("bug", "was") } else { ("bugs", "were") };
            self.paragraph
                .push(format!("The {noun} {} {verb} planted in the nodes.", listed(&bugs)));
        }
        if trial.state == RunState::Interrupted {
            let judged = if trial.findings.is_empty() {
                "nothing of it was judged"
            } else {
                "what it had recorded was judged"
            };
            self.paragraph.push(format!("The run was interrupted; {judged}."));
        }
        if let (Some(error), Standing::Invalid) = (&trial.harness_error, self.standing) {
            self.paragraph.push(format!(
                "The harness broke as well ({}); the violation stands.",
                clean(error, SENTENCE_MAX)
            ));
        }
    }
}

/// The finding the page speaks of first: the worst verdict, and of equals the first with a witness.
pub(crate) fn worst(trial: &Trial) -> Option<&Finding> {
    let verdict = trial.findings.iter().map(|it| it.verdict).max()?;
    let mut worst = trial.findings.iter().filter(|it| it.verdict == verdict);
    worst.clone().find(|it| it.witness.is_some()).or_else(|| worst.next())
}

fn title(trial: &Trial) -> String {
    let workload = clean(&trial.plan.workload, 40);
    match clean(&trial.plan.nemesis, 60) {
        none if none.is_empty() || none == "none" => format!("{workload} × no faults"),
        nemesis => format!("{workload} × {nemesis}"),
    }
}

fn headline(finding: &Finding, active: &[&FaultView<'_>]) -> String {
    let mut sentence = capitalised(&clean(&finding.summary, SENTENCE_MAX));
    let anomaly = clean(&finding.anomaly, 60);
    if !anomaly.is_empty() && !sentence.to_lowercase().contains(&anomaly.to_lowercase()) {
        sentence.push_str(&format!(": {anomaly}"));
    }
    let names: Vec<String> = active.iter().take(3).map(|it| it.name.clone()).collect();
    if !names.is_empty() {
        sentence.push_str(&format!(" under {}", listed(&names)));
    }
    sentence
}

fn story(clash: &Clash) -> Vec<String> {
    let stance = |text: &str| if text.is_empty() { String::new() } else { format!(", {text}") };
    let via = |text: &str| if text.is_empty() { String::new() } else { format!(" via {text}") };
    let line = |party: &Party| {
        let Party { letter, client, label, outcome, when, .. } = party;
        let (via, stance) = (via(&party.via), stance(&party.stance));
        format!("{letter}: {client} {label}{via} ({outcome}, {when}{stance}).")
    };
    let parties = clash.a.iter().chain(std::iter::once(&clash.b));
    parties.map(line).chain(std::iter::once(clash.tie.clone())).collect()
}

fn weather(at: Option<Nanos>, active: &[&FaultView<'_>], faults: &[FaultView<'_>]) -> String {
    if !active.is_empty() {
        let words: Vec<String> = active
            .iter()
            .take(4)
            .map(|it| format!("{} on {} ({})", it.name, it.resolved, it.actual))
            .collect();
        return format!("In force then: {}.", listed(&words));
    }
    let Some(at) = at else { return "Nothing says when it happened.".into() };
    let healed = faults.iter().filter(|it| it.fate == Fate::Installed);
    let last = healed.filter(|it| it.ended.is_some_and(|end| end <= at)).max_by_key(|it| it.ended);
    match last {
        Some(fault) => {
            let ago = at.since(fault.ended.unwrap_or(at));
            format!("No fault was in force then; {} had been healed {ago} before.", fault.name)
        }
        None => format!("No fault had been in force before {}.", seconds(at)),
    }
}

fn property(finding: &Finding) -> Row {
    let checker = clean(&finding.checker, 60);
    let subject = clean(&finding.subject, 60);
    let name = match (finding.verdict, subject.is_empty()) {
        (Verdict::Valid, _) | (_, true) => checker,
        (_, false) => format!("{checker}: {subject}"),
    };
    let figure = match finding.verdict {
        Verdict::Valid => "valid".into(),
        Verdict::Invalid if finding.anomaly.is_empty() => "violated".into(),
        Verdict::Invalid => clean(&finding.anomaly, 60),
        Verdict::Unknown => "unknown".into(),
    };
    let more = match (finding.cost.keys, finding.cost.operations) {
        (0, 0) => String::new(),
        (0, operations) => counted(operations, "operation", "operations"),
        (keys, operations) => format!(
            "{}, {}",
            counted(keys, "key", "keys"),
            counted(operations, "operation", "operations")
        ),
    };
    let class = match finding.verdict {
        Verdict::Valid => "valid",
        Verdict::Unknown => "unknown",
        Verdict::Invalid => "invalid",
    };
    Row { name, mark: finding.verdict.mark(), class, figure, more }
}

fn gate(check: &Check) -> Row {
    check_row(check, ("✗", "unknown"))
}

fn health(check: &Check) -> Row {
    check_row(check, ("!", "warning"))
}

fn check_row(check: &Check, failed: (&'static str, &'static str)) -> Row {
    let (mark, class) = match check.passed {
        Some(true) => ("✓", "valid"),
        Some(false) => failed,
        None => ("", "plain"),
    };
    let remedy = if check.passed == Some(false) { check.remedy.as_str() } else { "" };
    Row {
        name: clean(&check.name, 100),
        mark,
        class,
        figure: clean(&check.figure, 60),
        more: clean(remedy, SENTENCE_MAX),
    }
}

fn shown(check: &Check) -> String {
    let (name, figure) = (clean(&check.name, 100), clean(&check.figure, 60));
    if figure.is_empty() { name } else { format!("{name}: {figure}") }
}

fn cut(rows: impl ExactSizeIterator<Item = Row>, what: &str, cuts: &mut Vec<String>) -> Vec<Row> {
    let rest = rows.len().saturating_sub(ROWS_MAX);
    if rest > 0 {
        cuts.push(format!("{} more {what}", thousands(rest as u64)));
    }
    rows.take(ROWS_MAX).collect()
}
