//! Routes and devices of a network namespace, over rtnetlink.

use std::net::{IpAddr, Ipv4Addr};

use netlink_bindings::rt_link::{self, IfinfoFlags, Ifinfomsg};
use netlink_bindings::rt_route::{self, Rtmsg};
use netlink_socket2::{NetlinkSocket, ReplyError};

use super::netlink;

/// Names our routes among others; not one that is handed out (`/etc/iproute2/rt_protos`).
const ROUTE_PROTOCOL: u8 = 84;

/// `IN6_ADDR_GEN_MODE_NONE`.
const NO_ADDRESSES: u8 = 1;

/// How packets leave for a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exit {
    /// The device.
    pub(super) device: String,
    /// The most bytes of a packet on it.
    pub(super) mtu: u32,
    /// The address they come from.
    pub(super) own: Ipv4Addr,
}

/// Changes routes and devices of the network namespace it is first used in.
pub(super) struct Routes {
    socket: NetlinkSocket,
}

impl Routes {
    pub(super) fn new() -> Routes {
        Routes { socket: NetlinkSocket::new() }
    }

    /// How packets leave for `peer` now.
    ///
    /// # Errors
    /// If there is no way, or none that leaves this namespace.
    pub(super) fn exit(&mut self, peer: Ipv4Addr) -> Result<Exit, String> {
        let header = Rtmsg { rtm_family: libc::AF_INET as u8, rtm_dst_len: 32, ..Rtmsg::default() };
        let mut request = rt_route::Request::new().op_getroute_do(&header);
        request.encode().push_dst(IpAddr::V4(peer));
        let what = |error: ReplyError| format!("no route to {peer}: {}", netlink::words(error));
        let mut reply = self.socket.request(&request).map_err(|error| what(error.into()))?;
        let (route, attributes) = reply.recv_one().map_err(what)?;
        if route.rtm_type != libc::RTN_UNICAST {
            return Err(format!("{peer} is no other host; its packets do not leave"));
        }
        let device = attributes.get_oif().map_err(|error| what(error.into()))?;
        let own = match attributes.get_prefsrc() {
            Ok(IpAddr::V4(own)) => own,
            _ => return Err(format!("no address of our own on the way to {peer}")),
        };
        drop(reply);
        let (device, mtu) = self.device(device).map_err(what)?;
        Ok(Exit { device, mtu, own })
    }

    /// A device's name and MTU.
    fn device(&mut self, index: u32) -> Result<(String, u32), ReplyError> {
        let request = rt_link::Request::new().op_getlink_do(&of_device(index));
        let mut reply = self.socket.request(&request)?;
        let (_, attributes) = reply.recv_one()?;
        let name = attributes.get_ifname()?.to_string_lossy().into_owned();
        Ok((name, attributes.get_mtu()?))
    }

    /// Packets that the device threw away because nobody had read enough of those before.
    pub(super) fn overflowed(&mut self, index: u32) -> Result<u64, String> {
        let request = rt_link::Request::new().op_getlink_do(&of_device(index));
        let mut reply = self.socket.request(&request).map_err(netlink::words)?;
        let (_, attributes) = reply.recv_one().map_err(netlink::words)?;
        let figures = attributes.get_stats64().map_err(netlink::words)?;
        Ok(figures.tx_dropped)
    }

    /// Sets a device up, for packets of `mtu` bytes, `waiting` of which may wait to be read; keeps
    /// IPv6 from giving it an address, where there is IPv6.
    pub(super) fn raise(&mut self, index: u32, mtu: u32, waiting: u32) -> Result<(), String> {
        let mut request = rt_link::Request::new().op_setlink_do(&of_device(index));
        let addresses = request.encode().nested_af_spec().nested_inet6();
        addresses.push_addr_gen_mode(NO_ADDRESSES);
        // Without IPv6 there is nothing to keep it from.
        let _ = self.acknowledge(&request);
        let up = IfinfoFlags::Up as u32;
        let header = Ifinfomsg { ifi_flags: up, ifi_change: up, ..of_device(index) };
        let mut request = rt_link::Request::new().op_setlink_do(&header);
        request.encode().push_mtu(mtu).push_txqlen(waiting);
        self.acknowledge(&request).map_err(netlink::words)
    }

    /// Leads packets for `peer` into a device, whatever other routes say. Again is as once.
    pub(super) fn lead(&mut self, peer: Ipv4Addr, index: u32, own: Ipv4Addr) -> Result<(), String> {
        let mut request =
            rt_route::Request::new().set_create().set_replace().op_newroute_do(&ours());
        let route = request.encode().push_dst(IpAddr::V4(peer)).push_oif(index);
        route.push_prefsrc(IpAddr::V4(own));
        self.acknowledge(&request)
            .map_err(|error| format!("a route for {peer}: {}", netlink::words(error)))
    }

    /// Leads them into it no more. There need be no route.
    pub(super) fn release(&mut self, peer: Ipv4Addr, index: u32) -> Result<(), String> {
        let mut request = rt_route::Request::new().op_delroute_do(&ours());
        request.encode().push_dst(IpAddr::V4(peer)).push_oif(index);
        match self.acknowledge(&request) {
            Ok(()) => Ok(()),
            Err(error) if netlink::code(&error) == Some(libc::ESRCH) => Ok(()),
            Err(error) => Err(format!("the route for {peer}: {}", netlink::words(error))),
        }
    }

    fn acknowledge<R: netlink_bindings::traits::NetlinkRequest>(
        &mut self,
        request: &R,
    ) -> Result<(), ReplyError> {
        self.socket.request(request)?.recv_ack()
    }
}

fn of_device(index: u32) -> Ifinfomsg {
    Ifinfomsg { ifi_index: index as i32, ..Ifinfomsg::default() }
}

/// Marks a route as one of ours.
fn ours() -> Rtmsg {
    Rtmsg {
        rtm_family: libc::AF_INET as u8,
        rtm_dst_len: 32,
        rtm_table: libc::RT_TABLE_MAIN,
        rtm_protocol: ROUTE_PROTOCOL,
        rtm_scope: libc::RT_SCOPE_LINK,
        rtm_type: libc::RTN_UNICAST,
        ..Rtmsg::default()
    }
}
