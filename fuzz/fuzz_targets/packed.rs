//! Packed files: the corpus leads there, the magic numbers do the rest.
#![no_main]

mod exercise;

libfuzzer_sys::fuzz_target!(|data: &[u8]| exercise::exercise(b"", data));
