//! How a history is to be read.

/// How a history is to be read. The default is strict and takes values as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// Split a value `[k v]` into key and value, as Jepsen's `independent` writes them. A value
    /// that is no pair is then an error.
    pub keyed: bool,
    /// Go on after what cannot be right, with a warning; its operation is one of unknown outcome.
    pub lenient: bool,
    /// Most bytes a packed file may unpack to.
    pub unpacked_bytes_max: u64,
}

impl ReadOptions {
    /// Most bytes a packed file unpacks to, unless told otherwise: 4 GiB.
    pub const UNPACKED_BYTES_MAX: u64 = 4 << 30;
}

impl Default for ReadOptions {
    fn default() -> ReadOptions {
        ReadOptions {
            keyed: false,
            lenient: false,
            unpacked_bytes_max: ReadOptions::UNPACKED_BYTES_MAX,
        }
    }
}
