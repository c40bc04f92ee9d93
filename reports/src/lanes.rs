//! The drawing of a counterexample: one lane a client, bars over warped time, a legal order as
//! numbered dots, and the operation that fits nowhere.

use std::collections::BTreeMap;

use tribunal_history::{Clock, EventKindName, Nanos, NodeId, ProcessId, Witness, WitnessOperation};

use crate::fault_view::FaultView;
use crate::svg::{Anchor, Svg, line_to, move_to};
use crate::text::{seconds, shortened};
use crate::warp::Warp;

const LEFT: f64 = 96.0;
const RIGHT_MARGIN: f64 = 14.0;
/// Least width of the lanes.
const WIDTH: f64 = 1_010.0;
const LANE_HEIGHT: f64 = 54.0;
/// From the top of a lane to the top of its bars.
const BAR_TOP: f64 = 13.0;
const BAR_HEIGHT: f64 = 23.0;
const BAND_LABEL_HEIGHT: f64 = 16.0;
const AXIS_HEIGHT: f64 = 34.0;
/// Width of a character in a bar, and of one in a reason.
const BAR_CHAR: f64 = 7.3;
const REASON_CHAR: f64 = 6.9;
/// Most characters in a bar, and of a reason.
const BAR_CHARS_MAX: usize = 30;
const REASON_CHARS_MAX: usize = 44;
/// Most faults drawn behind the lanes.
const BANDS_MAX: usize = 4;
/// Least room for the length of a gap.
const GAP_LABEL: f64 = 54.0;

struct Lane {
    process: ProcessId,
    nodes: Vec<NodeId>,
}

struct Drawing<'a> {
    svg: Svg,
    witness: &'a Witness,
    warp: Warp,
    /// The lane of each operation.
    rows: Vec<usize>,
    /// The top of the first lane.
    top: f64,
    bottom: f64,
}

/// Draws a witness that is within bounds. `number` tells several in one page apart.
pub(crate) fn draw(
    number: usize,
    summary: &str,
    witness: &Witness,
    faults: &[FaultView<'_>],
) -> String {
    let (lanes, rows) = lanes(witness);
    let bars: Vec<f64> = (0..witness.operations.len()).map(|it| bar_width(witness, it)).collect();
    let warp = Warp::new(witness, &bars, WIDTH);
    let bands = bands(witness, faults);
    let top = 6.0 + bands.len() as f64 * BAND_LABEL_HEIGHT + 6.0;
    let bottom = top + lanes.len() as f64 * LANE_HEIGHT;
    let size = (LEFT + warp.width + RIGHT_MARGIN, bottom + AXIS_HEIGHT);
    let id = format!("lanes-{number}");
    let svg = Svg::new(&id, size, "Counterexample", &description(summary, witness));
    let mut drawing = Drawing { svg, witness, warp, rows, top, bottom };
    drawing.bands(&bands);
    drawing.lanes(&lanes);
    drawing.connectors();
    for operation in 0..witness.operations.len() {
        drawing.bar(operation);
    }
    drawing.dots();
    drawing.axis();
    drawing.svg.finish()
}

fn description(summary: &str, witness: &Witness) -> String {
    let refused = witness.refused.first().and_then(|(at, reason)| {
        let operation = witness.operations.get(usize::from(*at))?;
        Some(format!(
            " {} of client {} fits nowhere: {reason}.",
            operation.label, operation.process
        ))
    });
    format!(
        "{summary}. {} of {} operations can be put in a legal order.{}",
        witness.order.len(),
        witness.operations.len(),
        refused.unwrap_or_default()
    )
}

/// The clients in order, and which lane each operation is in.
fn lanes(witness: &Witness) -> (Vec<Lane>, Vec<usize>) {
    let mut nodes: BTreeMap<ProcessId, Vec<NodeId>> = BTreeMap::new();
    for operation in &witness.operations {
        let of = nodes.entry(operation.process).or_default();
        of.extend(operation.node.filter(|node| !of.contains(node)));
    }
    let lanes: Vec<Lane> =
        nodes.into_iter().map(|(process, nodes)| Lane { process, nodes }).collect();
    let row = |it: &WitnessOperation| {
        lanes.binary_search_by_key(&it.process, |lane| lane.process).unwrap_or(0)
    };
    let rows = witness.operations.iter().map(row).collect();
    (lanes, rows)
}

fn bar_label(operation: &WitnessOperation) -> String {
    shortened(&operation.label, BAR_CHARS_MAX)
}

/// The reason the operation is refused for, if it is.
fn reason(witness: &Witness, operation: usize) -> Option<String> {
    let (_, reason) = witness.refused.iter().find(|(at, _)| usize::from(*at) == operation)?;
    Some(shortened(&format!("✗ {reason}"), REASON_CHARS_MAX))
}

fn bar_width(witness: &Witness, operation: usize) -> f64 {
    let label = bar_label(&witness.operations[operation]).chars().count() as f64 * BAR_CHAR + 22.0;
    let reason = reason(witness, operation).map_or(0.0, |it| it.chars().count() as f64);
    label.max(reason * REASON_CHAR + 4.0)
}

/// The faults in force while the witness lasted.
fn bands<'a, 'b>(witness: &Witness, faults: &'a [FaultView<'b>]) -> Vec<&'a FaultView<'b>> {
    let first = witness.operations.iter().map(|it| it.invoked).min();
    let last = witness.operations.iter().map(|it| it.completed.unwrap_or(it.invoked)).max();
    let (Some(first), Some(last)) = (first, last) else { return Vec::new() };
    let within = |fault: &&FaultView<'_>| {
        let acts = fault.began.filter(|began| fault.acts_at(*began));
        acts.is_some_and(|began| began <= last) && fault.ended.is_none_or(|ended| ended >= first)
    };
    faults.iter().filter(within).take(BANDS_MAX).collect()
}

impl Drawing<'_> {
    fn lane_top(&self, operation: usize) -> f64 {
        self.top + self.rows[operation] as f64 * LANE_HEIGHT
    }

    fn bands(&mut self, bands: &[&FaultView<'_>]) {
        for (position, fault) in bands.iter().enumerate() {
            let began = fault.began.unwrap_or_default();
            let from = LEFT + self.warp.x(began);
            let to = LEFT + fault.ended.map_or(self.warp.width, |ended| self.warp.x(ended));
            let y = 6.0 + position as f64 * BAND_LABEL_HEIGHT;
            let size = ((to - from).max(2.0), self.bottom - y);
            self.svg.rect((from, y), size, "band", "");
            let label = format!("{} {}, {}", fault.name, fault.resolved, fault.actual);
            let label = shortened(&label, 90);
            let room = label.chars().count() as f64 * 6.4;
            let x = (from + 6.0).min(LEFT + self.warp.width - room).max(LEFT + 2.0);
            self.svg.text((x, y + 12.0), Anchor::Start, "band-label", &label);
        }
    }

    fn lanes(&mut self, lanes: &[Lane]) {
        let mut floors = String::new();
        for (position, lane) in lanes.iter().enumerate() {
            let y = self.top + position as f64 * LANE_HEIGHT;
            let client = format!("client {}", lane.process);
            self.svg.text((0.0, y + 22.0), Anchor::Start, "client", &client);
            let nodes: Vec<String> = lane.nodes.iter().map(NodeId::to_string).collect();
            if !nodes.is_empty() {
                let via = shortened(&format!("via {}", nodes.join(" ")), 12);
                self.svg.text((0.0, y + 37.0), Anchor::Start, "via", &via);
            }
            move_to(&mut floors, (0.0, y + LANE_HEIGHT));
            line_to(&mut floors, (LEFT + self.warp.width, y + LANE_HEIGHT));
        }
        self.svg.path(&floors, "floor", "");
    }

    /// The lines between dots; drawn first, so that they pass under the bars.
    fn connectors(&mut self) {
        let mut places = self.places();
        let refused = (!self.witness.refused.is_empty()).then(|| places.pop()).flatten();
        let mut commands = String::new();
        for (position, (place, _)) in places.iter().enumerate() {
            let draw = if position == 0 { move_to } else { line_to };
            draw(&mut commands, *place);
        }
        self.svg.path(&commands, "order", "");
        if let (Some((last, _)), Some((refused, _))) = (places.last(), refused) {
            let mut commands = String::new();
            move_to(&mut commands, *last);
            line_to(&mut commands, refused);
            self.svg.path(&commands, "order refused", "");
        }
    }

    /// The dots of the legal order and then of the refused operation: place and operation.
    fn places(&self) -> Vec<((f64, f64), usize)> {
        let refused = self.witness.refused.first().map(|(operation, _)| *operation);
        let order = self.witness.order.iter().map(|step| step.operation).chain(refused);
        order
            .map(usize::from)
            .zip(&self.warp.points)
            .map(|(operation, x)| ((LEFT + x, self.lane_top(operation) + BAR_TOP), operation))
            .collect()
    }

    fn bar(&mut self, position: usize) {
        let operation = &self.witness.operations[position];
        let y = self.lane_top(position) + BAR_TOP;
        let x = LEFT + self.warp.begins[position];
        let end = LEFT + self.warp.ends[position].unwrap_or(self.warp.width);
        let reason = reason(self.witness, position);
        let outcome = match operation.outcome {
            EventKindName::Ok => "ok",
            EventKindName::Fail => "fail",
            EventKindName::Info => "info",
        };
        let refused = if reason.is_some() { " refused" } else { "" };
        self.svg.raw(&format!("<g class=\"op\" data-bar=\"{position}\">"));
        let class = format!("bar {outcome}{refused}");
        let title = format!("{}, {}", operation.label, crate::clash::span(self.witness, operation));
        if operation.completed.is_some() {
            self.svg.rect((x, y), (end - x, BAR_HEIGHT), &class, &title);
        } else {
            let mut commands = String::new();
            move_to(&mut commands, (end, y));
            line_to(&mut commands, (x, y));
            line_to(&mut commands, (x, y + BAR_HEIGHT));
            line_to(&mut commands, (end, y + BAR_HEIGHT));
            self.svg.path(&commands, &class, &title);
        }
        let label = bar_label(operation);
        let needed = label.chars().count() as f64 * BAR_CHAR + 22.0;
        let middle = x + (end - x).min(needed.max(220.0)) / 2.0;
        self.svg.text((middle, y + 16.0), Anchor::Middle, "op-label", &label);
        if let Some(reason) = reason {
            self.svg.text((x + 2.0, y + 37.5), Anchor::Start, "reason", &reason);
        }
        self.svg.raw("</g>");
    }

    fn dots(&mut self) {
        let steps = self.witness.order.len();
        for (position, (place, _)) in self.places().into_iter().enumerate() {
            let class = if position < steps { "dot" } else { "dot refused" };
            let text = if position < steps { (position + 1).to_string() } else { "✗".into() };
            self.svg.circle(place, 8.5, class);
            self.svg.text((place.0, place.1 + 3.8), Anchor::Middle, "dot-text", &text);
        }
    }

    /// Where time was stretched the real lengths are written.
    fn axis(&mut self) {
        let instants = self.warp.instants();
        let y = self.bottom + 4.0;
        let mut ticks = String::new();
        for (_, x) in &instants {
            move_to(&mut ticks, (LEFT + x, y));
            line_to(&mut ticks, (LEFT + x, y + 5.0));
        }
        self.svg.path(&ticks, "ticks", "");
        for pair in instants.windows(2) {
            let ((from, left), (to, right)) = (pair[0], pair[1]);
            if right - left >= GAP_LABEL {
                let at = (LEFT + (left + right) / 2.0, y + 8.0);
                let label = self.witness.clock.gap(from, to);
                self.svg.text(at, Anchor::Middle, "gap", label.trim_end());
            }
        }
        let instant = |at: Nanos| match self.witness.clock {
            Clock::Time => seconds(at),
            clock => clock.instant(at),
        };
        if let (Some((first, x)), Some((last, end))) = (instants.first(), instants.last()) {
            self.svg.text((LEFT + x, y + 24.0), Anchor::Start, "tick", &instant(*first));
            if instants.len() > 1 {
                self.svg.text((LEFT + end, y + 24.0), Anchor::End, "tick", &instant(*last));
            }
        }
    }
}
