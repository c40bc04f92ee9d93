//! One entry of a history as a file writes it: a map whose names are Jepsen's.

use super::edn::short;
use super::forms::Forms;
use super::lexer::{Sort, Token};
use super::source::Trouble;
use crate::{EventKind, Function, NodeId, ValueId, Values};

/// What an entry says; what it does not say is `None`.
#[derive(Debug)]
pub(super) struct Entry {
    /// The line it begins on.
    pub(super) line: u64,
    pub(super) process: Who,
    pub(super) kind: Kind,
    pub(super) function: Option<Function>,
    /// Nil where the file says so.
    pub(super) key: Option<ValueId>,
    pub(super) value: Option<ValueId>,
    pub(super) time: Option<i64>,
    pub(super) index: Option<i64>,
    pub(super) node: Option<NodeId>,
    /// Why it ended as it did, interned text; nil if it does not say.
    pub(super) error: ValueId,
    /// The version in the first line of our own files.
    pub(super) version: Option<i64>,
}

impl Entry {
    /// An entry that says nothing yet.
    pub(super) const fn new(line: u64) -> Entry {
        Entry {
            line,
            process: Who::Missing,
            kind: Kind::Missing,
            function: None,
            key: None,
            value: None,
            time: None,
            index: None,
            node: None,
            error: ValueId::NIL,
            version: None,
        }
    }
}

/// Whose entry it is.
#[derive(Debug)]
pub(super) enum Who {
    Missing,
    /// A client.
    Number(i64),
    /// A keyword, which no client is: the nemesis.
    Keyword(String),
    /// Text.
    Text(String),
    /// No number and no name.
    Odd,
}

/// The entry's `type`.
#[derive(Debug)]
pub(super) enum Kind {
    Missing,
    Known(EventKind),
    Unknown(String),
}

impl Kind {
    /// The kind of this name, with or without a colon before it.
    pub(super) fn of(name: &str) -> Kind {
        match name.trim_start_matches(':') {
            "invoke" => Kind::Known(EventKind::Invoke),
            "ok" => Kind::Known(EventKind::Ok),
            "fail" => Kind::Known(EventKind::Fail),
            "info" => Kind::Known(EventKind::Info),
            other => Kind::Unknown(short(other)),
        }
    }
}

/// The function of this name, with or without a colon before it.
pub(super) fn function(name: &str, values: &mut Values) -> Function {
    let name = name.trim_start_matches(':');
    match Function::from_name(name) {
        Some(function) => function,
        None => Function::Other(values.intern_text(name)),
    }
}

/// The names of an entry that are read.
const NAMES: [&str; 10] =
    ["process", "type", "f", "value", "key", "time", "index", "node", "error", "tribunal_history"];

/// Reads an entry whose opening brace is taken already. Names that are not known, and what stands
/// beside them, are passed over.
pub(super) fn entry(forms: &mut Forms<'_>, values: &mut Values) -> Result<Entry, Trouble> {
    let mut entry = Entry::new(forms.source.mark_line());
    let mut seen = [false; NAMES.len()];
    loop {
        let name = match forms.token()? {
            Token::Close(b'}') => return Ok(entry),
            Token::Close(_) => return Err(forms.source.bad("'}' should stand here")),
            Token::End => return Err(Trouble::Ended),
            Token::Text(Sort::Keyword | Sort::String) => {
                NAMES.iter().position(|name| *name == forms.text)
            }
            // Most often the entry before is not closed, and the rest of the file seems part of it.
            _ => return Err(forms.source.bad("a name should stand here, or the entry's end")),
        };
        if let Some(name) = name
            && std::mem::replace(&mut seen[name], true)
        {
            return Err(forms.source.bad(format!("'{}' stands twice in this entry", NAMES[name])));
        }
        let value = match forms.token()? {
            Token::Close(_) => {
                return Err(forms.source.bad("the last name of this entry has no value"));
            }
            Token::End => return Err(Trouble::Ended),
            token => token,
        };
        let Some(name) = name else {
            forms.skip(value)?;
            continue;
        };
        field(forms, values, &mut entry, NAMES[name], value)?;
    }
}

/// Reads the field whose value begins with `first`.
fn field(
    forms: &mut Forms<'_>,
    values: &mut Values,
    entry: &mut Entry,
    name: &str,
    first: Token,
) -> Result<(), Trouble> {
    match (name, first) {
        ("value", _) => entry.value = Some(forms.value(first, values)?),
        ("key", _) => entry.key = Some(forms.value(first, values)?),
        ("process", Token::Int(number)) => entry.process = Who::Number(number),
        ("process", Token::Text(Sort::Keyword)) => {
            entry.process = Who::Keyword(short(&forms.text));
        }
        ("process", Token::Text(Sort::String)) => entry.process = Who::Text(short(&forms.text)),
        ("process", _) => {
            entry.process = Who::Odd;
            forms.skip(first)?;
        }
        ("type", Token::Text(_)) => entry.kind = Kind::of(&forms.text),
        ("f", Token::Text(_)) => entry.function = Some(function(&forms.text, values)),
        ("time", Token::Int(number)) => entry.time = Some(number),
        ("index", Token::Int(number)) => entry.index = Some(number),
        ("tribunal_history", Token::Int(number)) => entry.version = Some(number),
        ("node", Token::Text(_)) => entry.node = forms.text.parse().ok(),
        ("error", Token::Nil) => {}
        ("error", Token::Text(_)) => entry.error = values.intern_text(&forms.text),
        ("error", _) => {
            // Only its words are kept, so what they are made of need not be.
            let mut parts = Values::new();
            let error = forms.value(first, &mut parts)?;
            entry.error = values.intern_text(&parts.show(error));
        }
        _ => forms.skip(first)?,
    }
    Ok(())
}
