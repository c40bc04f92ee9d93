//! Who watches an exploration: time, memory, signals; and says how it goes.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tribunal_explore::Stop;
use tribunal_history::grouped;

use crate::interrupts::Standby;
use crate::output;

/// How often a line is written where nobody watches.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Watches one exploration.
pub(super) struct Watcher {
    began: Instant,
    time_limit: Duration,
    /// In bytes.
    memory: u64,
    standby: Standby,
    what: &'static str,
    bar: Option<ProgressBar>,
    next_line: Duration,
}

impl Watcher {
    /// Watches from now on; `what` is counted.
    pub(super) fn begin(
        time_limit: Duration,
        memory: u64,
        standby: Standby,
        what: &'static str,
    ) -> Watcher {
        let bar = output::watched().then(|| {
            let target = ProgressDrawTarget::stderr_with_hz(10);
            let bar = ProgressBar::with_draw_target(Some(time_limit.as_secs().max(1)), target);
            if let Ok(style) = ProgressStyle::with_template("  explore {bar:24} {msg}") {
                bar.set_style(style);
            }
            bar
        });
        let began = Instant::now();
        Watcher { began, time_limit, memory, standby, what, bar, next_line: LINE_EVERY }
    }

    /// Whether to stop after so many.
    pub(super) fn ask(&mut self, count: u64) -> Option<Stop> {
        let passed = self.began.elapsed();
        let held = resident();
        self.tell(count, passed, held);
        if self.standby.is_wished() {
            Some(Stop::Interrupted)
        } else if passed >= self.time_limit {
            Some(Stop::Time)
        } else if held > self.memory {
            Some(Stop::Memory)
        } else {
            None
        }
    }

    fn tell(&mut self, count: u64, passed: Duration, held: u64) {
        let rate = (count as f64 / passed.as_secs_f64().max(0.001)) as u64;
        let words = || {
            format!(
                "{} {}   {} a second   {} MiB",
                grouped(count),
                self.what,
                grouped(rate),
                grouped(held >> 20)
            )
        };
        if let Some(bar) = &self.bar {
            bar.set_position(passed.as_secs());
            bar.set_message(words());
        } else if passed >= self.next_line {
            output::progress(format!("  explore     {}", words()));
            self.next_line = passed + LINE_EVERY;
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The memory this process holds now, in bytes; 0 where the kernel does not say.
fn resident() -> u64 {
    status("VmRSS:")
}

/// The most memory it ever held, as [`resident`].
pub(super) fn peak() -> u64 {
    status("VmHWM:")
}

fn status(name: &str) -> u64 {
    let kilobytes = || {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok()
    };
    kilobytes().unwrap_or(0) * 1_024
}
