//! EDN, whatever the bytes: a comment stands before them.
#![no_main]

mod exercise;

libfuzzer_sys::fuzz_target!(|data: &[u8]| exercise::exercise(b";\n", data));
