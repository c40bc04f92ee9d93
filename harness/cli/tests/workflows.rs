//! The workflows: what they name exists, and they only call scripts that run anywhere else as well.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use saphyr::{LoadableYamlNode, Yaml};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the root")
}

/// Each workflow's name and text.
fn workflows() -> Vec<(String, String)> {
    let folder = root().join(".github/workflows");
    let entries = std::fs::read_dir(folder).expect("workflows").flatten();
    let read = |path: PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).expect("readable text"))
    };
    let mut found: Vec<_> = entries.map(|entry| read(entry.path())).collect();
    found.sort();
    found
}

fn parse(text: &str) -> Yaml<'_> {
    let mut documents = Yaml::load_from_str(text).expect("YAML");
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

fn get<'a, 'b>(yaml: &'a Yaml<'b>, key: &str) -> Option<&'a Yaml<'b>> {
    yaml.as_mapping()?.iter().find(|(name, _)| name.as_str() == Some(key)).map(|(_, value)| value)
}

/// The keys of a mapping; none of anything else.
fn keys(yaml: Option<&Yaml<'_>>) -> BTreeSet<String> {
    let mapping = yaml.and_then(Yaml::as_mapping);
    let names = mapping.into_iter().flat_map(|mapping| mapping.iter().map(|(name, _)| name));
    names.filter_map(Yaml::as_str).map(str::to_owned).collect()
}

/// The jobs of a workflow with their names.
fn jobs<'a, 'b>(workflow: &'a Yaml<'b>) -> Vec<(String, &'a Yaml<'b>)> {
    let jobs = get(workflow, "jobs").and_then(Yaml::as_mapping).expect("jobs");
    jobs.iter().map(|(name, job)| (name.as_str().expect("a name").to_owned(), job)).collect()
}

fn steps<'a, 'b>(job: &'a Yaml<'b>) -> Vec<&'a Yaml<'b>> {
    get(job, "steps").and_then(Yaml::as_sequence).expect("steps").iter().collect()
}

/// What the text says between `start` and the next character that is part of no name.
fn named(text: &str, start: &str) -> BTreeSet<String> {
    let name = |rest: &str| {
        rest.chars().take_while(|c| c.is_alphanumeric() || "_-".contains(*c)).collect()
    };
    text.split(start).skip(1).map(name).collect()
}

#[test]
fn each_has_least_rights_a_group_and_time_limits() {
    assert_eq!(workflows().len(), 2);
    for (name, text) in workflows() {
        let workflow = parse(&text);
        let permissions = get(&workflow, "permissions").expect("permissions");
        assert_eq!(keys(Some(permissions)), BTreeSet::from(["contents".to_owned()]), "{name}");
        assert_eq!(get(permissions, "contents").and_then(Yaml::as_str), Some("read"), "{name}");
        assert!(get(&workflow, "concurrency").is_some(), "{name}");
        assert!(get(&workflow, "on").is_some(), "{name}");
        for (job, yaml) in jobs(&workflow) {
            let limit = get(yaml, "timeout-minutes").and_then(Yaml::as_integer);
            assert!(limit.is_some_and(|limit| limit <= 120), "{name}: {job} has a time limit");
            assert!(get(yaml, "runs-on").is_some(), "{name}: {job}");
            assert!(get(yaml, "permissions").is_none(), "{name}: {job} asks for no more rights");
            if let Some(strategy) = get(yaml, "strategy") {
                let fast = get(strategy, "fail-fast").and_then(Yaml::as_bool);
                assert_eq!(fast, Some(false), "{name}: one failure does not hide the others");
            }
        }
    }
}

#[test]
fn steps_call_scripts_of_this_repository_with_flags_they_know() {
    let help = Command::new(root().join(".ci/nightly")).arg("--help").output().expect("it starts");
    assert!(help.status.success());
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    let known = named(&help, " --");
    for (name, text) in workflows() {
        let workflow = parse(&text);
        for (job, yaml) in jobs(&workflow) {
            for step in steps(yaml) {
                let Some(run) = get(step, "run").and_then(Yaml::as_str) else { continue };
                let command = run.strip_prefix("exec ").unwrap_or(run);
                let script = command.split_whitespace().next().expect("a command");
                let is_nightly = script == ".ci/nightly";
                assert!(!is_nightly || command != run, "{name}: signals reach the run: {run}");
                assert!(script.starts_with(".ci/"), "{name}: {job} calls only our scripts: {run}");
                let mode = std::fs::metadata(root().join(script)).expect(script).permissions();
                assert!(mode.mode() & 0o111 != 0, "{script} can be executed");
                assert!(!run.contains("${{"), "{name}: values come by environment: {run}");
                if is_nightly {
                    let unknown: Vec<_> = named(run, " --").difference(&known).cloned().collect();
                    assert!(unknown.is_empty(), "{name}: {script} does not know {unknown:?}");
                }
                let mut defined = keys(get(&workflow, "env"));
                defined.extend(keys(get(yaml, "env")));
                defined.extend(keys(get(step, "env")));
                let used = named(run, "$");
                let missing: Vec<_> = used.difference(&defined).collect();
                assert!(missing.is_empty(), "{name}: {job} does not define {missing:?}");
            }
        }
    }
}

#[test]
fn names_lead_somewhere() {
    for (name, text) in workflows() {
        let workflow = parse(&text);
        let inputs = get(&workflow, "on").and_then(|on| get(on, "workflow_dispatch"));
        let inputs = keys(inputs.and_then(|dispatch| get(dispatch, "inputs")));
        let missing: Vec<_> = named(&text, "inputs.").difference(&inputs).cloned().collect();
        assert!(missing.is_empty(), "{name}: no inputs {missing:?}");
        let all: BTreeSet<String> = jobs(&workflow).into_iter().map(|(job, _)| job).collect();
        for (job, yaml) in jobs(&workflow) {
            for needed in get(yaml, "needs").and_then(Yaml::as_sequence).into_iter().flatten() {
                let needed = needed.as_str().expect("a name");
                assert!(all.contains(needed) && needed != job, "{name}: {job} needs {needed}");
            }
            for step in steps(yaml) {
                if let Some(action) = get(step, "uses").and_then(Yaml::as_str) {
                    let (action, version) = action.split_once("@v").expect("a version");
                    assert!(action.starts_with("actions/"), "{name}: {action} is GitHub's own");
                    assert!(version.parse::<u32>().is_ok(), "{name}: {action} is of a major one");
                }
            }
        }
    }
}

#[test]
fn every_cell_of_the_nightly_can_be_run() {
    let (_, text) = workflows().into_iter().find(|(name, _)| name == "nightly.yml").expect("it");
    let workflow = parse(&text);
    let (_, job) = jobs(&workflow).into_iter().find(|(name, _)| name == "cell").expect("cells");
    let matrix = get(job, "strategy").and_then(|it| get(it, "matrix")).expect("a matrix");
    let rows = get(matrix, "include").and_then(Yaml::as_sequence).expect("rows");
    let begin = text.find("\n  cell:").expect("cells");
    let end = text.find("\n  canary:").expect("the canary");
    let used = named(&text[begin..end], "matrix.");
    assert!(used.len() >= 3, "{used:?}");
    let mut shards = BTreeSet::new();
    for row in rows {
        assert_eq!(keys(Some(row)), used, "each row says what the steps ask for");
        let text = |key| get(row, key).and_then(Yaml::as_str).expect("text");
        let shard = get(row, "shard").and_then(Yaml::as_integer).expect("a number");
        assert!(
            (0..100).contains(&shard) && shards.insert(shard),
            "shard {shard} has its own seeds"
        );
        let dry =
            ["run", "--dry-run", "--workload", text("workload"), "--nemesis", text("nemesis")];
        let output = Command::new(env!("CARGO_BIN_EXE_tribunal")).args(dry).output();
        let output = output.expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{row:?}: {said}");
    }
    let (first, last) = (shards.first().expect("cells"), shards.last().expect("cells"));
    let expected = format!("--index stores/store-{{{first}..{last}}}");
    assert!(text.contains(&expected), "the page waits for every cell: {expected}");
    assert_eq!(shards.len() as i64, last - first + 1, "no number is left out");
}

/// A program that writes down how it was called and under what environment, then waits for a signal
/// where it is to run and not only to look.
const STAND_IN: &str = r#"#!/usr/bin/env bash
echo "$* [${GITHUB_ACTIONS-none}]" >>"$CALLS"
case "$*" in
    *--dry-run*) [[ $* != *bogus* ]] || exit 64 ;;
    clean*) ;;
    run*)
        trap 'echo ended >>"$CALLS"; exit 130' INT TERM
        mkfifo "$CALLS.nothing"
        echo begun >>"$CALLS"
        for _ in {1..300}; do read -rt 0.1 <>"$CALLS.nothing" || true; done ;;
esac
"#;

/// The script with a program of its own making in a folder of its own.
fn nightly(folder: &Path, args: &[&str]) -> Command {
    let program = folder.join("program");
    std::fs::write(&program, STAND_IN).expect("a temporary file");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("it is ours");
    let mut command = Command::new(root().join(".ci/nightly"));
    command.args(args).current_dir(folder).env("TRIBUNAL", program);
    command.env("CALLS", folder.join("calls")).env("GITHUB_ACTIONS", "true");
    command
}

fn calls(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("calls")).unwrap_or_default()
}

#[test]
fn a_signal_to_the_script_reaches_the_run() {
    for (args, actions) in [(&["--runs", "2"][..], "true"), (&["--canary"], "none")] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut child = nightly(folder.path(), args).spawn().expect("it starts");
        let deadline = Instant::now() + Duration::from_secs(30);
        while !calls(folder.path()).contains("begun") {
            assert!(Instant::now() < deadline, "it never began: {}", calls(folder.path()));
            std::thread::park_timeout(Duration::from_millis(5));
        }
        // Not SIGINT: who runs the tests in the background may have it ignored.
        kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).expect("SIGTERM");
        let status = child.wait().expect("it ends");
        let said = calls(folder.path());
        assert!(said.ends_with("ended\n") && !status.success(), "{args:?}: {said}");
        let run = said.lines().find(|line| line.starts_with("run") && !line.contains("--dry-run"));
        let run = run.expect("a run");
        assert!(run.ends_with(&format!("[{actions}]")), "{run}");
        let store = if args == ["--canary"] { "--store store/canary " } else { "--store store " };
        assert!(run.contains(store) && run.contains("--cluster process "), "{run}");
    }
}

#[test]
fn a_wrong_flag_is_told_before_anything_is_removed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let status = nightly(folder.path(), &["--nemesis", "bogus"]).status().expect("it starts");
    assert_eq!(status.code(), Some(64));
    assert!(!calls(folder.path()).contains("clean"), "{}", calls(folder.path()));
}

#[test]
fn the_script_refuses_what_it_does_not_know() {
    for bad in [
        &["--bogus"][..],
        &["--runs"],
        &["--runs", "1e5"],
        &["--runs", "0"],
        &["--runs", "101"],
        &["--index"],
        &["--index", "store", "--night", "3"],
        &["--shard", "100"],
    ] {
        let output =
            Command::new(root().join(".ci/nightly")).args(bad).output().expect("it starts");
        assert_eq!(output.status.code(), Some(64), "{bad:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.starts_with("error: ") && said.contains("help: "), "{said}");
    }
}
