//! Many runs, and what continuous integration reads of them.

#[allow(dead_code)]
mod markup;
#[allow(dead_code)]
mod synthetic;

use quick_junit::{NonSuccessKind, Report, TestCaseStatus};
use tribunal_history::{Nanos, Random, Record, RunLine, RunState, Seed, Trial, Verdict};
use tribunal_reports::{
    Batch, BatchRun, Ending, Gap, Style, annotations, batch_junit, batch_markdown, batch_table,
    junit, render_batch_html, run_line,
};

fn runs() -> [(&'static str, (Trial, Record)); 5] {
    [
        ("valid", synthetic::valid(20, 200)),
        ("invalid", synthetic::invalid(20, 200)),
        ("unknown", synthetic::unknown()),
        ("harness_error", synthetic::harness_error()),
        ("empty", synthetic::empty()),
    ]
}

fn line(run: &(Trial, Record), seed: u64, exit: u8) -> RunLine {
    let (mut trial, record) = run.clone();
    trial.plan.seed = Seed(seed);
    let ending = Ending {
        exit,
        duration: Nanos::from_millis(31_204),
        batch: Some("2026-11-20T02-14-07Z-1-x6".into()),
        repeat: format!("tribunal run --nemesis partition,kill,pause,clock --seed {seed}"),
        report: (exit != 0).then(|| format!("runs/2026-{seed}/report-register-{seed}.html")),
        version: "0.1.0".into(),
    };
    run_line(&trial, &record, ending)
}

fn batch_of(lines: Vec<RunLine>) -> Batch {
    let run = |line: RunLine| {
        let report = line.report.as_ref().map(|report| format!("../../{report}"));
        BatchRun { line, report }
    };
    Batch {
        title: "register × partition,kill,pause,clock, seeds 1–6".into(),
        runs: lines.into_iter().map(run).collect(),
        gap: None,
        notes: vec!["the folder of seed 9 was removed: --keep-failures 1".into()],
        ..Batch::default()
    }
}

fn batch() -> Batch {
    let [valid, invalid, unknown, harness, _] = runs().map(|(_, run)| run);
    batch_of(vec![
        line(&valid, 1, 0),
        line(&invalid, 2, 1),
        line(&unknown, 3, 2),
        line(&harness, 4, 3),
        line(&valid, 5, 0),
        line(&invalid, 6, 1),
    ])
}

fn parse(xml: &str) -> Report {
    Report::deserialize_from_str(xml).unwrap_or_else(|error| panic!("{error}\n{xml}"))
}

#[test]
fn junits() {
    for (name, (trial, record)) in runs() {
        insta::assert_snapshot!(format!("{name}_junit"), junit(&trial, &record));
    }
    insta::assert_snapshot!("batch_junit", batch_junit(&batch()));
}

#[test]
fn batches() {
    insta::assert_snapshot!("batch_markdown", batch_markdown(&batch()));
    insta::assert_snapshot!("batch_table", batch_table(&batch(), Style::PLAIN));
    insta::assert_snapshot!(
        "batch_annotations",
        annotations(&batch(), |it| it.exit != 2).join("\n")
    );
    let page = render_batch_html(&batch());
    let body = page.split_once("<body>").expect("a body").1;
    insta::assert_snapshot!("batch_page", body.split_once("<script>").expect("a script").0);
}

#[test]
fn nothing_but_a_pass_is_green() {
    for (name, (trial, record)) in runs() {
        let report = parse(&junit(&trial, &record));
        let expected = match name {
            "valid" => (0, false),
            "invalid" => (1, false),
            _ => (0, true),
        };
        assert_eq!((report.failures, report.errors > 0), expected, "{name}");
        assert_eq!(report.skipped, 0, "{name}");
        let batch = batch_of(vec![line(&(trial, record), 1, 1)]);
        let report = parse(&batch_junit(&batch));
        assert_eq!((report.failures, report.errors > 0), expected, "{name}");
    }
}

#[test]
fn a_gap_is_never_green() {
    let [valid, invalid, ..] = runs().map(|(_, run)| run);
    for (is_failure, word) in [(false, "UNKNOWN"), (true, "HARNESS ERROR")] {
        let words = "1 of 3 runs was made: no room\n::error::left".to_owned();
        let gap = Some(Gap { words, is_failure });
        let batch = Batch { gap: gap.clone(), ..batch_of(vec![line(&valid, 1, 0)]) };
        let report = parse(&batch_junit(&batch));
        assert_eq!((report.errors, report.test_suites[0].name.as_str()), (1, "batch"));
        let said = annotations(&batch, |_| true);
        assert!(said[0].starts_with(&format!("::error title={word} register ×")), "{said:?}");
        assert_eq!(said.len(), 1);
        let text = batch_markdown(&batch);
        let (head, rest) = text.split_once("Runs are missing: 1 of 3").expect("it is said");
        assert!(head.contains(word) && rest.contains("| Cell |"), "on top: {text}");
        assert!(batch_table(&batch, Style::PLAIN).starts_with(word));
        let page = render_batch_html(&batch);
        assert!(page.contains(word) && page.contains("1 of 3 runs was made"));
        let worse = Batch { gap, ..batch_of(vec![line(&invalid, 1, 1)]) };
        assert!(batch_table(&worse, Style::PLAIN).starts_with("INVALID"));
    }
}

#[test]
fn an_exit_code_outweighs_a_verdict_that_came_before_it() {
    let (trial, record) = synthetic::valid(20, 200);
    let run = (trial, record);
    for (exit, word) in [
        (0, "VALID"),
        (3, "HARNESS ERROR"),
        (69, "HARNESS ERROR"),
        (70, "HARNESS ERROR"),
        (130, "UNKNOWN"),
    ] {
        let batch = batch_of(vec![line(&run, 1, exit)]);
        assert!(batch_table(&batch, Style::PLAIN).starts_with(word), "{exit}");
        assert_eq!(parse(&batch_junit(&batch)).errors > 0, exit != 0, "{exit}");
    }
}

#[test]
fn an_interrupted_run_says_so_first_and_is_no_pass() {
    let (mut trial, record) = synthetic::valid(20, 200);
    trial.state = RunState::Interrupted;
    let line = line(&(trial, record), 1, 130);
    assert!(line.sentence.starts_with("interrupted: No violation found"), "{}", line.sentence);
    assert!(batch_table(&batch_of(vec![line]), Style::PLAIN).starts_with("UNKNOWN"));
}

#[test]
fn a_cell_names_planted_bugs_and_an_unusual_system() {
    let (mut trial, record) = synthetic::invalid(20, 200);
    trial.plan.system = "single".into();
    let cell = "(process), system single, planted: reads-without-quorum";
    let batch = batch_of(vec![line(&(trial.clone(), record.clone()), 2, 1)]);
    let junit = [batch_junit(&batch), junit(&trial, &record)];
    for text in [batch_markdown(&batch), render_batch_html(&batch)].iter().chain(&junit) {
        assert!(text.contains(cell), "{text}");
    }
}

#[test]
fn a_violation_carries_its_explanation_and_its_command() {
    let (trial, record) = synthetic::invalid(20, 200);
    let report = parse(&junit(&trial, &record));
    let case = &report.test_suites[0].test_cases[0];
    let TestCaseStatus::NonSuccess { kind, ty, description, .. } = &case.status else {
        panic!("{case:?}")
    };
    assert_eq!(*kind, NonSuccessKind::Failure);
    assert_eq!(ty.as_ref().map(|it| it.as_str()), Some("linearizable/stale-read"));
    let text = description.as_ref().expect("a description").as_str();
    assert!(text.contains("Let:") && text.contains("repeat: tribunal run"), "{text}");
}

const FRAGMENTS: &[&str] = &[
    "\u{0}",
    "\u{b}",
    "\u{1b}[31m",
    "\u{fffe}",
    "\u{ffff}",
    "\u{85}",
    "]]>",
    "<![CDATA[",
    "<a>",
    "</testsuite>",
    "&",
    "&#0;",
    "\"",
    "'",
    "\r\n",
    "\n::error::x",
    "%0A",
    "javascript:alert(1)",
    "\u{202e}",
    "é",
    "|",
    "```",
    "</details>",
    "::",
    "x",
    " ",
];

fn hostile(random: &mut Random) -> String {
    let count = random.between(0, 6);
    (0..count).map(|_| *random.pick(FRAGMENTS).unwrap()).collect()
}

/// A run every string of which is hostile.
fn poisoned(seed: u64) -> (Trial, Record) {
    let mut random = Seed(seed).random();
    let mut bad = || hostile(&mut random);
    let (mut trial, record) = synthetic::invalid(3, 40);
    for text in [&mut trial.run_id, &mut trial.started, &mut trial.plan.system] {
        *text = bad();
    }
    for text in [&mut trial.plan.workload, &mut trial.plan.nemesis, &mut trial.plan.cluster] {
        *text = bad();
    }
    trial.harness_error = Some(bad());
    for check in trial.gates.iter_mut().chain(&mut trial.health) {
        (check.name, check.figure, check.remedy) = (bad(), bad(), bad());
        check.passed = Some(false);
    }
    for finding in &mut trial.findings {
        (finding.checker, finding.anomaly) = (bad(), bad());
        (finding.subject, finding.summary, finding.details) = (bad(), bad(), vec![bad(), bad()]);
        if let Some(witness) = &mut finding.witness {
            witness.words.iter_mut().for_each(|word| *word = bad());
        }
    }
    trial.commands = vec![(bad(), bad())];
    (trial, record)
}

#[test]
fn hostile_strings_leave_every_output_well_formed() {
    for seed in 0..200 {
        let run = poisoned(seed);
        let report = parse(&junit(&run.0, &run.1));
        assert!(report.failures > 0);
        let mut poisoned = line(&run, seed, 1);
        let mut random = Seed(seed).child("line").random();
        poisoned.report = Some(hostile(&mut random));
        poisoned.repeat = hostile(&mut random);
        let batch = batch_of(vec![poisoned.clone(), line(&run, seed + 1, 1)]);
        parse(&batch_junit(&batch));
        markup::tags(&render_batch_html(&batch));
        let said = annotations(&batch, |_| true);
        assert!(!said.is_empty());
        for line in said {
            assert!(line.starts_with("::error ") && !line.contains(['\n', '\r']), "{line}");
            let (head, _) = line[2..].split_once("::").expect("a message");
            assert!(head.matches([':', ',']).count() == 0, "{line}");
        }
        let table = batch_table(&batch, Style::PLAIN);
        assert!(!table.contains(['\u{1b}', '\r', '\u{0}']), "{table}");
        batch_markdown(&batch);
        let json = serde_json::to_string(&poisoned).expect("JSON");
        assert_eq!(serde_json::from_str::<RunLine>(&json).expect("a line"), poisoned);
    }
}

#[test]
fn links_lead_nowhere_but_to_files() {
    let run = synthetic::invalid(3, 40);
    for report in ["javascript:alert(1)", "https://evil.example/x", "//evil.example/x", "\"><b>"] {
        let mut batch = batch_of(vec![line(&run, 1, 1)]);
        batch.runs[0].report = Some(report.into());
        let page = render_batch_html(&batch);
        for link in page.split("href=\"").skip(1) {
            let link = link.split('"').next().expect("an end");
            let is_local = ["./", "file:///", "#"].iter().any(|start| link.starts_with(start));
            assert!(is_local, "{link}");
        }
    }
}

#[test]
fn many_runs_stay_small_and_the_failures_stay() {
    let [valid, invalid, ..] = runs().map(|(_, run)| run);
    let (good, bad) = (line(&valid, 0, 0), line(&invalid, 0, 1));
    let mut lines: Vec<RunLine> =
        (0..10_000).map(|seed| RunLine { seed: Seed(seed), ..good.clone() }).collect();
    lines.push(RunLine { seed: Seed(77_777), ..bad });
    let batch = batch_of(lines);
    let page = render_batch_html(&batch);
    assert!(page.len() < 4 << 20, "{}", page.len());
    assert!(page.contains("77777") && page.contains("Not shown: 8,001 more runs"));
    let xml = batch_junit(&batch);
    assert!(xml.len() < 8 << 20, "{}", xml.len());
    assert_eq!(parse(&xml).failures, 1);
    let text = batch_markdown(&batch);
    assert!(text.len() < 512 << 10, "{}", text.len());
    let table = batch_table(&batch, Style::PLAIN);
    assert!(table.contains("(10,000 valid runs are not shown)"), "{table}");
    assert!(table.lines().count() < 12, "{table}");
}

#[test]
fn a_line_is_small_whatever_its_run_was() {
    let (mut trial, record) = synthetic::invalid(3, 40);
    let mut finding = trial.findings[0].clone();
    finding.summary = "x".repeat(100_000);
    finding.verdict = Verdict::Invalid;
    trial.findings = vec![finding; 1_000];
    trial.harness_error = Some("y".repeat(1 << 20));
    let line = run_line(&trial, &record, Ending::default());
    let json = serde_json::to_string(&line).expect("JSON");
    assert!(json.len() < 24 << 10, "{}", json.len());
}
