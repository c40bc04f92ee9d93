//! Loopback addresses of a run's own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use tribunal_history::{NodeId, Seed};

use crate::ClusterError;

/// Most nodes of a process cluster: each has two directed links with every other.
pub(super) const NODES_MAX: u16 = 64;

// Below the range from which systems hand out ports (32768 and up), so that no outgoing connection
// takes the port of a node that is down.
const PORT_MIN: u16 = 7_100;
/// Groups of four ports to draw from: reserved, peer, client, admin.
const PORT_GROUPS: u64 = 1_000;

/// The last part of the address the proxies listen on.
const PROXY_HOST: u8 = 254;

/// How many blocks are tried.
const TRIES: u32 = 64;

/// The block 127.a.b.0/24 of one run: node n has the address 127.a.b.n and the same three ports as
/// every other.
pub(super) struct Block {
    a: u8,
    b: u8,
    /// The first of its four ports. Drawn, because somebody who listens on a port of every address
    /// takes it from all blocks.
    port: u16,
    /// Held for the life of the run: another run that draws this block fails on it, even while
    /// our nodes are down.
    _reserved: TcpListener,
}

impl Block {
    /// Finds a free block, beginning with one drawn from the run's id.
    pub(super) fn reserve(run_id: &str, nodes: u16) -> Result<Block, ClusterError> {
        if nodes == 0 || nodes > NODES_MAX {
            return Err(ClusterError::Environment {
                what: format!("a process cluster of {nodes} nodes"),
                remedy: format!("ask for 1 to {NODES_MAX}"),
            });
        }
        let mut random = Seed(0).child(run_id).random();
        let mut last = None;
        for _ in 0..TRIES {
            // Never 127.0.x.y: name servers and others live there.
            let (a, b) = (random.between(1, 254) as u8, random.below(255) as u8);
            let port = PORT_MIN + 4 * random.below(PORT_GROUPS) as u16;
            match Block::probe((a, b, port), nodes) {
                Ok(block) => return Ok(block),
                Err(error) => last = Some((a, b, error)),
            }
        }
        let (a, b, source) = last.expect("invariant: at least one block was tried");
        Err(ClusterError::Address { address: format!("127.{a}.{b}.0/24"), source })
    }

    fn probe((a, b, port): (u8, u8, u16), nodes: u16) -> std::io::Result<Block> {
        let proxy = IpAddr::V4(Ipv4Addr::new(127, a, b, PROXY_HOST));
        let block = Block { a, b, port, _reserved: TcpListener::bind((proxy, port))? };
        for node in NodeId::all(nodes) {
            for address in [block.peer(node), block.client(node), block.admin(node)] {
                drop(TcpListener::bind(address)?);
            }
        }
        Ok(block)
    }

    /// Where the proxies listen.
    pub(super) fn proxies(&self) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(127, self.a, self.b, PROXY_HOST))
    }

    pub(super) fn peer(&self, node: NodeId) -> SocketAddr {
        self.at(node, self.port + 1)
    }

    pub(super) fn client(&self, node: NodeId) -> SocketAddr {
        self.at(node, self.port + 2)
    }

    pub(super) fn admin(&self, node: NodeId) -> SocketAddr {
        self.at(node, self.port + 3)
    }

    fn at(&self, node: NodeId, port: u16) -> SocketAddr {
        let host = u8::try_from(node.0).expect("invariant: at most NODES_MAX nodes");
        SocketAddr::from(([127, self.a, self.b, host], port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_is_taken_is_passed_over() {
        let first = Block::reserve("the same run", 3).unwrap();
        let second = Block::reserve("the same run", 3).unwrap();
        assert_ne!((first.a, first.b, first.port), (second.a, second.b, second.port));
        assert!(first.a > 0, "127.0 is left alone");
        assert!(Block::reserve("too many", NODES_MAX + 1).is_err());
        assert!(Block::reserve("none", 0).is_err());
    }
}
