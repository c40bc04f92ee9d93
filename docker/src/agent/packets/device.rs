//! The two ends of a harmed link's detour: a TUN device that packets are led into, and a raw socket
//! that sends them on.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, sendto, setsockopt,
    socket, sockopt,
};

/// The name of our devices; the kernel puts a number for `%d`.
const NAME: &[u8] = b"tribunal%d";

/// What may wait in the raw socket, in bytes.
const SEND_BUFFER: usize = 8 << 20;

/// A TUN device of ours. It is gone when this is dropped.
pub(super) struct Device {
    file: File,
    name: String,
}

impl Device {
    /// Makes a device in the network namespace of the calling thread.
    ///
    /// # Errors
    /// If it cannot be made; says what is lacking.
    pub(super) fn new() -> Result<Device, String> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).custom_flags(libc::O_NONBLOCK);
        let file = options.open("/dev/net/tun").map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "there is no /dev/net/tun: load the module tun, and give \
                                        the container this device"
                .to_owned(),
            _ => format!("/dev/net/tun: {error}"),
        })?;
        let name = attach(&file).map_err(|errno| match errno {
            Errno::EPERM => "a TUN device: the process lacks CAP_NET_ADMIN".to_owned(),
            _ => format!("a TUN device: {}", errno.desc()),
        })?;
        Ok(Device { file, name })
    }

    /// Its index among the namespace's devices.
    pub(super) fn index(&self) -> Result<u32, String> {
        nix::net::if_::if_nametoindex(self.name.as_str())
            .map_err(|errno| format!("the device {}: {}", self.name, errno.desc()))
    }

    /// The next packet that was led into it, if there is one.
    ///
    /// # Errors
    /// If the device is no more.
    pub(super) fn read<'a>(&mut self, buffer: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        match self.file.read(buffer) {
            Ok(length) => Ok(buffer.get(..length)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Makes the opened file a TUN device and returns its name.
fn attach(file: &File) -> Result<String, Errno> {
    // SAFETY: the structure is plain numbers, for which zeros are values.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(NAME) {
        *to = *from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short;
    // SAFETY: the descriptor is open, and the request is a structure of the kind this call takes,
    // alive and writable until it returns.
    let result = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw mut request) };
    Errno::result(result)?;
    let name = request.ifr_name.iter().take_while(|character| **character != 0);
    Ok(name.map(|character| *character as u8 as char).collect())
}

/// What became of a packet that was to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// It is on its way.
    Yes,
    /// The kernel had no room or no way for it.
    No,
    /// A cut took it, and has counted it.
    Cut,
}

/// Sends whole packets, header and all, by one device, past every route that leads elsewhere.
pub(super) struct Sender {
    socket: OwnedFd,
}

impl Sender {
    /// Opens a raw socket that sends by the device of this name only.
    ///
    /// # Errors
    /// If it cannot be opened; says what is lacking.
    pub(super) fn new(device: Option<&str>) -> Result<Sender, String> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Inet, SockType::Raw, flags, SockProtocol::Raw);
        let socket = socket.map_err(|errno| match errno {
            Errno::EPERM => "a raw socket: the process lacks CAP_NET_RAW".to_owned(),
            _ => format!("a raw socket: {}", errno.desc()),
        })?;
        // A smaller buffer than asked for loses packets that are then counted.
        let _ = setsockopt(&socket, sockopt::SndBufForce, &SEND_BUFFER);
        if let Some(device) = device {
            setsockopt(&socket, sockopt::BindToDevice, &OsString::from(device))
                .map_err(|errno| format!("a raw socket on {device}: {}", errno.desc()))?;
        }
        Ok(Sender { socket })
    }

    /// Sends a packet of IPv4 to where its header says. Never waits.
    pub(super) fn send(&self, packet: &[u8]) -> Sent {
        let Some(to) = destination(packet) else { return Sent::No };
        let to = SockaddrIn::from(SocketAddrV4::new(to, 0));
        match sendto(self.socket.as_raw_fd(), packet, &to, MsgFlags::empty()) {
            Ok(_) => Sent::Yes,
            Err(Errno::EPERM) => Sent::Cut,
            Err(_) => Sent::No,
        }
    }
}

/// Where a packet of IPv4 goes, or nothing if it is none.
pub(super) fn destination(packet: &[u8]) -> Option<Ipv4Addr> {
    let address: [u8; 4] = packet.get(16..20)?.try_into().ok()?;
    (packet[0] >> 4 == 4).then(|| Ipv4Addr::from(address))
}

/// Whether a packet of IPv4 is TCP from this port.
pub(super) fn is_from_port(packet: &[u8], port: u16) -> bool {
    let header = usize::from(packet[0] & 0x0f) * 4;
    let is_first = packet.len() > 9 && u16::from_be_bytes([packet[6], packet[7]]) & 0x1fff == 0;
    is_first
        && i32::from(packet[9]) == libc::IPPROTO_TCP
        && packet.get(header..header + 2) == Some(&port.to_be_bytes()[..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_and_rubbish_is_not() {
        let mut packet = [0_u8; 24];
        (packet[0], packet[9]) = (0x45, 6);
        packet[16..20].copy_from_slice(&[10, 1, 2, 3]);
        packet[20..22].copy_from_slice(&7003_u16.to_be_bytes());
        assert_eq!(destination(&packet), Some(Ipv4Addr::new(10, 1, 2, 3)));
        assert!(is_from_port(&packet, 7003) && !is_from_port(&packet, 7004));
        assert!(!is_from_port(&packet[..21], 7003));
        packet[7] = 1;
        assert!(!is_from_port(&packet, 7003), "a later fragment");
        packet[0] = 0x60;
        assert_eq!(destination(&packet), None);
        assert_eq!(destination(&packet[..19]), None);
        assert!(!is_from_port(&[0x4f], 7003));
    }
}
