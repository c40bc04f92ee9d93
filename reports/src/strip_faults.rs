//! The strips of faults and of nodes.

use tribunal_history::{FaultFamily, Nanos};

use crate::fault_view::{Fate, FaultView};
use crate::node_lanes::Span;
use crate::strip_data::StripData;
use crate::strips::Canvas;
use crate::svg::{Anchor, box_to, line_to, move_to};
use crate::text::thousands;

/// Most faults drawn.
pub(crate) const FAULTS_MAX: usize = 100;
const FAMILY_HEIGHT: f64 = 20.0;
const BAR_HEIGHT: f64 = 13.0;
const NODE_HEIGHT: f64 = 15.0;
const GAP: f64 = 8.0;
/// Most intervals of one kind drawn for one node.
const SPANS_MAX: usize = 1_000;

/// The height these strips take.
pub(crate) fn height(data: &StripData<'_>) -> f64 {
    let families = data.families.len() as f64 * FAMILY_HEIGHT;
    let nodes = data.nodes.len() as f64 * NODE_HEIGHT;
    GAP + families + GAP + nodes + GAP
}

/// Draws a row for each family and one for each node.
pub(crate) fn draw(canvas: &mut Canvas<'_>, cuts: &mut Vec<String>) {
    canvas.svg.raw(HATCHES.trim_end());
    canvas.y += GAP;
    let data = canvas.data;
    for family in &data.families {
        draw_family(canvas, *family);
        canvas.y += FAMILY_HEIGHT;
    }
    let rest = data.faults.len().saturating_sub(FAULTS_MAX);
    if rest > 0 {
        cuts.push(format!("{} more faults in the strips", thousands(rest as u64)));
    }
    canvas.y += GAP;
    for position in 0..data.nodes.len() {
        draw_node(canvas, position);
        canvas.y += NODE_HEIGHT;
    }
    canvas.y += GAP;
}

fn draw_family(canvas: &mut Canvas<'_>, family: FaultFamily) {
    let y = canvas.y;
    canvas.name(y + 11.0, family.as_str(), "");
    let data = canvas.data;
    let faults = data.faults.iter().take(FAULTS_MAX).filter(|fault| fault.family == family);
    let mut sides = String::new();
    for fault in faults {
        draw_fault(canvas, fault, y + 2.0, &mut sides);
    }
    canvas.svg.path(&sides, "fault-edge", "");
}

/// Draws a fault; the edges of installed ones are added to `sides`.
fn draw_fault(canvas: &mut Canvas<'_>, fault: &FaultView<'_>, y: f64, sides: &mut String) {
    let planned = fault.record.planned.lasts.unwrap_or(Nanos::from_secs(1));
    let Some(from) = fault.began.or(fault.planned_from) else { return };
    if from > canvas.data.end {
        return;
    }
    let acts = matches!(fault.fate, Fate::Installed | Fate::Indeterminate);
    let never_healed = acts && fault.ended.is_none();
    let to = match (acts, fault.ended) {
        (true, Some(end)) => end,
        (true, None) => canvas.data.end,
        (false, _) => from + planned,
    };
    let x = canvas.axis.x(from);
    let width = (canvas.axis.x(to) - x).max(3.0);
    let title = title(fault);
    match fault.fate {
        Fate::Installed => {
            let class = format!("fault hatch-{}", fault.family.as_str());
            canvas.svg.rect((x, y), (width, BAR_HEIGHT), &class, &title);
            move_to(sides, (x + width, y));
            line_to(sides, (x, y));
            line_to(sides, (x, y + BAR_HEIGHT));
            line_to(sides, (x + width, y + BAR_HEIGHT));
            if !never_healed {
                sides.push('z');
            }
        }
        Fate::Indeterminate => {
            canvas.svg.rect((x, y), (width, BAR_HEIGHT), "fault hollow", &title);
            canvas.svg.text((x + width / 2.0, y + 10.5), Anchor::Middle, "fault-mark", "?");
        }
        Fate::Skipped | Fate::NotReached => {
            canvas.svg.rect((x, y), (width, BAR_HEIGHT), "fault hollow skipped", &title);
        }
    }
}

fn title(fault: &FaultView<'_>) -> String {
    let whom = if fault.resolved == "–" { &fault.intended } else { &fault.resolved };
    let when = if fault.actual == "–" { &fault.planned } else { &fault.actual };
    format!("{}: {} on {whom}, {when}, {}", fault.name, fault.what, fault.fate.word())
}

fn draw_node(canvas: &mut Canvas<'_>, position: usize) {
    let data = canvas.data;
    let (lane, y) = (&data.nodes[position], canvas.y);
    let middle = y + NODE_HEIGHT / 2.0;
    canvas.name(middle + 4.0, &lane.node.to_string(), "");
    let words = lane.words();
    if !lane.known {
        lines(canvas, &[(Nanos::ZERO, data.end)], middle, "node-unknown", &words);
    }
    lines(canvas, &lane.starting, middle, "node-starting", "");
    lines(canvas, &lane.running, middle, "node-up", &words);
    lines(canvas, &lane.leading, middle, "node-leads", &words);
    boxes(canvas, &lane.paused, (middle - 2.5, 5.0), "node-paused", &words);
    boxes(canvas, &lane.down, (middle - 5.0, 10.0), "node-down", &words);
}

fn lines(canvas: &mut Canvas<'_>, spans: &[Span], y: f64, class: &str, title: &str) {
    let mut commands = String::new();
    for (from, to) in spans.iter().take(SPANS_MAX) {
        let x = canvas.axis.x(*from);
        move_to(&mut commands, (x, y));
        line_to(&mut commands, (canvas.axis.x(*to).max(x + 1.0), y));
    }
    canvas.svg.path(&commands, class, title);
}

fn boxes(
    canvas: &mut Canvas<'_>,
    spans: &[Span],
    (y, height): (f64, f64),
    class: &str,
    title: &str,
) {
    let mut commands = String::new();
    for (from, to) in spans.iter().take(SPANS_MAX) {
        let x = canvas.axis.x(*from);
        box_to(&mut commands, (x, y), ((canvas.axis.x(*to) - x).max(2.0), height));
    }
    canvas.svg.path(&commands, class, title);
}

/// One pattern a family: seven hues cannot be told apart by everyone, hatches can.
const HATCHES: &str = include_str!("../assets/hatches.svg");
