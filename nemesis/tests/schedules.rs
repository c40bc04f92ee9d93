//! What every generated schedule keeps to, whatever the seed.

use std::collections::BTreeSet;

use tribunal_history::{
    At, ClockKind, FaultFamily, FaultId, LinkHeal, Nanos, PartitionShape, PlannedFault,
    PlannedKind, Schedule, Seed, Targets,
};
use tribunal_nemesis::{
    GenerateOptions, Medium, NEMESES, ScheduleError, Spec, family_of, generate, validate,
};

const DEFAULT: GenerateOptions =
    GenerateOptions { interval: None, overlap: false, medium: Medium::Packets };
const ALL: &str = "partition,kill,pause,clock,power";
const SECOND: u64 = 1_000_000_000;

fn spec(text: &str) -> Spec {
    text.parse().unwrap()
}

fn make(text: &str, seed: u64, load: Nanos) -> Schedule {
    generate(&spec(text), Seed(seed), load, &DEFAULT)
}

fn begins(fault: &PlannedFault) -> Nanos {
    match fault.at {
        At::Time(time) => time,
        other => panic!("generated faults begin at a time, not {other:?}"),
    }
}

fn ends(fault: &PlannedFault) -> Nanos {
    begins(fault) + fault.lasts.expect("generated faults end")
}

/// The slot a fault of a family lies in, by the rule of the default schedule.
fn slot_length(families: u64, load: Nanos) -> Nanos {
    Nanos::from_secs(10).min(Nanos(load.0 / (families + 1)))
}

#[test]
fn families_take_slots_in_turn_and_heal_within_half() {
    for seed in 0..3_000 {
        let mut random = Seed(seed).child("test").random();
        let mut names: Vec<&str> = ALL.split(',').collect();
        random.shuffle(&mut names);
        names.truncate(random.between(1, 5) as usize);
        let load = Nanos(random.between(SECOND, 300 * SECOND));
        let schedule = make(&names.join(","), seed, load);
        let count = names.len() as u64;
        let slot = slot_length(count, load);
        assert_eq!(schedule.faults.len() as u64, load.0 / slot.0, "one fault in each slot");
        assert!(schedule.faults.len() as u64 > count);
        for (index, fault) in schedule.faults.iter().enumerate() {
            let start = slot.times(index as u64);
            assert_eq!(fault.id, FaultId(index as u32 + 1));
            assert!(begins(fault) >= start && ends(fault) <= start + Nanos(slot.0 / 2));
            assert!(fault.lasts.unwrap().0 >= slot.0 / 5 - 1, "long enough to matter");
        }
        for round in schedule.faults.chunks(names.len()) {
            let families: BTreeSet<_> = round.iter().map(|fault| fault.family).collect();
            assert_eq!(families.len(), round.len(), "none twice in a round");
        }
        assert_eq!(schedule.families().len(), names.len());
        let end = schedule.faults.iter().map(ends).max().unwrap();
        assert!(end.0 <= load.0 - slot.0 / 2);
        assert_eq!(validate(&schedule, 5), Ok(()));
    }
}

#[test]
fn every_nemesis_acts_through_the_load_without_overlap() {
    for nemesis in NEMESES {
        for load in [1, 5, 20, 60].map(Nanos::from_secs) {
            let schedule = make(nemesis.name, 9, load);
            assert_eq!(validate(&schedule, 5), Ok(()));
            assert!(schedule.faults.len() >= 2, "{} in {load}", nemesis.name);
            for pair in schedule.faults.windows(2) {
                // Laid over each other is what it is.
                let swizzle = nemesis.name == "swizzle-clog";
                let apart = ends(&pair[0]) < begins(&pair[1]);
                assert!(apart || swizzle, "{} overlaps", nemesis.name);
            }
            let (first, last) = (&schedule.faults[0], schedule.faults.last().unwrap());
            assert!(begins(first).0 < load.0 / 4, "{} begins late", nemesis.name);
            assert!(ends(last) < load && begins(last).0 >= load.0 / 5 * 2, "{}", nemesis.name);
        }
    }
}

#[test]
fn templates_keep_their_own_pace() {
    let count = |name| make(name, 3, Nanos::from_secs(20)).faults.len();
    assert_eq!(count("partition"), 2);
    assert_eq!(count("isolate-leader"), 3);
    assert_eq!(count("leader-kill-cycle"), 6);
    assert_eq!(count("power-majority"), 6);
    assert_eq!(count("restart-storm"), 50);
    assert_eq!(count("lose-reply"), 33);
    let windows = make("lose-reply", 3, Nanos::from_secs(20)).faults;
    let range = Nanos::from_millis(150)..=Nanos::from_millis(250);
    assert!(windows.iter().all(|fault| range.contains(&fault.lasts.unwrap())));
    let isolations = make("isolate-leader", 3, Nanos::from_secs(60)).faults;
    assert!(isolations.iter().all(|fault| fault.lasts.unwrap() >= Nanos::from_secs(2)));
    // Beside a family a template acts several times in its slot.
    let mixed = make("partition,lose-reply", 3, Nanos::from_secs(60)).faults;
    let lost = mixed.iter().filter(|fault| fault.kind == PlannedKind::LoseReply).count();
    assert_eq!((mixed.len() - lost, lost), (3, 24));
    let cycle = make("leader-kill-cycle", 3, Nanos::from_secs(20));
    let families: Vec<_> = cycle.faults.iter().map(|fault| fault.family).collect();
    assert_eq!(families[..2], [FaultFamily::Kill, FaultFamily::Partition]);
    assert!(cycle.faults.iter().all(|fault| fault.targets == Targets::Leader));
}

#[test]
fn power_majority_takes_the_leader_with_it_in_one_fault() {
    for fault in make("power-majority", 1, Nanos::from_secs(60)).faults {
        assert_eq!(fault.kind, PlannedKind::Power);
        assert_eq!(fault.targets, Targets::MajorityWithLeader);
    }
}

#[test]
fn majority_and_all_only_by_name() {
    for seed in 0..500 {
        for fault in make(ALL, seed, Nanos::from_secs(120)).faults {
            let careful = match fault.kind {
                PlannedKind::Partition { shape: PartitionShape::MajoritiesRing, .. } => true,
                _ => matches!(
                    fault.targets,
                    Targets::One | Targets::Minority | Targets::Leader | Targets::Follower
                ),
            };
            assert!(careful, "{fault:?}");
        }
    }
}

#[test]
fn all_that_a_family_can_do_occurs() {
    let mut kinds = BTreeSet::new();
    for seed in 0..400 {
        for fault in make(ALL, seed, Nanos::from_secs(120)).faults {
            assert_eq!(fault.family, family_of(&fault.kind));
            kinds.insert(match fault.kind {
                PlannedKind::ClockJump { clock, by_ns } => {
                    let size = by_ns.unsigned_abs();
                    assert!((100_000_000..=10_000_000_000).contains(&size), "{by_ns}");
                    assert!(by_ns > 0 || clock == ClockKind::Wall);
                    format!("{clock} jump {}", by_ns.signum())
                }
                PlannedKind::ClockDrift { clock, ppm } => {
                    assert!((50_000..=500_000).contains(&ppm.unsigned_abs()));
                    format!("{clock} drift {}", ppm.signum())
                }
                PlannedKind::Partition { at_heal, .. } => {
                    let heal = if at_heal == LinkHeal::Deliver { "deliver" } else { "reset" };
                    format!("{} of {}, {heal}", fault.kind.describe(), fault.targets)
                }
                _ => format!("{} of {}", fault.kind.describe(), fault.targets),
            });
        }
    }
    let shapes = [
        "bridge of follower",
        "halves of leader",
        "halves of minority",
        "majorities-ring of all",
        "one of leader",
        "one of one",
        "one-way inbound of leader",
        "one-way inbound of one",
        "one-way outbound of leader",
        "one-way outbound of one",
    ];
    let heals = ["deliver", "reset"];
    let mut expected: BTreeSet<String> = shapes
        .iter()
        .flat_map(|shape| heals.iter().map(move |heal| format!("partition {shape}, {heal}")))
        .collect();
    expected.extend(
        ["kill of leader", "kill of minority", "kill of one", "pause of leader"]
            .into_iter()
            .chain(["pause of minority", "pause of one", "power of minority"])
            .chain(["wall jump -1", "wall jump 1", "wall drift -1", "wall drift 1"])
            .chain(["monotonic jump 1", "monotonic drift -1", "monotonic drift 1"])
            .map(str::to_owned),
    );
    assert_eq!(kinds, expected);
}

#[test]
fn equal_seeds_equal_schedules_and_a_second_nemesis_changes_no_draw() {
    let load = Nanos::from_secs(120);
    assert_eq!(make(ALL, 42, load), make(ALL, 42, load));
    assert_ne!(make(ALL, 42, load), make(ALL, 43, load));
    let kills = |schedule: Schedule| -> Vec<Targets> {
        let kills = schedule.faults.into_iter().filter(|f| f.family == FaultFamily::Kill);
        kills.map(|fault| fault.targets).collect()
    };
    let (alone, mixed) = (kills(make("kill", 42, load)), kills(make("clock,kill", 42, load)));
    assert_eq!(alone[..mixed.len()], mixed);
}

#[test]
fn overlapping_nemeses_take_every_slot() {
    let options = GenerateOptions { overlap: true, ..DEFAULT };
    let load = Nanos::from_secs(60);
    let mut overlaps = 0;
    for seed in 0..200 {
        let schedule = generate(&spec("partition,kill"), Seed(seed), load, &options);
        assert_eq!(schedule.faults.len(), 12);
        assert_eq!(validate(&schedule, 5), Ok(()));
        assert!(schedule.faults.is_sorted_by_key(begins));
        let pairs = schedule.faults.windows(2);
        overlaps += pairs.filter(|pair| begins(&pair[1]) < ends(&pair[0])).count();
    }
    assert_eq!(overlaps, 200 * 6);
}

#[test]
fn extremes_are_bounded() {
    assert!(make("none", 1, Nanos::from_secs(20)).faults.is_empty());
    assert!(make("kill", 1, Nanos::ZERO).faults.is_empty());
    for load in (1..200).chain([u64::MAX]).map(Nanos) {
        let schedule = make(ALL, 1, load);
        assert!(schedule.faults.len() <= 100_000);
        assert_eq!(validate(&schedule, 5), Ok(()));
    }
    let every = NEMESES.iter().map(|nemesis| nemesis.name).collect::<Vec<_>>().join(",");
    let options = GenerateOptions { overlap: true, ..DEFAULT };
    let long = generate(&spec(&every), Seed(1), Nanos::from_secs(86_400 * 365), &options);
    assert!((90_000..=100_000).contains(&long.faults.len()), "{}", long.faults.len());
    assert_eq!(validate(&long, 5), Ok(()));
    let interval = Some(Nanos::from_secs(2));
    let options = GenerateOptions { interval, ..DEFAULT };
    let load = Nanos::from_secs(20);
    assert_eq!(generate(&spec("kill"), Seed(1), load, &options).faults.len(), 10);
}

/// The format on disk, and the draws behind it: if this fails, old seeds mean other runs.
#[test]
fn the_file_format_is_frozen() {
    let schedule = make(&format!("{ALL},client-cut,lose-reply"), 42, Nanos::from_secs(24));
    let json = serde_json::to_string_pretty(&schedule).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/schedule.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &json).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap();
    assert_eq!(json, golden, "UPDATE_GOLDEN=1 rewrites the file");
    assert_eq!(serde_json::from_str::<Schedule>(&golden).unwrap(), schedule);
}

fn fault(id: u32, kind: PlannedKind, targets: Targets) -> PlannedFault {
    let at = At::Time(Nanos::ZERO);
    PlannedFault { id: FaultId(id), family: family_of(&kind), kind, targets, at, lasts: None }
}

fn error(faults: Vec<PlannedFault>) -> String {
    validate(&Schedule::new(faults), 5).unwrap_err().to_string()
}

#[test]
fn what_cannot_be_followed_is_refused_in_words() {
    let kill = |id| fault(id, PlannedKind::Kill, Targets::One);
    let after = |id, other| {
        let at = At::After { fault: FaultId(other), delay: Nanos(1) };
        PlannedFault { at, ..kill(id) }
    };
    let named = |kind, numbers: &[u16]| {
        let nodes = numbers.iter().map(|number| tribunal_history::NodeId(*number)).collect();
        fault(1, kind, Targets::Nodes(nodes))
    };
    let cut = |shape| PlannedKind::Partition { shape, at_heal: LinkHeal::Reset };
    let mut other_version = Schedule::new(vec![]);
    other_version.tribunal_schedule = 2;
    assert_eq!(validate(&other_version, 5), Err(ScheduleError::Version(2)));
    assert_eq!(validate(&Schedule::new(vec![kill(3), after(1, 3)]), 5), Ok(()));
    assert_eq!(error(vec![kill(1), kill(1)]), "two faults have id 1");
    assert_eq!(error(vec![after(1, 7)]), "fault 1 begins after fault 7, which does not exist");
    let listed = "which must be listed before it";
    assert_eq!(error(vec![after(1, 1)]), format!("fault 1 begins after fault 1, {listed}"));
    assert_eq!(
        error(vec![after(1, 2), after(2, 1)]),
        format!("fault 1 begins after fault 2, {listed}")
    );
    assert_eq!(
        error(vec![named(PlannedKind::Kill, &[1, 6])]),
        "fault 1 names n6, but the cluster has 5 nodes"
    );
    assert_eq!(error(vec![named(PlannedKind::Kill, &[])]), "fault 1 names no node");
    assert_eq!(
        error(vec![named(cut(PartitionShape::One), &[1, 2])]),
        "fault 1: targets 'n1,n2' do not fit partition one"
    );
    assert_eq!(
        error(vec![fault(1, cut(PartitionShape::Halves), Targets::All)]),
        "fault 1: targets 'all' do not fit partition halves"
    );
    let back = PlannedKind::ClockJump { clock: ClockKind::Monotonic, by_ns: -1 };
    assert_eq!(
        error(vec![fault(4, back, Targets::One)]),
        "fault 4 moves a monotonic clock back, which never goes back"
    );
    let still = PlannedKind::ClockDrift { clock: ClockKind::Wall, ppm: -1_000_000 };
    assert_eq!(
        error(vec![fault(4, still, Targets::One)]),
        "fault 4 drifts by -1000000 ppm or less; a clock must go forward"
    );
    let mislabelled = PlannedFault { family: FaultFamily::Disk, ..kill(1) };
    assert_eq!(error(vec![mislabelled]), "fault 1 says family disk, but kill is of family kill");
}
