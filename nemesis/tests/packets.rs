//! Harm to packets: how it is drawn, whom it meets, what is refused.

use std::collections::BTreeSet;

use tribunal_history::{
    At, Direction, FaultFamily, FaultId, FaultKind, Link, LinkEnd, LinkFault, Nanos, NodeId,
    NodeRole, PacketFault, PlannedFault, PlannedKind, Role, Roles, Schedule, Seed, Targets,
};
use tribunal_nemesis::{
    GenerateOptions, Medium, NEMESES, Resolved, Skip, generate, resolve, validate,
};

const LOAD: Nanos = Nanos::from_secs(100);

fn make(nemesis: &str, seed: u64, medium: Medium) -> Schedule {
    let options = GenerateOptions { medium, ..GenerateOptions::default() };
    generate(&nemesis.parse().unwrap(), Seed(seed), LOAD, &options)
}

fn packet(fault: &PlannedFault) -> PacketFault {
    match fault.kind {
        PlannedKind::Packet { fault, .. } | PlannedKind::ClientPacket { fault, .. } => fault,
        other => panic!("no harm to packets: {other:?}"),
    }
}

fn led(nodes: u16, leader: u16) -> Roles {
    let role = |node| if node == NodeId(leader) { Role::Leader } else { Role::Follower };
    let entry = |node| NodeRole { node, role: Some(role(node)), term: 1, up: true };
    Roles { nodes: NodeId::all(nodes).map(entry).collect() }
}

fn planned(fault: PacketFault, direction: Option<Direction>, targets: Targets) -> PlannedFault {
    PlannedFault {
        id: FaultId(1),
        family: FaultFamily::Packet,
        kind: PlannedKind::Packet { direction, fault },
        targets,
        at: At::Time(Nanos::ZERO),
        lasts: None,
    }
}

/// Resolves in a cluster led by its last node.
fn at(fault: &PlannedFault, nodes: u16, down: &[u16]) -> Result<Resolved, Skip> {
    let down: BTreeSet<_> = down.iter().copied().map(NodeId).collect();
    resolve(fault, &led(nodes, nodes), nodes, &down, Seed(7))
}

const SLOW: PacketFault = PacketFault { delay: Nanos::from_millis(50), ..PacketFault::CLEAR };

fn in_bounds(fault: PacketFault) -> bool {
    let percent = |share: u32, most| share == 0 || (50_000..=most).contains(&share);
    percent(fault.loss_ppm, 300_000)
        && percent(fault.duplicate_ppm, 500_000)
        && percent(fault.reorder_ppm, 500_000)
        && (fault.delay.0 == 0 || (10..=200).contains(&fault.delay.as_millis()))
        && fault.jitter <= Nanos(fault.delay.0 / 2)
        && (fault.bandwidth == 0 || (4_000..=128_000).contains(&fault.bandwidth))
}

#[test]
fn whatever_is_drawn_a_majority_is_left_and_an_answer_can_be_asked_for() {
    let mine = NEMESES.iter().filter(|nemesis| nemesis.family == FaultFamily::Packet);
    for nemesis in mine {
        for seed in 0..1_000 {
            let medium = if seed % 2 == 0 { Medium::Packets } else { Medium::Streams };
            let nodes = 2 + (seed % 8) as u16;
            let schedule = make(nemesis.name, seed, medium);
            assert_eq!(schedule, make(nemesis.name, seed, medium));
            assert_eq!(validate(&schedule, nodes), Ok(()));
            assert_eq!(schedule.faults.len(), 10);
            for fault in &schedule.faults {
                assert!(in_bounds(packet(fault)), "{fault:?}");
                assert!(!packet(fault).may_stall(), "{fault:?}");
                let resolved = at(fault, nodes, &[]).unwrap();
                assert!(resolved.survivable && resolved.fault.nodes.is_empty());
                assert!(resolved.fault.severed().is_empty());
                let installed = FaultKind::Link(LinkFault::Packet(packet(fault)));
                assert_eq!(resolved.fault.kind, installed);
                let links = &resolved.fault.links;
                assert!(!links.is_empty() && links.is_sorted());
                let ends = links.iter().flat_map(|link| [link.from, link.to]);
                assert!(ends.into_iter().all(|end| end != LinkEnd::Harness), "nodes only");
            }
        }
    }
}

/// The effects of a fault, as words of one letter.
fn effects(fault: PacketFault) -> String {
    let parts = [
        (fault.loss_ppm > 0, 'l'),
        (fault.delay.0 > 0, 'd'),
        (fault.jitter.0 > 0, 'j'),
        (fault.duplicate_ppm > 0, 'u'),
        (fault.reorder_ppm > 0, 'r'),
        (fault.bandwidth > 0, 'b'),
        (fault.burst_loss_ppm > 0, 'B'),
        (fault.corrupt_ppm > 0, 'C'),
        (fault.replay_ppm > 0, 'R'),
    ];
    parts.into_iter().filter(|(present, _)| *present).map(|(_, letter)| letter).collect()
}

fn all_effects(nemesis: &str, medium: Medium) -> BTreeSet<String> {
    let schedules = (0..300).map(|seed| make(nemesis, seed, medium));
    schedules.flat_map(|schedule| schedule.faults).map(|it| effects(packet(&it))).collect()
}

#[test]
fn each_nemesis_does_what_its_name_says_and_the_family_all_of_it() {
    let set = |words: &[&str]| words.iter().copied().map(str::to_owned).collect::<BTreeSet<_>>();
    // A narrow nemesis is planned whatever the links are: the cluster says that it cannot.
    for medium in [Medium::Packets, Medium::Streams] {
        assert_eq!(all_effects("packet:loss", medium), set(&["l"]));
        assert_eq!(all_effects("packet:delay", medium), set(&["d", "dj"]));
        assert_eq!(all_effects("packet:duplicate", medium), set(&["u"]));
        assert_eq!(all_effects("packet:reorder", medium), set(&["dr"]));
        assert_eq!(all_effects("packet:bandwidth", medium), set(&["b"]));
        assert_eq!(all_effects("packet:burst-loss", medium), set(&["B"]));
        assert_eq!(all_effects("packet:corrupt", medium), set(&["C"]));
        assert_eq!(all_effects("packet:replay", medium), set(&["R"]));
        assert_eq!(all_effects("client-packet", medium), set(&["d", "dj", "b", "db", "djb"]));
        assert_eq!(all_effects("client-packet:corrupt", medium), set(&["C"]));
    }
    assert_eq!(all_effects("packet", Medium::Streams), set(&["d", "dj", "b", "db", "djb"]));
    let alone = ["l", "d", "dj", "u", "dr", "b"];
    let two = ["ld", "ldj", "lu", "ldr", "lb", "du", "dju", "djr", "db", "djb", "dur", "ub", "drb"];
    assert_eq!(all_effects("packet", Medium::Packets), set(&[&alone[..], &two].concat()));
}

#[test]
fn links_of_clients_are_those_of_the_targets_each_way_alone_or_both() {
    let links = |direction, targets| -> Vec<String> {
        let kind = PlannedKind::ClientPacket { direction, fault: SLOW };
        let fault =
            PlannedFault { family: FaultFamily::Client, kind, ..planned(SLOW, None, targets) };
        let resolved = at(&fault, 3, &[]).unwrap();
        resolved.fault.links.iter().map(Link::to_string).collect()
    };
    let two = || Targets::Nodes(vec![NodeId(1), NodeId(3)]);
    assert_eq!(links(Some(Direction::Inbound), two()), ["clients→n1", "clients→n3"]);
    assert_eq!(links(Some(Direction::Outbound), two()), ["n1→clients", "n3→clients"]);
    let both = ["n1→clients", "n3→clients", "clients→n1", "clients→n3"];
    assert_eq!(
        links(None, two()).into_iter().collect::<BTreeSet<_>>(),
        both.map(str::to_owned).into()
    );
    assert_eq!(links(Some(Direction::Inbound), Targets::Leader), ["clients→n3"]);
}

#[test]
fn links_are_those_around_the_targets_each_way_alone_or_both() {
    let links = |direction, targets| -> Vec<String> {
        let resolved = at(&planned(SLOW, direction, targets), 3, &[]).unwrap();
        resolved.fault.links.iter().map(Link::to_string).collect()
    };
    let leader = || Targets::Leader;
    assert_eq!(links(Some(Direction::Inbound), leader()), ["n1→n3", "n2→n3"]);
    assert_eq!(links(Some(Direction::Outbound), leader()), ["n3→n1", "n3→n2"]);
    assert_eq!(links(None, leader()), ["n1→n3", "n2→n3", "n3→n1", "n3→n2"]);
    let every = ["n1→n2", "n1→n3", "n2→n1", "n2→n3", "n3→n1", "n3→n2"];
    assert_eq!(links(None, Targets::All), every);
    assert_eq!(links(Some(Direction::Inbound), Targets::All), every);
    let two = Targets::Nodes(vec![NodeId(1), NodeId(2)]);
    assert_eq!(links(Some(Direction::Outbound), two), ["n1→n2", "n1→n3", "n2→n1", "n2→n3"]);
    let alone = at(&planned(SLOW, None, Targets::All), 1, &[]).unwrap_err();
    assert_eq!(alone.to_string(), "needs at least 2 nodes, not 1");
}

#[test]
fn harm_that_may_stall_counts_as_a_cut_and_other_harm_does_not() {
    let severe = PacketFault { loss_ppm: 900_000, ..PacketFault::CLEAR };
    assert!(!at(&planned(severe, None, Targets::All), 5, &[]).unwrap().survivable);
    assert!(at(&planned(severe, None, Targets::Leader), 5, &[]).unwrap().survivable);
    // Beside two nodes that are down every other one is needed.
    let skip = at(&planned(severe, None, Targets::Leader), 5, &[1, 2]).unwrap_err();
    assert!(skip.to_string().contains("no majority while n1, n2"), "{skip}");
    assert!(at(&planned(SLOW, None, Targets::Leader), 5, &[1, 2]).unwrap().survivable);
    assert!(!at(&planned(SLOW, None, Targets::All), 5, &[1, 2, 3]).unwrap().survivable);
}

#[test]
fn nonsense_is_refused_in_words() {
    let flaw = |fault| {
        let schedule = Schedule::new(vec![planned(fault, None, Targets::All)]);
        validate(&schedule, 5).unwrap_err().to_string()
    };
    let clear = PacketFault::CLEAR;
    assert_eq!(flaw(clear), "fault 1: it harms no packet");
    let text = flaw(PacketFault { loss_ppm: 1_000_000, ..clear });
    assert_eq!(text, "fault 1: loss-ppm is below 1000000; to lose every packet is a partition");
    let text = flaw(PacketFault { duplicate_ppm: 1_000_001, ..clear });
    assert_eq!(text, "fault 1: duplicate-ppm is at most 1000000");
    let text = flaw(PacketFault { reorder_ppm: 1_000_001, ..SLOW });
    assert_eq!(text, "fault 1: reorder-ppm is at most 1000000");
    let text = flaw(PacketFault { delay: Nanos(10_000_000_001), ..clear });
    assert_eq!(text, "fault 1: delay is at most 10 s, in nanoseconds");
    let text = flaw(PacketFault { jitter: Nanos(1), ..clear });
    assert_eq!(text, "fault 1: jitter is at most delay");
    let text = flaw(PacketFault { reorder_ppm: 1, ..clear });
    assert!(text.starts_with("fault 1: reorder-ppm needs a delay"), "{text}");
    let text = flaw(PacketFault { corrupt_ppm: 1_000_001, ..clear });
    assert_eq!(text, "fault 1: corrupt-ppm is at most 1000000");
    let text = flaw(PacketFault { replay_ppm: 1_000_001, ..clear });
    assert_eq!(text, "fault 1: replay-ppm is at most 1000000");
    let text = flaw(PacketFault { burst_loss_ppm: 1, ..clear });
    assert!(text.starts_with("fault 1: burst-loss-ppm needs burst-every"), "{text}");
    let text = flaw(PacketFault { burst_lasts: Nanos(1), ..clear });
    assert!(text.ends_with("need burst-loss-ppm"), "{text}");
    let text = flaw(PacketFault { bandwidth: 999, ..clear });
    assert!(text.starts_with("fault 1: bandwidth is at least 1000"), "{text}");
    let extreme = PacketFault {
        loss_ppm: 999_999,
        delay: Nanos::from_secs(10),
        jitter: Nanos::from_secs(10),
        duplicate_ppm: 1_000_000,
        reorder_ppm: 1_000_000,
        bandwidth: 1_000,
        burst_loss_ppm: 1_000_000,
        burst_every: Nanos::from_millis(1),
        burst_lasts: Nanos::from_millis(1),
        corrupt_ppm: 1_000_000,
        replay_ppm: 1_000_000,
    };
    let schedule = Schedule::new(vec![planned(extreme, None, Targets::All)]);
    assert_eq!(validate(&schedule, 5), Ok(()));
}

#[test]
fn what_is_not_written_does_no_harm() {
    let text = r#"{"packet":{"fault":{"loss-ppm":50000}}}"#;
    let kind: PlannedKind = serde_json::from_str(text).unwrap();
    let fault = PacketFault { loss_ppm: 50_000, ..PacketFault::CLEAR };
    assert_eq!(kind, PlannedKind::Packet { direction: None, fault });
    assert_eq!(kind.describe(), "5 % loss");
    let text = r#"{"packet":{"direction":"inbound","fault":{"delay":5000000}}}"#;
    let kind: PlannedKind = serde_json::from_str(text).unwrap();
    assert_eq!(kind.describe(), "delay 5.00 ms, inbound");
    let unknown = r#"{"packet":{"fault":{"garble-ppm":50000}}}"#;
    assert!(serde_json::from_str::<PlannedKind>(unknown).is_err());
}

/// The format on disk, and the draws behind it: if this fails, old seeds mean other runs.
#[test]
fn the_draws_are_frozen() {
    let packets = make("packet", 42, Medium::Packets);
    let streams = make("packet", 42, Medium::Streams);
    let json = serde_json::to_string_pretty(&(&packets, &streams)).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/packets.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &json).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap();
    assert_eq!(json, golden, "UPDATE_GOLDEN=1 rewrites the file");
    let read: (Schedule, Schedule) = serde_json::from_str(&golden).unwrap();
    assert_eq!(read, (packets, streams));
}
