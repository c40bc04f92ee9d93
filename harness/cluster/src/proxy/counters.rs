//! What happened on a link, as evidence.

use std::ops::{Add, Sub};
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// What happened on a link since the run began, and what is on it now.
        ///
        /// Sums and differences saturate, so that those of many links can be added up.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct LinkCounters {
            $($(#[$doc])* pub $name: u64,)*
            /// The longest any of them was under way, in nanoseconds, since the link's packets were
            /// last unharmed. Neither a sum nor a difference: of two links the longer, and a
            /// difference keeps that of the later reading.
            pub delay_max: u64,
        }

        impl Add for LinkCounters {
            type Output = LinkCounters;
            fn add(self, other: LinkCounters) -> LinkCounters {
                LinkCounters {
                    $($name: self.$name.saturating_add(other.$name),)*
                    delay_max: self.delay_max.max(other.delay_max),
                }
            }
        }

        impl Sub for LinkCounters {
            type Output = LinkCounters;
            fn sub(self, other: LinkCounters) -> LinkCounters {
                LinkCounters {
                    $($name: self.$name.saturating_sub(other.$name),)*
                    delay_max: self.delay_max,
                }
            }
        }

        #[derive(Default)]
        pub(super) struct Cells {
            $(pub(super) $name: Cell,)*
            pub(super) delay_max: Cell,
        }

        impl Cells {
            pub(super) fn read(&self) -> LinkCounters {
                LinkCounters { $($name: self.$name.get(),)* delay_max: self.delay_max.get() }
            }
        }
    };
}

counters! {
    /// Connections accepted.
    connections,
    /// Connections open now.
    open,
    /// Connections accepted that waited to be carried further.
    delayed_connections,
    /// Connections refused, by a fault or because the node behind did not accept.
    refused,
    /// Connections refused because there were too many at once: the harness's limit, no fault.
    over_limit,
    /// Connections reset by a fault.
    resets,
    /// Bytes that passed.
    passed,
    /// Bytes that had to wait for a heal.
    held,
    /// Bytes waiting now.
    waiting,
    /// Replies lost: connections whose node's answer was swallowed.
    replies_lost,
    /// Bytes of those answers.
    swallowed,
    /// Pieces of a connection's bytes, as they were read, that passed late because of a delay or a
    /// limited bandwidth.
    delayed,
    /// How long these were under way, all together, in nanoseconds.
    delay_sum,
}

/// A number that many connections change. Relaxed: these are figures, nothing is decided by them.
#[derive(Default)]
pub(super) struct Cell(AtomicU64);

impl Cell {
    pub(super) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn subtract(&self, count: u64) {
        self.0.fetch_sub(count, Ordering::Relaxed);
    }

    pub(super) fn raise_to(&self, least: u64) {
        self.0.fetch_max(least, Ordering::Relaxed);
    }

    pub(super) fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl LinkCounters {
    /// What a fault that cuts did: bytes and connections that did not go on as they would have.
    pub const fn stopped(&self) -> u64 {
        self.held + self.delayed_connections + self.resets + self.refused + self.replies_lost
    }
}
