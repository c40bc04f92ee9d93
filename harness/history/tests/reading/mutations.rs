//! Bytes of all kinds through the reader: it never panics, always ends, holds little.

use std::io::Read;

use tribunal_history::reading::{Parsed, ReadError, ReadOptions, read};
use tribunal_history::{Random, Seed};

use crate::{fixture, fixture_names, fixtures};

/// Random inputs of each kind.
const ROUNDS: u64 = 1_500;

/// Reads strictly and leniently, and asks of the results what must hold of any.
fn exercise(bytes: &[u8]) -> bool {
    let mut is_taken = false;
    for (keyed, lenient) in [(false, false), (false, true), (true, true)] {
        let options = ReadOptions { keyed, lenient, unpacked_bytes_max: 1 << 22 };
        match read(bytes, &options) {
            Ok(parsed) => {
                check(&parsed, bytes.len());
                is_taken |= !lenient;
            }
            Err(ReadError::Line { line, column, reason }) => {
                let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
                assert!(line <= lines || bytes.starts_with(&[0x1f]) || bytes.starts_with(&[0x28]));
                assert!(line > 0 && column != Some(0) && !reason.is_empty());
                // What a lenient reading cannot make sense of it tells and passes over; only a file
                // that ends at once is an error still.
                assert!(!lenient || reason == "the file ends within its first entry", "{reason}");
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    is_taken
}

fn check(parsed: &Parsed, length: usize) {
    let history = &parsed.history;
    assert!(!history.is_empty());
    let invocations = history.calls().len();
    assert!(invocations > 0 && invocations <= history.len());
    assert!(parsed.notes.lost <= parsed.notes.mended);
    assert!(parsed.warnings.len() <= 14, "{:?}", parsed.warnings);
    // Every value can be written down.
    for event in history.events() {
        let shown = history.values().show(event.value);
        assert!(shown.len() <= 12 * length.max(1 << 22), "{}", shown.len());
    }
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    const TELLING: &[u8] = b"{}[]()\"\\;#_:, \n\t0-9Ntnx\xff\xc3\x00";
    for _ in 0..random.between(1, 4) {
        let at = random.below(bytes.len() as u64 + 1) as usize;
        let byte = *random.pick(TELLING).expect("some");
        match random.below(6) {
            0 => bytes.insert(at, byte),
            1 if at < bytes.len() => bytes[at] = byte,
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 => bytes.truncate(at),
            4 => {
                let end = (at + random.below(80) as usize).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                let end = (at + random.below(80) as usize).min(bytes.len());
                let again = bytes[at..end].to_vec();
                let to = random.below(bytes.len() as u64 + 1) as usize;
                bytes.splice(to..to, again);
            }
        }
    }
}

#[test]
fn random_bytes_break_nothing() {
    let mut random = Seed(11).child("bytes").random();
    for _ in 0..ROUNDS {
        let length = random.below(200);
        let bytes: Vec<u8> = (0..length).map(|_| random.bits() as u8).collect();
        exercise(&bytes);
        let letters = b"{}[]()\"\\;#_^:, \n\t019-+MNe/.tfnullrueas";
        let text: Vec<u8> = (0..length).map(|_| *random.pick(letters).expect("some")).collect();
        for start in [&b""[..], b"{:type :invoke :value ", b"{\"value\":", b"[{", b"0 :ok :f "] {
            exercise(&[start, &text].concat());
        }
    }
}

#[test]
fn mutations_of_good_files_break_nothing() {
    let mut random = Seed(12).child("mutations").random();
    let files: Vec<Vec<u8>> = fixture_names().iter().map(|name| fixture(name)).collect();
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..ROUNDS {
        let file = random.pick(&files).expect("some");
        // A piece of a file, so that what is mutated matters.
        let mut bytes = file[..file.len().min(3_000)].to_vec();
        mutate(&mut bytes, &mut random);
        *(if exercise(&bytes) { &mut taken } else { &mut refused }) += 1;
    }
    assert!(taken > ROUNDS / 10 && refused > ROUNDS / 10, "{taken} taken, {refused} refused");
}

#[test]
fn every_truncation_of_a_small_file_is_a_prefix_of_it() {
    for name in ["paper-example.json", "paper-example.edn", "set.edn", "rethink-fail-minimal.edn"] {
        let bytes = fixture(name);
        let mut last = 0;
        for end in 0..bytes.len() {
            let events = match read(&bytes[..end], &ReadOptions::default()) {
                Ok(parsed) => parsed.history.len(),
                Err(error) => {
                    assert_eq!(last, 0, "{name} cut at {end}: {error}");
                    0
                }
            };
            assert!(events == last || events == last + 1, "{name} cut at {end}");
            last = events;
        }
    }
}

/// What each target of `fuzz/` puts before its bytes.
const TARGETS: [(&str, &[u8]); 5] = [
    ("any", b""),
    ("edn", b";\n"),
    ("json", b"{\"tribunal_history\":1}\n"),
    ("log", b"INFO\n"),
    ("packed", b""),
];

/// The inputs that fuzzing begins with, and those it has found.
#[test]
fn the_fuzz_corpus_breaks_nothing() {
    let folder = fixtures().join("../../../fuzz/corpus");
    assert_eq!(std::fs::read_dir(&folder).expect("fuzz/corpus").count(), TARGETS.len());
    for (target, start) in TARGETS {
        let mut taken = 0;
        for seed in std::fs::read_dir(folder.join(target)).expect("a folder of seeds") {
            let bytes = std::fs::read(seed.expect("a seed").path()).expect("a file");
            taken += u32::from(exercise(&[start, &bytes].concat()));
        }
        assert!(taken >= 2, "{target}: only {taken} seeds are histories");
    }
}

/// Gives a few bytes at a time, at every place another number of them.
struct Dripping<'a>(&'a [u8], usize);

impl Read for Dripping<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.1 += 1;
        if self.1.is_multiple_of(5) {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let length = (self.1 % 7 + 1).min(out.len());
        self.0.read(&mut out[..length])
    }
}

#[test]
fn how_bytes_arrive_does_not_matter() {
    for name in fixture_names() {
        let bytes = fixture(&name);
        let whole = read(&bytes[..], &ReadOptions::default()).unwrap();
        let dripping = read(Dripping(&bytes, 0), &ReadOptions::default()).unwrap();
        assert_eq!(crate::words(&whole), crate::words(&dripping), "{name}");
        assert_eq!(whole.notes, dripping.notes);
    }
}
