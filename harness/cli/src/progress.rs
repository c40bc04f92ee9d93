//! How a run goes, while it goes: a bar on a terminal, a line every ten seconds otherwise.

use std::cell::Cell;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::watch;
use tribunal_engine::{Progress, Sighting};
use tribunal_history::{Nanos, Phase, Plan};
use tribunal_reports::length as batch_length;

use crate::output;

/// How often a line is written where nobody watches.
const LINE_EVERY: Nanos = Nanos::from_secs(10);

/// A run's place in a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Which run, from 1.
    pub number: u64,
    /// Of how many.
    pub of: u64,
    /// Runs that failed so far.
    pub failed: u64,
}

/// Follows a run until its end of the channel is dropped. A run of a batch moves the batch's bar,
/// and is told in one line when it is over, not here.
pub(crate) async fn follow(
    mut progress: watch::Receiver<Progress>,
    plan: Plan,
    place: Option<Place>,
) {
    if let Some(place) = place {
        if output::watched() {
            follow_in_batch(&mut progress, &plan, place).await;
        }
    } else if output::watched() {
        follow_with_bar(&mut progress, &plan).await;
    } else {
        follow_with_lines(&mut progress, &plan).await;
    }
}

async fn follow_with_bar(progress: &mut watch::Receiver<Progress>, plan: &Plan) {
    let bar = ProgressBar::with_draw_target(
        Some(plan.time_limit.as_millis()),
        ProgressDrawTarget::stderr_with_hz(10),
    );
    if let Ok(style) = ProgressStyle::with_template("  {prefix:11} {bar:24} {msg}") {
        bar.set_style(style);
    }
    let (mut rate, mut told) = (Rate::default(), false);
    while progress.changed().await.is_ok() {
        let now = progress.borrow_and_update().clone();
        let Some(phase) = now.phase else { continue };
        bar.set_prefix(phase.as_str());
        if let Some(began) = now.load_began {
            bar.set_position((now.now - began).as_millis().min(plan.time_limit.as_millis()));
        }
        if let Some(sighting) =
            now.violation.as_ref().filter(|_| !std::mem::replace(&mut told, true))
        {
            bar.suspend(|| output::progress(sighted(sighting)));
        }
        bar.set_message(words(&now, plan, rate.of(&now)));
    }
    bar.finish_and_clear();
}

/// One bar over all runs: this one begins where the last ended.
async fn follow_in_batch(progress: &mut watch::Receiver<Progress>, plan: &Plan, place: Place) {
    let each = plan.time_limit.as_millis().max(1);
    let length = each.saturating_mul(place.of);
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(10));
    if let Ok(style) = ProgressStyle::with_template("  {prefix} {bar:24} {msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(format!("run {} / {}  {} failed", place.number, place.of, place.failed));
    let before = each.saturating_mul(place.number - 1);
    bar.set_position(before);
    let mut rate = Rate::default();
    while progress.changed().await.is_ok() {
        let now = progress.borrow_and_update().clone();
        let Some(phase) = now.phase else { continue };
        if let Some(began) = now.load_began {
            bar.set_position(before + (now.now - began).as_millis().min(each));
        }
        let words = words(&now, plan, rate.of(&now));
        bar.set_message(format!("seed {}   {}   {words}", plan.seed, phase.as_str()));
    }
    bar.finish_and_clear();
}

async fn follow_with_lines(progress: &mut watch::Receiver<Progress>, plan: &Plan) {
    let (mut last_phase, mut next) = (None, LINE_EVERY);
    let (mut rate, mut told) = (Rate::default(), false);
    while progress.changed().await.is_ok() {
        let now = progress.borrow_and_update().clone();
        let per_second = rate.of(&now);
        if let Some(sighting) =
            now.violation.as_ref().filter(|_| !std::mem::replace(&mut told, true))
        {
            output::progress(sighted(sighting));
        }
        let Some(phase) = now.phase else { continue };
        if last_phase == Some(phase) && now.now < next {
            continue;
        }
        if now.now >= next {
            next = now.now + LINE_EVERY;
        }
        last_phase = Some(phase);
        output::progress(format!("  {:11} {}", phase.as_str(), words(&now, plan, per_second)));
    }
}

/// A violation, when it is first seen.
fn sighted(sighting: &Sighting) -> String {
    format!("  violation at {}: {}", sighting.time, sighting.words)
}

fn words(now: &Progress, plan: &Plan, per_second: u64) -> String {
    let clock = |time: Nanos| {
        let seconds = time.as_millis() / 1_000;
        format!("{:02}:{:02}", seconds / 60, seconds % 60)
    };
    let mut parts = Vec::new();
    match (now.phase, now.load_began) {
        (Some(Phase::Load), Some(began)) => {
            parts.push(format!("{} / {}", clock(now.now - began), clock(plan.time_limit)));
        }
        _ => parts.push(clock(now.now)),
    }
    parts.push(format!("{per_second} ok/s"));
    parts.push(format!("fail {}  info {}", now.fail, now.info));
    if let Some(leader) = now.leader {
        parts.push(format!("leader {leader}"));
    }
    if !now.faults.is_empty() {
        parts.push(format!("▕ {}", now.faults.join("; ")));
    }
    parts.join("   ")
}

/// Operations a second over about the last second.
#[derive(Default)]
struct Rate {
    since: Nanos,
    ok: u64,
    shown: u64,
}

impl Rate {
    fn of(&mut self, now: &Progress) -> u64 {
        let elapsed = now.now - self.since;
        if elapsed >= Nanos::from(Duration::from_secs(1)) {
            self.shown = (now.ok - self.ok).saturating_mul(1_000) / elapsed.as_millis().max(1);
            (self.since, self.ok) = (now.now, now.ok);
        }
        self.shown
    }
}

/// A bar over many simulations; where nobody watches, a line every ten seconds.
pub(crate) struct SimBar {
    bar: ProgressBar,
    of: u64,
    begun: Instant,
    /// When the last line was written.
    told: Cell<Duration>,
}

impl SimBar {
    /// A bar over so many runs.
    pub(crate) fn new(of: u64) -> SimBar {
        let target = match output::watched() {
            true => ProgressDrawTarget::stderr_with_hz(10),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(of), target);
        if let Ok(style) = ProgressStyle::with_template("  {prefix} {bar:24} {msg}") {
            bar.set_style(style);
        }
        SimBar { bar, of, begun: Instant::now(), told: Cell::default() }
    }

    /// So many runs are over, of which some failed; together they lasted so long in virtual time.
    pub(crate) fn tell(&self, ran: u64, failed: u64, lasted: Nanos) {
        let passed = self.begun.elapsed();
        let speed = lasted.0 / u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX).max(1);
        let words = format!("{} simulated, {speed} times real time", batch_length(lasted));
        self.bar.set_prefix(format!("run {ran} / {}  {failed} failed", self.of));
        self.bar.set_message(words.clone());
        self.bar.set_position(ran);
        if !output::watched() && passed >= self.told.get() + LINE_EVERY.to_duration() {
            self.told.set(passed);
            output::progress(format!("  {ran} / {} runs, {failed} failed   {words}", self.of));
        }
    }

    /// Lets something else be written.
    pub(crate) fn suspend<T>(&self, act: impl FnOnce() -> T) -> T {
        self.bar.suspend(act)
    }
}

impl Drop for SimBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
