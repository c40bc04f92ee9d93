//! What every page keeps: offline, bounded, accessible.

mod markup;
#[allow(dead_code)]
mod synthetic;

use tribunal_history::{
    FaultRecord, Finding, Injection, LogExcerpt, NodeEvent, NodeId, Record, Setting, Trial,
    WitnessStep,
};
use tribunal_reports::{render_html, summary_markdown, terminal};

fn pages() -> Vec<String> {
    let runs = [
        synthetic::valid(20, 200),
        synthetic::invalid(20, 200),
        synthetic::unknown(),
        synthetic::harness_error(),
        synthetic::empty(),
        enormous(),
    ];
    runs.iter().map(|(trial, record)| render_html(trial, record)).collect()
}

/// Everything that can be many is many.
fn enormous() -> (Trial, Record) {
    let (mut trial, mut record) = synthetic::invalid(600, 50);
    let finding = trial.findings[0].clone();
    trial.findings = (0..40).map(|_| crowded(finding.clone())).collect();
    let fault = record.faults[0].clone();
    let many = |position: u32| FaultRecord {
        injection: Some(Injection::Installed("evidence ".repeat(100))),
        ..{
            let mut fault = fault.clone();
            fault.planned.id.0 = position;
            fault
        }
    };
    record.faults.extend((8..3_000).map(many));
    let setting = Setting { name: "x".into(), value: "v".repeat(10_000), origin: "flag".into() };
    trial.settings = vec![setting; 500];
    trial.environment.facts = vec![("fact".into(), "f".repeat(10_000)); 500];
    trial.commands = vec![("label".into(), "c".repeat(10_000)); 500];
    trial.gates = vec![trial.gates[0].clone(); 500];
    trial.health = vec![trial.health[0].clone(); 500];
    trial.exits = vec![trial.exits[0].clone(); 5_000];
    record.log_matches = vec![record.log_matches[0].clone(); 5_000];
    let log = LogExcerpt { tail: vec!["line ".repeat(300); 300], ..trial.logs[0].clone() };
    trial.logs = vec![log; 50];
    trial.plan.nodes = u16::MAX;
    let events: Vec<NodeEvent> = record.node_events.clone();
    record.node_events = std::iter::repeat_n(events, 300).flatten().collect();
    (trial, record)
}

/// A finding with the largest witness a checker may make, and more.
fn crowded(mut finding: Finding) -> Finding {
    let witness = finding.witness.as_mut().expect("a witness");
    let operation = witness.operations[0].clone();
    witness.operations = (0..60)
        .map(|index| {
            let mut operation = operation.clone();
            operation.index = index;
            operation.process.0 = index;
            operation
        })
        .collect();
    let step = |operation| WitnessStep { operation, state: "s".repeat(4_000) };
    witness.order = (0..60).map(step).collect();
    witness.words = vec!["word ".repeat(200); 500];
    finding
}

#[test]
fn a_page_reaches_for_nothing() {
    for page in pages() {
        assert!(!page.contains("http://") && !page.contains("https://"));
        for tag in markup::tags(&page) {
            for (name, value) in &tag.attributes {
                assert!(name != "src" && name != "style" && !name.starts_with("on"), "{name}");
                assert!(name != "href" || value.starts_with('#'), "{value}");
            }
            let foreign = ["img", "iframe", "link", "object", "embed", "base", "form", "use"];
            assert!(!foreign.contains(&tag.name.as_str()), "{}", tag.name);
        }
        assert!(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"));
    }
}

#[test]
fn a_page_is_bounded_whatever_the_run_holds() {
    let (trial, record) = enormous();
    let page = render_html(&trial, &record);
    let elements = markup::tags(&page).len();
    assert!(elements <= 3_000, "{elements} elements");
    assert!(page.len() <= 3 << 20, "{} bytes", page.len());
    assert!(page.contains("Also left out:") && page.contains("more faults in the table of faults"));
    let markdown = summary_markdown(&trial, &record);
    assert!(markdown.len() <= 64 << 10, "{} bytes", markdown.len());
    let text = terminal(&trial, &record, tribunal_reports::Style::PLAIN);
    assert!(text.len() <= 16 << 10, "{} bytes", text.len());
}

#[test]
fn every_drawing_says_what_it_shows() {
    for page in pages() {
        for tag in markup::tags(&page).iter().filter(|tag| tag.name == "svg") {
            let drawing = &page[tag.at..tag.at + page[tag.at..].find("</svg>").unwrap()];
            let title = drawing.find("<title id=").expect("a title");
            let description = drawing.find("<desc id=").expect("a description");
            assert!(title < description && !drawing.contains("></desc>"));
            assert!(drawing.contains("role=\"img\""));
        }
    }
}

#[test]
fn headings_do_not_skip_and_ids_do_not_repeat() {
    for page in pages() {
        let tags = markup::tags(&page);
        let headings: Vec<&str> = tags
            .iter()
            .map(|tag| tag.name.as_str())
            .filter(|it| ["h1", "h2", "h3"].contains(it))
            .collect();
        assert_eq!(headings[0], "h1");
        assert!(headings[1..].iter().all(|it| *it == "h2"));
        let mut ids: Vec<&str> = Vec::new();
        for tag in &tags {
            ids.extend(tag.attributes.iter().filter(|it| it.0 == "id").map(|it| it.1.as_str()));
        }
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}

#[test]
fn without_its_script_a_page_is_whole() {
    let (trial, record) = synthetic::invalid(20, 200);
    let page = render_html(&trial, &record);
    let page = &page[..page.find("<script>").unwrap()];
    for told in ["needs 4198, state is 4207", "Let:", "4198 → 4207", "{n1 n2 n3 | n4 n5}"] {
        assert!(page.contains(told), "{told}");
    }
    for tag in markup::tags(page) {
        let hidden = tag.attributes.iter().any(|(name, _)| name == "hidden");
        let control = tag.attributes.iter().any(|(_, value)| value == "stepper");
        assert!(!hidden || tag.name == "button" || control, "{} is hidden", tag.name);
        assert!(
            hidden
                || tag.name != "button"
                || page[tag.at..].starts_with("<button type=\"button\" class=\"back\"")
                || page[tag.at..].starts_with("<button type=\"button\" class=\"forth\"")
        );
    }
}

#[test]
fn the_script_is_small_and_safe() {
    let script = include_str!("../assets/page.js");
    assert!(script.len() <= 40_000);
    for banned in ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "fetch("]
    {
        assert!(!script.contains(banned), "{banned}");
    }
    assert!(!script.contains("</") && !include_str!("../assets/page.css").contains("</"));
}

#[test]
fn nodes_without_name_do_not_break_a_page() {
    let (mut trial, mut record) = synthetic::valid(5, 50);
    trial.plan.nodes = 0;
    for event in &mut record.node_events {
        if let NodeEvent::State { node, .. } = event {
            *node = NodeId(0);
        }
    }
    assert!(render_html(&trial, &record).contains("</html>"));
}

#[test]
fn operations_outside_an_order_are_not_said_to_have_waited() {
    let (mut trial, record) = synthetic::invalid(20, 200);
    let (ended, rests) = ("the order ends before it", "the contradiction rests on it");
    let page = render_html(&trial, &record);
    assert!(page.contains(ended) && !page.contains(rests));
    // Accounting has no order, only operations that contradict each other.
    for witness in trial.findings.iter_mut().filter_map(|finding| finding.witness.as_mut()) {
        witness.order.clear();
    }
    let page = render_html(&trial, &record);
    assert!(page.contains(rests) && !page.contains(ended));
}
