//! Breaking of established TCP connections, by asking the kernel to destroy their sockets.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};

use netlink_bindings::inet_diag::{Msg, ReqV2, Request, Sockid};
use netlink_bindings::traits::{NetlinkRequest, Protocol};
use netlink_socket2::{NetlinkSocket, ReplyError};

use super::netlink;
use crate::protocol::Path;

/// Most paths to break at a time.
pub(super) const BREAKS_MAX: usize = 128;

/// Most connections broken by one request; more are a mistake somewhere.
const CONNECTIONS_MAX: usize = 65_536;

/// `SOCK_DESTROY` of `linux/sock_diag.h`.
const SOCK_DESTROY: u16 = 21;

/// States in which the other end can notice: all but TIME_WAIT (6), CLOSE (7) and LISTEN (10), of
/// those numbered up to NEW_SYN_RECV (12).
const STATES: u32 = 0x1ffe & !(1 << 6 | 1 << 7 | 1 << 10);

/// Breaks connections of the network namespace it was opened in.
pub(super) struct Breaks {
    socket: NetlinkSocket,
}

impl Breaks {
    /// Opens a socket, and tries it on a connection of its own on 127.0.0.1: the kernel looks at
    /// the rights of the process only when there is something to destroy.
    ///
    /// # Errors
    /// If this kernel or the rights of this process do not allow it; says why.
    pub(super) fn open() -> Result<Breaks, String> {
        let mut breaks = Breaks { socket: NetlinkSocket::new() };
        let own = |error| format!("SOCK_DESTROY: no connection on 127.0.0.1 to try it on: {error}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(own)?;
        let address = listener.local_addr().map_err(own)?;
        let _trial = TcpStream::connect(address).map_err(own)?;
        let ends = BTreeSet::from([(Ipv4Addr::LOCALHOST, address.port())]);
        match breaks.destroy_all(&ends) {
            Ok(0) => Err("SOCK_DESTROY: the kernel does not list connections".to_owned()),
            Ok(_) => Ok(breaks),
            Err(error) => Err(match netlink::code(&error) {
                Some(libc::EPERM) => "SOCK_DESTROY: the process lacks CAP_NET_ADMIN".to_owned(),
                Some(libc::EOPNOTSUPP) => {
                    "SOCK_DESTROY: the kernel was built without CONFIG_INET_DIAG_DESTROY".to_owned()
                }
                Some(libc::ENOENT) => "SOCK_DESTROY: the kernel lacks tcp_diag".to_owned(),
                _ => format!("SOCK_DESTROY: {}", netlink::words(error)),
            }),
        }
    }

    /// Breaks every connection between the local port and the peer of a path, whichever way it
    /// goes, and returns how many. The kernel sends the other end a reset.
    ///
    /// # Errors
    /// The kernel's words; some connections may then be broken.
    pub(super) fn apply(&mut self, paths: &[Path]) -> Result<u64, String> {
        let ends: BTreeSet<_> = paths.iter().map(|path| (path.peer, path.port)).collect();
        if ends.is_empty() {
            return Ok(0);
        }
        let what = |error| format!("breaking connections: {}", netlink::words::<ReplyError>(error));
        self.destroy_all(&ends).map_err(what)
    }

    fn destroy_all(&mut self, ends: &BTreeSet<(Ipv4Addr, u16)>) -> Result<u64, ReplyError> {
        let mut destroyed = 0;
        // A socket of IPv6 carries IPv4 too, unless it was told not to.
        for family in [libc::AF_INET as u8, libc::AF_INET6 as u8] {
            for connection in self.find(family, ends)? {
                destroyed += u64::from(self.destroy(family, connection)?);
            }
        }
        Ok(destroyed)
    }

    fn find(
        &mut self,
        family: u8,
        ends: &BTreeSet<(Ipv4Addr, u16)>,
    ) -> Result<Vec<Sockid>, ReplyError> {
        let protocol = libc::IPPROTO_TCP as u8;
        let header = ReqV2 { family, protocol, states: STATES, ..ReqV2::default() };
        let request = Request::new().op_tcp_diag_dump(&header);
        let mut reply = self.socket.request(&request)?;
        let mut found = Vec::new();
        while let Some(connection) = reply.recv() {
            let (message, _) = connection?;
            let Some(peer) = remote(family, &message) else { continue };
            if ends.contains(&(peer, message.sockid.sport())) {
                if found.len() == CONNECTIONS_MAX {
                    let words = format!("more than {CONNECTIONS_MAX} connections to break");
                    return Err(std::io::Error::other(words).into());
                }
                found.push(message.sockid);
            }
        }
        Ok(found)
    }

    /// Destroys a connection and says whether it was still there.
    fn destroy(&mut self, family: u8, connection: Sockid) -> Result<bool, ReplyError> {
        let protocol = libc::IPPROTO_TCP as u8;
        let header =
            ReqV2 { family, protocol, states: STATES, sockid: connection, ..ReqV2::default() };
        match self.socket.request(&Destroy(header))?.recv_ack() {
            Ok(()) => Ok(true),
            Err(error) if is_gone(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// No socket has this identity any more.
fn is_gone(error: &ReplyError) -> bool {
    matches!(netlink::code(error), Some(libc::ENOENT | libc::ESTALE))
}

/// The IPv4 address of the other end.
fn remote(family: u8, message: &Msg) -> Option<Ipv4Addr> {
    let octets = message.sockid.dst;
    if i32::from(family) == libc::AF_INET {
        return Some(Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]));
    }
    Ipv6Addr::from(octets).to_ipv4_mapped()
}

/// The request the library does not know.
struct Destroy(ReqV2);

impl NetlinkRequest for Destroy {
    fn protocol(&self) -> Protocol {
        Protocol::Raw { protonum: libc::NETLINK_SOCK_DIAG as u16, request_type: SOCK_DESTROY }
    }

    fn flags(&self) -> u16 {
        0
    }

    fn payload(&self) -> &[u8] {
        self.0.as_slice()
    }

    type ReplyType<'a> = ();

    fn decode_reply(_: &[u8]) -> Self::ReplyType<'_> {}
}
