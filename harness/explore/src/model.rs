//! The adapter to stateright: an explorer as a `Model`, with somebody who says when to stop.

use std::sync::{Arc, Mutex, PoisonError};

use stateright::{Model, Property};

use crate::explorer::Explorer;
use crate::search::{Progress, Stop};
use crate::world::{Action, World};

/// The one property: that nothing was found broken on the way.
pub(crate) const PROPERTY: &str = "nothing is broken";

/// Asked now and then whether to stop.
pub(crate) type Watcher = Box<dyn FnMut(Progress) -> Option<Stop> + Send>;

/// States visited between two questions to the watcher.
const ASK_EVERY: u64 = 1_024;

/// An explorer as stateright sees it.
///
/// stateright's own bounds end a search as if it were complete: it calls a search *done* that ran
/// into its time. So it is given none. Here the watcher is asked, and when he says stop, no state
/// has a next one any more: what is queued runs dry, still checked, and `stopped` says why.
pub(crate) struct Searched {
    pub(crate) explorer: Arc<Explorer>,
    pub(crate) control: Mutex<Control>,
}

/// How a search goes on.
pub(crate) struct Control {
    /// States whose next ones were worked out.
    pub(crate) visited: u64,
    /// Most of them.
    pub(crate) states: u64,
    /// Why it was stopped, if it was.
    pub(crate) stopped: Option<Stop>,
    /// Whether something broken was found: what comes after it in the queue is not looked at.
    pub(crate) found: bool,
    /// The search is over: states have their next ones again, to be told as a run.
    pub(crate) over: bool,
    pub(crate) watcher: Watcher,
}

impl Control {
    /// Whether the next states of one more are to be worked out.
    fn goes_on(&mut self) -> bool {
        if self.over {
            return true;
        }
        if self.found || self.stopped.is_some() {
            return false;
        }
        if self.visited >= self.states {
            self.stopped = Some(Stop::States);
        } else if self.visited.is_multiple_of(ASK_EVERY) {
            self.stopped = (self.watcher)(Progress { visited: self.visited });
        }
        self.visited += u64::from(self.stopped.is_none());
        self.stopped.is_none()
    }
}

impl Searched {
    pub(crate) fn control<T>(&self, look: impl FnOnce(&mut Control) -> T) -> T {
        look(&mut self.control.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Model for Searched {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![self.explorer.start().clone()]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if self.control(Control::goes_on) {
            self.explorer.enabled(world, actions);
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        Some(self.explorer.after(world, action))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        // A later discovery would take the place of an earlier one, which is the shorter.
        vec![Property::always(PROPERTY, |model: &Searched, world: &World| {
            world.broken.is_none()
                || model.control(|control| std::mem::replace(&mut control.found, true))
        })]
    }
}
