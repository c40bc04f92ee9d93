//! Watches the history while it grows: a violation is known before the run is over.

use tribunal_checkers::{Alarm, Monitor, Watching};
use tribunal_history::{Check, History, Nanos};

/// The monitors of a run, and what they have seen.
pub struct Lookout {
    monitors: Vec<Box<dyn Monitor>>,
    /// Whether the load ends with the first alarm.
    ends_load: bool,
    sighting: Option<Sighting>,
    most_held: usize,
    looked: u64,
}

/// A violation, and when it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The name of the checker whose monitor saw it.
    pub checker: &'static str,
    /// When, since the run began.
    pub time: Nanos,
    /// Position of the event that completed it.
    pub event: u32,
    /// What was seen, in words.
    pub words: String,
}

/// How often what the monitors hold is counted, in looks.
const COUNT_EVERY: u64 = 256;

impl Lookout {
    /// Watches with these; with `ends_load` the load ends with the first alarm.
    pub fn new(monitors: Vec<Box<dyn Monitor>>, ends_load: bool) -> Lookout {
        Lookout { monitors, ends_load, sighting: None, most_held: 0, looked: 0 }
    }

    /// Takes in what was added to the history; whether the load should end now.
    pub fn look(&mut self, now: Nanos, history: &History) -> bool {
        let seen = self.sighting.is_some();
        for monitor in &mut self.monitors {
            if let Some(alarm) = monitor.follow(history)
                && self.sighting.is_none()
            {
                let (checker, words) = (monitor.checker(), words(&alarm, history));
                self.sighting = Some(Sighting { checker, time: now, event: alarm.event, words });
            }
        }
        self.looked += 1;
        if self.looked.is_multiple_of(COUNT_EVERY) {
            let held: usize = self.monitors.iter().map(|m| held(&m.state())).sum();
            self.most_held = self.most_held.max(held);
        }
        self.ends_load && !seen && self.sighting.is_some()
    }

    /// The first violation that was seen.
    pub const fn sighting(&self) -> Option<&Sighting> {
        self.sighting.as_ref()
    }

    /// The row of harness health; none where nothing watches.
    pub fn row(&self) -> Option<Check> {
        let states: Vec<Watching> = self.monitors.iter().map(|monitor| monitor.state()).collect();
        let figure = match (&self.sighting, states.iter().find_map(|state| state.why.as_ref())) {
            _ if states.is_empty() => return None,
            (Some(sighting), _) => format!("violation at {}: {}", sighting.time, sighting.words),
            (None, Some(why)) => {
                let keys: usize = states.iter().map(|state| state.given_up).sum();
                format!("no alarm; {keys} keys only judged at the end ({why})")
            }
            (None, None) => format!("no alarm; at most {} values held", self.most_held),
        };
        let (name, remedy) = ("watched as it ran".to_owned(), String::new());
        Some(Check { name, passed: None, figure, remedy, shared: false })
    }
}

const fn held(state: &Watching) -> usize {
    state.values + state.operations
}

fn words(alarm: &Alarm, history: &History) -> String {
    if alarm.key.is_nil() {
        return alarm.why.clone();
    }
    format!("key {}: {}", history.values().show(alarm.key), alarm.why)
}
