//! Who a planned fault meets, and whether the cluster can bear it.

use std::collections::BTreeSet;

use tribunal_history::{
    At, Direction, Fault, FaultId, FaultKind, Link, LinkEnd, LinkFault, LinkHeal, Nanos, NodeId,
    NodeRole, PartitionShape, PlannedFault, PlannedKind, Role, Roles, Schedule, Seed, Targets,
};
use tribunal_nemesis::{GenerateOptions, Resolved, Skip, family_of, generate, resolve, survivable};

fn set(numbers: &[u16]) -> BTreeSet<NodeId> {
    numbers.iter().copied().map(NodeId).collect()
}

fn led(nodes: u16, leader: u16) -> Roles {
    let role = |node| if node == NodeId(leader) { Role::Leader } else { Role::Follower };
    let entry = |node| NodeRole { node, role: Some(role(node)), term: 1, up: true };
    Roles { nodes: NodeId::all(nodes).map(entry).collect() }
}

fn planned(id: u32, kind: PlannedKind, targets: Targets) -> PlannedFault {
    let at = At::Time(Nanos::ZERO);
    PlannedFault { id: FaultId(id), family: family_of(&kind), kind, targets, at, lasts: None }
}

fn cut(shape: PartitionShape, targets: Targets) -> PlannedFault {
    planned(1, PlannedKind::Partition { shape, at_heal: LinkHeal::Deliver }, targets)
}

fn kill(targets: Targets) -> PlannedFault {
    planned(1, PlannedKind::Kill, targets)
}

/// Resolves in a cluster led by its last node.
fn at(fault: &PlannedFault, nodes: u16, down: &[u16], seed: u64) -> Result<Resolved, Skip> {
    resolve(fault, &led(nodes, nodes), nodes, &set(down), Seed(seed))
}

/// Rows hear columns: `.` a message passes, `x` it does not.
fn matrix(fault: &Fault, nodes: u16) -> String {
    let row = |to: NodeId| -> String {
        let hears = |from| !fault.links.contains(&Link::between(from, to));
        NodeId::all(nodes).map(|from| if hears(from) { '.' } else { 'x' }).collect()
    };
    NodeId::all(nodes).map(row).collect::<Vec<_>>().join("\n")
}

/// Whether all majorities were tried and one is up and mutually connected.
fn dumb_survivable(nodes: u16, down: &BTreeSet<NodeId>, cut: &BTreeSet<Link>) -> bool {
    let up: Vec<_> = NodeId::all(nodes).filter(|node| !down.contains(node)).collect();
    let client = |node: &NodeId| {
        !cut.contains(&Link::requests(*node)) && !cut.contains(&Link::replies(*node))
    };
    up.iter().any(client)
        && (0_u32..1 << up.len()).any(|mask| {
            let chosen =
                || up.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1).map(|(_, n)| *n);
            mask.count_ones() > u32::from(nodes / 2)
                && chosen().all(|a| chosen().all(|b| a == b || !cut.contains(&Link::between(a, b))))
        })
}

#[test]
fn shapes_are_what_their_names_say() {
    let shape = |shape, targets| matrix(&at(&cut(shape, targets), 5, &[], 1).unwrap().fault, 5);
    let leader = || Targets::Leader;
    assert_eq!(shape(PartitionShape::One, leader()), "....x\n....x\n....x\n....x\nxxxx.");
    assert_eq!(
        shape(PartitionShape::OneWay(Direction::Inbound), leader()),
        ".....\n.....\n.....\n.....\nxxxx."
    );
    assert_eq!(
        shape(PartitionShape::OneWay(Direction::Outbound), leader()),
        "....x\n....x\n....x\n....x\n....."
    );
    let named = Targets::Nodes(vec![NodeId(2), NodeId(4)]);
    assert_eq!(shape(PartitionShape::Halves, named), ".x.x.\nx.x.x\n.x.x.\nx.x.x\n.x.x.");
}

#[test]
fn shapes_hold_for_every_size_and_seed() {
    for nodes in 1..=9 {
        for seed in 0..200 {
            check_shapes(nodes, seed);
        }
    }
}

fn check_shapes(nodes: u16, seed: u64) {
    let majority = nodes / 2 + 1;
    let links = |shape, targets| {
        let resolved = at(&cut(shape, targets), nodes, &[], seed).ok()?;
        let cut: BTreeSet<Link> = resolved.fault.links.iter().copied().collect();
        assert_eq!(cut.len(), resolved.fault.links.len(), "no link twice");
        assert!(resolved.fault.links.is_sorted() && resolved.fault.nodes.is_empty());
        assert_eq!(resolved.survivable, dumb_survivable(nodes, &set(&[]), &cut));
        Some((cut, resolved.survivable))
    };
    let hears = |cut: &BTreeSet<Link>, to: NodeId| -> BTreeSet<NodeId> {
        NodeId::all(nodes).filter(|from| !cut.contains(&Link::between(*from, to))).collect()
    };
    let views = |cut: &BTreeSet<Link>| -> Vec<BTreeSet<NodeId>> {
        NodeId::all(nodes).map(|node| hears(cut, node)).collect()
    };
    let halves = links(PartitionShape::Halves, Targets::Minority);
    assert_eq!(halves.is_some(), nodes >= 2);
    if let Some((cut, survivable)) = halves {
        let larger = views(&cut).iter().map(BTreeSet::len).max().unwrap();
        let smaller = ((nodes - 1) / 2).max(1);
        assert_eq!(larger, usize::from(nodes - smaller));
        assert_eq!(survivable, nodes >= 3);
    }
    let ring = links(PartitionShape::MajoritiesRing, Targets::All);
    assert_eq!(ring.is_some(), nodes >= 3);
    if let Some((cut, survivable)) = ring {
        let views: BTreeSet<_> = views(&cut).into_iter().collect();
        assert_eq!(views.len(), usize::from(nodes), "no two see the same majority");
        assert!(views.iter().all(|view| view.len() >= usize::from(majority)));
        assert_eq!(survivable, nodes == 3, "three are few enough");
    }
    let bridge = links(PartitionShape::Bridge, Targets::Leader);
    assert_eq!(bridge.is_some(), nodes >= 3);
    if let Some((cut, survivable)) = bridge {
        let views = views(&cut);
        let whole = views.iter().filter(|view| view.len() == usize::from(nodes)).count();
        assert_eq!(whole, 1);
        assert_eq!(views[usize::from(nodes) - 1].len(), usize::from(nodes), "the leader");
        assert!(survivable);
    }
}

#[test]
fn default_targets_leave_a_connected_majority() {
    let spec = "partition,kill,pause,clock,power,client-cut".parse().unwrap();
    let options = GenerateOptions::default();
    for seed in 0..1_000 {
        let nodes = 3 + (seed % 7) as u16;
        let schedule = generate(&spec, Seed(seed), Nanos::from_secs(200), &options);
        for fault in &schedule.faults {
            let resolved = at(fault, nodes, &[], seed).unwrap();
            let ring = PartitionShape::MajoritiesRing;
            let is_ring =
                matches!(fault.kind, PlannedKind::Partition { shape, .. } if shape == ring);
            assert!(resolved.survivable || is_ring, "{nodes} nodes: {fault:?} -> {resolved:?}");
            assert_eq!(resolved.fault.id, fault.id);
        }
    }
}

#[test]
fn with_nodes_down_default_targets_leave_a_majority_or_are_skipped() {
    let (mut skipped, mut installed) = (0, 0);
    let spec = "partition,kill,pause,power".parse().unwrap();
    for seed in 0..1_000 {
        let nodes = 3 + (seed % 7) as u16;
        let schedule =
            generate(&spec, Seed(seed), Nanos::from_secs(100), &GenerateOptions::default());
        let mut random = Seed(seed).child("test").random();
        let mut all: Vec<_> = NodeId::all(nodes).collect();
        random.shuffle(&mut all);
        all.truncate(random.below(u64::from(nodes) + 1) as usize);
        let down: BTreeSet<_> = all.into_iter().collect();
        for fault in &schedule.faults {
            match resolve(fault, &led(nodes, 1), nodes, &down, Seed(seed)) {
                Ok(Resolved { fault: resolved, survivable: survives }) => {
                    installed += 1;
                    let ring = fault.targets == Targets::All;
                    assert!(survives || ring, "{down:?} {fault:?} {resolved:?}");
                    assert!(resolved.nodes.iter().all(|node| !down.contains(node)));
                }
                Err(skip) => {
                    skipped += 1;
                    assert!(!down.is_empty(), "{skip}");
                }
            }
        }
    }
    assert!(skipped > 2_000 && installed > 2_000, "{skipped} skipped, {installed} installed");
}

#[test]
fn survivable_agrees_with_trying_every_majority() {
    let mut random = Seed(11).random();
    let mut yes = 0;
    for _ in 0..20_000 {
        let nodes = random.between(1, 9) as u16;
        let density = random.below(5);
        let ends: Vec<_> =
            NodeId::all(nodes).map(LinkEnd::Node).chain([LinkEnd::Harness]).collect();
        let mut cut = BTreeSet::new();
        for from in &ends {
            for to in &ends {
                if from != to && random.chance(density, 10) {
                    cut.insert(Link { from: *from, to: *to });
                }
            }
        }
        let down: BTreeSet<_> = NodeId::all(nodes).filter(|_| random.chance(1, 6)).collect();
        let expected = dumb_survivable(nodes, &down, &cut);
        assert_eq!(survivable(nodes, &down, &cut), expected, "{nodes} {down:?} {cut:?}");
        yes += u32::from(expected);
    }
    assert!((4_000..16_000).contains(&yes), "{yes} of 20000 survivable");
}

#[test]
fn a_big_cluster_is_judged_at_once() {
    let mut random = Seed(3).random();
    for density in [1, 3, 10, 30] {
        let mut cut = BTreeSet::new();
        for from in NodeId::all(61) {
            for to in NodeId::all(61) {
                if from != to && random.chance(density, 100) {
                    cut.insert(Link::between(from, to));
                }
            }
        }
        let survives = survivable(61, &set(&[]), &cut);
        assert!(!survives || density < 10);
    }
}

#[test]
fn removing_a_fault_moves_no_other() {
    let spec = "partition,kill,pause,clock,power".parse().unwrap();
    let load = Nanos::from_secs(200);
    let whole = generate(&spec, Seed(42), load, &GenerateOptions::default());
    let all = |schedule: &Schedule| -> Vec<_> {
        schedule.faults.iter().map(|fault| at(fault, 7, &[], 42).unwrap()).collect()
    };
    for gone in 0..whole.faults.len() {
        let mut fewer = whole.clone();
        fewer.faults.remove(gone);
        let mut expected = all(&whole);
        expected.remove(gone);
        assert_eq!(all(&fewer), expected);
    }
}

#[test]
fn targets_are_who_they_say() {
    for seed in 0..200 {
        let killed = |targets, down: &[u16]| at(&kill(targets), 5, down, seed).unwrap().fault.nodes;
        assert_eq!(killed(Targets::Leader, &[]), [NodeId(5)]);
        assert_ne!(killed(Targets::Follower, &[]), [NodeId(5)]);
        assert_ne!(killed(Targets::Leader, &[5]), [NodeId(5)], "it is down already");
        assert_eq!(killed(Targets::Minority, &[]).len(), 2);
        assert_eq!(killed(Targets::Minority, &[1]).len(), 1);
        assert_eq!(killed(Targets::Majority, &[]).len(), 3);
        let with_leader = killed(Targets::MajorityWithLeader, &[]);
        assert!(with_leader.len() == 3 && with_leader.contains(&NodeId(5)));
        assert_eq!(killed(Targets::All, &[1]).len(), 5);
        let named = Targets::Nodes(vec![NodeId(3), NodeId(1), NodeId(3)]);
        assert_eq!(killed(named, &[]), [NodeId(1), NodeId(3)]);
        let random = resolve(&kill(Targets::Leader), &Roles::unknown(5), 5, &set(&[]), Seed(seed));
        assert_eq!(random.unwrap().fault.nodes.len(), 1);
    }
}

#[test]
fn clients_are_cut_off_both_ways_and_replies_lost_one_way() {
    let heal = PlannedKind::ClientCut { at_heal: LinkHeal::Reset };
    let cut = at(&planned(1, heal, Targets::Leader), 3, &[], 1).unwrap();
    assert_eq!(cut.fault.links, [Link::requests(NodeId(3)), Link::replies(NodeId(3))]);
    let hold = LinkFault::Hold { at_heal: LinkHeal::Reset };
    assert_eq!(cut.fault.kind, FaultKind::Link(hold));
    assert!(cut.survivable, "clients reach the others");
    let lost = at(&planned(1, PlannedKind::LoseReply, Targets::All), 3, &[], 1).unwrap();
    assert_eq!(lost.fault.links, [1, 2, 3].map(|node| Link::replies(NodeId(node))));
    assert!(!lost.survivable, "no client hears anything");
}

#[test]
fn a_skip_says_why() {
    let words = |fault: PlannedFault, nodes, down: &[u16]| {
        at(&fault, nodes, down, 1).unwrap_err().to_string()
    };
    assert_eq!(
        words(kill(Targets::One), 3, &[2]),
        "would leave no majority while n2 is held by other faults"
    );
    assert_eq!(
        words(kill(Targets::Minority), 5, &[1, 2]),
        "would leave no majority while n1, n2 are held by other faults"
    );
    assert_eq!(
        words(cut(PartitionShape::Halves, Targets::Minority), 3, &[2]),
        "would leave no majority while n2 is held by other faults"
    );
    assert_eq!(
        words(kill(Targets::One), 2, &[1, 2]),
        "nobody left to target: n1, n2 are held by other faults"
    );
    let named = Targets::Nodes(vec![NodeId(4)]);
    assert_eq!(words(kill(named), 3, &[]), "there is no n4 among 3 nodes");
    assert_eq!(
        words(cut(PartitionShape::Bridge, Targets::One), 2, &[]),
        "needs at least 3 nodes, not 2"
    );
    assert_eq!(
        words(cut(PartitionShape::Halves, Targets::All), 3, &[]),
        "targets 'all' do not fit partition halves"
    );
}

#[test]
fn one_or_two_nodes_have_no_minority_and_lose_one() {
    for nodes in [1, 2] {
        for targets in [Targets::One, Targets::Leader, Targets::Minority] {
            let resolved = at(&kill(targets), nodes, &[], 1).unwrap();
            assert_eq!((resolved.fault.nodes.len(), resolved.survivable), (1, false));
        }
    }
}
