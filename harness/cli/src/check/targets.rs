//! What the words after `check` name: files, patterns of files, standard input, runs.

use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failure};

/// One history to be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Standard input.
    Input,
    /// A file.
    File(PathBuf),
    /// A run, by folder, name or `latest`.
    Run(String),
    /// A pattern that no file fits, or that is none.
    Nothing {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Target {
    /// As tables and messages name it.
    pub(crate) fn name(&self) -> String {
        match self {
            Target::Input => "standard input".into(),
            Target::File(path) => path.display().to_string(),
            Target::Run(name) => name.clone(),
            Target::Nothing { pattern, .. } => pattern.clone(),
        }
    }
}

/// The histories that these words name, in their order; the files of a pattern by name. `-` is
/// standard input; a word with `*`, `?` or `[` that is no file's name is a pattern.
///
/// # Errors
/// If standard input is named twice.
pub(crate) fn targets(words: &[String]) -> Result<Vec<Target>, Failure> {
    let mut found = Vec::new();
    for word in words {
        let path = Path::new(word);
        if word == "-" {
            found.push(Target::Input);
        } else if path.exists() && !path.is_dir() {
            found.push(Target::File(path.to_path_buf()));
        } else if !path.exists() && word.contains(['*', '?', '[']) {
            found.extend(files_of(word));
        } else {
            found.push(Target::Run(word.clone()));
        }
    }
    if found.iter().filter(|target| **target == Target::Input).count() > 1 {
        let message = "standard input is named twice";
        return Err(Failure::new(Exit::Usage, message, "it can be read once: name one '-'"));
    }
    Ok(found)
}

/// The files and folders of runs that fit a pattern; other folders are passed over.
fn files_of(pattern: &str) -> Vec<Target> {
    let nothing = |reason: String| vec![Target::Nothing { pattern: pattern.into(), reason }];
    // `**` is folders alone, and nobody means those.
    let files = format!("{pattern}/*");
    let paths = match glob::glob(if pattern.ends_with("**") { &files } else { pattern }) {
        Ok(paths) => paths,
        Err(error) => return nothing(format!("it is no pattern: {error}")),
    };
    // What cannot be looked into is named by the error, so that it is not passed over.
    let found: Vec<Target> = paths
        .filter_map(|path| match path {
            Ok(path) if path.join("history.jsonl").exists() => {
                Some(Target::Run(path.display().to_string()))
            }
            Ok(path) if path.is_dir() => None,
            Ok(path) => Some(Target::File(path)),
            Err(error) => Some(Target::File(error.path().to_path_buf())),
        })
        .collect();
    if found.is_empty() { nothing("no file fits it".into()) } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<Vec<Target>, Failure> {
        targets(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn words_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, "").unwrap();
            path
        };
        let (b, a, odd) = (file("b.log"), file("a.log"), file("[odd].edn"));
        let pattern = folder.path().join("*.log").display().to_string();
        let odd_name = odd.display().to_string();
        let found = of(&[&pattern, "-", "latest", &odd_name]).unwrap();
        let expected = [
            Target::File(a),
            Target::File(b),
            Target::Input,
            Target::Run("latest".into()),
            Target::File(odd),
        ];
        assert_eq!(found, expected);
        std::fs::create_dir(folder.path().join("inner")).unwrap();
        let inner = file("inner/c.log");
        let all = of(&[&folder.path().join("**").display().to_string()]).unwrap();
        assert!(all.contains(&Target::File(inner)) && all.len() == 4, "{all:?}");
        let none = folder.path().join("*.none").display().to_string();
        assert!(matches!(&of(&[&none]).unwrap()[..], [Target::Nothing { .. }]));
        assert!(matches!(&of(&["a[b"]).unwrap()[..], [Target::Nothing { .. }]));
        assert_eq!(of(&["-", "-"]).unwrap_err().exit, Exit::Usage);
    }
}
