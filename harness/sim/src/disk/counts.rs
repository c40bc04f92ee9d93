/// What was asked of a disk since the machine's last boot, refused calls included.
///
/// A driver prices calls by the difference before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DiskCounts {
    /// Calls of any kind.
    pub operations: u64,
    /// Whole files read.
    pub reads: u64,
    /// Bytes given by them.
    pub read_bytes: u64,
    /// Appends, truncations, renames and removals.
    pub writes: u64,
    /// Bytes taken by appends.
    pub written_bytes: u64,
    /// Syncs of a file or of the directory.
    pub syncs: u64,
    /// Bytes that syncs brought to the device.
    pub synced_bytes: u64,
}
