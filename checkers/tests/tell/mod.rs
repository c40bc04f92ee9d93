//! Tells what came of histories that were judged twice, for `.ci/twins` to gather.

/// Prints a row of the table: how many histories were judged, and how many of them were legal and
/// impossible. The others were left open. Whoever disagreed has panicked by now.
pub(crate) fn tell(name: &str, histories: u64, legal: u64, impossible: u64) {
    let open = histories - legal - impossible;
    println!("twin | {name} | {histories} | {legal} | {impossible} | {open} |");
}
