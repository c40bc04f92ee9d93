//! Strings of the system under test, through every output.

#[allow(dead_code)]
mod markup;
#[allow(dead_code)]
mod synthetic;

use std::collections::BTreeSet;

use tribunal_history::{
    BugSet, Event, EventKind, Function, Injection, LogMatch, NodeEvent, Random, Record, Seed, Trial,
};
use tribunal_reports::{Style, render_html, summary_markdown, terminal};

const FRAGMENTS: &[&str] = &[
    "</script>",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\" onload=\"x",
    "'",
    "`",
    "```\n",
    "\0",
    "\u{1b}[2J",
    "\u{2028}",
    "\u{202e}txt",
    "\u{feff}",
    "-->",
    "<!--",
    "]]>",
    "{{ x }}",
    "{% raw %}",
    "&lt;",
    "|",
    "\n# h1\n",
    "[a](javascript:1)",
    "https://evil.example",
    "</title></svg><svg onload=x>",
    "\u{1f4a5}",
    "ı",
    "%s%n",
    "\\",
    "\r\n",
    "<",
    ">",
    "&",
    "0",
    " ",
];

fn hostile(random: &mut Random) -> String {
    let count = random.between(1, 6);
    (0..count).map(|_| *random.pick(FRAGMENTS).unwrap()).collect()
}

/// A run every string of which is hostile.
fn poisoned(seed: u64) -> (Trial, Record) {
    let mut random = Seed(seed).random();
    let mut bad = || hostile(&mut random);
    let (mut trial, mut record) = synthetic::invalid(3, 40);
    trial.run_id = bad();
    trial.started = bad();
    for text in [&mut trial.plan.system, &mut trial.plan.workload, &mut trial.plan.nemesis] {
        *text = bad();
    }
    trial.plan.cluster = bad();
    trial.plan.bugs = serde_json::from_value::<BugSet>(serde_json::json!([bad(), bad()])).unwrap();
    trial.harness_error = Some(bad());
    for setting in &mut trial.settings {
        (setting.name, setting.value, setting.origin) = (bad(), bad(), bad());
    }
    for check in trial.gates.iter_mut().chain(&mut trial.health) {
        (check.name, check.figure, check.remedy) = (bad(), bad(), bad());
        check.passed = Some(false);
    }
    trial.exits.iter_mut().for_each(|exit| exit.status = bad());
    for log in &mut trial.logs {
        log.file = bad();
        log.tail.iter_mut().for_each(|line| *line = bad());
    }
    for (name, value) in trial.environment.facts.iter_mut().chain(&mut trial.commands) {
        (*name, *value) = (bad(), bad());
    }
    trial.timings.iter_mut().for_each(|timing| timing.0 = bad());
    for finding in &mut trial.findings {
        (finding.checker, finding.anomaly, finding.subject) = (bad(), bad(), bad());
        (finding.summary, finding.details) = (bad(), vec![bad(), bad()]);
        let Some(witness) = &mut finding.witness else { continue };
        witness.operations.iter_mut().for_each(|it| it.label = bad());
        witness.order.iter_mut().for_each(|it| it.state = bad());
        witness.refused.iter_mut().for_each(|it| it.1 = bad());
        witness.initial = bad();
        witness.words.iter_mut().for_each(|it| *it = bad());
    }
    poison_record(&mut record, &mut bad);
    (trial, record)
}

fn poison_record(record: &mut Record, bad: &mut impl FnMut() -> String) {
    for fault in &mut record.faults {
        fault.injection = Some(Injection::Installed(bad()));
        fault.healing = Some(Injection::Indeterminate(bad()));
    }
    for event in &mut record.node_events {
        if let NodeEvent::State { detail, .. } = event {
            *detail = bad();
        }
    }
    let found = LogMatch { file: bad(), text: bad(), ..record.log_matches[0].clone() };
    record.log_matches.push(found);
    let function = record.history.values_mut().intern_text(&bad());
    let error = record.history.values_mut().intern_text(&bad());
    let last = *record.history.events().last().unwrap();
    let function = Function::Other(function);
    let invoke = Event { kind: EventKind::Invoke, function, error: last.key, ..last };
    let free = tribunal_history::ProcessId(1_000_000);
    record.history.push(Event { process: free, ..invoke }).unwrap();
    let fail = Event { kind: EventKind::Fail, process: free, error, ..invoke };
    record.history.push(fail).unwrap();
}

/// What the templates and drawings write, and nothing else may.
fn vocabulary() -> BTreeSet<(String, String)> {
    let runs = [synthetic::valid(3, 40), synthetic::invalid(3, 40), synthetic::unknown()];
    let mut known = BTreeSet::new();
    for (trial, record) in runs {
        for tag in markup::tags(&render_html(&trial, &record)) {
            known.insert((tag.name.clone(), String::new()));
            known.extend(tag.attributes.into_iter().map(|(name, _)| (tag.name.clone(), name)));
        }
    }
    known
}

#[test]
fn no_hostile_string_becomes_markup() {
    let known = vocabulary();
    for seed in 0..60 {
        let (trial, record) = poisoned(seed);
        let page = render_html(&trial, &record);
        let mut scripts = 0;
        for tag in markup::tags(&page) {
            scripts += usize::from(tag.name == "script");
            assert!(
                known.contains(&(tag.name.clone(), String::new())),
                "seed {seed}: {}",
                tag.name
            );
            for (name, _) in tag.attributes {
                assert!(known.contains(&(tag.name.clone(), name.clone())), "seed {seed}: {name}");
            }
        }
        assert_eq!(scripts, 1);
        assert_visible(&page, seed);
    }
}

#[test]
fn no_hostile_string_moves_a_cursor() {
    for seed in 0..60 {
        let (trial, record) = poisoned(seed);
        assert_visible(&terminal(&trial, &record, Style::PLAIN), seed);
    }
}

#[test]
fn no_hostile_string_leaves_its_cell() {
    for seed in 0..60 {
        let (trial, record) = poisoned(seed);
        let markdown = summary_markdown(&trial, &record);
        assert_visible(&markdown, seed);
        let mut columns = 0;
        let mut fence: Option<String> = None;
        for line in markdown.lines() {
            let ticks: String = line.chars().take_while(|it| *it == '`').collect();
            match &fence {
                Some(open) if ticks == *open && line == ticks => fence = None,
                Some(_) => {}
                None if ticks.len() >= 3 => fence = Some(ticks),
                None => {
                    assert!(!line.contains('<') && !line.contains("://"), "seed {seed}: {line}");
                    let cells = line.replace("\\\\", "").replace("\\|", "").matches('|').count();
                    assert!(cells == 0 || columns == 0 || cells == columns, "seed {seed}: {line}");
                    columns = cells;
                }
            }
        }
        assert_eq!(fence, None, "seed {seed}: a block never ends");
    }
}

fn assert_visible(text: &str, seed: u64) {
    for hidden in ['\0', '\u{1b}', '\r', '\u{2028}', '\u{202e}', '\u{feff}'] {
        assert!(!text.contains(hidden), "seed {seed}: {hidden:?}");
    }
}

#[test]
fn one_value_of_a_megabyte_is_cut() {
    let (mut trial, record) = synthetic::invalid(3, 40);
    let small = render_html(&trial, &record).len();
    let witness = trial.findings[0].witness.as_mut().unwrap();
    witness.operations[0].label = "x".repeat(1 << 20);
    trial.findings[0].summary = "y".repeat(1 << 20);
    assert!(render_html(&trial, &record).len() < small + 8_000);
}
