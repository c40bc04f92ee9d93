//! A run's network: a bridge of its own with a subnet nobody else uses.

use std::net::Ipv4Addr;

use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest};
use bollard::query_parameters::ListNetworksOptions;
use tribunal_cluster::{ClusterError, Ledger, LedgerEntry};
use tribunal_history::{NodeId, Seed};

use crate::engine::{Engine, cannot, said, status};
use crate::labels;

/// Most nodes of a Docker cluster.
pub(crate) const NODES_MAX: u16 = 64;

/// How many subnets are tried. The engine refuses those it knows to be taken, and says so.
const TRIES: u32 = 32;

/// 198.18.0.0/15 is set aside for tests of network devices (RFC 2544), so that nobody's real
/// network is hidden by ours: 512 subnets of 256 addresses.
const RANGE: u32 = u32::from_be_bytes([198, 18, 0, 0]);
const SUBNETS: u32 = 512;

/// The last part of the first node's address.
const FIRST_NODE: u32 = 11;

/// A subnet of 256 addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subnet(u32);

impl Subnet {
    /// The address from which the engine's machine speaks to containers.
    pub(crate) fn gateway(self) -> Ipv4Addr {
        Ipv4Addr::from(self.0 + 1)
    }

    /// A node's address.
    pub(crate) fn node(self, node: NodeId) -> Ipv4Addr {
        Ipv4Addr::from(self.0 + FIRST_NODE - 1 + u32::from(node.0))
    }

    fn overlaps(self, block: Block) -> bool {
        self.0 & block.mask() == block.address & block.mask()
            || block.address & 0xffff_ff00 == self.0
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/24", Ipv4Addr::from(self.0))
    }
}

/// A block of addresses that is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    address: u32,
    bits: u32,
}

impl Block {
    const fn mask(self) -> u32 {
        match self.bits {
            0 => 0,
            bits => u32::MAX << (32 - bits),
        }
    }

    /// Reads `198.18.4.0/24`.
    fn parse(text: &str) -> Option<Block> {
        let (address, bits) = text.split_once('/')?;
        let bits = bits.parse().ok().filter(|bits| *bits <= 32)?;
        Some(Block { address: u32::from(address.parse::<Ipv4Addr>().ok()?), bits })
    }
}

/// A network that was made.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) name: String,
    pub(crate) subnet: Subnet,
}

impl Network {
    /// Makes the run's network on the first free subnet, beginning with one drawn from its id.
    pub(crate) async fn create(engine: &Engine, ledger: &Ledger) -> Result<Network, ClusterError> {
        let mark = ledger.mark();
        let name = labels::network(mark);
        ledger.enter(&LedgerEntry::Object { kind: "network".into(), name: name.clone() })?;
        let taken = taken(engine).await?;
        let mut refusals = Vec::new();
        for subnet in candidates(&mark.run_id, &taken).take(TRIES as usize) {
            let request = NetworkCreateRequest {
                name: name.clone(),
                driver: Some("bridge".into()),
                ipam: Some(Ipam {
                    config: Some(vec![IpamConfig {
                        subnet: Some(subnet.to_string()),
                        gateway: Some(subnet.gateway().to_string()),
                        ..Default::default()
                    }]),
                    ..Default::default()
                }),
                labels: Some(labels::of_run(mark)),
                ..Default::default()
            };
            match engine.bounded(engine.docker().create_network(request)).await {
                Ok(_) => return Ok(Network { name, subnet }),
                Err(error) if is_overlap(&said(&error)) => {
                    refusals.push(format!("{subnet}: {}", said(&error)));
                }
                Err(error) => return Err(cannot("create the run's network", &error)),
            }
        }
        Err(no_subnet(&refusals))
    }
}

fn no_subnet(refusals: &[String]) -> ClusterError {
    let last = refusals.last().map_or_else(String::new, |last| format!(" (last {last})"));
    ClusterError::Environment {
        what: format!("no free subnet in 198.18.0.0/15 for the run's network{last}"),
        remedy: "remove networks that dead runs left with `tribunal clean`, or others with \
                 `docker network prune`; or a route over that range, as some VPNs set (ip route)"
            .into(),
    }
}

/// How many subnets of ours are free now.
pub(crate) async fn free_subnets(engine: &Engine) -> Result<usize, ClusterError> {
    let taken = taken(engine).await?;
    Ok(candidates("", &taken).count())
}

/// What the engine says of a subnet that is taken.
fn is_overlap(said: &str) -> bool {
    said.to_ascii_lowercase().contains("overlap")
}

fn candidates<'a>(run_id: &str, taken: &'a [Block]) -> impl Iterator<Item = Subnet> + use<'a> {
    let first = Seed(0).child(run_id).random().below(u64::from(SUBNETS)) as u32;
    (0..SUBNETS)
        .map(move |step| Subnet(RANGE + (first + step) % SUBNETS * 256))
        .filter(|subnet| !taken.iter().any(|block| subnet.overlaps(*block)))
}

/// The blocks that other networks of the engine and routes of this machine use.
async fn taken(engine: &Engine) -> Result<Vec<Block>, ClusterError> {
    let networks = engine.bounded(engine.docker().list_networks(None::<ListNetworksOptions>)).await;
    let networks = networks.map_err(|error| cannot("list networks", &error))?;
    let configs = networks.into_iter().filter_map(|network| network.ipam?.config).flatten();
    let of_engine = configs.filter_map(|config| Block::parse(&config.subnet?));
    let routes = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    Ok(of_engine.chain(routed(&routes)).collect())
}

/// The blocks of a table as `/proc/net/route` has it: addresses in hexadecimal, in the machine's
/// own order of bytes. A default route is no use of anything.
fn routed(table: &str) -> Vec<Block> {
    let route = |line: &str| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let number = |text: &str| u32::from_str_radix(text, 16).ok().map(u32::to_be);
        let address = number(fields.next()?)?;
        let mask = number(fields.nth(5)?)?;
        (mask != 0).then_some(Block { address, bits: mask.leading_ones() })
    };
    table.lines().skip(1).filter_map(route).collect()
}

/// Removes a network; one that is gone is no error.
pub(crate) async fn remove(engine: &Engine, id: &str) -> Result<(), String> {
    match engine.bounded(engine.docker().remove_network(id)).await {
        Ok(()) => Ok(()),
        Err(error) if status(&error) == Some(404) => Ok(()),
        Err(error) => Err(said(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fake;

    fn block(text: &str) -> Block {
        Block::parse(text).unwrap()
    }

    #[test]
    fn a_run_keeps_clear_of_what_is_used() {
        let free: Vec<_> = candidates("a run", &[]).collect();
        assert_eq!(free.len(), 512);
        let first = free[0];
        assert_eq!(candidates("a run", &[]).next(), Some(first), "the id decides");
        let taken = [block(&first.to_string())];
        assert_eq!(candidates("a run", &taken).next(), Some(free[1]));
        assert_eq!(candidates("a run", &[block("198.18.0.0/16")]).count(), 256);
        assert_eq!(candidates("a run", &[block("198.16.0.0/12")]).count(), 0);
        assert_eq!(candidates("a run", &[block("198.19.7.128/25")]).count(), 511);
        assert_eq!(candidates("a run", &[block("10.0.0.0/8")]).count(), 512);
        let ids: std::collections::BTreeSet<_> =
            (0..20).filter_map(|id| candidates(&format!("run {id}"), &[]).next()).collect();
        assert!(ids.len() > 15, "different runs begin at different subnets");
    }

    #[test]
    fn addresses_are_in_the_subnet_and_told_apart() {
        let subnet = Subnet(RANGE + 256);
        assert_eq!(subnet.to_string(), "198.18.1.0/24");
        assert_eq!(subnet.gateway().to_string(), "198.18.1.1");
        assert_eq!(subnet.node(NodeId(1)).to_string(), "198.18.1.11");
        assert_eq!(subnet.node(NodeId(NODES_MAX)).to_string(), "198.18.1.74");
    }

    #[tokio::test]
    async fn where_every_subnet_is_taken_that_is_said_with_a_remedy() {
        let answers = vec![
            fake::VERSION,
            ("GET /networks", 200, "[]"),
            ("POST /networks/create", 403, r#"{"message":"Pool overlaps with other one"}"#),
        ];
        let engine = Engine::connect_to(&fake::engine(answers).await).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::create(folder.path(), "a run").unwrap();
        let text = Network::create(&engine, &ledger).await.unwrap_err().to_string();
        assert!(text.starts_with("no free subnet in 198.18.0.0/15"), "{text}");
        assert!(text.contains("(last 198.1") && text.contains("tribunal clean"), "{text}");
        let entered = Ledger::names_objects(ledger.path()).unwrap();
        assert!(entered, "the ledger knows of it before the engine does");
    }

    #[test]
    fn routes_are_read_as_the_kernel_writes_them() {
        let table = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\n\
                     eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
                     br-1\t000112C6\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
        if cfg!(target_endian = "little") {
            assert_eq!(routed(table), [block("198.18.1.0/24")]);
        }
        assert!(routed("nonsense\nmore nonsense").is_empty());
        assert!(Block::parse("198.18.0.0/33").is_none() && Block::parse("fe80::/64").is_none());
        assert!(is_overlap("Pool overlaps with other one on this address space"));
    }
}
