//! Numbers as EDN and JSON write them.

/// A word that begins as a number does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number<'a> {
    /// An integer of 64 bits.
    Int(i64),
    /// A larger integer: its digits, with a minus where there is one.
    Large(&'a str),
    /// Any other number, as it was written.
    Other(&'a str),
}

/// Reads a number of JSON (RFC 8259, §6); `None` if it is none.
pub(super) fn of_json(word: &str) -> Option<Number<'_>> {
    if word.starts_with('+') {
        return None;
    }
    integer(word).or_else(|| has_shape(word, false).then_some(Number::Other(word)))
}

/// Reads a number of EDN, or a ratio as Clojure prints it; `None` if it is none.
pub(super) fn of_edn(word: &str) -> Option<Number<'_>> {
    if let Some(number) = integer(word) {
        return Some(number);
    }
    if let Some((numerator, denominator)) = word.split_once('/') {
        let is_ratio = is_integer(unsigned(numerator)) && is_integer(denominator);
        return is_ratio.then_some(Number::Other(word));
    }
    if let Some(digits) = word.strip_suffix('N') {
        return integer(digits);
    }
    has_shape(word, true).then_some(Number::Other(word))
}

/// Whether `text` is an integer as JSON writes it, in the one form each integer has, and which.
pub(super) fn canonical(text: &str) -> Option<i64> {
    match integer(text)? {
        Number::Int(number) if !text.starts_with('+') && text != "-0" => Some(number),
        _ => None,
    }
}

fn integer(word: &str) -> Option<Number<'_>> {
    if !is_integer(unsigned(word)) {
        return None;
    }
    let number = word.parse().map(Number::Int);
    Some(number.unwrap_or(Number::Large(word.strip_prefix('+').unwrap_or(word))))
}

fn unsigned(word: &str) -> &str {
    word.strip_prefix(['+', '-']).unwrap_or(word)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_integer(text: &str) -> bool {
    is_digits(text) && (text == "0" || !text.starts_with('0'))
}

/// Whether a word is `[sign] integer [. digits] [e [sign] digits]`, in EDN with an `M` at its end.
fn has_shape(word: &str, is_edn: bool) -> bool {
    let word = if is_edn { word.strip_suffix('M').unwrap_or(word) } else { word };
    let (mantissa, exponent) = match word.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(unsigned(exponent))),
        None => (word, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    // EDN lets a point stand at the end.
    let fraction_fits =
        fraction.is_none_or(|digits| is_digits(digits) || is_edn && digits.is_empty());
    is_integer(unsigned(whole)) && fraction_fits && exponent.is_none_or(is_digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_what_is_none() {
        use Number::{Int, Large, Other};
        for (word, json, edn) in [
            ("0", Some(Int(0)), Some(Int(0))),
            ("-17", Some(Int(-17)), Some(Int(-17))),
            ("+17", None, Some(Int(17))),
            ("-9223372036854775808", Some(Int(i64::MIN)), Some(Int(i64::MIN))),
            ("9223372036854775808", Some(Large("9223372036854775808")), None),
            ("1.5", Some(Other("1.5")), Some(Other("1.5"))),
            ("-1e-3", Some(Other("-1e-3")), Some(Other("-1e-3"))),
            ("42N", None, Some(Int(42))),
            ("99999999999999999999N", None, Some(Large("99999999999999999999"))),
            ("1.5M", None, Some(Other("1.5M"))),
            ("2/3", None, Some(Other("2/3"))),
            ("1.", None, Some(Other("1."))),
            ("007", None, None),
            ("1e", None, None),
            ("1x", None, None),
            ("-", None, None),
            ("2/", None, None),
            ("0x1f", None, None),
        ] {
            assert_eq!(of_json(word), json, "JSON {word}");
            let edn = if word == "9223372036854775808" { json } else { edn };
            assert_eq!(of_edn(word), edn, "EDN {word}");
        }
    }

    #[test]
    fn only_canonical_integers_are_integers_as_keys() {
        for (text, number) in [("0", Some(0)), ("-5", Some(-5)), ("17", Some(17))] {
            assert_eq!(canonical(text), number);
        }
        for text in ["", "+1", "007", "-0", "1.0", "1e3", "x", "9223372036854775808"] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }
}
