//! Words and figures as every output writes them, and the one place where strings of the system
//! under test are made harmless to look at.
//!
//! This is not escaping: HTML is escaped by the templates and by [`crate::svg`], Markdown by
//! [`crate::markdown`].

use tribunal_history::Nanos;
pub(crate) use tribunal_history::grouped as thousands;

/// Fewest characters a cut takes: about as many as saying so.
const CUT_MIN: usize = 18;

/// `text` on one line, without characters that hide or reorder others, and at most `most` of them.
///
/// Control characters would move a terminal's cursor, bidirectional ones would make a page read
/// other than it is stored; both are shown as `\u{…}`. A cut is said: `… (+37 characters)`; what is
/// shorter than these words is not cut.
pub fn clean(text: &str, most: usize) -> String {
    let uncut = most.saturating_add(CUT_MIN);
    let most = if text.chars().nth(uncut).is_none() { uncut } else { most };
    let mut out = String::with_capacity(text.len().min(most) + 8);
    let mut chars = text.chars();
    for character in chars.by_ref().take(most) {
        match character {
            '\t' | '\n' => out.push(' '),
            hidden if is_hidden(hidden) => out.extend(hidden.escape_unicode()),
            plain => out.push(plain),
        }
    }
    let rest = chars.count();
    if rest > 0 {
        out.push_str(&format!("… (+{} characters)", thousands(rest as u64)));
    }
    out
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

/// At most `most` characters of a text that is clean already, with `…` in place of the rest.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(most.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// A number with its noun: `1 fault`, `2 faults`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

/// An instant to the millisecond: `31.204 s`.
pub(crate) fn seconds(time: Nanos) -> String {
    let millis = time.as_millis();
    format!("{}.{:03} s", thousands(millis / 1_000), millis % 1_000)
}

/// An interval: `30.000–45.000 s`.
pub(crate) fn interval(from: Nanos, to: Option<Nanos>) -> String {
    let begin = seconds(from);
    match to {
        Some(to) => format!("{}–{}", begin.trim_end_matches(" s"), seconds(to)),
        None => format!("{} – never ended", begin),
    }
}

/// The text with its first letter in capitals.
pub(crate) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hidden_passes() {
        let hostile = "a\u{0}b\u{1b}[31mc\u{202e}d\u{2028}e\nf";
        let shown = clean(hostile, 100);
        assert_eq!(shown, "a\\u{0}b\\u{1b}[31mc\\u{202e}d\\u{2028}e f");
        assert_eq!(clean(&"x".repeat(1_000_000), 3), "xxx… (+999,997 characters)");
        assert_eq!(clean("too little to cut", 3), "too little to cut");
    }

    #[test]
    fn figures_read_well() {
        assert_eq!(seconds(Nanos(31_204_499_999)), "31.204 s");
        assert_eq!(interval(Nanos::from_secs(30), Some(Nanos::from_secs(45))), "30.000–45.000 s");
        assert_eq!(counted(1, "fault", "faults"), "1 fault");
        assert_eq!(listed(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }
}
