//! The strips of throughput and latency.

use tribunal_history::Nanos;

use crate::plot;
use crate::series::{Bucket, HEAT_ROWS};
use crate::strips::Canvas;
use crate::svg::{Anchor, box_to, line_to, move_to};
use crate::text::thousands;

const OK_HEIGHT: f64 = 86.0;
const NOT_OK_HEIGHT: f64 = 56.0;
const LATENCY_HEIGHT: f64 = 140.0;
const GAP: f64 = 16.0;
/// Least distance of two labels at the right end.
const LABEL_STEP: f64 = 14.0;
/// Cells reach a little into the next, so that no seam shows between them.
const OVERLAP: f64 = 0.4;
/// Shades of the density, from one operation to the most in a cell.
const SHADES: usize = 5;

/// The height these strips take.
pub(crate) const HEIGHT: f64 = OK_HEIGHT + NOT_OK_HEIGHT + LATENCY_HEIGHT + 3.0 * GAP;

/// One line of a strip.
struct Line {
    class: &'static str,
    label: &'static str,
    /// Runs of points: seconds and height between 0 and 1. Missing buckets are gaps.
    runs: Vec<Vec<(f64, f64)>>,
}

/// Draws ok a second, not ok a second, and latency.
pub(crate) fn draw(canvas: &mut Canvas<'_>) {
    let ok = top_rate(canvas, |bucket| bucket.ok);
    rates(canvas, OK_HEIGHT, ("ok", ok), &[("ok", "ok", |bucket| bucket.ok)]);
    let not_ok = top_rate(canvas, |bucket| bucket.fail.max(bucket.info));
    let lines: [RateLine; 2] =
        [("fail", "fail", |bucket| bucket.fail), ("info", "info", |bucket| bucket.info)];
    rates(canvas, NOT_OK_HEIGHT, ("not ok", not_ok), &lines);
    latency(canvas);
}

/// Class, label and figure.
type RateLine = (&'static str, &'static str, fn(&Bucket) -> u64);

fn top_rate(canvas: &Canvas<'_>, figure: fn(&Bucket) -> u64) -> f64 {
    let series = &canvas.data.series;
    let most = series.buckets.iter().map(figure).max().unwrap_or(0);
    series.rate(most)
}

fn rates(canvas: &mut Canvas<'_>, height: f64, (name, top): (&str, f64), lines: &[RateLine]) {
    let series = &canvas.data.series;
    canvas.y += GAP;
    let y = canvas.y;
    let span = if top > 0.0 { format!("0–{}/s", rate_words(top)) } else { "none".into() };
    canvas.name(y + 10.0, name, &span);
    canvas.floor(y + height);
    let scale = if top > 0.0 { 0.96 / top } else { 0.0 };
    let line = |(class, label, figure): &RateLine| {
        let points = series.busy.clone().map(|position| {
            let rate = series.rate(figure(&series.buckets[position]));
            (series.middle(position).as_secs_f64(), rate * scale)
        });
        let points: Vec<(f64, f64)> = points.collect();
        let runs = if points.is_empty() { Vec::new() } else { vec![points] };
        Line { class, label, runs }
    };
    let lines: Vec<Line> = lines.iter().map(line).collect();
    draw_lines(canvas, &lines, height);
    canvas.y += height;
}

fn rate_words(rate: f64) -> String {
    if rate >= 10.0 { thousands(rate.ceil() as u64) } else { format!("{rate:.1}") }
}

fn draw_lines(canvas: &mut Canvas<'_>, lines: &[Line], height: f64) {
    let (axis, y) = (canvas.axis, canvas.y);
    let size = (axis.right - axis.left, height);
    for line in lines.iter().filter(|line| !line.runs.is_empty()) {
        let drawn = plot::lines(&line.runs, size, 0.0..axis.end.as_secs_f64(), 0.0..1.0);
        let (class, transform) = (line.class, plot::scale((axis.left, y)));
        canvas
            .svg
            .raw(&format!("<g class=\"line {class}\" transform=\"{transform}\">\n{drawn}\n</g>"));
    }
    for (position, at) in label_heights(lines, (y, height)) {
        let line = &lines[position];
        let class = format!("label {}", line.class);
        canvas.svg.text((axis.right + 6.0, at + 4.0), Anchor::Start, &class, line.label);
    }
}

/// Where the labels of lines go: beside their last points, but never on one another.
fn label_heights(lines: &[Line], (y, height): (f64, f64)) -> Vec<(usize, f64)> {
    let last = |line: &Line| Some(line.runs.last()?.last()?.1);
    let mut labels: Vec<(usize, f64)> = lines
        .iter()
        .enumerate()
        .filter_map(|(position, line)| Some((position, y + height * (1.0 - last(line)?))))
        .collect();
    labels.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut floor = y + height;
    for label in labels.iter_mut().rev() {
        label.1 = label.1.min(floor);
        floor = label.1 - LABEL_STEP;
    }
    labels
}

fn latency(canvas: &mut Canvas<'_>) {
    canvas.y += GAP;
    let (y, series) = (canvas.y, &canvas.data.series);
    canvas.name(y + 10.0, "latency", "of ok");
    heat(canvas);
    info_ticks(canvas);
    let (low, high) = series.decades;
    for power in low..=high {
        let at = y + LATENCY_HEIGHT * (1.0 - f64::from(power - low) / f64::from(high - low));
        canvas.floor(at);
        if power < high {
            let label = decade_words(power);
            let x = canvas.axis.left - 8.0;
            canvas.svg.text((x, at + 4.0), Anchor::End, "tick", &label);
        }
    }
    let line = |class, label, quantile: fn(&Bucket) -> Option<Nanos>| {
        let mut runs: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
        for position in series.busy.clone() {
            match quantile(&series.buckets[position]) {
                Some(latency) => {
                    let point = (series.middle(position).as_secs_f64(), series.height(latency));
                    runs.last_mut().expect("invariant: never empty").push(point);
                }
                None => runs.push(Vec::new()),
            }
        }
        runs.retain(|run| !run.is_empty());
        Line { class, label, runs }
    };
    let lines = [line("p50", "p50", |bucket| bucket.p50), line("p99", "p99", |bucket| bucket.p99)];
    draw_lines(canvas, &lines, LATENCY_HEIGHT);
    canvas.y += LATENCY_HEIGHT;
}

/// Cells shaded by how many operations they hold, one path a shade.
fn heat(canvas: &mut Canvas<'_>) {
    let series = &canvas.data.series;
    let most = series.heat.iter().flatten().copied().max().unwrap_or(0);
    let mut shades = vec![String::new(); SHADES];
    let height = LATENCY_HEIGHT / HEAT_ROWS as f64;
    for (position, cells) in series.heat.iter().enumerate() {
        let from = canvas.axis.x(series.width.times(position as u64));
        let to = canvas.axis.x(series.width.times(position as u64 + 1));
        for (row, count) in cells.iter().enumerate().filter(|(_, count)| **count > 0) {
            let y = canvas.y + LATENCY_HEIGHT - (row + 1) as f64 * height;
            box_to(&mut shades[shade(*count, most)], (from, y), (to - from + OVERLAP, height));
        }
    }
    for (shade, commands) in shades.iter().enumerate() {
        canvas.svg.path(commands, &format!("heat heat-{}", shade + 1), "");
    }
}

/// The shade of a cell: by the logarithm of its count.
fn shade(count: u32, most: u32) -> usize {
    if most <= 1 {
        return SHADES / 2;
    }
    let share = f64::from(count).ln() / f64::from(most).ln();
    ((share * SHADES as f64) as usize).min(SHADES - 1)
}

/// Operations of unknown outcome have no latency: ticks on the upper edge say that there were some.
fn info_ticks(canvas: &mut Canvas<'_>) {
    let series = &canvas.data.series;
    let mut commands = String::new();
    for (position, _) in series.buckets.iter().enumerate().filter(|(_, bucket)| bucket.info > 0) {
        let x = canvas.axis.x(series.middle(position));
        move_to(&mut commands, (x, canvas.y - 6.0));
        line_to(&mut commands, (x, canvas.y - 1.0));
    }
    let title = "operations of unknown outcome ended here; they have no latency";
    canvas.svg.path(&commands, "info-ticks", title);
}

fn decade_words(power: i32) -> String {
    let nanos = Nanos(10_u64.pow(power.clamp(0, 18) as u32));
    let text = nanos.to_string();
    text.replace(".00", "").replace("10.0", "10")
}
