//! Every output of five golden runs, as snapshots.

#[allow(dead_code)]
mod synthetic;

use tribunal_history::{Record, Trial};
use tribunal_reports::{Style, render_html, summary_markdown, terminal};

fn runs() -> [(&'static str, (Trial, Record)); 5] {
    [
        ("valid", synthetic::valid(20, 200)),
        ("invalid", synthetic::invalid(20, 200)),
        ("unknown", synthetic::unknown()),
        ("harness_error", synthetic::harness_error()),
        ("empty", synthetic::empty()),
    ]
}

#[test]
fn terminals() {
    for (name, (trial, record)) in runs() {
        insta::assert_snapshot!(
            format!("{name}_terminal"),
            terminal(&trial, &record, Style::PLAIN)
        );
    }
}

#[test]
fn markdowns() {
    for (name, (trial, record)) in runs() {
        insta::assert_snapshot!(format!("{name}_markdown"), summary_markdown(&trial, &record));
    }
}

/// The page without its style and script, which are files of their own.
#[test]
fn pages() {
    for (name, (trial, record)) in runs() {
        let page = render_html(&trial, &record);
        let page = without(&without(&page, "<style>", "</style>"), "<script>", "</script>");
        let policy = page.find("<meta http-equiv").expect("a policy");
        let after = policy + page[policy..].find('\n').expect("a line end") + 1;
        let page = format!("{}{}", &page[..policy], &page[after..]);
        insta::assert_snapshot!(format!("{name}_page"), page);
    }
}

fn without(page: &str, from: &str, to: &str) -> String {
    let start = page.find(from).expect("the element") + from.len();
    let end = start + page[start..].find(to).expect("its end");
    format!("{}{}", &page[..start], &page[end..])
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    for (_, (trial, record)) in runs() {
        assert_eq!(render_html(&trial, &record), render_html(&trial, &record));
        let json = serde_json::to_string(&trial).unwrap();
        let stored: Trial = serde_json::from_str(&json).unwrap();
        assert_eq!(render_html(&trial, &record), render_html(&stored, &record));
    }
}

#[test]
fn a_pass_is_about_six_lines_and_claims_no_proof() {
    let (trial, record) = synthetic::valid(20, 200);
    let text = terminal(&trial, &record, Style::PLAIN);
    assert!(text.lines().filter(|line| !line.is_empty()).count() <= 7, "{text}");
    assert!(text.contains("No violation found in"));
    assert!(!text.contains("is linearizable"));
    let page = render_html(&trial, &record);
    let h1 = &page[page.find("<h1>").unwrap()..page.find("</h1>").unwrap()];
    assert!(h1.starts_with("<h1>No violation found in "), "{h1}");
}

#[test]
fn colours_come_only_when_asked_for() {
    let (trial, record) = synthetic::invalid(5, 100);
    assert!(!terminal(&trial, &record, Style { color: false }).contains('\x1b'));
    assert!(
        terminal(&trial, &record, Style { color: true }).starts_with("\x1b[1;31mINVALID\x1b[0m")
    );
}
