//! Intentions into names.

use std::collections::BTreeSet;

use tribunal_history::{
    Direction, DiskFault, Fault, FaultKind, Link, LinkFault, LinkHeal, NodeId, PacketFault,
    PartitionShape, PlannedFault, PlannedKind, Random, Roles, Seed, Targets,
};

use crate::{Skip, shapes, survivable};

/// The fewest nodes of which a minority is two, that disks can be swapped between.
const SWAP_NODES_MIN: u16 = 5;

/// A fault ready to be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The fault, its targets named.
    pub fault: Fault,
    /// Whether a majority is up and mutually connected while it lasts, given what was down already.
    pub survivable: bool,
}

/// Turns a planned fault's intentions into names and links.
///
/// `roles` is who leads as far as anyone knows, `nodes` the size of the cluster, `down` the nodes
/// that other faults hold now (killed or paused), `seed` the run's. Draws come from a child of the
/// seed named after the fault's id, so removing a fault from a schedule moves no other's targets.
///
/// Targets that leave a majority by nature (leader, one, follower, minority) are chosen among nodes
/// nobody holds, a minority together with the held ones; a cluster of one or two nodes has no
/// minority, and one node is taken. Majority, all and names are taken as they are.
///
/// # Errors
/// If it must not or cannot be installed, with the reason. In particular when targets that leave a
/// majority by nature would not, because others are down.
pub fn resolve(
    planned: &PlannedFault,
    roles: &Roles,
    nodes: u16,
    down: &BTreeSet<NodeId>,
    seed: Seed,
) -> Result<Resolved, Skip> {
    let random = seed.child("nemesis").child_at("resolve", u64::from(planned.id.0)).random();
    let mut resolver = Resolver { planned, roles, nodes, down, random };
    let effect = resolver.effect()?;
    let held: BTreeSet<NodeId> = down.union(&effect.taken).copied().collect();
    let survives = survivable(nodes, &held, &effect.cut);
    let takes = !effect.taken.is_empty() || !effect.cut.is_empty();
    if takes && !survives && !down.is_empty() && must_leave_majority(planned, nodes) {
        return Err(Skip::NoMajority(down.iter().copied().collect()));
    }
    let fault =
        Fault { id: planned.id, kind: effect.kind, links: effect.links, nodes: effect.nodes };
    Ok(Resolved { fault, survivable: survives })
}

/// Whether this fault alone would leave a majority, so that it must beside others too. A cluster of
/// one or two nodes has none to leave, and in a ring of majorities none is connected.
fn must_leave_majority(planned: &PlannedFault, nodes: u16) -> bool {
    let ring = PartitionShape::MajoritiesRing;
    let is_ring = matches!(planned.kind, PlannedKind::Partition { shape, .. } if shape == ring);
    nodes >= 3 && !is_ring && is_careful(&planned.targets)
}

/// Whether these targets mean to leave a majority.
const fn is_careful(targets: &Targets) -> bool {
    match targets {
        Targets::Leader
        | Targets::One
        | Targets::Follower
        | Targets::Minority
        | Targets::Turn(_) => true,
        Targets::Majority
        | Targets::MajorityWithLeader
        | Targets::All
        | Targets::Nodes(_)
        | Targets::Links(_) => false,
    }
}

struct Resolver<'a> {
    planned: &'a PlannedFault,
    roles: &'a Roles,
    nodes: u16,
    down: &'a BTreeSet<NodeId>,
    random: Random,
}

/// What a fault does to the cluster.
struct Effect {
    kind: FaultKind,
    nodes: Vec<NodeId>,
    links: Vec<Link>,
    /// Of the links those that carry nothing while it lasts.
    cut: BTreeSet<Link>,
    /// Nodes that do not run while it lasts.
    taken: BTreeSet<NodeId>,
}

impl Effect {
    fn of_links(fault: LinkFault, links: BTreeSet<Link>) -> Effect {
        let kind = FaultKind::Link(fault);
        let cut = if fault.severs() { links.clone() } else { BTreeSet::new() };
        let links = links.into_iter().collect();
        Effect { kind, nodes: Vec::new(), links, cut, taken: BTreeSet::new() }
    }

    fn of_nodes(kind: FaultKind, nodes: BTreeSet<NodeId>) -> Effect {
        let taken = if kind.stops_nodes() { nodes.clone() } else { BTreeSet::new() };
        let nodes = nodes.into_iter().collect();
        Effect { kind, nodes, links: Vec::new(), cut: BTreeSet::new(), taken }
    }
}

impl Resolver<'_> {
    fn effect(&mut self) -> Result<Effect, Skip> {
        if let (Targets::Links(links), FaultKind::Link(fault)) =
            (&self.planned.targets, self.planned.kind.installed())
        {
            return Ok(Effect::of_links(fault, links.iter().copied().collect()));
        }
        match self.planned.kind {
            PlannedKind::Partition { shape, at_heal } => {
                let cut = self.partition(shape)?;
                Ok(Effect::of_links(LinkFault::Hold { at_heal }, cut))
            }
            PlannedKind::ClientCut { at_heal } => self.client_cut(at_heal),
            PlannedKind::LoseReply => {
                let replies = self.group()?.into_iter().map(Link::replies).collect();
                Ok(Effect::of_links(LinkFault::LoseReply, replies))
            }
            PlannedKind::Kill => self.on_nodes(FaultKind::Kill),
            PlannedKind::Pause => self.on_nodes(FaultKind::Pause),
            PlannedKind::Power => self.on_nodes(FaultKind::Power),
            PlannedKind::ClockJump { clock, by_ns } => {
                self.on_nodes(FaultKind::ClockJump { clock, by_ns })
            }
            PlannedKind::ClockDrift { clock, ppm } => {
                self.on_nodes(FaultKind::ClockDrift { clock, ppm })
            }
            PlannedKind::Packet { direction, fault } => self.packet(direction, fault),
            PlannedKind::ClientPacket { direction, fault } => {
                let links = self.of_clients(direction)?;
                Ok(Effect::of_links(LinkFault::Packet(fault), links))
            }
            PlannedKind::ClockStrobe { .. }
            | PlannedKind::ClockFreeze { .. }
            | PlannedKind::Suspend
            | PlannedKind::CrashAt { .. } => self.on_nodes(self.planned.kind.installed()),
            PlannedKind::Disk(DiskFault::Swap) => self.swap(),
            PlannedKind::Disk(fault) => self.on_nodes(FaultKind::Disk(fault)),
        }
    }

    fn on_nodes(&mut self, kind: FaultKind) -> Result<Effect, Skip> {
        Ok(Effect::of_nodes(kind, self.group()?))
    }

    /// Disks are swapped between two nodes at least.
    fn swap(&mut self) -> Result<Effect, Skip> {
        let members = self.group()?;
        match members.len() {
            0 | 1 if self.down.is_empty() => {
                Err(Skip::TooFewNodes { least: SWAP_NODES_MIN, nodes: self.nodes })
            }
            0 | 1 => Err(Skip::NobodyLeft(self.down.iter().copied().collect())),
            _ => Ok(Effect::of_nodes(FaultKind::Disk(DiskFault::Swap), members)),
        }
    }

    fn client_cut(&mut self, at_heal: LinkHeal) -> Result<Effect, Skip> {
        Ok(Effect::of_links(LinkFault::Hold { at_heal }, self.of_clients(None)?))
    }

    /// The links between clients and the targets, both ways or what the targets hear or say.
    fn of_clients(&mut self, direction: Option<Direction>) -> Result<BTreeSet<Link>, Skip> {
        let hears = direction != Some(Direction::Outbound);
        let says = direction != Some(Direction::Inbound);
        let of = |node| {
            let requests = hears.then_some(Link::requests(node));
            requests.into_iter().chain(says.then_some(Link::replies(node)))
        };
        Ok(self.group()?.into_iter().flat_map(of).collect())
    }

    fn packet(&mut self, direction: Option<Direction>, fault: PacketFault) -> Result<Effect, Skip> {
        if self.nodes < 2 {
            return Err(Skip::TooFewNodes { least: 2, nodes: self.nodes });
        }
        let links = shapes::around(self.nodes, &self.group()?, direction);
        Ok(Effect::of_links(LinkFault::Packet(fault), links))
    }

    fn partition(&mut self, shape: PartitionShape) -> Result<BTreeSet<Link>, Skip> {
        let least = match shape {
            PartitionShape::Halves | PartitionShape::One | PartitionShape::OneWay(_) => 2,
            PartitionShape::MajoritiesRing | PartitionShape::Bridge => 3,
        };
        if self.nodes < least {
            return Err(Skip::TooFewNodes { least, nodes: self.nodes });
        }
        match shape {
            PartitionShape::Halves => {
                let side = self.half()?;
                Ok(shapes::apart(self.nodes, &side))
            }
            PartitionShape::One => {
                let side = BTreeSet::from([self.one()?]);
                Ok(shapes::apart(self.nodes, &side))
            }
            PartitionShape::OneWay(direction) => {
                Ok(shapes::one_way(self.nodes, self.one()?, direction))
            }
            PartitionShape::Bridge => {
                let bridge = self.one()?;
                Ok(shapes::bridge(self.nodes, bridge, &mut self.random))
            }
            PartitionShape::MajoritiesRing => {
                let ring = shapes::majorities_ring(self.nodes, &mut self.random);
                ring.ok_or(Skip::TooFewNodes { least, nodes: self.nodes })
            }
        }
    }

    /// The smaller side of two. Whoever is down anyway belongs to it.
    fn half(&mut self) -> Result<BTreeSet<NodeId>, Skip> {
        let mut side = match &self.planned.targets {
            Targets::Leader | Targets::One | Targets::Follower => {
                let first = self.one()?;
                self.minority_with(Some(first))?
            }
            _ => self.group()?,
        };
        let careful = is_careful(&self.planned.targets);
        if careful {
            side.extend(self.down);
        }
        if side.len() < usize::from(self.nodes) {
            return Ok(side);
        }
        let held = || self.down.iter().copied().collect();
        Err(if careful { Skip::NoMajority(held()) } else { self.misfit() })
    }

    /// The one node of a shape that has one.
    fn one(&mut self) -> Result<NodeId, Skip> {
        match &self.planned.targets {
            Targets::Leader => match self.free_leader() {
                Some(leader) => Ok(leader),
                None => self.random_free(None),
            },
            Targets::Follower => self.random_free(self.roles.leader()),
            Targets::Nodes(named) => match named[..] {
                [node] => self.existing(node),
                _ => Err(self.misfit()),
            },
            Targets::One | Targets::Minority => self.random_free(None),
            Targets::Turn(turn) => Ok(self.in_turn(*turn)),
            Targets::Majority | Targets::MajorityWithLeader | Targets::All | Targets::Links(_) => {
                Err(self.misfit())
            }
        }
    }

    /// The targets of a kind that takes several.
    fn group(&mut self) -> Result<BTreeSet<NodeId>, Skip> {
        match &self.planned.targets {
            Targets::Leader | Targets::One | Targets::Follower => Ok(BTreeSet::from([self.one()?])),
            Targets::Minority => self.minority_with(None),
            Targets::Majority => Ok(self.majority_with(None)),
            Targets::MajorityWithLeader => Ok(self.majority_with(self.free_leader())),
            Targets::All => Ok(NodeId::all(self.nodes).collect()),
            Targets::Links(_) => Err(self.misfit()),
            Targets::Turn(turn) => Ok(BTreeSet::from([self.in_turn(*turn)])),
            Targets::Nodes(named) if named.is_empty() => Err(self.misfit()),
            Targets::Nodes(named) => named.iter().map(|node| self.existing(*node)).collect(),
        }
    }

    /// As many free nodes as leave a majority beside the held ones, `first` among them; one if even
    /// that is too many, which the caller's check then judges.
    fn minority_with(&mut self, first: Option<NodeId>) -> Result<BTreeSet<NodeId>, Skip> {
        let minority = usize::from(self.nodes.saturating_sub(1) / 2);
        let room = minority.saturating_sub(self.down.len()).max(1);
        let first = match first {
            Some(first) => first,
            None => self.random_free(None)?,
        };
        let mut others = self.free();
        others.retain(|node| *node != first);
        self.random.shuffle(&mut others);
        Ok(std::iter::once(first).chain(others).take(room).collect())
    }

    fn majority_with(&mut self, leader: Option<NodeId>) -> BTreeSet<NodeId> {
        let mut others: Vec<_> = NodeId::all(self.nodes).collect();
        others.retain(|node| Some(*node) != leader);
        self.random.shuffle(&mut others);
        leader.into_iter().chain(others).take(usize::from(self.nodes / 2 + 1)).collect()
    }

    fn free(&self) -> Vec<NodeId> {
        NodeId::all(self.nodes).filter(|node| !self.down.contains(node)).collect()
    }

    fn free_leader(&self) -> Option<NodeId> {
        self.roles.leader().filter(|leader| self.free().contains(leader))
    }

    fn random_free(&mut self, but: Option<NodeId>) -> Result<NodeId, Skip> {
        let mut free = self.free();
        free.retain(|node| Some(*node) != but);
        let nobody = || Skip::NobodyLeft(self.down.iter().copied().collect());
        self.random.pick(&free).copied().ok_or_else(nobody)
    }

    fn in_turn(&self, turn: u32) -> NodeId {
        NodeId((turn % u32::from(self.nodes.max(1))) as u16 + 1)
    }

    fn existing(&self, node: NodeId) -> Result<NodeId, Skip> {
        if (1..=self.nodes).contains(&node.0) {
            Ok(node)
        } else {
            Err(Skip::NoSuchNode { node, nodes: self.nodes })
        }
    }

    fn misfit(&self) -> Skip {
        let targets = self.planned.targets.to_string();
        Skip::Targets { targets, kind: self.planned.kind.describe() }
    }
}
