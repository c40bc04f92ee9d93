//! Every word of `--nemesis`: what it draws can be followed, kept and resolved.

use std::collections::{BTreeMap, BTreeSet};

use tribunal_history::{
    At, CrashPoint, DiskFault, FaultFamily, FaultId, LinkHeal, Nanos, NodeId, NodeRole,
    PlannedFault, PlannedKind, Role, Roles, Schedule, Seed, Targets,
};
use tribunal_nemesis::{GenerateOptions, NEMESES, Reach, family_of, generate, resolve, validate};

const LOAD: Nanos = Nanos::from_secs(60);

fn make(nemesis: &str, seed: u64) -> Schedule {
    let spec = nemesis.parse().expect("a known nemesis");
    generate(&spec, Seed(seed), LOAD, &GenerateOptions::default())
}

fn roles(nodes: u16) -> Roles {
    let entry = |node| {
        let role = if node == NodeId(1) { Role::Leader } else { Role::Follower };
        NodeRole { node, role: Some(role), term: 1, up: true }
    };
    Roles { nodes: NodeId::all(nodes).map(entry).collect() }
}

#[test]
fn what_any_word_draws_can_be_followed_kept_and_resolved() {
    for nemesis in NEMESES {
        for seed in 0..60 {
            let schedule = make(nemesis.name, seed);
            assert_eq!(schedule, make(nemesis.name, seed));
            let json = serde_json::to_string(&schedule).unwrap();
            assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), schedule, "{json}");
            for nodes in [1, 2, 3, 5, 9] {
                assert_eq!(validate(&schedule, nodes), Ok(()));
                let mut down = BTreeSet::new();
                for fault in &schedule.faults {
                    assert_eq!(fault.family, family_of(&fault.kind));
                    assert!(!fault.kind.describe().is_empty());
                    // Nobody down, then more and more of them: it is resolved or passed over.
                    let resolved = resolve(fault, &roles(nodes), nodes, &down, Seed(seed));
                    if let Ok(resolved) = resolved {
                        let named = &resolved.fault.nodes;
                        assert!(named.iter().all(|node| (1..=nodes).contains(&node.0)));
                        assert_eq!(resolved.fault.kind, fault.kind.installed());
                    }
                    down.insert(NodeId(1 + (fault.id.0 as u16) % nodes));
                }
            }
        }
    }
}

#[test]
fn another_nemesis_beside_it_changes_no_draw() {
    for nemesis in NEMESES {
        let other = if nemesis.name == "pause" { "kill" } else { "pause" };
        let drawn = |schedule: Schedule| -> Vec<(PlannedKind, Targets)> {
            let others = family_of(&make(other, 1).faults[0].kind);
            let mine = schedule.faults.into_iter().filter(|fault| fault.family != others);
            mine.map(|fault| (fault.kind, fault.targets)).collect()
        };
        if nemesis.family == family_of(&make(other, 1).faults[0].kind) {
            continue;
        }
        let alone = drawn(make(nemesis.name, 4));
        let beside = drawn(make(&format!("{other},{}", nemesis.name), 4));
        // Faults of one turn are laid over each other, and sorted by time.
        let count = beside.len().min(alone.len());
        if nemesis.name != "swizzle-clog" {
            assert_eq!(alone[..count], beside[..count], "{}", nemesis.name);
        }
    }
}

/// What no claim covers is drawn only by a name that says so.
#[test]
fn nothing_beyond_claims_is_drawn_by_a_family() {
    for nemesis in NEMESES {
        let loses = (0..100)
            .flat_map(|seed| make(nemesis.name, seed).faults)
            .any(|fault| fault.family == FaultFamily::DiskLoss);
        let says = nemesis.about.ends_with("beyond claims");
        assert_eq!(loses, says, "{}", nemesis.name);
        assert_eq!(loses, nemesis.family == FaultFamily::DiskLoss, "{}", nemesis.name);
    }
}

#[test]
fn the_family_disk_does_all_that_is_survivable() {
    let mut kinds = BTreeMap::new();
    for fault in (0..300).flat_map(|seed| make("disk", seed).faults) {
        let PlannedKind::Disk(disk) = fault.kind else { panic!("{fault:?}") };
        assert_eq!(disk.family(), FaultFamily::Disk);
        if let DiskFault::BitRot { .. } = disk {
            let one = [Targets::One, Targets::Leader, Targets::Follower];
            assert!(one.contains(&fault.targets), "at most one copy is bad: {fault:?}");
        }
        let name = serde_json::to_value(disk).unwrap();
        let name = name.as_object().and_then(|it| it.keys().next().cloned());
        *kinds.entry(name.unwrap_or_else(|| "read-error".into())).or_insert(0) += 1;
    }
    let names: Vec<&str> = kinds.keys().map(String::as_str).collect();
    assert_eq!(names, ["bit-rot", "no-space", "read-error", "slow", "sync-error", "write-error"]);
    assert!(kinds["sync-error"] > kinds["slow"]);
}

#[test]
fn reach_says_where_it_can_be_done() {
    let reach = |name: &str| {
        let nemesis = NEMESES.iter().find(|nemesis| nemesis.name == name);
        nemesis.expect("a known nemesis").reach()
    };
    for name in ["kill", "clock", "clock:leap", "rolling-restart", "clog", "swizzle-clog"] {
        assert_eq!(reach(name), Reach::Every, "{name}");
    }
    for name in ["packet:loss", "packet:duplicate", "packet:reorder"] {
        assert_eq!(reach(name), Reach::Packets, "{name}");
    }
    for name in
        ["disk", "wipe", "clock:strobe", "crash-at-send", "packet:corrupt", "client-packet:corrupt"]
    {
        assert_eq!(reach(name), Reach::Simulated, "{name}");
    }
    assert_eq!(Reach::Simulated.to_string(), "--cluster sim only");
}

fn planned(kind: PlannedKind, targets: Targets) -> PlannedFault {
    let (at, family) = (At::Time(Nanos::ZERO), family_of(&kind));
    PlannedFault { id: FaultId(1), family, kind, targets, at, lasts: None }
}

#[test]
fn turns_go_around_and_disks_are_swapped_between_two() {
    let named = |fault: &PlannedFault, nodes, down: &[u16]| {
        let down = down.iter().copied().map(NodeId).collect();
        let resolved = resolve(fault, &roles(nodes), nodes, &down, Seed(1));
        resolved.map(|resolved| resolved.fault.nodes).map_err(|skip| skip.to_string())
    };
    for (turn, node) in [(0, 1), (2, 3), (3, 1), (u32::MAX, 1)] {
        let fault = planned(PlannedKind::Kill, Targets::Turn(turn));
        assert_eq!(named(&fault, 3, &[]), Ok(vec![NodeId(node)]), "turn {turn}");
    }
    let swap = planned(PlannedKind::Disk(DiskFault::Swap), Targets::Minority);
    assert_eq!(named(&swap, 5, &[]).unwrap().len(), 2);
    assert_eq!(named(&swap, 3, &[]).unwrap_err(), "needs at least 5 nodes, not 3");
    assert!(named(&swap, 5, &[4]).unwrap_err().starts_with("nobody left to target"));
}

/// What stops a node counts as one that is down, so that a majority is left beside it.
#[test]
fn a_disk_that_stops_its_node_takes_it() {
    let taken = |disk, down: &[u16]| {
        let fault = planned(PlannedKind::Disk(disk), Targets::Leader);
        let down = down.iter().copied().map(NodeId).collect();
        resolve(&fault, &roles(5), 5, &down, Seed(1)).map(|resolved| resolved.survivable)
    };
    assert_eq!(taken(DiskFault::ReadError, &[]), Ok(true));
    assert!(taken(DiskFault::ReadError, &[2, 3]).is_err());
    assert_eq!(taken(DiskFault::Slow { by: Nanos(1) }, &[2, 3]), Ok(true));
}

#[test]
fn nonsense_is_refused_in_words() {
    let flaw = |kind: PlannedKind| {
        let schedule = Schedule::new(vec![planned(kind, Targets::One)]);
        validate(&schedule, 5).unwrap_err().to_string()
    };
    let disk = |fault| flaw(PlannedKind::Disk(fault));
    assert_eq!(disk(DiskFault::BitRot { bits: 0 }), "fault 1: no bit rots");
    assert_eq!(disk(DiskFault::BitRot { bits: 10_001 }), "fault 1: at most 10000 bits rot");
    assert_eq!(disk(DiskFault::Slow { by: Nanos::ZERO }), "fault 1: syncs are no slower");
    let long = DiskFault::Slow { by: Nanos::from_secs(11) };
    assert_eq!(disk(long), "fault 1: syncs are at most 10 s slower");
    let strobe = PlannedKind::ClockStrobe { by_ns: 1, period: Nanos(99_999) };
    assert_eq!(flaw(strobe), "fault 1: a clock jumps every 100 µs at most often");
    let crash = PlannedKind::CrashAt { point: CrashPoint::Send, count: 0 };
    assert_eq!(flaw(crash), "fault 1: calls are counted from 1");
}

#[test]
fn a_swizzle_clogs_one_by_one_and_unclogs_in_another_order() {
    let begins = |fault: &PlannedFault| match fault.at {
        At::Time(at) => at,
        other => panic!("{other:?}"),
    };
    let mut reordered = 0;
    for seed in 0..50 {
        let faults = make("swizzle-clog", seed).faults;
        let mut slots: BTreeMap<u64, Vec<&PlannedFault>> = BTreeMap::new();
        for fault in &faults {
            slots.entry(begins(fault).0 / 10_000_000_000).or_default().push(fault);
        }
        assert_eq!(slots.len(), 6);
        for (slot, mine) in slots {
            assert!((2..=5).contains(&mine.len()), "{mine:?}");
            let ends = |fault: &PlannedFault| begins(fault) + fault.lasts.unwrap();
            let last = mine.iter().map(|fault| begins(fault)).max().unwrap();
            let mut targets = BTreeSet::new();
            for fault in &mine {
                assert!(ends(fault) >= last, "all are clogged at once");
                assert!(ends(fault).0 <= slot * 10_000_000_000 + 5_000_000_000);
                assert!(matches!(
                    fault.kind,
                    PlannedKind::Partition { at_heal: LinkHeal::Deliver, .. }
                ));
                assert!(targets.insert(fault.targets.to_string()), "nobody twice");
            }
            reordered += usize::from(!mine.is_sorted_by_key(|fault| ends(fault)));
        }
    }
    assert!(reordered > 150, "{reordered} of 300");
}
