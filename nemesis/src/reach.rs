//! On which clusters a nemesis can do what it does.

use std::fmt;

/// On which clusters a nemesis can do what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// On every cluster.
    Every,
    /// Where links carry packets: in containers, and in the simulator.
    Packets,
    /// Only where disk, clocks and processes are simulated.
    Simulated,
}

/// What to say behind its description, as `--cluster sim only`; empty for every cluster.
impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reach::Every => "",
            Reach::Packets => "--cluster docker or sim only",
            Reach::Simulated => "--cluster sim only",
        })
    }
}
