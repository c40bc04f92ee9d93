//! What links promise: order on streams, whatever happens; that they flow again after a heal; that
//! datagrams which were held outlast a restart.

#[allow(dead_code)]
mod rig;

use std::collections::BTreeMap;

use rig::{Trial, assert_clean, prepare, run};
use tribunal_history::{
    At, CrashPoint, Direction, FaultFamily, FaultId, FaultRecord, Link, LinkHeal, Message,
    MessageFate, Nanos, NodeId, PacketFault, PartitionShape, PlannedFault, PlannedKind, Schedule,
    Targets,
};
use tribunal_sim::{NoWatch, Noting, SimOptions, Simulated, Transport, Weather, simulate};

fn noted(trial: &Trial) -> (Simulated, Vec<Message>) {
    let (mut run, options) = prepare(trial);
    let noting = Some(Noting { until: Nanos::MAX, most: usize::MAX });
    let mut simulated =
        simulate(SimOptions { noting, ..options }, &mut run, &mut NoWatch).expect("a known core");
    let messages = simulated.record.messages.take().expect("notes").messages;
    (simulated, messages)
}

fn millis(millis: u64) -> Nanos {
    Nanos::from_millis(millis)
}

fn fault(id: u32, kind: PlannedKind, targets: Targets, (at, lasts): (u64, u64)) -> PlannedFault {
    let family = tribunal_nemesis::family_of(&kind);
    let (at, lasts) = (At::Time(millis(at)), Some(millis(lasts)));
    PlannedFault { id: FaultId(id), family, kind, targets, at, lasts }
}

fn scheduled(seed: u64, faults: Vec<PlannedFault>) -> Trial {
    Trial { schedule: Some(Schedule::new(faults)), ..Trial::new(seed) }
}

fn node(number: u16) -> Targets {
    Targets::Nodes(vec![NodeId(number)])
}

/// Of each directed pair of nodes, in the order they were sent: what came, came in that order.
fn assert_in_order(trial: &Trial, messages: &[Message]) {
    let mut last: BTreeMap<_, (Nanos, &Message)> = BTreeMap::new();
    let mut looked_at = 0;
    for message in messages {
        let (Some(from), Some(to), Some(ended)) = (message.from, message.to, message.ended) else {
            continue;
        };
        if message.fate != MessageFate::Came {
            continue;
        }
        looked_at += 1;
        if let Some((before, other)) = last.insert((from, to), (ended, message)) {
            assert!(before <= ended, "{trial:?}\n{message:?}\novertook\n{other:?}");
        }
    }
    assert!(looked_at > 1_000, "{looked_at} messages came");
}

#[test]
fn streams_keep_their_order_under_every_fault() {
    for nemesis in ["partition", "pause", "clog", "packet:delay", "packet:bandwidth", "packet:loss"]
    {
        for seed in 0..4 {
            let trial = Trial { nemesis, rate: 500, ..Trial::new(seed) };
            let (_, messages) = noted(&trial);
            assert_in_order(&trial, &messages);
        }
    }
    let partition_and_pause = Trial { nemesis: "partition,pause,packet", ..Trial::new(9) };
    let (_, messages) = noted(&partition_and_pause);
    assert_in_order(&partition_and_pause, &messages);
}

#[test]
fn a_narrow_link_flows_again_at_once_when_it_is_healed() {
    let narrow = PacketFault { bandwidth: 1_000, ..PacketFault::CLEAR };
    for transport in [Transport::Stream, Transport::Datagram] {
        let kind = PlannedKind::Packet { direction: None, fault: narrow };
        let faults = vec![fault(1, kind, Targets::All, (1_000, 4_000))];
        let weather = Weather::CALM.over(transport);
        let trial = Trial { rate: 2_000, weather, ..scheduled(25, faults) };
        let (simulated, messages) = noted(&trial);
        assert_eq!(simulated.problem, None);
        let healed = simulated.record.faults[0].healed.expect("it was healed");
        let late = messages.iter().filter(|it| {
            let ended = it.ended.unwrap_or(Nanos::MAX);
            it.fate == MessageFate::Came && it.sent > healed && ended > it.sent + millis(10)
        });
        assert_eq!(late.count(), 0, "{transport:?}");
        // While it was narrow messages waited.
        let waited = messages.iter().filter(|it| {
            let narrow = it.sent > millis(1_000) && it.sent < healed;
            narrow && it.ended.is_some_and(|ended| ended > it.sent + millis(300))
        });
        let waited = waited.count();
        assert!(waited > 100, "{transport:?}: {waited}");
    }
    for seed in [25, 37] {
        let trial =
            Trial { nemesis: "packet:bandwidth", rate: 2_000, secs: 20, ..Trial::new(seed) };
        assert_clean(&trial, &run(&trial));
    }
}

#[test]
fn datagrams_that_a_cut_holds_come_to_a_node_that_was_started_again() {
    let shape = PartitionShape::OneWay(Direction::Inbound);
    let cut = PlannedKind::Partition { shape, at_heal: LinkHeal::Deliver };
    let held = |faults: Vec<PlannedFault>| {
        let weather = Weather::CALM.over(Transport::Datagram);
        let (_, messages) = noted(&Trial { weather, ..scheduled(3, faults) });
        let early = messages.into_iter().filter(|it| {
            it.to == Some(NodeId(3))
                && it.from.is_some()
                && (millis(600)..millis(2_500)).contains(&it.sent)
        });
        let (came, lost): (Vec<_>, Vec<_>) = early.partition(|it| it.fate == MessageFate::Came);
        (came.len(), lost.len())
    };
    let cut = fault(1, cut, node(3), (500, 5_500));
    let kill = fault(2, PlannedKind::Kill, node(3), (3_000, 1_000));
    let (came, lost) = held(vec![cut.clone()]);
    assert!(came > 30 && lost == 0, "{came} {lost}");
    let with_kill = held(vec![cut, kill]);
    assert_eq!(with_kill, (came, lost));
}

fn healing(simulated: &Simulated) -> Vec<(FaultFamily, String)> {
    let words = |it: &FaultRecord| it.healing.as_ref().map_or(String::new(), |it| it.text().into());
    simulated.record.faults.iter().map(|it| (it.planned.family, words(it))).collect()
}

#[test]
fn of_two_deaths_on_one_node_only_the_one_that_came_is_told() {
    let at = |point, count| PlannedKind::CrashAt { point, count };
    let faults = vec![
        fault(1, at(CrashPoint::Write, 1_000_000), node(1), (1_000, 4_000)),
        fault(2, at(CrashPoint::Sync, 20), node(1), (1_100, 4_000)),
    ];
    let (simulated, _) = noted(&scheduled(3, faults));
    let words: Vec<_> = healing(&simulated).into_iter().map(|(_, words)| words).collect();
    assert!(words[0].contains("nobody came to that call"), "{words:?}");
    assert!(words[1].contains("n1 died there"), "{words:?}");
}

#[test]
fn a_power_cut_takes_the_page_cache_of_a_node_that_is_down_as_well() {
    // What a kill leaves unsynced is gone with the power: whether it is anything is chance.
    let told = (0..20).flat_map(|seed| {
        let faults = vec![
            fault(1, PlannedKind::Kill, node(1), (1_000, 3_000)),
            fault(2, PlannedKind::Power, node(1), (2_000, 3_000)),
        ];
        let trial = Trial { rate: 500, ..scheduled(seed, faults) };
        let outcome = run(&trial);
        assert_clean_but_for_coverage(&trial, &outcome.simulated);
        outcome.simulated.record.faults
    });
    let told: Vec<String> = told.filter_map(|it| Some(it.injection?.text().to_owned())).collect();
    let lost = |words: &&String| {
        words.contains("was down already, ") && !words.contains("already, 0 bytes")
    };
    assert!(told.iter().any(|words| lost(&words)), "{told:#?}");
}

fn assert_clean_but_for_coverage(trial: &Trial, simulated: &Simulated) {
    assert_eq!((&simulated.problem, &simulated.violation), (&None, &None), "{trial:?}");
}

#[test]
fn uneven_links_are_as_the_seed_says_and_differ() {
    let weather = Weather { is_uneven: true, ..Weather::CALM };
    let trial = Trial { weather, nemesis: "partition", ..Trial::new(4) };
    let (_, messages) = noted(&trial);
    let mut fastest: BTreeMap<Link, Nanos> = BTreeMap::new();
    for message in messages.iter().filter(|it| it.fate == MessageFate::Came) {
        if let (Some(from), Some(to), Some(ended)) = (message.from, message.to, message.ended) {
            let took = ended - message.sent;
            fastest
                .entry(Link::between(from, to))
                .and_modify(|it| *it = (*it).min(took))
                .or_insert(took);
        }
    }
    let far = fastest.values().filter(|took| **took >= millis(5)).count();
    assert!(fastest.len() == 20 && (3..18).contains(&far), "{fastest:?}");
    assert_eq!(run(&trial).simulated.trace, run(&trial).simulated.trace);
    assert_clean(&trial, &run(&trial));
}
