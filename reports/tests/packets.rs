//! How harm to packets is told: in the table of faults, in the strips, in the text.

#[allow(dead_code)]
mod synthetic;

use tribunal_history::{
    Direction, Fault, FaultFamily, FaultKind, Injection, Link, LinkFault, Nanos, NodeId,
    PacketFault, PlannedKind, Record, Targets, Trial,
};
use tribunal_reports::render_html;

/// A valid run whose first and fifth faults, partitions before, harm packets instead.
fn run() -> (Trial, Record) {
    let (trial, mut record) = synthetic::valid(20, 200);
    let slow = PacketFault {
        delay: Nanos::from_millis(50),
        jitter: Nanos::from_millis(10),
        bandwidth: 64_000,
        ..PacketFault::CLEAR
    };
    let lossy = PacketFault { loss_ppm: 125_000, ..PacketFault::CLEAR };
    let pairs = |wanted: fn(NodeId, NodeId) -> bool| -> Vec<Link> {
        let from = NodeId::all(trial.plan.nodes);
        let all = from.flat_map(|from| NodeId::all(trial.plan.nodes).map(move |to| (from, to)));
        all.filter(|(from, to)| from != to && wanted(*from, *to))
            .map(|(from, to)| Link::between(from, to))
            .collect()
    };
    let faults = [
        (0, slow, None, Targets::All, pairs(|_, _| true)),
        (4, lossy, Some(Direction::Inbound), Targets::Leader, pairs(|_, to| to == NodeId(4))),
    ];
    for (position, fault, direction, targets, links) in faults {
        let fate = &mut record.faults[position];
        fate.planned.family = FaultFamily::Packet;
        fate.planned.kind = PlannedKind::Packet { direction, fault };
        fate.planned.targets = targets;
        let (id, kind) = (fate.planned.id, FaultKind::Link(LinkFault::Packet(fault)));
        let count = links.len();
        fate.resolved = Some(Fault { id, kind, links, nodes: Vec::new() });
        fate.injection = Some(Injection::Installed(format!("{count} links")));
        let evidence = "1240 chunks delayed, 52.0 ms on average, 61.0 ms at most";
        fate.healing = Some(Injection::Installed(evidence.into()));
    }
    // That lossy link was idle.
    record.faults[4].effective = Some(false);
    (trial, record)
}

/// What stands between two marks.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let start = page.find(from).expect("the beginning");
    &page[start..start + page[start..].find(to).expect("the end")]
}

#[test]
fn the_table_of_faults_tells_strength_targets_and_evidence() {
    let (trial, record) = run();
    let page = render_html(&trial, &record);
    let table = between(&page, "<section id=\"faults\">", "</section>");
    let rows: Vec<&str> = table.lines().filter(|line| line.contains("<small>")).collect();
    insta::assert_snapshot!("packet_faults", [rows[0], rows[4]].join("\n"));
}

#[test]
fn the_strips_have_a_row_of_the_family_and_a_hatch_of_its_own() {
    let (trial, record) = run();
    let page = render_html(&trial, &record);
    assert!(page.contains("class=\"fault hatch-packet\""));
    assert!(page.contains("packet #1: delay 50.0 ms ± 10.0 ms, 64 kB/s on every link between"));
    assert!(page.contains("packet #5: 12.5 % loss, inbound on what n4 hears"));
    assert!(page.contains("hatch-packet)"), "the style knows it");
}
