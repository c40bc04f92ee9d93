//! Lines over time, drawn by plotters.

use plotters::prelude::*;

/// Plotters places points on whole pixels: it is given this many for each of ours.
const FINE: u32 = 10;

/// Polylines for runs of points, as SVG elements without an `svg` around them, in units of a tenth
/// of a pixel: put them in a group scaled by [`scale`].
///
/// `size` is in pixels; `x` and `y` are the values at the edges. A run of a single point is drawn
/// as a short dash. Colours come from the class of the group.
pub(crate) fn lines(
    runs: &[Vec<(f64, f64)>],
    size: (f64, f64),
    x: std::ops::Range<f64>,
    y: std::ops::Range<f64>,
) -> String {
    let mut drawn = String::new();
    let pixels = (size.0 as u32 * FINE, size.1 as u32 * FINE);
    // Drawing into a text cannot fail; if it ever does, a line is missing and nothing else.
    let _ = draw(&mut drawn, runs, pixels, (x, y));
    drawn.lines().filter(|line| line.starts_with("<polyline")).collect::<Vec<_>>().join("\n")
}

/// The transform of a group that holds [`lines`] with their corner at this position.
pub(crate) fn scale(corner: (f64, f64)) -> String {
    let (x, y) = (crate::svg::number(corner.0), crate::svg::number(corner.1));
    format!("translate({x} {y}) scale({})", 1.0 / f64::from(FINE))
}

type Ranges = (std::ops::Range<f64>, std::ops::Range<f64>);

fn draw(
    out: &mut String,
    runs: &[Vec<(f64, f64)>],
    pixels: (u32, u32),
    ranges: Ranges,
) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let area = SVGBackend::with_string(out, pixels).into_drawing_area();
    let dash = (ranges.0.end - ranges.0.start) / 1_000.0;
    let mut chart = ChartBuilder::on(&area).build_cartesian_2d(ranges.0, ranges.1)?;
    for run in runs {
        let points = match run[..] {
            [(x, y)] => vec![(x - dash, y), (x + dash, y)],
            _ => run.clone(),
        };
        chart.draw_series(LineSeries::new(points, &BLACK))?;
    }
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_become_polylines() {
        let runs = [vec![(0.0, 0.0), (5.0, 5.0), (10.0, 10.0)], vec![(7.0, 2.0)]];
        let drawn = lines(&runs, (100.0, 50.0), 0.0..10.0, 0.0..10.0);
        assert_eq!(drawn.matches("<polyline").count(), 2);
        assert!(drawn.contains("points=\"0,499 "), "{drawn}");
        assert!(!drawn.contains("svg"));
    }
}
