//! Names of the store's files.

/// The checkpoint that is being written.
pub(super) const CHECKPOINT_TMP: &str = "checkpoint.tmp";

/// The checkpoint of a generation; wide enough that names sort by number for a long time.
pub(super) fn checkpoint(generation: u64) -> String {
    format!("checkpoint-{generation:08}")
}

/// A segment of a generation's log.
pub(super) fn segment(generation: u64, number: u64) -> String {
    format!("log-{generation:08}-{number:08}")
}

/// The generation of a checkpoint's name.
pub(super) fn parse_checkpoint(name: &str) -> Option<u64> {
    name.strip_prefix("checkpoint-")?.parse().ok().filter(|found| checkpoint(*found) == name)
}

/// The generation and number of a segment's name.
pub(super) fn parse_segment(name: &str) -> Option<(u64, u64)> {
    let (generation, number) = name.strip_prefix("log-")?.split_once('-')?;
    let found = (generation.parse().ok()?, number.parse().ok()?);
    (segment(found.0, found.1) == name).then_some(found)
}
