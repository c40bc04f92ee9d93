//! What a run leaves behind to be replayed by, beside its files: `bundle.json`.

use std::io::Read;

use serde::Deserialize;
use tribunal_engine::{RunFolder, StoreError};
use tribunal_history::{Bundle, Digest, Plan, Program, Schedule, StoredFile, StoredTrace, Trial};

use crate::exit::{Exit, Failure};

/// The file's name in a run's folder.
pub(crate) const BUNDLE: &str = "bundle.json";
/// What a run is made of, beside its bundle.
const FILES: [&str; 4] = ["plan.json", "history.jsonl", "faults.jsonl", "nodes.jsonl"];
/// Bytes at the beginning of an executable among which the linker's digest of it is.
const BUILD_WITHIN: u64 = 64 << 10;
/// Longest digest of a linker.
const BUILD_MAX: usize = 64;

/// Writes the bundle of a run that is over: what its files hold now is what they have to hold.
///
/// # Errors
/// If one cannot be read, or the bundle cannot be written.
pub(crate) fn write(
    folder: &RunFolder,
    stop_on_violation: bool,
    trace: Option<StoredTrace>,
) -> Result<(), StoreError> {
    let mut files = Vec::new();
    for name in FILES.iter().filter(|name| folder.path().join(name).exists()) {
        files.push(StoredFile::of(name, &folder.read_bytes(name)?));
    }
    let bundle = Bundle {
        tribunal_bundle: Bundle::VERSION,
        program: program(),
        formats: formats(),
        stop_on_violation,
        files,
        trace,
        seal: Digest::default(),
    };
    folder.replace_json(BUNDLE, &bundle.sealed())
}

/// Reads a run's bundle.
///
/// # Errors
/// If it is missing, damaged or of another version.
pub(crate) fn read(folder: &RunFolder) -> Result<Bundle, Failure> {
    #[derive(Deserialize)]
    struct Version {
        tribunal_bundle: u32,
    }
    let bad = |reason: String| {
        let place = folder.path().join(BUNDLE);
        let help = format!("`tribunal run --plan {}` runs its plan once more", folder.id());
        Failure::new(Exit::History, format!("{}: {reason}", place.display()), help)
    };
    if !folder.path().join(BUNDLE).exists() {
        return Err(bad(
            "it is missing: the run was killed, or made before there were bundles".into()
        ));
    }
    let text = folder.read_bytes(BUNDLE).map_err(|error| bad(error.to_string()))?;
    let Version { tribunal_bundle } =
        serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
    if tribunal_bundle != Bundle::VERSION {
        let known = Bundle::VERSION;
        return Err(bad(format!(
            "its format is version {tribunal_bundle}, this program reads version {known}"
        )));
    }
    serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))
}

/// The program that is running.
pub(crate) fn program() -> Program {
    Program {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        // Whoever builds it may say what of.
        revision: option_env!("TRIBUNAL_REVISION").map(str::to_owned),
        build: build(),
    }
}

fn formats() -> Vec<(String, u32)> {
    [
        ("plan", Plan::VERSION),
        ("schedule", Schedule::VERSION),
        ("history", tribunal_history::jsonl::VERSION as u32),
        ("run", Trial::SCHEMA_VERSION),
    ]
    .map(|(name, version)| (name.to_owned(), version))
    .into()
}

/// The digest the linker gave this executable, if it did.
fn build() -> Option<String> {
    let mut start = Vec::new();
    let file = std::fs::File::open("/proc/self/exe").ok()?;
    file.take(BUILD_WITHIN).read_to_end(&mut start).ok()?;
    build_of(&start)
}

/// The linker's digest in the first bytes of an executable: a note (`ld --build-id`) whose header
/// is the length of the owner's name, the length of the digest, the note's type 3, and the owner.
fn build_of(start: &[u8]) -> Option<String> {
    const OWNER_AFTER: usize = 12;
    let owner = b"GNU\0";
    let word = |at: usize| {
        let bytes = start.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    };
    let begins = (0..start.len()).step_by(4).find(|at| {
        let at = *at;
        word(at) == Some(4)
            && word(at + 8) == Some(3)
            && start.get(at + OWNER_AFTER..at + OWNER_AFTER + 4) == Some(owner)
    })?;
    let length = word(begins + 4)? as usize;
    let digest = start.get(begins + 16..begins + 16 + length.min(BUILD_MAX))?;
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    (!hex.is_empty()).then_some(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linkers_digest_is_found_in_its_note() {
        let note = |length: u8, kind: u8| {
            let mut bytes = vec![0; 24];
            bytes.extend([4, 0, 0, 0, length, 0, 0, 0, kind, 0, 0, 0]);
            bytes.extend(b"GNU\0");
            bytes.extend([0xab, 0x01, 0x02, 0x03]);
            bytes
        };
        assert_eq!(build_of(&note(4, 3)).as_deref(), Some("ab010203"));
        assert_eq!(build_of(&note(4, 1)), None, "another note");
        assert_eq!(build_of(&note(9, 3)), None, "cut");
        assert_eq!(build_of(b""), None);
    }
}
