//! The letters of EDN (github.com/edn-format/edn), and what Clojure prints beyond it.
//!
//! Beyond the format itself: ratios, `##Inf`, metadata (passed over), namespaced maps (their names
//! stay short) and any tag, whose form is read as if it had none. Not read: numbers in other bases.

use super::lexer::{Sort, Token};
use super::number::{self, Number};
use super::source::{Source, Trouble};
use super::text;

/// The next token.
pub(super) fn next(source: &mut Source<'_>, text: &mut String) -> Result<Token, Trouble> {
    pass_over(source)?;
    source.mark();
    let Some(first) = source.peek()? else { return Ok(Token::End) };
    let open = |closes, is_map| Ok(Token::Open { closes, is_map });
    match first {
        b'{' | b'[' | b'(' | b'}' | b']' | b')' | b'"' | b'\\' | b'^' => source.bump(),
        _ => {}
    }
    match first {
        b'{' => open(b'}', true),
        b'[' => open(b']', false),
        b'(' => open(b')', false),
        b'}' | b']' | b')' => Ok(Token::Close(first)),
        b'"' => {
            text::quoted(source, text, true)?;
            Ok(Token::Text(Sort::String))
        }
        b'\\' => character(source, text),
        b'^' => Ok(Token::Discard),
        b'#' => dispatch(source, text),
        b':' => {
            word(source, text)?;
            let name = text.trim_start_matches(':').to_owned();
            if name.is_empty() {
                return Err(source.bad("a colon without a name"));
            }
            *text = name;
            Ok(Token::Text(Sort::Keyword))
        }
        _ => {
            word(source, text)?;
            plain(source, text)
        }
    }
}

/// White space, commas and comments.
fn pass_over(source: &mut Source<'_>) -> Result<(), Trouble> {
    loop {
        source.take_while(None, is_space)?;
        if source.peek()? != Some(b';') {
            return Ok(());
        }
        source.take_while(None, |byte| byte != b'\n')?;
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b',' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

const fn ends_word(byte: u8) -> bool {
    is_space(byte)
        || matches!(byte, b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'"' | b';' | b'\\' | b'^')
}

/// Takes what is left of a word.
fn word(source: &mut Source<'_>, text: &mut String) -> Result<(), Trouble> {
    let mut bytes = std::mem::take(text).into_bytes();
    bytes.clear();
    source.take_while(Some(&mut bytes), |byte| !ends_word(byte))?;
    *text = text::utf8(source, bytes)?;
    Ok(())
}

/// A number, a symbol, `nil`, a boolean.
fn plain(source: &Source<'_>, text: &mut String) -> Result<Token, Trouble> {
    let mut letters = text.bytes();
    let first = match letters.next() {
        Some(b'+' | b'-') => letters.next(),
        other => other,
    };
    if first.is_some_and(|byte| byte.is_ascii_digit()) {
        return match number::of_edn(text) {
            Some(Number::Int(number)) => Ok(Token::Int(number)),
            Some(Number::Large(digits) | Number::Other(digits)) => {
                *text = digits.to_owned();
                Ok(Token::Text(Sort::Other))
            }
            None => Err(source.bad(format!("'{}' is not a number", short(text)))),
        };
    }
    Ok(if text == "nil" { Token::Nil } else { Token::Text(Sort::Other) })
}

/// What a backslash begins: one character, or its name.
fn character(source: &mut Source<'_>, text: &mut String) -> Result<Token, Trouble> {
    let mut bytes = Vec::new();
    // The first may be one that ends words, and is part of a character of several bytes.
    match source.peek()? {
        None => return Err(Trouble::Ended),
        Some(byte) if byte.is_ascii_whitespace() => {
            return Err(source.bad("a backslash without a character"));
        }
        Some(byte) => bytes.push(byte),
    }
    source.bump();
    source.take_while(Some(&mut bytes), |byte| !ends_word(byte))?;
    let name = text::utf8(source, bytes)?;
    let named = match name.as_str() {
        "newline" => Some('\n'),
        "space" => Some(' '),
        "tab" => Some('\t'),
        "return" => Some('\r'),
        "formfeed" => Some('\u{c}'),
        "backspace" => Some('\u{8}'),
        one if one.chars().count() == 1 => one.chars().next(),
        coded => match (coded.strip_prefix('u'), coded.strip_prefix('o')) {
            (Some(digits), _) => u32::from_str_radix(digits, 16).ok().and_then(char::from_u32),
            (_, Some(digits)) => u32::from_str_radix(digits, 8).ok().and_then(char::from_u32),
            _ => None,
        },
    };
    let Some(character) = named else {
        return Err(source.bad(format!("'\\{}' is not a character", short(&name))));
    };
    text.clear();
    text.push(character);
    Ok(Token::Text(Sort::Other))
}

/// What a `#` begins.
fn dispatch(source: &mut Source<'_>, text: &mut String) -> Result<Token, Trouble> {
    source.bump();
    match source.peek()? {
        None => Err(Trouble::Ended),
        Some(b'{') => {
            source.bump();
            Ok(Token::Open { closes: b'}', is_map: false })
        }
        Some(b'_') => {
            source.bump();
            Ok(Token::Discard)
        }
        Some(b'^') => {
            source.bump();
            Ok(Token::Discard)
        }
        // A pattern or a piece of code: read as the string or list that it is written as.
        Some(b'"' | b'(') => Ok(Token::Tag),
        Some(b'#') => {
            word(source, text)?;
            text.insert(0, '#');
            Ok(Token::Text(Sort::Other))
        }
        Some(byte) if ends_word(byte) => Err(source.bad("a # without a tag")),
        Some(_) => {
            word(source, text)?;
            Ok(Token::Tag)
        }
    }
}

/// A word as a message shows it.
pub(super) fn short(word: &str) -> String {
    const SHOWN_MAX: usize = 40;
    if word.chars().count() <= SHOWN_MAX {
        return word.escape_debug().to_string();
    }
    let head: String = word.chars().take(SHOWN_MAX).collect();
    format!("{}…", head.escape_debug())
}
