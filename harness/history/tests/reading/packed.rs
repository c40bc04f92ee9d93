//! Packed histories: the same as unpacked ones, bounded, and damage is told from a missing end.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use tribunal_history::reading::{Packing, ReadError, ReadOptions, read};

use crate::{fixture, fixture_names, strictly, words};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

#[test]
fn packed_files_read_as_what_is_in_them() {
    for name in fixture_names() {
        let plain = fixture(&name);
        let expected = words(&strictly(&plain).unwrap());
        for (packed, packing) in [(gzip(&plain), Packing::Gzip), (zstd(&plain), Packing::Zstd)] {
            let parsed = strictly(&packed).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(words(&parsed), expected, "{name}");
            assert_eq!(parsed.notes.packing, packing);
        }
    }
}

#[test]
fn several_members_are_one_file() {
    let plain = fixture("counter.edn");
    let expected = words(&strictly(&plain).unwrap());
    let (a, b) = plain.split_at(plain.len() / 3);
    let skipped = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    for packed in [
        [gzip(a), gzip(b)].concat(),
        [zstd(a), zstd(b)].concat(),
        [&skipped[..], &zstd(a), &skipped, &zstd(b), &skipped].concat(),
    ] {
        assert_eq!(words(&strictly(&packed).unwrap()), expected);
    }
}

#[test]
fn a_packed_file_that_ends_early_is_cut_with_a_warning() {
    // Long enough for several of zstd's blocks.
    let entry = |kind, number| {
        format!("{{:type :{kind}, :f :write, :value {number}, :process 0, :time 1{number}}}\n")
    };
    let both = |number| [entry("invoke", number), entry("ok", number)];
    let plain = (0..5_000).flat_map(both).collect::<String>().into_bytes();
    for packed in [gzip(&plain), zstd(&plain)] {
        let mut read_some = 0;
        for part in 1..20 {
            let cut = &packed[..packed.len() * part / 20];
            match strictly(cut) {
                Ok(parsed) => {
                    read_some += 1;
                    let last = parsed.warnings.last().expect("a warning");
                    assert!(last.ends_with("data is unfinished and ends here"), "{last}");
                }
                Err(error) => {
                    let error = error.to_string();
                    let within = error == "line 1: the file ends within its first entry";
                    let told = error.ends_with("data is unfinished and ends here");
                    assert!(within || told, "{part}: {error}");
                }
            }
        }
        assert!(read_some > 0);
    }
}

#[test]
fn damage_is_an_error() {
    let plain = fixture("counter.edn");
    for (packed, packing) in [(gzip(&plain), Packing::Gzip), (zstd(&plain), Packing::Zstd)] {
        // The last bytes are the checksum (of gzip, before the length).
        let mut bad = packed.clone();
        let at = bad.len() - if packing == Packing::Gzip { 8 } else { 1 };
        bad[at] ^= 1;
        let error = strictly(&bad).unwrap_err();
        assert!(
            matches!(error, ReadError::Packed { packing: found, .. } if found == packing),
            "{error}"
        );
        assert!(
            error.to_string().starts_with(&format!("its {packing} data is damaged: ")),
            "{error}"
        );
    }
}

#[test]
fn what_follows_packed_data_is_no_unfinished_end() {
    let plain = fixture("counter.edn");
    for packed in [gzip(&plain), zstd(&plain)] {
        for more in [&b"{:type :invoke, :f :read, :process 0}\n"[..], &[0; 64]] {
            let error = strictly(&[&packed[..], more].concat()).unwrap_err().to_string();
            assert!(error.ends_with("bytes that are not packed so follow its end"), "{error}");
        }
    }
}

#[test]
fn nothing_left_of_a_packed_file_says_why() {
    let packed = gzip(&fixture("counter.edn"));
    let error = strictly(&packed[..12]).unwrap_err();
    assert!(error.to_string().ends_with("its gzip data is unfinished and ends here"), "{error}");
}

#[test]
fn a_bomb_is_not_unpacked() {
    // A history of spaces: a thousandth of its size when packed.
    let bomb = vec![b' '; 10_000_000];
    let options = ReadOptions { unpacked_bytes_max: 1_000_000, ..ReadOptions::default() };
    for packed in [gzip(&bomb), zstd(&bomb)] {
        let error = read(&packed[..], &options).unwrap_err();
        assert_eq!(
            error.to_string(),
            "unpacked it is longer than 1000000 bytes, the limit for packed files; unpack it first"
        );
    }
    // A file that is not packed has no such limit.
    assert!(matches!(read(&bomb[..], &options), Err(ReadError::Empty { .. })));
}
