//! Model checking as its users meet it.

use crate::support::Tribunal;

const SMALL: &str = "terms=1,crashes=0,timeouts=1";

#[test]
fn a_search_that_ends_and_one_that_is_stopped_do_not_read_alike() {
    let tribunal = Tribunal::new();
    let whole = tribunal.call(&["explore", "--bound", SMALL]).exits(0).says("EXHAUSTED");
    let cut = tribunal.call(&["explore", "--bound", SMALL, "--states", "100"]).exits(2);
    assert!(whole.stdout.contains("Nothing is said about runs beyond the bounds"));
    let cut = cut.says("UNKNOWN").says("nothing is proved").says("--states");
    assert!(!cut.stdout.contains("EXHAUSTED") && !whole.stdout.contains("UNKNOWN"));
    tribunal.call(&["explore", "--bound", SMALL, "--depth", "3"]).exits(2).says("--depth");
    tribunal.call(&["explore", "--walks", "3"]).exits(2).says("3 random runs").says("nothing is");
    let json = ["explore", "--bound", SMALL, "--depth", "3", "--format", "json"];
    let json: serde_json::Value = serde_json::from_str(&tribunal.call(&json).exits(2).stdout)
        .expect("nothing but JSON on standard output");
    assert_eq!((&json["ended"], &json["complete_depth"]), (&"stopped".into(), &3.into()));
}

#[test]
fn a_planted_bug_is_found_told_and_taken_again() {
    let tribunal = Tribunal::new();
    let found = tribunal.call(&["explore", "--bug", "vote.no_persist"]).exits(1);
    let found = found.says("INVALID: election safety").says("loses power and starts again");
    let file = tribunal.store().join("explored/raft-vote.no_persist-fresh.json");
    let file = file.to_str().expect("a plain path");
    assert!(found.stdout.contains(&format!("--replay {file}")), "{}", found.stdout);
    let page = file.replace(".json", ".html");
    assert!(found.stdout.contains(&format!("page:  {page}")), "{}", found.stdout);
    let page = std::fs::read_to_string(page).expect("the page beside it");
    for part in ["election safety", "--replay", " times out", "vote yes t1", "restarts"] {
        assert!(page.contains(part), "{part}");
    }
    let again = tribunal.call(&["explore", "--replay", file]).exits(1).says("again, after");
    // The same table, line by line.
    let rows = |text: &str| text.lines().filter(|line| line.contains(" [")).count();
    assert_eq!(rows(&found.stdout), rows(&again.stdout));
    // Without the bug the steps do not fit.
    let text = std::fs::read_to_string(file).unwrap().replace("\"vote.no_persist\"", "");
    let without = tribunal.file("without.json", &text);
    let without = without.to_str().expect("a plain path");
    tribunal.call(&["explore", "--replay", without]).exits(2).says("it diverged at step");
    let damaged = tribunal.file("damaged.json", &text[..text.len() / 2]);
    let damaged = damaged.to_str().expect("a plain path");
    tribunal.call(&["explore", "--replay", damaged]).exits(65).says("damaged.json");
}

#[test]
fn figure_8_is_found_from_its_third_picture() {
    let tribunal = Tribunal::new();
    let bug = ["explore", "--bug", "commit.prior_term_by_count", "--from", "figure-8"];
    tribunal.call(&bug).exits(1).says("INVALID: leader completeness");
}

#[test]
fn nonsense_is_refused() {
    let tribunal = Tribunal::new();
    for (args, says) in [
        (&["--system", "rafd"][..], "did you mean 'raft'?"),
        (&["--system", "single"], "not explored"),
        (&["--bug", "vote.no_persit"], "'vote.no_persist'"),
        (&["--bug", "session.none"], "not explored"),
        (&["--bound", "terms"], "is not a bound"),
        (&["--bound", "losses=1"], "there are: terms"),
        (&["--nodes", "9"], "nodes"),
        (&["--nodes", "5", "--from", "figure-8"], "three"),
        (&["--time-limit", "soon"], "--time-limit"),
        (&["--states", "0"], "at least 1"),
        (&["--walks", "2", "--depth", "3"], "--depth"),
    ] {
        tribunal.call(&[&["explore"], args].concat()).exits(64).says(says);
    }
    assert!(!tribunal.store().exists(), "nothing was written");
}
