//! What goes to the terminal: the result on standard output, everything else on standard error.
//!
//! A closed pipe ends the writing, never the program.

use std::io::{IsTerminal, Write};

use serde::Serialize;

use crate::exit::Failure;

/// Writes a line of the result.
pub(crate) fn line(text: impl AsRef<str>) {
    let _ = writeln!(anstream::stdout(), "{}", text.as_ref());
}

/// Writes a line of progress.
pub(crate) fn progress(text: impl AsRef<str>) {
    let _ = writeln!(anstream::stderr(), "{}", text.as_ref());
}

/// Writes a result as JSON, indented.
pub(crate) fn json<T: Serialize>(value: &T) {
    let text = serde_json::to_string_pretty(value).expect("invariant: results are plain data");
    line(text);
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
    let absolute = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
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
    fn words_come_back_from_a_shell_as_they_were() {
        assert_eq!(quoted("./tribunal"), "./tribunal");
        assert_eq!(quoted("/tmp/für alle"), "'/tmp/für alle'");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
