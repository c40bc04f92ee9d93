//! The exhaustive search: every state within the bounds, breadth first.

use std::sync::{Arc, Mutex};

use stateright::{Checker, HasDiscoveries, Model};

use crate::explorer::Explorer;
use crate::model::{Control, PROPERTY, Searched};
use crate::setup::{BadSetup, Setup};
use crate::trail::Trail;

/// How far a search may go beside the bounds of its setup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// States visited, at most.
    pub states: u64,
    /// Steps of a run, at most.
    pub depth: Option<u32>,
}

/// How far a search has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// States visited.
    pub visited: u64,
}

/// Why a search was stopped before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It visited as many states as it might.
    States,
    /// Runs go on behind the last step it looked at.
    Depth,
    /// It took as long as it might.
    Time,
    /// It used as much memory as it might.
    Memory,
    /// Somebody interrupted it.
    Interrupted,
}

/// How a search ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every state within the bounds was visited, and nothing is broken in any.
    Exhausted,
    /// It was stopped. Nothing broken was seen, and nothing is proved.
    Stopped(Stop),
    /// Something is broken.
    Found(Box<Trail>),
}

/// What came of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// How it ended.
    pub ended: Ended,
    /// States visited: all that can happen in them was worked out.
    pub visited: u64,
    /// Different states met.
    pub states: u64,
    /// Steps taken, each from one state to another or to one met before.
    pub steps: u64,
    /// Every run of at most so many steps within the bounds was looked at.
    pub complete_depth: u64,
    /// Different nodes and messages that the states are made of.
    pub parts: (usize, usize),
}

/// Visits every state within the bounds of a setup, nearest first, until something is broken, all
/// are visited, or `watcher`, who is asked every thousand states, says stop.
///
/// Equal setups and limits give equal results, unless the watcher decides. In one thread beside the
/// caller's. Time grows with the steps between states; memory with the states met, 30 bytes for
/// each of them and some 400 more for each that is not yet visited.
///
/// # Errors
/// If the setup makes no sense.
pub fn search(
    setup: Setup,
    limits: Limits,
    watcher: impl FnMut(Progress) -> Option<Stop> + Send + 'static,
) -> Result<Search, BadSetup> {
    let explorer = Arc::new(Explorer::new(setup)?);
    let control = Control {
        visited: 0,
        states: limits.states,
        stopped: None,
        found: false,
        over: false,
        watcher: Box::new(watcher),
    };
    let model = Searched { explorer: Arc::clone(&explorer), control: Mutex::new(control) };
    let mut builder = model.checker().threads(1).finish_when(HasDiscoveries::Any);
    // stateright counts states of a run, neither checks those at its last depth nor says that it
    // left any out: one further, and a look at how deep it came.
    let last = limits.depth.map(|depth| depth as usize + 2);
    if let Some(last) = last {
        builder = builder.target_max_depth(last);
    }
    let checker = builder.spawn_bfs().join();
    let deepest = checker.max_depth();
    let is_cut = last.is_some_and(|last| deepest >= last);
    let (visited, stopped) = checker.model().control(|control| {
        control.over = true;
        (control.visited, control.stopped)
    });
    let stopped = stopped.or(is_cut.then_some(Stop::Depth));
    let ended = match (checker.discovery(PROPERTY), stopped) {
        (Some(path), _) => Ended::Found(Box::new(Trail::of(&explorer, &path.into_actions()))),
        (None, Some(stop)) => Ended::Stopped(stop),
        (None, None) => Ended::Exhausted,
    };
    let complete = match ended {
        // The first found is the nearest: none of the runs that are shorter has one.
        Ended::Found(ref trail) => trail.steps.len().saturating_sub(1),
        Ended::Exhausted => deepest.saturating_sub(1),
        // The deepest level met is not whole.
        Ended::Stopped(_) => deepest.saturating_sub(2),
    };
    Ok(Search {
        ended,
        visited,
        states: checker.unique_state_count() as u64,
        steps: checker.state_count() as u64,
        complete_depth: complete as u64,
        parts: explorer.met(),
    })
}
