//! A small writer of SVG: escaped text, short numbers, and always a title and a description.
//!
//! Colours are never written here: elements carry classes, and `page.css` gives them the palette,
//! so that one drawing serves light, dark, print and forced colours.

use std::fmt::Write as _;

/// A drawing in the making.
pub(crate) struct Svg {
    out: String,
}

/// Where a text stands to its position.
#[derive(Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    /// An empty drawing of this size in pixels. `id` is unique in the page; `description` states
    /// what the drawing shows to those who do not see it.
    pub(crate) fn new(id: &str, size: (f64, f64), title: &str, description: &str) -> Svg {
        let (width, height) = (number(size.0), number(size.1));
        let mut out = format!(
            "<svg id=\"{id}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" \
             width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n"
        );
        let _ = writeln!(out, "<title id=\"{id}-title\">{}</title>", escaped(title));
        let _ = writeln!(out, "<desc id=\"{id}-desc\">{}</desc>", escaped(description));
        Svg { out }
    }

    /// A rectangle; `title` is what hovering shows, nothing if empty.
    pub(crate) fn rect(&mut self, corner: (f64, f64), size: (f64, f64), class: &str, title: &str) {
        let _ = write!(
            self.out,
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
            number(corner.0),
            number(corner.1),
            number(size.0.max(0.0)),
            number(size.1.max(0.0)),
        );
        self.close("rect", title);
    }

    /// A path with its commands as they are.
    pub(crate) fn path(&mut self, commands: &str, class: &str, title: &str) {
        if commands.is_empty() {
            return;
        }
        let _ = write!(self.out, "<path class=\"{class}\" d=\"{commands}\"");
        self.close("path", title);
    }

    /// A straight line.
    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let mut commands = String::new();
        move_to(&mut commands, from);
        line_to(&mut commands, to);
        self.path(&commands, class, "");
    }

    /// A circle.
    pub(crate) fn circle(&mut self, centre: (f64, f64), radius: f64, class: &str) {
        let (x, y, r) = (number(centre.0), number(centre.1), number(radius));
        let _ = writeln!(self.out, "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{r}\"/>");
    }

    /// A text, escaped here.
    pub(crate) fn text(&mut self, at: (f64, f64), anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let (x, y) = (number(at.0), number(at.1));
        let text = escaped(text);
        let _ =
            writeln!(self.out, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\"{anchor}>{text}</text>");
    }

    /// Markup made by this crate, as it is.
    pub(crate) fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
        self.out.push('\n');
    }

    /// The whole drawing.
    pub(crate) fn finish(mut self) -> String {
        self.out.push_str("</svg>\n");
        self.out
    }

    fn close(&mut self, element: &str, title: &str) {
        if title.is_empty() {
            self.out.push_str("/>\n");
        } else {
            let _ = writeln!(self.out, "><title>{}</title></{element}>", escaped(title));
        }
    }
}

/// Appends *move to*.
pub(crate) fn move_to(commands: &mut String, to: (f64, f64)) {
    let _ = write!(commands, "M{} {}", number(to.0), number(to.1));
}

/// Appends *line to*.
pub(crate) fn line_to(commands: &mut String, to: (f64, f64)) {
    let _ = write!(commands, "L{} {}", number(to.0), number(to.1));
}

/// Appends a closed rectangle.
pub(crate) fn box_to(commands: &mut String, corner: (f64, f64), size: (f64, f64)) {
    move_to(commands, corner);
    let (width, height) = (number(size.0), number(size.1));
    let _ = write!(commands, "h{width}v{height}h{}z", number(-size.0));
}

/// A coordinate to a tenth of a pixel; what is not finite is 0.
pub(crate) fn number(value: f64) -> String {
    let tenths = if value.is_finite() { (value * 10.0).round() as i64 } else { 0 };
    if tenths % 10 == 0 {
        (tenths / 10).to_string()
    } else {
        format!("{:.1}", tenths as f64 / 10.0)
    }
}

/// `text` with everything replaced that means something in HTML or SVG.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\0' => out.push('\u{fffd}'),
            plain => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_element() {
        let mut svg = Svg::new("s", (10.0, 10.0), "</title><script>", "\"'&");
        svg.text((1.0, 2.25), Anchor::End, "t", "</text><script>alert(1)</script>");
        let drawn = svg.finish();
        assert!(!drawn.contains("<script"));
        assert!(drawn.contains("&lt;/title&gt;") && drawn.contains("&quot;&#39;&amp;"));
    }

    #[test]
    fn numbers_are_short_and_finite() {
        assert_eq!(number(1.0), "1");
        assert_eq!(number(-0.26), "-0.3");
        assert_eq!(number(f64::NAN), "0");
        assert_eq!(number(f64::INFINITY), "0");
    }
}
