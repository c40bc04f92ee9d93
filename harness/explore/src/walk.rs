//! Random walks: runs of the model drawn from a seed, for what is too far for a search.

use tribunal_history::Seed;

use crate::explorer::Explorer;
use crate::replay::retake;
use crate::search::Stop;
use crate::setup::{BadSetup, Setup};
use crate::step::Step;
use crate::trail::{Trail, step_of};

/// What to walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walks {
    /// How many runs.
    pub count: u64,
    /// Steps of each, at most.
    pub steps: u32,
    /// What they are drawn from.
    pub seed: Seed,
}

/// What came of walks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walked {
    /// The first run that breaks something, made shorter, and the number of the walk it was.
    pub found: Option<(u64, Box<Trail>)>,
    /// Walks taken to their end.
    pub walks: u64,
    /// Steps taken, of all together.
    pub steps: u64,
    /// Why it was stopped before all were walked.
    pub stopped: Option<Stop>,
}

/// Walks from the start, each step drawn evenly from those that are possible, until something is
/// broken, all are walked, or `watcher`, who is asked after every walk, says stop. Nothing is ever
/// proved by it.
///
/// Equal setups and walks give equal results, unless the watcher decides.
///
/// # Errors
/// If the setup makes no sense.
pub fn walk(
    setup: Setup,
    walks: Walks,
    mut watcher: impl FnMut(u64) -> Option<Stop>,
) -> Result<Walked, BadSetup> {
    let explorer = Explorer::new(setup)?;
    let mut walked = Walked { found: None, walks: 0, steps: 0, stopped: None };
    while walked.walks < walks.count && walked.stopped.is_none() {
        if let Some(steps) = one(&explorer, walks, walked.walks, &mut walked.steps) {
            let steps = shorten(&explorer, steps);
            let (_, actions) = retake(&explorer, &steps)
                .expect("invariant: what was made shorter was retaken each time");
            walked.found = Some((walked.walks, Box::new(Trail::of(&explorer, &actions))));
            return Ok(walked);
        }
        walked.walks += 1;
        walked.stopped = watcher(walked.walks);
    }
    Ok(walked)
}

/// One walk; its steps if it ends with something broken.
fn one(explorer: &Explorer, walks: Walks, number: u64, taken: &mut u64) -> Option<Vec<Step>> {
    let mut random = walks.seed.child_at("walk", number).random();
    let mut world = explorer.start().clone();
    let (mut steps, mut actions) = (Vec::new(), Vec::new());
    for _ in 0..walks.steps {
        actions.clear();
        explorer.enabled(&world, &mut actions);
        let action = *random.pick(&actions)?;
        steps.push(step_of(explorer, &world, action));
        world = explorer.after(&world, action);
        *taken += 1;
        if world.broken.is_some() {
            return Some(steps);
        }
    }
    None
}

/// Leaves out steps, many at a time and then one, as long as the same property is broken. What is
/// left may still not be the shortest run.
fn shorten(explorer: &Explorer, mut steps: Vec<Step>) -> Vec<Step> {
    let property = |steps: &[Step]| {
        let (world, actions) = retake(explorer, steps)?;
        Some((explorer.broken(&world)?.property, actions.len()))
    };
    let Some((wanted, _)) = property(&steps) else { return steps };
    let mut size = steps.len() / 2;
    while size > 0 {
        let (mut at, mut is_shorter) = (0, false);
        while at + size <= steps.len() {
            let fewer = [&steps[..at], &steps[at + size..]].concat();
            match property(&fewer) {
                Some((broken, needed)) if broken == wanted => {
                    steps = fewer;
                    steps.truncate(needed);
                    is_shorter = true;
                }
                _ => at += 1,
            }
        }
        size = if is_shorter { size.min(steps.len()) } else { size / 2 };
    }
    steps
}
