//! The kernel's words, and batches that it answers once.

use netlink_bindings::builtin::Nlmsghdr;
use netlink_bindings::nftables::ChainedFinal;
use netlink_bindings::traits::{LookupFn, NetlinkChained};
use netlink_socket2::ReplyError;

/// What the kernel said, without the remark that it said no more.
pub(super) fn words(error: impl Into<ReplyError>) -> String {
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
        self.0.chain_len()
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
        Some(index + 2 == self.chain_len())
    }
}
