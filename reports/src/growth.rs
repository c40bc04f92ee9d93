//! How time grows with size: lines on two logarithmic axes, drawn by plotters.

use plotters::prelude::*;

/// One line of the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct GrowthLine {
    /// What was measured.
    pub label: String,
    /// Operations and seconds, both above zero.
    pub points: Vec<(f64, f64)>,
}

/// Width and height, in pixels.
const SIZE: (u32, u32) = (860, 460);

/// Colours that are told apart in light and dark, and by most eyes.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

/// An SVG picture of the lines, with a dashed one of what grows in proportion. Empty lines are left
/// out; with none at all the picture is empty.
pub fn growth_svg(lines: &[GrowthLine]) -> String {
    let mut drawn = String::new();
    // Drawing into a text cannot fail; if it ever does, a line is missing and nothing else.
    let _ = draw(&mut drawn, lines);
    drawn
}

fn draw(
    out: &mut String,
    lines: &[GrowthLine],
) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let all = || lines.iter().flat_map(|line| line.points.iter().copied());
    let least = |of: fn((f64, f64)) -> f64| all().map(of).fold(f64::INFINITY, f64::min);
    let most = |of: fn((f64, f64)) -> f64| all().map(of).fold(0.0_f64, f64::max);
    let area = SVGBackend::with_string(out, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    if all().next().is_none() {
        return area.present();
    }
    let x = (least(|p| p.0) / 1.3)..(most(|p| p.0) * 1.3);
    let y = (least(|p| p.1) / 2.0).max(1e-6)..(most(|p| p.1) * 2.0);
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(72)
        .build_cartesian_2d(x.log_scale(), y.log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc("operations")
        .y_desc("seconds to judge")
        .x_label_formatter(&|value| short(*value))
        .y_label_formatter(&|value| format!("{value}"))
        .draw()?;
    if let Some(first) = all().next() {
        let end = (most(|p| p.0), first.1 * most(|p| p.0) / first.0);
        let grey = RGBColor(150, 150, 150).stroke_width(1);
        chart
            .draw_series(DashedLineSeries::new([first, end], 4, 4, grey))?
            .label("in proportion")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], RGBColor(150, 150, 150)));
    }
    for (place, line) in lines.iter().filter(|line| !line.points.is_empty()).enumerate() {
        let colour = COLOURS[place % COLOURS.len()];
        chart
            .draw_series(LineSeries::new(line.points.clone(), colour.stroke_width(2)))?
            .label(line.label.clone())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        let dots = line.points.iter().map(|point| Circle::new(*point, 3, colour.filled()));
        chart.draw_series(dots)?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE)
        .border_style(RGBColor(200, 200, 200))
        .draw()?;
    area.present()
}

fn short(value: f64) -> String {
    match value {
        1_000_000.0.. => format!("{}M", value / 1_000_000.0),
        1_000.0.. => format!("{}k", value / 1_000.0),
        _ => format!("{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_its_dots_and_its_name() {
        let line = |label: &str, factor: f64| GrowthLine {
            label: label.to_owned(),
            points: [1e4, 1e5, 1e6].map(|n| (n, n * factor)).to_vec(),
        };
        let picture = growth_svg(&[line("register", 1e-6), line("cas", 2e-6)]);
        assert!(picture.contains("register") && picture.contains("in proportion"));
        assert_eq!(picture.matches("<circle").count(), 6);
        assert!(growth_svg(&[]).starts_with("<svg"));
    }
}
