//! A told run, taken again step by step.

use crate::explorer::Explorer;
use crate::setup::BadSetup;
use crate::step::Step;
use crate::trail::{TRAIL_VERSION, Trail, step_of};
use crate::watch::Broken;
use crate::world::{Action, World};

/// What came of a run taken again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The same is broken after the same steps.
    Same,
    /// Every step was possible, and after the last something else is broken, or nothing.
    Other(Option<Broken>),
    /// A step was not possible, or something was broken before the last.
    Diverged {
        /// The step's number, from 1.
        step: usize,
        /// Why it was not possible.
        reason: String,
    },
}

/// Why a told run cannot be taken again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReplay {
    /// Told by another version.
    #[error("the file has version {0}, this program reads version {TRAIL_VERSION}")]
    Version(u32),
    /// Of a system that is not explored.
    #[error("system '{0}' is not explored; raft is")]
    System(String),
    /// What was explored makes no sense.
    #[error(transparent)]
    Setup(#[from] BadSetup),
}

/// Takes the steps of a told run again.
///
/// # Errors
/// If the run is of another version or system, or its setup makes no sense.
pub fn replay(trail: &Trail) -> Result<Replayed, NoReplay> {
    if trail.tribunal_exploration != TRAIL_VERSION {
        return Err(NoReplay::Version(trail.tribunal_exploration));
    }
    if trail.system != "raft" {
        return Err(NoReplay::System(trail.system.clone()));
    }
    let explorer = Explorer::new(trail.setup())?;
    let mut world = explorer.start().clone();
    for (number, told) in (1..).zip(&trail.steps) {
        match action_of(&explorer, &world, &told.step) {
            Ok(action) => world = explorer.after(&world, action),
            Err(reason) => return Ok(Replayed::Diverged { step: number, reason }),
        }
    }
    let broken = explorer.broken(&world);
    let is_same = broken.as_ref() == Some(&trail.broken);
    Ok(if is_same { Replayed::Same } else { Replayed::Other(broken) })
}

/// The action that is this step.
pub(crate) fn action_of(explorer: &Explorer, world: &World, step: &Step) -> Result<Action, String> {
    if let Some(broken) = explorer.broken(world) {
        return Err(format!("{broken}, already before it"));
    }
    let mut actions = Vec::new();
    explorer.enabled(world, &mut actions);
    let is_it = |action: &&Action| step_of(explorer, world, **action) == *step;
    actions.iter().find(is_it).copied().ok_or_else(|| {
        format!("'{step}' is not among the {} things that can happen then", actions.len())
    })
}

/// The state after these actions, as far as they are possible one after the other; `None` if not.
pub(crate) fn retake(explorer: &Explorer, steps: &[Step]) -> Option<(World, Vec<Action>)> {
    let mut world = explorer.start().clone();
    let mut actions = Vec::with_capacity(steps.len());
    for step in steps {
        if world.broken.is_some() {
            break;
        }
        let action = action_of(explorer, &world, step).ok()?;
        world = explorer.after(&world, action);
        actions.push(action);
    }
    Some((world, actions))
}
