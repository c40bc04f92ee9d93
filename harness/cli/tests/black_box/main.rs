//! The program as its users meet it: flags, exit codes, files, whole runs.

mod batch;
mod check;
mod docker;
mod explore;
mod github;
mod live;
mod models;
mod prune;
mod replay;
mod shrink;
mod sim;
mod sim_batch;
mod support;
mod usage;
