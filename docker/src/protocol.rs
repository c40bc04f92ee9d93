//! What a controller asks of an agent: JSON lines, one reply for each request, opened with the
//! run's token.
//!
//! An agent is told the whole of what is to be in force, never a change: the same request twice is
//! the same as once, and a controller that lost a connection says it again on the next.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use tribunal_history::{Link, PacketFault};

/// The version of this protocol. Controller and agent are one executable, so another one is a
/// mistake that is refused.
pub const VERSION: u32 = 1;

/// The longest line, in bytes: several times that of the largest request that is accepted.
pub const LINE_BYTES_MAX: usize = 256 << 10;

/// A numbered request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Repeated by the reply.
    pub number: u64,
    /// What is asked.
    pub ask: Ask,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// The first request of every connection. Answered by [`Reply::Hello`].
    Hello {
        /// The protocol the controller speaks.
        version: u32,
        /// The run's token.
        token: String,
    },
    /// From now on exactly this is in force. Answered by [`Reply::State`], with the counters as
    /// they were when it came into force.
    Set {
        /// What is to be in force.
        wanted: Wanted,
        /// Connections to break at the same time: those between a path's peer and its port,
        /// whichever way it goes. What is wanted is in force by then, but a cut that drops what
        /// this node sends on these connections lets resets pass for that moment, so that the
        /// other end learns of it, even if the link was cut before and is cut after. To a harm, and
        /// to cuts at the other end, a reset is a packet like others.
        breaks: Vec<Path>,
    },
    /// Answered by [`Reply::State`].
    Read,
}

/// A numbered reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// That of the request.
    pub number: u64,
    /// The reply.
    pub reply: Reply,
}

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The token was right.
    Hello(Abilities),
    /// Done; what happened on each link that was ever named.
    State {
        /// In order of link.
        links: Vec<LinkFigures>,
        /// Connections broken by this request.
        broken: u64,
    },
    /// Not done, and why. Nothing has changed, unless the reason says what has. Its number is 0 if
    /// the request could not be read.
    Refused {
        /// In words.
        reason: String,
    },
}

/// What this kernel lets the agent do; each `None` if it works, or else why it does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abilities {
    /// nftables: cuts.
    pub no_cuts: Option<String>,
    /// TUN and raw sockets: packet faults.
    pub no_packets: Option<String>,
    /// Breaking of established connections (`SOCK_DESTROY`).
    pub no_breaks: Option<String>,
}

/// Everything that is to be in force in one node's namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Links on which nothing passes, each at most once.
    pub cuts: Vec<Cut>,
    /// Links whose packets are harmed as this node sends them, each at most once.
    pub packets: Vec<Harm>,
}

/// One directed link as packets of this namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Path {
    /// The link, by which its counters are named.
    pub link: Link,
    /// Which way it goes.
    pub way: Way,
    /// The other end.
    pub peer: Ipv4Addr,
    /// The TCP port at this end: packets from `peer` to it, or from it to `peer`. Established
    /// connections are meant as well as new ones; other ports, and the other way, are untouched.
    pub port: u16,
}

/// Which way packets go, seen from this namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// They come in: judged in the input hook.
    In,
    /// They go out: judged in the output hook.
    Out,
}

/// A cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cut {
    /// Which packets.
    pub path: Path,
    /// What becomes of them.
    pub fate: CutFate,
}

/// What becomes of the packets of a cut link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CutFate {
    /// They are dropped; TCP sends them again until they get through.
    Drop,
    /// They are answered by a reset, those of established connections too. Resets pass.
    Reset,
    /// Those that open a connection are answered by a reset; others pass.
    Refuse,
}

/// Packets of a link that are harmed on their way out, whatever their protocol and ports; only the
/// agent's own words to its controllers are not. A peer is harmed by one link at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Harm {
    /// The link, by which its counters are named.
    pub link: Link,
    /// Where the packets go.
    pub peer: Ipv4Addr,
    /// What happens to them.
    pub fault: PacketFault,
    /// From which every packet's fate is drawn, with the packet's ordinal on this link, counted
    /// from 0 since the link is harmed with this seed.
    pub seed: u64,
}

/// What happened on a link since the agent began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkFigures {
    /// Which.
    pub link: Link,
    /// Packets that met a cut.
    pub cut_packets: u64,
    /// Their bytes.
    pub cut_bytes: u64,
    /// Packets that came to a harm, lost ones too.
    pub harmed: HarmCounters,
}

/// What harms did to packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HarmCounters {
    /// Packets that came to it.
    pub seen: u64,
    /// Packets sent on, doubles included.
    pub sent: u64,
    /// Packets lost by chance.
    pub lost: u64,
    /// Packets sent twice.
    pub duplicated: u64,
    /// Packets that went ahead of others, be it for reordering or for jitter.
    pub reordered: u64,
    /// Packets sent later than they came.
    pub delayed: u64,
    /// Packets lost because more waited than is kept: the harness's limit, that of bandwidth (a
    /// second), or the kernel's, which also counts those for which it has no way.
    pub overflowed: u64,
}

#[cfg(test)]
mod tests {
    use tribunal_history::NodeId;

    use super::*;

    /// Frozen, because the lines are read by people who look for what went wrong.
    #[test]
    fn a_request_and_a_reply_are_lines() {
        let link = Link::between(NodeId(2), NodeId(1));
        let path = Path { link, way: Way::In, peer: Ipv4Addr::new(10, 0, 0, 2), port: 7001 };
        let fault = PacketFault { loss_ppm: 1, ..PacketFault::default() };
        let harm = Harm { link, peer: path.peer, fault, seed: u64::MAX };
        let cuts = vec![Cut { path, fate: CutFate::Refuse }];
        let ask = Ask::Set { wanted: Wanted { cuts, packets: vec![harm] }, breaks: vec![path] };
        let request = Request { number: 7, ask };
        let line = serde_json::to_string(&request).expect("JSON");
        assert!(line.starts_with(r#"{"number":7,"ask":{"set":{"wanted":{"cuts":[{"path":"#));
        assert!(line.contains(r#""way":"in","peer":"10.0.0.2","port":7001},"fate":"refuse"}"#));
        assert_eq!(serde_json::from_str::<Request>(&line).expect("a request"), request);
        let refused = Reply::Refused { reason: "two\nlines".to_owned() };
        let line = serde_json::to_string(&Response { number: 7, reply: refused }).expect("JSON");
        assert_eq!(line, r#"{"number":7,"reply":{"refused":{"reason":"two\nlines"}}}"#);
    }
}
