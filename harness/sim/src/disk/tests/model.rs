//! The disk against a naive model: byte vectors, and what a crash may leave of them by the book.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const FILES: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
enum Step {
    Append(usize, usize, u64),
    Sync(usize),
    Truncate(usize, u64),
    Rename(usize, usize),
    Remove(usize),
    SyncDir,
    Crash(CrashMode, u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let file = 0..FILES.len();
    let mode = prop_oneof![
        Just(CrashMode::Kill),
        Just(CrashMode::LoseUnsynced),
        Just(CrashMode::Subset),
        Just(CrashMode::Torn),
    ];
    let step = prop_oneof![
        8 => (file.clone(), 0..12_000_usize, any::<u64>())
            .prop_map(|(file, len, seed)| Step::Append(file, len, seed)),
        3 => file.clone().prop_map(Step::Sync),
        2 => (file.clone(), 0..16_000_u64).prop_map(|(file, len)| Step::Truncate(file, len)),
        1 => (file.clone(), file.clone())
            .prop_filter("another name", |(from, to)| from != to)
            .prop_map(|(from, to)| Step::Rename(from, to)),
        1 => file.prop_map(Step::Remove),
        3 => Just(Step::SyncDir),
        3 => (mode, any::<u64>()).prop_map(|(mode, seed)| Step::Crash(mode, seed)),
    ];
    prop::collection::vec(step, 0..30)
}

#[derive(Clone, Debug, Default)]
struct File {
    written: Vec<u8>,
    durable: Vec<u8>,
    /// The shortest it was since the last sync.
    low: usize,
}

type Named = BTreeMap<String, usize>;

/// What the names were after each change since the last sync of the directory, and before the
/// first.
#[derive(Debug)]
struct Model {
    files: Vec<File>,
    names: Vec<Named>,
}

impl Model {
    fn shown(&self) -> &Named {
        self.names.last().unwrap()
    }

    fn file(&mut self, name: &str) -> Option<&mut File> {
        let file = *self.shown().get(name)?;
        self.files.get_mut(file)
    }

    fn rename(&mut self, change: impl FnOnce(&mut Named) -> Option<()>) -> bool {
        let mut names = self.shown().clone();
        let changed = change(&mut names).is_some();
        if changed {
            self.names.push(names);
        }
        changed
    }

    fn append(&mut self, name: &str, bytes: &[u8]) {
        if self.file(name).is_none() {
            self.files.push(File::default());
            let file = self.files.len() - 1;
            self.rename(|names| {
                names.insert(name.to_owned(), file);
                Some(())
            });
        }
        self.file(name).unwrap().written.extend_from_slice(bytes);
    }

    fn sync(&mut self, name: &str) -> bool {
        let Some(file) = self.file(name) else { return false };
        file.durable = file.written.clone();
        file.low = file.written.len();
        true
    }

    fn truncate(&mut self, name: &str, len: usize) -> bool {
        let Some(file) = self.file(name) else { return false };
        file.written.truncate(len);
        file.low = file.low.min(file.written.len());
        true
    }

    /// Whether this is one of the things a crash may leave; goes on from it then.
    fn crash(&mut self, mode: CrashMode, left: &[(String, Vec<u8>)]) -> bool {
        if mode == CrashMode::Kill {
            let shown: Vec<_> = self.shown().iter().collect();
            return shown.len() == left.len()
                && shown.iter().zip(left).all(|((name, file), (found, bytes))| {
                    *name == found && self.files[**file].written == *bytes
                });
        }
        let candidates = match mode {
            CrashMode::LoseUnsynced => &self.names[..1],
            _ => &self.names[..],
        };
        let possible = candidates.iter().find(|names| {
            names.len() == left.len()
                && names.iter().zip(left).all(|((name, file), (found, bytes))| {
                    name == found && self.files[*file].may_leave(mode, bytes)
                })
        });
        let Some(names) = possible.cloned() else { return false };
        for (name, bytes) in left {
            let low = bytes.len();
            self.files[names[name]] = File { written: bytes.clone(), durable: bytes.clone(), low };
        }
        self.names = vec![names];
        true
    }
}

impl File {
    fn may_leave(&self, mode: CrashMode, left: &[u8]) -> bool {
        let unit = match mode {
            CrashMode::LoseUnsynced => return self.durable == left,
            CrashMode::Subset => BLOCK_BYTES,
            CrashMode::Kill | CrashMode::Torn => SECTOR_BYTES,
        };
        let cut = self.low < self.durable.len();
        let uncut = cut && left.len() == self.durable.len() && self.mixes(unit, left, usize::MAX);
        let lengths = self.low.min(self.durable.len())..=self.written.len();
        uncut || (lengths.contains(&left.len()) && self.mixes(unit, left, self.low))
    }

    /// Whether every unit is wholly what it was, up to `old_end`, or wholly what was written.
    fn mixes(&self, unit: usize, left: &[u8], old_end: usize) -> bool {
        let at = |bytes: &[u8], offset: usize| bytes.get(offset).copied().unwrap_or(0);
        let old = &self.durable[..old_end.min(self.durable.len())];
        left.chunks(unit).enumerate().all(|(number, chunk)| {
            let is = |version: &[u8]| {
                let mut bytes = chunk.iter().zip(number * unit..);
                bytes.all(|(byte, offset)| *byte == at(version, offset))
            };
            is(old) || is(&self.written)
        })
    }
}

/// Does a step to both; false if they differ.
fn agree(disk: &mut SimDisk, model: &mut Model, step: &Step) -> bool {
    match step {
        Step::Append(file, len, seed) => {
            let bytes = bytes(&mut random(*seed), *len);
            model.append(FILES[*file], &bytes);
            disk.append(FILES[*file], &bytes).is_ok()
        }
        Step::Sync(file) => disk.sync(FILES[*file]).is_ok() == model.sync(FILES[*file]),
        Step::Truncate(file, len) => {
            let done = disk.truncate(FILES[*file], *len).is_ok();
            done == model.truncate(FILES[*file], *len as usize)
        }
        Step::Rename(from, to) => {
            let done = disk.rename(FILES[*from], FILES[*to]).is_ok();
            done == model.rename(|names| {
                let file = names.remove(FILES[*from])?;
                names.insert(FILES[*to].to_owned(), file);
                Some(())
            })
        }
        Step::Remove(file) => {
            let done = disk.remove(FILES[*file]).is_ok();
            done == model.rename(|names| names.remove(FILES[*file]).map(drop))
        }
        Step::SyncDir => {
            model.names.drain(..model.names.len() - 1);
            disk.sync_dir().is_ok()
        }
        Step::Crash(mode, seed) => {
            let lost_before = disk.unsynced();
            let report = disk.crash(&mut random(*seed), *mode);
            assert_eq!(report.unsynced_bytes, lost_before);
            assert_eq!(report.acknowledged_lost + report.blocks_shown_unwritten, 0);
            model.crash(*mode, &content(disk))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_crash_leaves_what_the_model_allows(steps in steps()) {
        let mut disk = SimDisk::new();
        let mut model = Model { files: Vec::new(), names: vec![BTreeMap::new()] };
        for step in &steps {
            let done = agree(&mut disk, &mut model, step);
            prop_assert!(done, "{:?} of {:?}", step, steps);
            let shown: Vec<_> = model
                .shown()
                .iter()
                .map(|(name, file)| (name.clone(), model.files[*file].written.clone()))
                .collect();
            prop_assert_eq!(content(&mut disk), shown, "{:?}", step);
            let used: usize = disk.files.values().map(|file| file.cache.len()).sum();
            prop_assert_eq!(disk.used(), used as u64);
        }
    }
}
