//! What every target does with its bytes.

use tribunal_history::reading::{ReadError, ReadOptions, read};

/// Reads `start` and `data` as one file, strictly and leniently, and asks what must hold of any.
pub fn exercise(start: &[u8], data: &[u8]) {
    let bytes = [start, data].concat();
    for (keyed, lenient) in [(false, false), (false, true), (true, true)] {
        let options = ReadOptions { keyed, lenient, unpacked_bytes_max: 1 << 22 };
        match read(&bytes[..], &options) {
            Ok(parsed) => {
                assert!(!parsed.history.is_empty() && parsed.warnings.len() <= 14);
                assert!(parsed.history.calls().len() <= parsed.history.len());
                assert!(parsed.notes.lost <= parsed.notes.mended);
            }
            Err(ReadError::Line { line, .. }) => assert!(line > 0),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
