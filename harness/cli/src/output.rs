//! What goes to the terminal: the result on standard output, everything else on standard error.
//!
//! A closed pipe ends the writing, never the program.

use std::borrow::Cow;
use std::io::{IsTerminal, Write};

use serde::Serialize;

use crate::exit::Failure;

/// Writes a line of the result.
pub(crate) fn line(text: impl AsRef<str>) {
    let _ = writeln!(anstream::stdout(), "{}", harmless(text.as_ref()));
}

/// Writes a line of progress.
pub(crate) fn progress(text: impl AsRef<str>) {
    let _ = writeln!(anstream::stderr(), "{}", harmless(text.as_ref()));
}

/// Writes a command for GitHub's runner.
pub(crate) fn workflow_command(text: impl AsRef<str>) {
    let _ = writeln!(anstream::stderr(), "{}", text.as_ref());
}

/// Writes a result as JSON, indented.
pub(crate) fn json<T: Serialize>(value: &T) {
    let text = serde_json::to_string_pretty(value);
    let mut text = text.expect("invariant: results are plain data");
    if is_github() {
        // The same JSON; no line of it can begin as the other kind of command does.
        text = text.replace("##[", r"##\u005b");
    }
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// Whether GitHub's runner reads what is written, and obeys commands in it.
pub(crate) fn is_github() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// The text without what GitHub's runner would take for its commands, where it reads along: the
/// last words of a node may hold anything.
fn harmless(text: &str) -> Cow<'_, str> {
    if is_github() { without_commands(text) } else { Cow::Borrowed(text) }
}

/// Its commands are `::` at the beginning of a line, blanks aside, and `##[` anywhere in one.
fn without_commands(text: &str) -> Cow<'_, str> {
    let begins = |line: &str| line.trim_start().starts_with("::");
    if !text.contains("##[") && !text.split(['\n', '\r']).any(begins) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive(['\n', '\r']) {
        out.push_str(if begins(line) { "| " } else { "" });
        out.push_str(&line.replace("##[", "## ["));
    }
    Cow::Owned(out)
}

/// Says what failed and what to do about it.
pub(crate) fn failure(failure: &Failure) {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    progress(format!("{red}error:{red:#} {}", failure.message));
    if !failure.help.is_empty() {
        progress(format!("help: {}", failure.help));
    }
}

/// Whether the result may be coloured.
pub(crate) fn coloured() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

/// Whether somebody watches the progress.
pub(crate) fn watched() -> bool {
    std::io::stderr().is_terminal()
}

/// A path as a URL a terminal makes clickable. Everything but plain characters is escaped.
pub(crate) fn file_url(path: &std::path::Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let absolute = path.canonicalize().or_else(|_| std::path::absolute(path));
    let absolute = absolute.unwrap_or_else(|_| path.to_path_buf());
    let mut url = String::from("file://");
    for byte in absolute.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                url.push(char::from(*byte));
            }
            other => url.push_str(&format!("%{other:02X}")),
        }
    }
    url
}

/// This program as the user called it, for commands to copy.
pub(crate) fn program() -> String {
    quoted(
        &std::env::args_os()
            .next()
            .map_or_else(|| "tribunal".into(), |program| program.to_string_lossy().into_owned()),
    )
}

/// A word of a command as a shell takes it back: quoted where it holds anything unusual.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+=:,@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Opens a file in the browser; says so if it cannot.
pub(crate) fn open(path: &std::path::Path) {
    let opened = std::process::Command::new("xdg-open")
        .arg(path)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn();
    if let Err(error) = opened {
        progress(format!("cannot open the browser: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_taken_for_a_command() {
        assert_eq!(without_commands("error: a::b\n :: c"), "error: a::b\n|  :: c");
        assert_eq!(without_commands("::error::x\r::y"), "| ::error::x\r| ::y");
        assert_eq!(without_commands("see ##[error]x"), "see ## [error]x");
        assert!(matches!(without_commands("a\nb: c::d"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_url_is_absolute_also_of_what_does_not_exist() {
        let url = file_url(std::path::Path::new("nowhere/a b.html"));
        assert!(url.starts_with("file:///") && url.ends_with("/nowhere/a%20b.html"), "{url}");
    }

    #[test]
    fn words_come_back_from_a_shell_as_they_were() {
        assert_eq!(quoted("./tribunal"), "./tribunal");
        assert_eq!(quoted("/tmp/für alle"), "'/tmp/für alle'");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
