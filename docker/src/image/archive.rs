//! The tar file of an image.

use std::io;
use std::path::{Component, Path};

use super::objects::ImageFile;
use super::{DATA, NOBODY};

/// Packs files into a tar file, the same bytes for the same files, with an empty data directory
/// that belongs to the node's user.
pub(super) fn pack(files: &[ImageFile]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut folders = std::collections::BTreeSet::new();
    for file in files {
        let parents = Path::new(&file.path).ancestors().skip(1);
        folders.extend(parents.filter(|path| *path != Path::new("/")).map(Path::to_owned));
    }
    for folder in folders {
        append(&mut archive, &folder, tar::EntryType::Directory, (0o755, 0), &[])?;
    }
    append(&mut archive, Path::new(DATA), tar::EntryType::Directory, (0o700, NOBODY), &[])?;
    for file in files {
        let kind = tar::EntryType::Regular;
        append(&mut archive, Path::new(&file.path), kind, (0o755, 0), &file.content)?;
    }
    archive.into_inner()
}

/// Packs files of a node's data directory.
pub(crate) fn pack_data(files: &[(String, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let path = Path::new(name);
        let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        if !is_inside || name.is_empty() {
            let reason = format!("its file '{name}' would lie outside its data directory");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        append(&mut archive, path, tar::EntryType::Regular, (0o600, NOBODY), content)?;
    }
    archive.into_inner()
}

/// No time of change: the archive is a function of its content.
fn append(
    archive: &mut tar::Builder<Vec<u8>>,
    path: &Path,
    kind: tar::EntryType,
    (mode, owner): (u32, u64),
    content: &[u8],
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(owner);
    header.set_gid(owner);
    header.set_mtime(0);
    header.set_size(content.len() as u64);
    archive.append_data(&mut header, path.strip_prefix("/").unwrap_or(path), content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(archive: &[u8]) -> Vec<(String, u64)> {
        let mut archive = tar::Archive::new(archive);
        let entries = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            (path, entry.header().uid().unwrap())
        });
        entries.collect()
    }

    #[test]
    fn an_archive_is_a_function_of_its_files() {
        let files = [
            ImageFile { path: "/tribunal".into(), content: b"program".to_vec() },
            ImageFile { path: "/lib64/ld.so".into(), content: b"loader".to_vec() },
        ];
        let archive = pack(&files).unwrap();
        assert_eq!(archive, pack(&files).unwrap());
        let name = |name: &str, owner| (name.to_owned(), owner);
        let expected =
            [name("lib64", 0), name("data", NOBODY), name("tribunal", 0), name("lib64/ld.so", 0)];
        assert_eq!(names(&archive), expected);
    }

    #[test]
    fn a_file_outside_the_data_directory_is_refused() {
        let file = |name: &str| [(name.to_owned(), b"x".to_vec())];
        assert_eq!(names(&pack_data(&file("a/b.json")).unwrap()).len(), 1);
        for name in ["../x", "/etc/x", "", "a/../../x"] {
            assert!(pack_data(&file(name)).is_err(), "{name}");
        }
    }
}
