//! *What happened when*: faults, nodes, throughput and latency on one axis of time.

use crate::node_lanes::NODES_MAX;
use crate::strip_data::StripData;
use crate::strip_faults;
use crate::strip_plots;
use crate::strip_table::{TableRow, table};
use crate::summary::Summary;
use crate::svg::{Anchor, Svg, box_to, line_to, move_to};
use crate::text::{seconds, shortened, thousands};
use crate::time_axis::TimeAxis;

/// Width of the drawing and of its margins, in pixels.
const WIDTH: f64 = 1_120.0;
const LEFT: f64 = 92.0;
const RIGHT: f64 = 1_064.0;
/// Room above the strips, for the labels of findings.
const TOP: f64 = 20.0;
const PHASE_HEIGHT: f64 = 18.0;
/// Room below, for the axis.
const BOTTOM: f64 = 26.0;
/// Most lines of findings, and most labels beside them.
const FINDINGS_MAX: usize = 12;
const LABELS_MAX: usize = 3;

/// The strips, ready for the page.
pub(crate) struct Strips {
    pub(crate) svg: String,
    pub(crate) table: Vec<TableRow>,
    /// What a bucket is, in words.
    pub(crate) bucket: String,
    /// What each node did, in words.
    pub(crate) nodes: Vec<String>,
}

/// A drawing in the making, with the height reached.
pub(crate) struct Canvas<'a> {
    pub(crate) svg: Svg,
    pub(crate) axis: TimeAxis,
    pub(crate) data: &'a StripData<'a>,
    pub(crate) y: f64,
}

impl Canvas<'_> {
    /// The name of a strip, left of it, and what its axis spans below the name.
    pub(crate) fn name(&mut self, y: f64, name: &str, span: &str) {
        let x = self.axis.left - 8.0;
        self.svg.text((x, y), Anchor::End, "name", name);
        if !span.is_empty() {
            self.svg.text((x, y + 14.0), Anchor::End, "span", span);
        }
    }

    /// The line a strip stands on.
    pub(crate) fn floor(&mut self, y: f64) {
        let (left, right) = (self.axis.left, self.axis.right);
        self.svg.line((left, y), (right, y), "floor");
    }
}

/// Draws the strips of a run; what was cut is added to `cuts`.
pub(crate) fn draw(data: &StripData<'_>, summary: &Summary, cuts: &mut Vec<String>) -> Strips {
    let height = TOP + PHASE_HEIGHT + strip_faults::height(data) + strip_plots::HEIGHT + BOTTOM;
    let title = "What happened when: faults, nodes, throughput and latency on one axis of time";
    let svg = Svg::new("strips", (WIDTH, height), title, &description(data, summary));
    let axis = TimeAxis { end: data.end, left: LEFT, right: RIGHT };
    let mut canvas = Canvas { svg, axis, data, y: TOP };
    let body = (TOP, height - BOTTOM);
    bands(&mut canvas, body);
    grid(&mut canvas, body);
    phases(&mut canvas);
    strip_faults::draw(&mut canvas, cuts);
    strip_plots::draw(&mut canvas);
    findings(&mut canvas, body, cuts);
    canvas.svg.raw(&crosshair(data, body));
    if data.nodes_left_out > 0 {
        cuts.push(format!("the strips of {} nodes beyond {NODES_MAX}", data.nodes_left_out));
    }
    Strips {
        svg: canvas.svg.finish(),
        table: table(data),
        bucket: data.series.width.to_string(),
        nodes: data.nodes.iter().map(|lane| lane.words()).collect(),
    }
}

fn description(data: &StripData<'_>, summary: &Summary) -> String {
    let series = &data.series;
    let busy = &series.buckets[series.busy.clone()];
    let rates = || busy.iter().map(|bucket| series.rate(bucket.ok));
    let (low, high) = (rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max));
    let rates = if busy.is_empty() {
        "No operation was recorded.".into()
    } else {
        format!(
            "Between {} and {} operations a second ended ok.",
            thousands(low as u64),
            thousands(high as u64)
        )
    };
    let findings: Vec<String> =
        data.findings.iter().take(LABELS_MAX).map(|at| seconds(*at)).collect();
    let at = if findings.is_empty() {
        String::new()
    } else {
        format!(" Violations at {}.", findings.join(", "))
    };
    format!("{}. {rates}{at} {} faults.", summary.sentence, data.faults.len())
}

/// Where the script draws its crosshair, and what it needs to know of the axis.
fn crosshair(data: &StripData<'_>, (top, bottom): (f64, f64)) -> String {
    let millis = data.end.0 / 1_000_000;
    format!(
        "<g id=\"crosshair\" data-left=\"{LEFT}\" data-right=\"{RIGHT}\" data-top=\"{top}\" \
         data-bottom=\"{bottom}\" data-end=\"{millis}\"></g>"
    )
}

/// Grey across all strips while a fault was in force.
fn bands(canvas: &mut Canvas<'_>, (top, bottom): (f64, f64)) {
    let mut commands = String::new();
    for fault in canvas.data.faults.iter().take(strip_faults::FAULTS_MAX) {
        let Some(began) = fault.began.filter(|began| fault.acts_at(*began)) else { continue };
        let (x, end) =
            (canvas.axis.x(began), canvas.axis.x(fault.ended.unwrap_or(canvas.data.end)));
        box_to(&mut commands, (x, top), ((end - x).max(1.0), bottom - top));
    }
    canvas.svg.path(&commands, "band", "");
}

fn grid(canvas: &mut Canvas<'_>, (top, bottom): (f64, f64)) {
    let mut commands = String::new();
    for tick in canvas.axis.ticks() {
        let x = canvas.axis.x(tick);
        move_to(&mut commands, (x, top + PHASE_HEIGHT));
        line_to(&mut commands, (x, bottom + 4.0));
        let label = TimeAxis::label(tick);
        canvas.svg.text((x, bottom + 18.0), Anchor::Middle, "tick", &label);
    }
    canvas.svg.path(&commands, "grid", "");
}

fn phases(canvas: &mut Canvas<'_>) {
    let y = canvas.y;
    canvas.name(y + 12.0, "phase", "");
    for span in canvas.data.phases.iter().take(12) {
        let end = span.ended.unwrap_or(canvas.data.end);
        let (from, to) = (canvas.axis.x(span.began), canvas.axis.x(end));
        let width = (to - from).max(1.0);
        let length = end.since(span.began);
        let title = format!("{}: {length} from {}", span.phase.as_str(), seconds(span.began));
        canvas.svg.rect((from, y + 2.0), (width, PHASE_HEIGHT - 5.0), "phase", &title);
        let room = (width / 6.5) as usize;
        if room >= 4 {
            let name = shortened(span.phase.as_str(), room);
            canvas.svg.text((from + width / 2.0, y + 12.0), Anchor::Middle, "phase-name", &name);
        }
    }
    canvas.y += PHASE_HEIGHT;
}

fn findings(canvas: &mut Canvas<'_>, (top, bottom): (f64, f64), cuts: &mut Vec<String>) {
    let data = canvas.data;
    let mut commands = String::new();
    let mut free_from = 0.0;
    for (position, at) in data.findings.iter().take(FINDINGS_MAX).enumerate() {
        let x = canvas.axis.x(*at);
        move_to(&mut commands, (x, top - 4.0));
        line_to(&mut commands, (x, bottom));
        if position < LABELS_MAX && x >= free_from {
            let label = format!("✗ {}", seconds(*at));
            let (x, anchor) =
                if x > RIGHT - 70.0 { (x, Anchor::End) } else { (x - 4.0, Anchor::Start) };
            canvas.svg.text((x, top - 8.0), anchor, "finding-label", &label);
            free_from = x + 90.0;
        }
    }
    canvas.svg.path(&commands, "finding-line", "");
    let rest = data.findings.len().saturating_sub(FINDINGS_MAX);
    if rest > 0 {
        cuts.push(format!("{} more lines of violations in the strips", thousands(rest as u64)));
    }
}
