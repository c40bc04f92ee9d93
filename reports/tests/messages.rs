//! The message diagram: bounded, complete where it says so, and safe.

#[allow(dead_code)]
mod synthetic;

use tribunal_history::{Message, MessageFate, Messages, Nanos, NodeId};
use tribunal_reports::render_html;

const FATES: [MessageFate; 7] = [
    MessageFate::Came,
    MessageFate::UnderWay,
    MessageFate::Lost,
    MessageFate::Held,
    MessageFate::Cut,
    MessageFate::Damaged,
    MessageFate::Repeated,
];

fn messages(count: u64) -> Messages {
    let message = |number: u64| Message {
        from: (!number.is_multiple_of(9)).then_some(NodeId(1 + (number % 5) as u16)),
        to: Some(NodeId(1 + ((number + 2) % 5) as u16)),
        sent: Nanos::from_millis(3_000 + number),
        ended: (!number.is_multiple_of(4)).then(|| Nanos::from_millis(3_004 + number)),
        label: format!("append {number}</title><script>"),
        term: Some(3),
        fate: FATES[number as usize % FATES.len()],
    };
    let messages = (0..count).map(message).collect();
    Messages { until: Nanos::from_millis(3_377), left_out: 5, messages }
}

fn page(count: u64) -> String {
    let (trial, mut record) = synthetic::invalid(20, 200);
    record.messages = Some(messages(count));
    render_html(&trial, &record)
}

#[test]
fn every_message_has_an_arrow_a_row_and_a_fate() {
    let page = page(100);
    let section = &page[page.find("<section id=\"messages\">").expect("the section")..];
    let section = &section[..section.find("</section>").expect("its end")];
    assert_eq!(section.matches("<path class=\"message").count(), 100 + heads());
    assert_eq!(section.matches("<tr><td class=\"num\">").count(), 100);
    assert!(section.contains("100 messages from 3.000 s to 3.377 s."), "{section}");
    assert!(section.contains("5 messages before it are not shown."));
    for fate in FATES {
        assert!(section.contains(&format!("<td>{}</td>", fate.as_str())), "{fate:?}");
    }
    assert!(!section.contains("<script"));
    // The operations of the counterexample that touch this stretch of time stand with it.
    assert!(section.contains("F begins: read 17 → 4198") && section.contains("F ends"));

    fn heads() -> usize {
        (0..100).filter(|number| FATES[number % FATES.len()].came()).count()
    }
}

#[test]
fn a_diagram_is_bounded_and_says_what_it_leaves_out() {
    let page = page(5_000);
    let rows = page.matches("<td class=\"code\">append ").count();
    assert_eq!(rows, 240);
    assert!(page.contains("4,765 messages before it are not shown."));
    assert!(page.len() < 1 << 20, "{} bytes", page.len());
}

#[test]
fn without_messages_there_is_no_section() {
    let (trial, record) = synthetic::invalid(20, 200);
    assert!(!render_html(&trial, &record).contains("id=\"messages\""));
}
