//! The kernel's words, and batches that it answers once.

use netlink_bindings::builtin::Nlmsghdr;
use netlink_bindings::nftables::ChainedFinal;
use netlink_bindings::traits::{LookupFn, NetlinkChained};
use netlink_socket2::ReplyError;

/// What the kernel said, without the remark that it said no more.
pub(super) fn words<E: Into<ReplyError>>(error: E) -> String {
    error.into().to_string().replace(" (no extended ack)", "")
}

/// The number of the system call's error, if it was one.
pub(super) fn code(error: &ReplyError) -> Option<i32> {
    error.as_io_error().raw_os_error()
}

/// A batch that asks for one acknowledgement, that of its last message before the end.
///
/// The library asks for one for each message; the kernel sends them all after the commit, and a
/// few hundred overflow the socket's buffer: the caller would then read an error about a batch that
/// is in force. Errors come unasked, for any message.
pub(super) struct AckLast(ChainedFinal<'static>);

impl AckLast {
    pub(super) fn new(mut batch: ChainedFinal<'static>) -> AckLast {
        let last = batch.chain_len().saturating_sub(2);
        let (bytes, mut at) = (batch.buf_mut(), 0);
        for index in 0.. {
            let Some(header) = bytes.get_mut(at..at + Nlmsghdr::len()) else { break };
            let mut changed = Nlmsghdr::new_from_zeroed(header);
            if index != last {
                changed.flags &= !(libc::NLM_F_ACK as u16);
            }
            header.copy_from_slice(changed.as_slice());
            at += (changed.len as usize).max(Nlmsghdr::len());
        }
        AckLast(batch)
    }
}

impl NetlinkChained for AckLast {
    fn protonum(&self) -> u16 {
        self.0.protonum()
    }

    fn payload(&self) -> &[u8] {
        self.0.payload()
    }

    fn chain_len(&self) -> usize {
        // The library (0.3.5) takes the last 64 of a multiple of 64 messages for answered, and so
        // would not read an error about them. One that does not exist prevents it.
        let count = self.0.chain_len();
        count + usize::from(count.is_multiple_of(64))
    }

    fn get_index(&self, seq: u32) -> Option<usize> {
        NetlinkChained::get_index(&self.0, seq)
    }

    fn name(&self, index: usize) -> &'static str {
        self.0.name(index)
    }

    fn lookup(&self, index: usize) -> LookupFn {
        self.0.lookup(index)
    }

    fn supports_ack(&self, index: usize) -> Option<bool> {
        Some(index + 2 == self.0.chain_len())
    }
}

#[cfg(test)]
mod tests {
    use netlink_bindings::nftables::{Chained, Nfgenmsg};

    use super::*;

    /// Which messages ask for an acknowledgement.
    fn asking(batch: &AckLast) -> Vec<usize> {
        let (bytes, mut at, mut asking) = (batch.payload(), 0, Vec::new());
        for index in 0.. {
            let Some(header) = bytes.get(at..at + Nlmsghdr::len()) else { break };
            let header = Nlmsghdr::new_from_zeroed(header);
            if header.flags & libc::NLM_F_ACK as u16 != 0 {
                asking.push(index);
            }
            at += header.len as usize;
        }
        asking
    }

    #[test]
    fn the_last_message_before_the_end_asks_and_is_waited_for() {
        for count in 3..200 {
            let mut batch = Chained::new(1);
            for _ in 0..count {
                let mut message = batch.request().op_deltable_do(&Nfgenmsg::default());
                message.encode().push_name(c"x");
            }
            let batch = AckLast::new(batch.finalize());
            assert_eq!(asking(&batch), [count - 2]);
            let waited_for: Vec<_> =
                (0..batch.chain_len()).filter(|at| batch.supports_ack(*at) == Some(true)).collect();
            assert_eq!(waited_for, [count - 2]);
            assert!(!batch.chain_len().is_multiple_of(64), "{count}");
        }
    }
}
