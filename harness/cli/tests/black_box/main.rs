//! The program as its users meet it: flags, exit codes, files, whole runs.

mod live;
mod support;
mod usage;
