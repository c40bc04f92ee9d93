//! The rules of the paper and the thesis, one by one, on a single node driven by hand.

mod bench;
mod elections;
mod forwarding;
mod reads;
mod recovery;
mod replication;
mod snapshots;
