//! Raft explored: what holds within tiny bounds, what planted bugs lead to, and that a search that
//! was stopped never reads as one that was not.

use std::collections::BTreeSet;

use tribunal_explore::{
    Bounds, Ended, Limits, Replayed, Search, Setup, Start, Step, Stop, Trail, Walks, messages,
    replay, search, walk,
};
use tribunal_history::Seed;

const FREE: Limits = Limits { states: u64::MAX, depth: None };

fn setup(bounds: &str) -> Setup {
    Setup { bounds: Bounds::DEFAULT.with(bounds).unwrap(), ..Setup::new() }
}

fn planted(bug: &str, bounds: &str) -> Setup {
    setup(bounds).with_bug(bug).unwrap()
}

fn explored(setup: Setup, limits: Limits) -> Search {
    search(setup, limits, |_| None).unwrap()
}

fn found(search: Search) -> Trail {
    match search.ended {
        Ended::Found(trail) => *trail,
        other => panic!("{other:?}, {} states", search.states),
    }
}

/// Every message that came is one of the run's, from where it was sent to where it came.
fn has_messages(trail: &Trail) {
    let messages = messages(trail).unwrap();
    assert_eq!(messages.until.0, trail.steps.len() as u64);
    assert!(messages.messages.is_sorted_by_key(|message| message.sent));
    let came: BTreeSet<_> = messages
        .messages
        .iter()
        .filter(|message| message.fate.came())
        .inspect(|message| assert!(Some(message.sent) < message.ended))
        .map(|message| (message.ended.unwrap().0, message.from.unwrap(), message.to.unwrap()))
        .collect();
    let delivered = (1..).zip(&trail.steps).filter_map(|(number, told)| match told.step {
        Step::Deliver { from, to, .. } => Some((number, from, to)),
        _ => None,
    });
    assert_eq!(came, delivered.collect());
}

/// Read back from its file, a run breaks the same again.
fn replays(trail: &Trail) {
    let text = serde_json::to_string(trail).unwrap();
    let read: Trail = serde_json::from_str(&text).unwrap();
    assert_eq!(read, *trail);
    assert_eq!(replay(&read), Ok(Replayed::Same));
    has_messages(&read);
}

#[test]
fn one_node_alone_is_explored_to_the_end() {
    let one = Setup { nodes: 1, ..setup("terms=3,commands=2,crashes=2,timeouts=3") };
    let search = explored(one, FREE);
    assert_eq!(search.ended, Ended::Exhausted);
    assert!(search.states > 100, "{}", search.states);
}

#[test]
fn an_election_of_three_is_explored_to_the_end_and_twice_the_same() {
    let search = || explored(setup("terms=1,crashes=1,timeouts=2"), FREE);
    let (one, other) = (search(), search());
    assert_eq!(one.ended, Ended::Exhausted);
    assert_eq!(one, other);
    assert_eq!(one.visited, one.states, "each of them was visited");
}

#[test]
fn a_forgotten_vote_makes_two_leaders() {
    let bounds = "terms=1,crashes=1,timeouts=2";
    let search = explored(planted("vote.no_persist", bounds), FREE);
    let trail = found(search);
    assert_eq!(trail.broken.property, "election safety", "{}", trail.broken);
    replays(&trail);
    // The nearest: cut one step before, everything holds.
    let depth = Some(trail.steps.len() as u32 - 1);
    let nearer = explored(planted("vote.no_persist", bounds), Limits { depth, ..FREE });
    assert_eq!(nearer.ended, Ended::Stopped(Stop::Depth));
    let depth = Some(trail.steps.len() as u32);
    let there = explored(planted("vote.no_persist", bounds), Limits { depth, ..FREE });
    assert_eq!(found(there), trail);
}

#[test]
fn what_is_said_before_it_is_synced_makes_two_leaders() {
    let trail =
        found(explored(planted("wal.ack_before_fsync", "terms=1,crashes=1,timeouts=2"), FREE));
    assert_eq!(trail.broken.property, "election safety", "{}", trail.broken);
    replays(&trail);
}

#[test]
fn figure_8_from_its_third_picture() {
    let from =
        |setup: Setup| Setup { start: Start::Figure8, bounds: Start::Figure8.bounds(), ..setup };
    let bug = from(Setup::new()).with_bug("commit.prior_term_by_count").unwrap();
    let trail = found(explored(bug, FREE));
    let properties = ["leader completeness", "state machine safety"];
    assert!(properties.contains(&trail.broken.property.as_str()), "{}", trail.broken);
    assert_eq!(trail.start[0].log, [1, 1, 3]);
    assert_eq!(trail.start[2].log, [1, 2]);
    replays(&trail);
    assert_eq!(explored(from(Setup::new()), FREE).ended, Ended::Exhausted);
}

#[test]
fn walks_find_a_bug_from_a_seed_and_again() {
    let bug = planted("vote.no_persist", "terms=2,crashes=2,timeouts=4");
    let walks = Walks { count: 20_000, steps: 100, seed: Seed(1) };
    let (one, other) =
        (walk(bug.clone(), walks, |_| None).unwrap(), walk(bug, walks, |_| None).unwrap());
    assert_eq!(one, other);
    let (_, trail) = one.found.expect("a run that breaks something");
    assert_eq!(trail.broken.property, "election safety");
    assert!(trail.steps.len() < 40, "{} steps", trail.steps.len());
    replays(&trail);
}

#[test]
fn walks_that_find_nothing_say_how_many_there_were() {
    let walks = Walks { count: 50, steps: 60, seed: Seed(1) };
    let walked = walk(setup(""), walks, |_| None).unwrap();
    assert_eq!((walked.found.is_some(), walked.walks, walked.stopped), (false, 50, None));
    let walked = walk(setup(""), walks, |walks| (walks == 7).then_some(Stop::Time)).unwrap();
    assert_eq!((walked.walks, walked.stopped), (7, Some(Stop::Time)));
}

#[test]
fn a_search_that_hit_a_bound_never_reads_as_one_that_did_not() {
    let whole = explored(setup("terms=1,crashes=1,timeouts=2"), FREE);
    assert_eq!(whole.ended, Ended::Exhausted);
    let bounds = || setup("terms=1,crashes=1,timeouts=2");
    // As many states as there are, or one fewer.
    for (states, ended) in [
        (whole.states, Ended::Exhausted),
        (whole.states - 1, Ended::Stopped(Stop::States)),
        (1, Ended::Stopped(Stop::States)),
    ] {
        let search = explored(bounds(), Limits { states, ..FREE });
        assert_eq!((search.ended, search.visited), (ended, states));
    }
    // As deep as it goes, or one less.
    let deepest = whole.complete_depth as u32;
    for (depth, ended) in [
        (deepest, Ended::Exhausted),
        (deepest - 1, Ended::Stopped(Stop::Depth)),
        (0, Ended::Stopped(Stop::Depth)),
    ] {
        let search = explored(bounds(), Limits { depth: Some(depth), ..FREE });
        assert_eq!(search.ended, ended, "{depth} of {deepest}");
        assert_eq!(search.complete_depth, u64::from(depth));
    }
    // Whoever watches says stop.
    for stop in [Stop::Time, Stop::Memory, Stop::Interrupted] {
        let search =
            search(bounds(), FREE, move |progress| (progress.visited > 2_000).then_some(stop));
        let search = search.unwrap();
        assert_eq!(search.ended, Ended::Stopped(stop));
        assert!(search.visited < whole.visited && search.complete_depth < whole.complete_depth);
    }
}

#[test]
fn a_run_that_no_longer_fits_says_where() {
    let trail = found(explored(planted("vote.no_persist", "terms=1,crashes=1,timeouts=2"), FREE));
    let mut without = trail.clone();
    without.bugs = Setup::new().bugs;
    assert!(matches!(replay(&without), Ok(Replayed::Diverged { .. } | Replayed::Other(_))));
    let mut gap = trail.clone();
    gap.steps.remove(0);
    assert!(matches!(replay(&gap), Ok(Replayed::Diverged { step: 1, .. })));
    let mut short = trail.clone();
    short.steps.pop();
    assert_eq!(replay(&short), Ok(Replayed::Other(None)));
    let mut long = trail.clone();
    long.steps.push(trail.steps[0].clone());
    let step = long.steps.len();
    assert!(matches!(replay(&long), Ok(Replayed::Diverged { step: at, .. }) if at == step));
    let version = Trail { tribunal_exploration: 0, ..trail.clone() };
    assert!(replay(&version).is_err());
    let system = Trail { system: "paxos".into(), ..trail };
    assert!(replay(&system).is_err());
}

#[test]
fn what_cannot_be_explored_is_refused() {
    let refused = |setup: Setup| search(setup, FREE, |_| None).unwrap_err().to_string();
    assert!(refused(Setup { nodes: 0, ..Setup::new() }).contains("nodes"));
    assert!(refused(Setup { nodes: 6, ..Setup::new() }).contains("nodes"));
    assert!(refused(Setup { nodes: 5, start: Start::Figure8, ..Setup::new() }).contains("three"));
    assert!(refused(planted("read.local_leader", "")).contains("not explored"));
    assert!(Setup::new().with_bug("no.such").is_err());
}
