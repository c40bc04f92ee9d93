//! Entries that are forms: EDN and JSON, one after another or in one list.

use super::assemble::Assembler;
use super::entry::entry;
use super::forms::Forms;
use super::lexer::{Lexer, Token};
use super::source::{Source, Trouble};
use super::unpack::explain;
use super::{Format, ReadError};

/// Where in a file its entries are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before everything.
    Start,
    /// One after another.
    Bare,
    /// In a list that this byte ends.
    List(u8),
    /// After that list.
    After,
}

/// What became of an attempt to read an entry.
enum Step {
    Read,
    Over,
}

/// Reads all entries of a source.
pub(super) fn read_forms(
    source: Source<'_>,
    lexer: Lexer,
    assembler: &mut Assembler,
) -> Result<(), ReadError> {
    let mut forms = Forms::new(source, lexer);
    let mut place = Place::Start;
    loop {
        match step(&mut forms, &mut place, assembler) {
            Ok(Ok(Step::Read)) => {}
            Ok(Ok(Step::Over)) => return Ok(()),
            Ok(Err(refused)) => return Err(refused),
            Err(trouble) => {
                let is_over = trouble_met(&mut forms, trouble, assembler)?;
                if is_over {
                    return Ok(());
                }
                find_next_entry(&mut forms, place)?;
            }
        }
    }
}

/// Reads the next entry, or what is around entries.
fn step(
    forms: &mut Forms<'_>,
    place: &mut Place,
    assembler: &mut Assembler,
) -> Result<Result<Step, ReadError>, Trouble> {
    forms.source.end_form();
    let token = forms.token()?;
    match (token, *place) {
        (Token::End, Place::List(_)) => return Err(Trouble::Ended),
        (Token::End, _) => return Ok(Ok(Step::Over)),
        (_, Place::After) => {
            return Err(forms.source.bad("something follows the end of the history"));
        }
        (Token::Open { is_map: true, .. }, _) => {}
        (Token::Open { is_map: false, closes }, Place::Start) => {
            *place = Place::List(closes);
            return Ok(Ok(Step::Read));
        }
        (Token::Close(byte), Place::List(closes)) if byte == closes => {
            *place = Place::After;
            return Ok(Ok(Step::Read));
        }
        (Token::Close(_), _) => return Err(forms.source.bad("this ends nothing")),
        _ => return Err(forms.source.bad("an entry should stand here, in braces")),
    }
    forms.source.begin_form();
    let entry = entry(forms, assembler.values())?;
    forms.source.end_form();
    if *place == Place::Start {
        *place = Place::Bare;
        if let Some(version) = entry.version.filter(|_| matches!(forms.lexer, Lexer::Json(_))) {
            return Ok(match u64::try_from(version) {
                Ok(crate::jsonl::VERSION) => {
                    assembler.is_ours();
                    Ok(Step::Read)
                }
                other => Err(ReadError::Version(other.unwrap_or(0))),
            });
        }
    }
    if assembler.notes.format == Format::JsonLines {
        end_of_line(forms)?;
    }
    Ok(assembler.add(entry).map(|()| Step::Read))
}

/// In JSON lines nothing follows an object on its line.
fn end_of_line(forms: &mut Forms<'_>) -> Result<(), Trouble> {
    forms.source.take_while(None, |byte| matches!(byte, b' ' | b'\t' | b'\r'))?;
    match forms.source.peek()? {
        None | Some(b'\n') => Ok(()),
        Some(_) => {
            forms.source.mark();
            Err(forms.source.bad("something follows the object on its line"))
        }
    }
}

/// Whether the file is over with what stopped its reading; an error, unless there is a way on.
fn trouble_met(
    forms: &mut Forms<'_>,
    trouble: Trouble,
    assembler: &mut Assembler,
) -> Result<bool, ReadError> {
    // What is wrong with the last byte may be no more than that the rest is missing.
    let is_cut = match &trouble {
        Trouble::Io(_) => false,
        Trouble::Ended => true,
        Trouble::Bad(..) => forms.source.is_within_form() && at_end(forms)?,
    };
    match trouble {
        Trouble::Io(error) => Err(explain(error)),
        Trouble::Ended if !forms.source.is_within_form() => {
            assembler.cut("the list of entries is unfinished and ends here".into());
            Ok(true)
        }
        _ if is_cut && assembler.has_begun() => {
            let line = forms.source.form_line();
            assembler.cut(format!("line {line} is unfinished and was cut"));
            Ok(true)
        }
        Trouble::Ended => Err(ReadError::Line {
            line: forms.source.form_line(),
            column: None,
            reason: "the file ends within its first entry".into(),
        }),
        Trouble::Bad(wrong) => {
            assembler.lose(wrong.mark.line, Some(wrong.mark.column), &wrong.reason)?;
            Ok(false)
        }
    }
}

fn at_end(forms: &mut Forms<'_>) -> Result<bool, ReadError> {
    match forms.source.peek() {
        Ok(next) => Ok(next.is_none()),
        Err(Trouble::Io(error)) => Err(explain(error)),
        Err(Trouble::Ended | Trouble::Bad(..)) => Ok(false),
    }
}

/// Goes to the next line that begins as an entry does.
fn find_next_entry(forms: &mut Forms<'_>, place: Place) -> Result<(), ReadError> {
    let mut search = || {
        loop {
            forms.source.skip_line()?;
            let is_blank = |byte| matches!(byte, b' ' | b'\t' | b'\r' | b',' | b'[' | b'(');
            forms.source.take_while(None, is_blank)?;
            if matches!(forms.source.peek()?, None | Some(b'{' | b'#')) {
                return Ok(());
            }
        }
    };
    match search() {
        Ok(()) => {}
        Err(Trouble::Io(error)) => return Err(explain(error)),
        // Neither stops a search that takes bytes as they come.
        Err(Trouble::Ended | Trouble::Bad(..)) => {}
    }
    forms.lexer.reset(matches!(place, Place::List(_)));
    Ok(())
}
