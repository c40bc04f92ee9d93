//! Many runs: what every output of them shares.

use tribunal_history::{Check, Nanos, RunLine};

use crate::standing::Standing;
use crate::text::{clean, counted, listed};

/// The system that goes without saying.
const USUAL_SYSTEM: &str = "raft";
/// Most planted bugs that a cell names.
const BUGS_MAX: usize = 8;

/// Runs that are told of together.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// What they are called together.
    pub title: String,
    /// The runs, in order; without those that are only counted.
    pub runs: Vec<BatchRun>,
    /// Runs that passed and are only counted.
    pub passed: Passed,
    /// What the runs had to try together. One that failed makes the batch unknown.
    pub coverage: Vec<Check>,
    /// Why there are fewer runs than there should be, where that is not to look like a pass.
    pub gap: Option<Gap>,
    /// What a reader must know beside them: what was cut, what was let pass.
    pub notes: Vec<String>,
}

/// Runs that passed, of which nothing else is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// How many.
    pub runs: u64,
    /// Their operations that have an end.
    pub operations: u64,
    /// Their faults that were certainly in force.
    pub faults: u64,
    /// How long they took; with others beside them, how long all did.
    pub took: Nanos,
}

/// Why runs are missing: a batch with a gap is never valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What is missing and why, without full stop.
    pub words: String,
    /// Whether the harness or the machine failed. Otherwise somebody ended the batch, or nobody
    /// knows what became of the runs.
    pub is_failure: bool,
}

impl Gap {
    /// The standing of a batch with such a gap and nothing worse.
    pub(crate) fn standing(&self) -> Standing {
        if self.is_failure { Standing::HarnessError } else { Standing::Unknown }
    }

    /// What is missing, harmless to look at.
    pub(crate) fn words(&self) -> String {
        clean(&self.words, 600)
    }
}

/// A run of a batch.
#[derive(Clone, Debug)]
pub struct BatchRun {
    /// What is known of it.
    pub line: RunLine,
    /// Its report as a path from the page's folder, if it was kept.
    pub report: Option<String>,
}

/// How many runs stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) runs: u64,
    pub(crate) invalid: u64,
    pub(crate) harness: u64,
    pub(crate) unknown: u64,
    pub(crate) operations: u64,
    pub(crate) faults: u64,
    pub(crate) took: Nanos,
}

impl Tally {
    pub(crate) fn of<'a>(lines: impl IntoIterator<Item = &'a RunLine>) -> Tally {
        let mut tally = Tally::default();
        for line in lines {
            tally.runs += 1;
            tally.operations = tally.operations.saturating_add(operations(line));
            tally.faults = tally.faults.saturating_add(line.faults_installed);
            tally.took = tally.took + line.duration;
            match Standing::of_line(line) {
                Standing::Invalid => tally.invalid += 1,
                Standing::HarnessError => tally.harness += 1,
                Standing::Unknown => tally.unknown += 1,
                Standing::Valid => {}
            }
        }
        tally
    }

    /// Where the runs stand together: as the worst of them.
    fn standing(&self) -> Standing {
        match self {
            Tally { runs: 0, .. } => Standing::Unknown,
            Tally { invalid: 1.., .. } => Standing::Invalid,
            Tally { harness: 1.., .. } => Standing::HarnessError,
            Tally { unknown: 1.., .. } => Standing::Unknown,
            Tally { .. } => Standing::Valid,
        }
    }

    /// One sentence without full stop.
    pub(crate) fn sentence(&self) -> String {
        let runs = counted(self.runs, "run", "runs");
        let mut sentence = match (self.runs, self.invalid) {
            (0, _) => return "No run is recorded".into(),
            (1, 1) => "The only run found a violation".into(),
            (_, 0) => format!("No violation found in {runs}"),
            (_, invalid) => format!("{invalid} of {runs} found a violation"),
        };
        if self.harness > 0 {
            sentence.push_str(&format!("; the harness broke in {}", self.harness));
        }
        if self.unknown > 0 {
            let verb = if self.unknown == 1 { "is" } else { "are" };
            sentence.push_str(&format!("; {} {verb} unknown", self.unknown));
        }
        sentence
    }

    /// As `12,345 operations under 340 faults in 31.2 s`.
    pub(crate) fn effort(&self) -> String {
        format!(
            "{} under {} in {}",
            counted(self.operations, "operation", "operations"),
            counted(self.faults, "fault", "faults"),
            length(self.took)
        )
    }
}

/// A length of time in the units people plan in: `34.1 s`, `12 min 3 s`, `5 h 2 min`.
pub fn length(time: Nanos) -> String {
    let seconds = time.as_millis() / 1_000;
    match seconds {
        0..100 => time.to_string(),
        100..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// Failures of one kind in one cell: the bug, as far as the lines can tell.
pub(crate) struct Group<'a> {
    pub(crate) standing: Standing,
    /// As [`cell`] gives it.
    pub(crate) cell: String,
    /// As `linearizable/stale-read`.
    pub(crate) kind: String,
    /// The runs, in order.
    pub(crate) runs: Vec<&'a BatchRun>,
    /// Runs of the cell in all.
    pub(crate) of: u64,
}

impl Group<'_> {
    /// As `3 of 40 runs: seeds 1, 2, 7`, of at most `most` seeds.
    pub(crate) fn rate(&self, most: usize) -> String {
        let seeds: Vec<String> =
            self.runs.iter().take(most).map(|run| run.line.seed.to_string()).collect();
        let rest = self.runs.len().saturating_sub(most);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        let noun = if self.runs.len() == 1 { "seed" } else { "seeds" };
        let of = counted(self.of, "run", "runs");
        format!("{} of {of}: {noun} {}{more}", self.runs.len(), seeds.join(", "))
    }
}

impl Batch {
    pub(crate) fn tally(&self) -> Tally {
        let mut tally = Tally::of(self.runs.iter().map(|run| &run.line));
        if self.passed.runs > 0 {
            tally.runs += self.passed.runs;
            tally.operations = tally.operations.saturating_add(self.passed.operations);
            tally.faults = tally.faults.saturating_add(self.passed.faults);
            tally.took = self.passed.took;
        }
        tally
    }

    /// Whether the runs together did not try all that they had to.
    fn lacks_coverage(&self) -> bool {
        self.coverage.iter().any(|row| row.passed == Some(false))
    }

    /// Where the batch stands: as its worst run, or as what is missing from it.
    pub(crate) fn standing(&self) -> Standing {
        let runs = self.tally().standing();
        let gap = self.gap.as_ref().map(Gap::standing);
        let lacks = self.lacks_coverage().then_some(Standing::Unknown);
        gap.into_iter()
            .chain(lacks)
            .fold(runs, |a, b| if b.severity() < a.severity() { b } else { a })
    }

    /// What a reader must know, what is missing first. Bounded.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let notes = self.notes.iter().take(20).map(|note| clean(note, 300));
        self.gap.iter().map(Gap::words).chain(notes).collect()
    }

    /// The runs, those that failed first, each kind in order.
    pub(crate) fn worst_first(&self) -> Vec<&BatchRun> {
        let mut runs: Vec<&BatchRun> = self.runs.iter().collect();
        runs.sort_by_key(|run| Standing::of_line(&run.line).severity());
        runs
    }

    /// What failed, the worst first, by cell and kind.
    pub(crate) fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        let mut place = std::collections::BTreeMap::new();
        let mut cells = std::collections::BTreeMap::<String, u64>::new();
        for run in &self.runs {
            *cells.entry(cell(&run.line)).or_default() += 1;
        }
        for run in self.worst_first() {
            let standing = Standing::of_line(&run.line);
            if standing == Standing::Valid {
                break;
            }
            let key = (standing.severity(), cell(&run.line), kind(&run.line));
            let at = *place.entry(key.clone()).or_insert_with(|| {
                let (_, cell, kind) = key;
                let of = match self.passed.runs {
                    0 => cells.get(&cell).copied().unwrap_or(0),
                    // Nobody knows of which cell those were that are only counted.
                    passed => passed + self.runs.len() as u64,
                };
                groups.push(Group { standing, cell, kind, runs: Vec::new(), of });
                groups.len() - 1
            });
            groups[at].runs.push(run);
        }
        groups
    }
}

/// The cell of a run: workload, nemesis and kind of cluster, the system if it is not the usual one,
/// and planted bugs, which must not be taken for the system's own.
pub(crate) fn cell(line: &RunLine) -> String {
    let names = [&line.workload, &line.nemesis, &line.cluster, &line.system];
    cell_of(names.map(String::as_str), &line.bugs)
}

/// The same of workload, nemesis, cluster and system by name.
pub(crate) fn cell_of([workload, nemesis, cluster, system]: [&str; 4], bugs: &[String]) -> String {
    let (workload, cluster) = (clean(workload, 60), clean(cluster, 30));
    let nemesis = match clean(nemesis, 100) {
        none if none.is_empty() || none == "none" => "no faults".into(),
        nemesis => nemesis,
    };
    let mut cell = format!("{workload} × {nemesis} ({cluster})");
    if system != USUAL_SYSTEM {
        cell.push_str(&format!(", system {}", clean(system, 60)));
    }
    let planted: Vec<String> = bugs.iter().take(BUGS_MAX).map(|bug| clean(bug, 60)).collect();
    if !planted.is_empty() {
        cell.push_str(&format!(", planted: {}", listed(&planted)));
    }
    cell
}

/// Operations invoked that have an end.
pub(crate) fn operations(line: &RunLine) -> u64 {
    line.ok.saturating_add(line.fail).saturating_add(line.info)
}

/// What a run failed of, as an identifier; its worst point's, without what differs by seed.
pub(crate) fn kind(line: &RunLine) -> String {
    let worst = line.points.first().map_or("", |point| point.kind.as_str());
    match (Standing::of_line(line), worst) {
        (Standing::HarnessError, _) => "harness-error".into(),
        (_, "gate") => line.points.first().map_or(String::new(), |point| clean(&point.name, 100)),
        (_, "") => "unknown".into(),
        (_, kind) => clean(kind, 100),
    }
}
