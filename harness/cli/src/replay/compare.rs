//! Two versions of a file of lines, side by side.

/// Characters of a line that are shown.
const SHOWN_MAX: usize = 400;

/// The first line in which two files differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// Which, counted from 1.
    pub line: u64,
    /// As the folder has it; `None` past its end.
    pub recorded: Option<String>,
    /// As it is now; `None` past its end.
    pub now: Option<String>,
}

impl Difference {
    /// In words, over three lines.
    pub(super) fn words(&self, file: &str) -> String {
        let shown = |line: &Option<String>| line.clone().unwrap_or_else(|| "the end".to_owned());
        format!(
            "{file} differs from line {} on\n    recorded: {}\n    now:      {}",
            self.line,
            shown(&self.recorded),
            shown(&self.now)
        )
    }
}

/// The first difference of two files; `None` if their bytes are equal. O(bytes).
pub(super) fn difference(recorded: &[u8], now: &[u8]) -> Option<Difference> {
    if recorded == now {
        return None;
    }
    let ends = |bytes: &'_ [u8]| bytes.split_inclusive(|byte| *byte == b'\n').count();
    let mut lines = recorded.split_inclusive(|byte| *byte == b'\n');
    let mut others = now.split_inclusive(|byte| *byte == b'\n');
    for number in 1..=ends(recorded).max(ends(now)) as u64 {
        let (one, other) = (lines.next(), others.next());
        if one != other {
            let (recorded, now) = shown_from(one, other);
            return Some(Difference { line: number, recorded, now });
        }
    }
    None
}

/// Both lines as text, cut to what is shown; where they are longer, from shortly before the first
/// byte that differs.
fn shown_from(one: Option<&[u8]>, other: Option<&[u8]>) -> (Option<String>, Option<String>) {
    const BEFORE: usize = 60;
    let equal = match (one, other) {
        (Some(one), Some(other)) => one.iter().zip(other).take_while(|(a, b)| a == b).count(),
        _ => 0,
    };
    let is_long = |line: Option<&[u8]>| line.is_some_and(|line| line.len() > SHOWN_MAX);
    let cut = if is_long(one) || is_long(other) { equal.saturating_sub(BEFORE) } else { 0 };
    let text = |line: &[u8]| {
        let part = String::from_utf8_lossy(line.get(cut..).unwrap_or_default());
        let end = if part.ends_with('\n') { "" } else { " (no end of line)" };
        let part = part.trim_end_matches('\n');
        let mut shown = String::from(if cut > 0 { "…" } else { "" });
        shown.extend(part.chars().take(SHOWN_MAX));
        shown.push_str(if part.chars().count() > SHOWN_MAX { "…" } else { end });
        shown
    };
    (one.map(text), other.map(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(recorded: &str, now: &str) -> Option<(u64, Option<String>, Option<String>)> {
        let found = difference(recorded.as_bytes(), now.as_bytes())?;
        Some((found.line, found.recorded, found.now))
    }

    #[test]
    fn the_first_line_that_differs_is_shown_in_both_versions() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(found("a\nb\n", "a\nb\n"), None);
        assert_eq!(found("a\nb\nc\n", "a\nx\nc\n"), Some((2, text("b"), text("x"))));
        assert_eq!(found("a\n", "a\nb\n"), Some((2, None, text("b"))));
        assert_eq!(found("a\nb\n", "a\n"), Some((2, text("b"), None)));
        assert_eq!(found("", "a\n"), Some((1, None, text("a"))));
        let cut = Some((2, text("b (no end of line)"), text("b")));
        assert_eq!(found("a\nb", "a\nb\n"), cut, "a cut last line is a difference");
    }

    #[test]
    fn long_lines_are_shown_where_they_differ() {
        let line = |odd: &str| format!("{}{odd}{}\n", "x".repeat(1_000), "y".repeat(1_000));
        let (_, recorded, now) = found(&line("A"), &line("B")).unwrap();
        let (recorded, now) = (recorded.unwrap(), now.unwrap());
        assert!(recorded.starts_with('…') && recorded.contains('A') && now.contains('B'));
        assert!(recorded.chars().count() <= SHOWN_MAX + 2);
        // Half a character is none, and no reason to stop.
        assert!(difference(b"\xff\xfe\n", b"\xff\n").is_some());
    }

    #[test]
    fn a_difference_is_told_with_its_file() {
        let difference = difference(b"a\n", b"").unwrap();
        let words = "f.jsonl differs from line 1 on\n    recorded: a\n    now:      the end";
        assert_eq!(difference.words("f.jsonl"), words);
    }
}
