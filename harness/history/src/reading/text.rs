//! Strings in quotes, as EDN and JSON write them.

use super::source::{Source, Trouble};

/// Takes a string whose opening quote is taken already, with its closing one. EDN lets line ends
/// stand in it, and knows escapes that JSON does not.
pub(super) fn quoted(
    source: &mut Source<'_>,
    text: &mut String,
    is_edn: bool,
) -> Result<(), Trouble> {
    let mut bytes = std::mem::take(text).into_bytes();
    bytes.clear();
    loop {
        let is_plain = |byte| byte != b'"' && byte != b'\\' && (is_edn || byte >= b' ');
        source.take_while(Some(&mut bytes), is_plain)?;
        match source.peek()? {
            None => return Err(Trouble::Ended),
            Some(b'"') => break,
            Some(b'\\') => {
                source.bump();
                let character = escaped(source, is_edn)?;
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Some(b'\n') => return Err(source.bad("the text is not closed on its line")),
            Some(_) => return Err(source.bad("a control character stands in the text")),
        }
    }
    source.bump();
    *text = utf8(source, bytes)?;
    Ok(())
}

/// These bytes as text.
pub(super) fn utf8(source: &Source<'_>, bytes: Vec<u8>) -> Result<String, Trouble> {
    String::from_utf8(bytes).map_err(|_| source.bad("this is not UTF-8"))
}

/// What stands for a character after a backslash.
fn escaped(source: &mut Source<'_>, is_edn: bool) -> Result<char, Trouble> {
    let Some(letter) = source.peek()? else { return Err(Trouble::Ended) };
    source.bump();
    Ok(match letter {
        b'"' | b'\\' | b'/' => char::from(letter),
        b'\'' if is_edn => '\'',
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => return unicode(source),
        b'0'..=b'7' if is_edn => return octal(source, letter),
        _ => return Err(source.bad("a backslash stands before what it cannot stand before")),
    })
}

/// Four hexadecimal digits, or twice that for a pair of surrogates.
fn unicode(source: &mut Source<'_>) -> Result<char, Trouble> {
    let first = four_digits(source)?;
    if let Some(character) = char::from_u32(first) {
        return Ok(character);
    }
    if (0xd800..0xdc00).contains(&first) && expect(source, b'\\')? && expect(source, b'u')? {
        let second = four_digits(source)?;
        if (0xdc00..0xe000).contains(&second) {
            let point = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return char::from_u32(point).ok_or_else(|| source.bad("no such character"));
        }
    }
    Err(source.bad("half of a character of two halves stands alone"))
}

fn expect(source: &mut Source<'_>, wanted: u8) -> Result<bool, Trouble> {
    match source.peek()? {
        None => Err(Trouble::Ended),
        Some(byte) if byte == wanted => {
            source.bump();
            Ok(true)
        }
        Some(_) => Ok(false),
    }
}

fn four_digits(source: &mut Source<'_>) -> Result<u32, Trouble> {
    let mut number = 0;
    for _ in 0..4 {
        let Some(byte) = source.peek()? else { return Err(Trouble::Ended) };
        let Some(digit) = char::from(byte).to_digit(16) else {
            return Err(source.bad("\\u wants four hexadecimal digits"));
        };
        source.bump();
        number = number * 16 + digit;
    }
    Ok(number)
}

/// Up to three octal digits, as Clojure reads them.
fn octal(source: &mut Source<'_>, first: u8) -> Result<char, Trouble> {
    let mut number = u32::from(first - b'0');
    for _ in 0..2 {
        match source.peek()? {
            Some(digit @ b'0'..=b'7') => {
                source.bump();
                number = number * 8 + u32::from(digit - b'0');
            }
            _ => break,
        }
    }
    char::from_u32(number).filter(|_| number <= 0o377).ok_or_else(|| source.bad("\\o too large"))
}
