//! A log, whatever the bytes: a line of another kind stands before them.
#![no_main]

mod exercise;

libfuzzer_sys::fuzz_target!(|data: &[u8]| exercise::exercise(b"INFO\n", data));
