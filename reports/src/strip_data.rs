//! What the strips show, gathered.

use tribunal_history::{FaultFamily, Nanos, PhaseSpan, Record, Trial, Verdict};

use crate::fault_view::FaultView;
use crate::node_lanes::{NodeLane, node_lanes};
use crate::series::Series;

/// Everything with a time.
pub(crate) struct StripData<'a> {
    /// The last instant of the run.
    pub(crate) end: Nanos,
    pub(crate) phases: &'a [PhaseSpan],
    pub(crate) faults: &'a [FaultView<'a>],
    /// The families that occur, in report order.
    pub(crate) families: Vec<FaultFamily>,
    pub(crate) nodes: Vec<NodeLane>,
    /// Nodes that are not drawn.
    pub(crate) nodes_left_out: u16,
    pub(crate) series: Series,
    /// When violations happened, in order.
    pub(crate) findings: Vec<Nanos>,
}

impl<'a> StripData<'a> {
    pub(crate) fn new(
        trial: &'a Trial,
        record: &'a Record,
        faults: &'a [FaultView<'a>],
    ) -> StripData<'a> {
        let end = end(trial, record, faults);
        let nodes = node_lanes(record, trial.plan.nodes, end);
        let family = |family: &FaultFamily| faults.iter().any(|fault| fault.family == *family);
        let invalid = trial.findings.iter().filter(|it| it.verdict == Verdict::Invalid);
        let mut findings: Vec<Nanos> = invalid.filter_map(|it| it.at).collect();
        findings.sort_unstable();
        findings.dedup();
        StripData {
            end,
            phases: &trial.phases,
            faults,
            families: FaultFamily::ALL.iter().copied().filter(family).collect(),
            nodes_left_out: trial.plan.nodes - nodes.len() as u16,
            nodes,
            series: Series::new(&record.history, end),
            findings,
        }
    }
}

/// The latest instant the record speaks of. Plans do not count: a run may end before them.
fn end(trial: &Trial, record: &Record, faults: &[FaultView<'_>]) -> Nanos {
    let events = record.history.events().iter().map(|event| event.time);
    let phases = trial.phases.iter().map(|span| span.ended.unwrap_or(span.began));
    let faults = faults.iter().filter_map(|fault| fault.ended.or(fault.began));
    events.chain(phases).chain(faults).max().unwrap_or(Nanos::ZERO).max(Nanos::from_millis(1))
}
