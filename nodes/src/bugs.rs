//! The bugs that can be planted in this crate's nodes.

use tribunal_history::BugInfo;

/// Answers are given before the write they rest on is synced. In the store's driver, so every core
/// has it.
pub(crate) const ACK_BEFORE_FSYNC: BugInfo = BugInfo {
    name: "wal.ack_before_fsync",
    about: "a write is called durable before it is synced",
    nemesis: "power-majority",
    workload: "register",
    seen_in: "etcd #14370: a single node answered before its log was synced",
};

/// Whoever restarts a node takes a failed sync for a crash of the process alone. In the simulator's
/// driver, which is where syncs fail.
pub(crate) const WARM_RESTART: BugInfo = BugInfo {
    name: "wal.warm_restart",
    about: "after a failed sync only the process starts again, and trusts the page cache (sim only)",
    nemesis: "disk:fsync-fails",
    workload: "register",
    seen_in: "PostgreSQL's fsyncgate of 2018: a second sync that succeeds and has written nothing",
};

/// A repeated command is applied again.
pub(crate) const NO_SESSIONS: BugInfo = BugInfo {
    name: "session.none",
    about: "a command that a client sends again is applied again",
    nemesis: "lose-reply",
    workload: "kv-append",
    seen_in: "what section 8 of the Raft paper warns of",
};

/// A leader answers reads from its own state and never doubts that it leads.
pub(crate) const LOCAL_LEADER: BugInfo = BugInfo {
    name: "read.local_leader",
    about: "a leader answers reads without asking a majority, and leads on without one",
    nemesis: "isolate-leader",
    workload: "register",
    seen_in: "etcd 0.4.1 and Consul #54, dqlite #258: stale reads from an old leader",
};

/// Term and vote are forgotten in a crash.
pub(crate) const NO_PERSIST: BugInfo = BugInfo {
    name: "vote.no_persist",
    about: "term and vote are not kept on disk, so a restarted node votes twice in one term",
    nemesis: "restart-storm",
    workload: "register",
    seen_in: "NodeDB #161: term and vote never made durable",
};

/// Figure 8 of the Raft paper.
pub(crate) const PRIOR_TERM_BY_COUNT: BugInfo = BugInfo {
    name: "commit.prior_term_by_count",
    about: "a leader commits entries of earlier terms by counting replicas (figure 8)",
    nemesis: "leader-kill-cycle",
    workload: "register",
    seen_in: "figure 8 of the Raft paper; PySyncObj #169, LogCabin #44",
};

/// A log that differs is never repaired.
pub(crate) const NO_BACKOFF: BugInfo = BugInfo {
    name: "append.no_backoff",
    about: "a leader whose append is refused asks again at the same place, for ever: nobody who lags catches up",
    nemesis: "kill",
    workload: "register",
    seen_in: "what section 5.3 of the Raft paper asks for: to decrement nextIndex and try again",
};

/// Every planted bug, one of each name.
pub const BUGS: &[BugInfo] = &[
    LOCAL_LEADER,
    NO_SESSIONS,
    ACK_BEFORE_FSYNC,
    WARM_RESTART,
    NO_PERSIST,
    PRIOR_TERM_BY_COUNT,
    NO_BACKOFF,
];
