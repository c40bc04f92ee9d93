//! How text for a terminal may look.

/// The look of terminal text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours are used. Every colour has a mark and a word beside it.
    pub color: bool,
}

impl Style {
    /// No colours: for pipes and files.
    pub const PLAIN: Style = Style { color: false };

    pub(crate) fn paint(self, class: &str, text: &str) -> String {
        let code = match class {
            "valid" => "36",
            "invalid" => "1;31",
            "unknown" | "warning" => "33",
            "harness" => "35",
            "strong" => "1",
            "dim" => "2",
            _ => return text.to_owned(),
        };
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
