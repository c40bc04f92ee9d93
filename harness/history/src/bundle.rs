//! What a run is replayed by, beside the files that hold it: `bundle.json`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Nanos;

/// A run's bundle, as `bundle.json` holds it. Plan, operations and faults are files of their own in
/// the same folder; the bundle knows them by their digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// Version of this format.
    pub tribunal_bundle: u32,
    /// The program that made the run.
    pub program: Program,
    /// The formats of the folder's files: name and version.
    pub formats: Vec<(String, u32)>,
    /// Whether the load was to end with the first violation that was seen.
    pub stop_on_violation: bool,
    /// The files the run is made of, as it left them.
    pub files: Vec<StoredFile>,
    /// Digests of everything that happened; `None` for a live run, which is made once only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<StoredTrace>,
    /// The digest of the bundle itself, taken with this one empty.
    pub seal: Digest,
}

impl Bundle {
    /// The version of the format this code writes and reads.
    pub const VERSION: u32 = 1;

    /// The same bundle with its seal.
    #[must_use]
    pub fn sealed(mut self) -> Bundle {
        self.seal = self.seal_due();
        self
    }

    /// Whether it is as it was sealed. A guard against mistakes, not against intent.
    pub fn is_as_sealed(&self) -> bool {
        self.seal == self.seal_due()
    }

    fn seal_due(&self) -> Digest {
        let empty = Bundle { seal: Digest::default(), ..self.clone() };
        Digest::of(&serde_json::to_vec(&empty).expect("invariant: a bundle is plain data"))
    }
}

/// A program that made a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Its version.
    pub version: String,
    /// The revision of its source, if it was built to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The digest its linker gave it, if there is one: equal for equal executables alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
}

impl Program {
    /// Whether both are certainly the same program: one executable, or where that is not known of
    /// one of them, one revision.
    pub fn is_surely(&self, other: &Program) -> bool {
        let known = |one: &Option<String>, two: &Option<String>| {
            one.as_ref().zip(two.as_ref()).map(|(one, two)| one == two)
        };
        self.version == other.version
            && known(&self.build, &other.build)
                .or_else(|| known(&self.revision, &other.revision))
                .unwrap_or(false)
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tribunal {}", self.version)?;
        if let Some(revision) = &self.revision {
            write!(f, " of revision {revision}")?;
        }
        match &self.build {
            Some(build) => write!(f, ", build {}", build.get(..12).unwrap_or(build)),
            None => Ok(()),
        }
    }
}

/// A file as a run left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredFile {
    /// Its name in the run's folder.
    pub name: String,
    /// How long it was.
    pub bytes: u64,
    /// What was in it.
    pub digest: Digest,
}

impl StoredFile {
    /// A file of this content.
    pub fn of(name: &str, content: &[u8]) -> StoredFile {
        let digest = Digest::of(content);
        StoredFile { name: name.to_owned(), bytes: content.len() as u64, digest }
    }
}

/// Digests of everything that happened in a simulation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredTrace {
    /// Events between two digests that are kept.
    pub step: u64,
    /// Events in all.
    pub events: u64,
    /// How long it lasted, in virtual time.
    pub lasted: Nanos,
    /// The digest over everything.
    pub digest: Digest,
    /// The digest after each `step` events.
    pub steps: Vec<TraceStep>,
}

/// Where a simulation was after so many events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceStep {
    /// The virtual time of the last of them.
    pub at: Nanos,
    /// The digest of all so far.
    pub digest: Digest,
}

/// Where two traces part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parting {
    /// The first event that may differ, counted from 1.
    pub first: u64,
    /// The last event that may be the first to differ.
    pub last: u64,
    /// The virtual time after which that is.
    pub from: Nanos,
    /// The virtual time by which it is: the later one of both traces.
    pub to: Nanos,
}

impl StoredTrace {
    /// Where the other one parts from this; `None` if they are equal. O(steps).
    pub fn parts_from(&self, other: &StoredTrace) -> Option<Parting> {
        if self == other {
            return None;
        }
        let equal = self.steps.iter().zip(&other.steps).take_while(|(one, two)| one == two).count();
        let step = self.step.max(1);
        let until = |trace: &StoredTrace| trace.steps.get(equal).map_or(trace.lasted, |it| it.at);
        let from = equal.checked_sub(1).map_or(Nanos::ZERO, |last| self.steps[last].at);
        // Neither what is read nor what is added up here need make sense: a file may say anything.
        let before = (equal as u64).saturating_mul(step);
        let first = before.saturating_add(1);
        let most = self.events.max(other.events).max(first);
        let last = before.saturating_add(step).min(most);
        Some(Parting { first, last, from, to: until(self).max(until(other)) })
    }
}

/// 64 bits that differ where what they were made of differs, but for one chance in as many values;
/// no secret and no protection. Written as sixteen hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub u64);

impl Digest {
    /// The digest of some bytes. O(bytes).
    pub fn of(bytes: &[u8]) -> Digest {
        let mut digest = Digest(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            digest = digest.with(u64::from_le_bytes(word));
        }
        digest
    }

    /// The digest of what this one is of and a word more: multiplied and folded, as wyhash does.
    #[must_use]
    pub const fn with(self, word: u64) -> Digest {
        let product = (self.0 ^ word ^ 0xa076_1d64_78bd_642f) as u128 * 0xe703_7ed1_a0b4_28db;
        Digest((product >> 64) as u64 ^ product as u64)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        let text = String::deserialize(deserializer)?;
        let plain = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let parsed = plain.then(|| u64::from_str_radix(&text, 16).ok()).flatten();
        parsed.map(Digest).ok_or_else(|| {
            serde::de::Error::custom(format!("'{text}' is no digest: sixteen hexadecimal digits"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(events: u64, odd: Option<u64>) -> StoredTrace {
        let count = |last: u64| Digest(last * 10 + u64::from(odd.is_some_and(|odd| odd <= last)));
        let step = |number: u64| TraceStep { at: Nanos(number * 4), digest: count(number * 4) };
        StoredTrace {
            step: 4,
            events,
            lasted: Nanos(events),
            digest: count(events),
            steps: (1..=events / 4).map(step).collect(),
        }
    }

    fn program(version: &str, revision: Option<&str>, build: Option<&str>) -> Program {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Program { version: version.into(), revision: text(revision), build: text(build) }
    }

    #[test]
    fn traces_part_within_a_step_and_its_span_of_time() {
        let whole = trace(18, None);
        assert_eq!(whole.parts_from(&whole), None);
        let at =
            |first, last, from, to| Some(Parting { first, last, from: Nanos(from), to: Nanos(to) });
        assert_eq!(whole.parts_from(&trace(18, Some(1))), at(1, 4, 0, 4));
        assert_eq!(whole.parts_from(&trace(18, Some(10))), at(9, 12, 8, 12));
        assert_eq!(whole.parts_from(&trace(18, Some(18))), at(17, 18, 16, 18));
        assert_eq!(whole.parts_from(&trace(16, None)), at(17, 18, 16, 18));
        assert_eq!(trace(0, None).parts_from(&trace(1, None)), at(1, 1, 0, 1));
        let odd = StoredTrace { step: u64::MAX, ..trace(18, None) };
        let parting = odd.parts_from(&whole).unwrap();
        assert_eq!((parting.first, parting.last), (u64::MAX, u64::MAX), "and no overflow");
    }

    #[test]
    fn a_bundle_knows_whether_it_was_changed() {
        let bundle = Bundle {
            tribunal_bundle: Bundle::VERSION,
            program: program("1.0.0", None, Some("abc")),
            formats: vec![("plan".into(), 1)],
            stop_on_violation: false,
            files: vec![StoredFile::of("plan.json", b"{}")],
            trace: Some(trace(9, None)),
            seal: Digest::default(),
        };
        let sealed = bundle.sealed();
        assert!(sealed.is_as_sealed());
        let text = serde_json::to_string(&sealed).unwrap();
        let read: Bundle = serde_json::from_str(&text).unwrap();
        assert!(read == sealed && read.is_as_sealed());
        let mut changed = read;
        changed.stop_on_violation = true;
        assert!(!changed.is_as_sealed());
        for bad in ["\"12\"", "\"+123456789abcdef\"", "\"g123456789abcdef\"", "7"] {
            assert!(serde_json::from_str::<Digest>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn digests_tell_contents_apart() {
        let texts: [&[u8]; 6] = [b"", b"\0", b"\0\0", b"a", b"abcdefgh", b"abcdefgh\0"];
        let digests: std::collections::BTreeSet<_> = texts.map(Digest::of).into();
        assert_eq!(digests.len(), texts.len());
        assert_eq!(Digest(0xab).to_string(), "00000000000000ab");
    }

    #[test]
    fn programs_are_the_same_only_if_that_is_known() {
        let surely = |one: &Program, other: &Program| one.is_surely(other);
        let built = program("1.0.0", Some("r"), Some("b"));
        assert!(surely(&built, &built));
        assert!(!surely(&built, &program("1.0.1", Some("r"), Some("b"))));
        assert!(!surely(&built, &program("1.0.0", Some("r"), Some("c"))));
        assert!(surely(&built, &program("1.0.0", Some("r"), None)));
        assert!(!surely(&built, &program("1.0.0", Some("s"), None)));
        let unknown = program("1.0.0", None, None);
        assert!(!surely(&unknown, &unknown), "two builds of one version may differ");
        assert_eq!(built.to_string(), "tribunal 1.0.0 of revision r, build b");
    }
}
