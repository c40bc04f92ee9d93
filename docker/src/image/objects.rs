//! The program and the shared objects it needs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use elf::ElfBytes;
use elf::abi::{DT_NEEDED, DT_SONAME, PT_INTERP};
use elf::endian::AnyEndian;

use super::PROGRAM;

/// Where shared objects are in the image.
pub(super) const LIBRARIES: &str = "/lib";

/// Most shared objects of a program; ours has three.
const OBJECTS_MAX: usize = 64;
/// Largest file that is packed.
const BYTES_MAX: u64 = 1 << 30;

/// One file of the image.
pub(super) struct ImageFile {
    /// Where it is in the image.
    pub(super) path: String,
    pub(super) content: Vec<u8>,
}

/// Why a program cannot be packed.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file is no ELF file, or a broken one.
    #[error("{path} is no ELF file: {source}")]
    Elf {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        source: elf::ParseError,
    },
    /// A shared object is nowhere.
    #[error("it needs {0}, which is neither mapped here nor in the usual folders")]
    Missing(String),
    /// More, or larger, than can be meant.
    #[error("{0} is too large to be packed, or needs too many shared objects")]
    TooMuch(PathBuf),
}

/// Reads the program, its loader and all shared objects it needs, directly or not, in order of
/// their paths in the image. Those this very process has mapped are preferred to files of the
/// same name elsewhere. A static program is alone.
///
/// # Errors
/// If one of them cannot be found or read.
pub(super) fn gather(program: &Path) -> Result<Vec<ImageFile>, ObjectsError> {
    let mapped = mapped();
    let content = read(program)?;
    let needs = needs(program, &content)?;
    let mut files = vec![ImageFile { path: PROGRAM.into(), content }];
    if let Some(loader) = &needs.loader {
        files.push(ImageFile { path: loader.clone(), content: read(Path::new(loader))? });
    }
    let (mut queue, mut seen) = (VecDeque::from(needs.objects), BTreeSet::new());
    while let Some(name) = queue.pop_front() {
        if !seen.insert(name.clone()) {
            continue;
        }
        if seen.len() > OBJECTS_MAX {
            return Err(ObjectsError::TooMuch(program.to_owned()));
        }
        let path = mapped.get(&name).cloned().or_else(|| search(&name));
        let path = path.ok_or_else(|| ObjectsError::Missing(name.clone()))?;
        let content = read(&path)?;
        queue.extend(self::needs(&path, &content)?.objects);
        files.push(ImageFile { path: format!("{LIBRARIES}/{name}"), content });
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>, ObjectsError> {
    let failed = |source| ObjectsError::Read { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(failed)?.len() > BYTES_MAX {
        return Err(ObjectsError::TooMuch(path.to_owned()));
    }
    std::fs::read(path).map_err(failed)
}

/// What a file asks of its surroundings.
struct Needs {
    /// The path of its loader.
    loader: Option<String>,
    /// The names of shared objects.
    objects: Vec<String>,
    /// The name it goes by itself.
    name: Option<String>,
}

fn needs(path: &Path, content: &[u8]) -> Result<Needs, ObjectsError> {
    parse(content).map_err(|source| ObjectsError::Elf { path: path.to_owned(), source })
}

fn parse(content: &[u8]) -> Result<Needs, elf::ParseError> {
    let file = ElfBytes::<AnyEndian>::minimal_parse(content)?;
    let mut needs = Needs { loader: None, objects: Vec::new(), name: None };
    let segments = file.segments();
    if let Some(segment) = segments.into_iter().flatten().find(|one| one.p_type == PT_INTERP) {
        let text = String::from_utf8_lossy(file.segment_data(&segment)?);
        needs.loader = Some(text.trim_end_matches('\0').to_owned());
    }
    let common = file.find_common_data()?;
    if let (Some(dynamic), Some(strings)) = (common.dynamic, common.dynsyms_strs) {
        for entry in dynamic.iter() {
            let offset = usize::try_from(entry.d_val()).unwrap_or(usize::MAX);
            match entry.d_tag {
                DT_NEEDED => needs.objects.push(strings.get(offset)?.to_owned()),
                DT_SONAME => needs.name = Some(strings.get(offset)?.to_owned()),
                _ => {}
            }
        }
    }
    Ok(needs)
}

/// The shared objects this process has mapped, by the name they go by.
fn mapped() -> BTreeMap<String, PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let paths: BTreeSet<PathBuf> = maps
        .lines()
        .filter_map(|line| line.find('/').map(|at| PathBuf::from(&line[at..])))
        .filter(|path| path.to_string_lossy().contains(".so"))
        .collect();
    let named = paths.into_iter().filter_map(|path| {
        let name = parse(&read(&path).ok()?).ok()?.name?;
        Some((name, path))
    });
    named.collect()
}

/// Looks for a shared object where loaders look.
fn search(name: &str) -> Option<PathBuf> {
    let triple = format!("{}-linux-gnu", std::env::consts::ARCH);
    let folders = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib"];
    let named = folders.iter().flat_map(|folder| {
        [PathBuf::from(folder).join(&triple).join(name), PathBuf::from(folder).join(name)]
    });
    named.into_iter().find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_comes_with_its_loader_and_all_it_needs() {
        let program = std::env::current_exe().unwrap();
        let files = gather(&program).unwrap();
        let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
        assert!(paths.contains(&PROGRAM), "{paths:?}");
        let content = std::fs::read(&program).unwrap();
        let asked = needs(&program, &content).unwrap();
        for object in asked.objects {
            assert!(paths.contains(&format!("{LIBRARIES}/{object}").as_str()), "{object}");
        }
        assert!(asked.loader.is_none_or(|loader| paths.contains(&loader.as_str())));
    }

    #[test]
    fn what_is_no_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script");
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        assert!(gather(&path).is_err_and(|error| error.to_string().contains("no ELF file")));
        assert!(gather(&folder.path().join("nothing")).is_err());
    }
}
