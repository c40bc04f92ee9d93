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
        /// Connections to break at the same time, just before what is wanted comes into force.
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
    /// Not done, nothing has changed, and why.
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
    /// They are answered by a reset, those of established connections too.
    Reset,
    /// Those that open a connection are answered by a reset; others pass.
    Refuse,
}

/// Packets of a link that are harmed on their way out, whatever their protocol and ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Harm {
    /// The link, by which its counters are named.
    pub link: Link,
    /// Where the packets go.
    pub peer: Ipv4Addr,
    /// What happens to them.
    pub fault: PacketFault,
    /// From which every packet's fate is drawn, with the packet's ordinal on this link.
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
    /// Packets that went ahead of others.
    pub reordered: u64,
    /// Packets sent later than they came.
    pub delayed: u64,
    /// Packets lost because more waited than is kept: the harness's limit, or that of bandwidth.
    pub overflowed: u64,
}
