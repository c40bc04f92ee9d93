//! The axis of time that all strips share.

use tribunal_history::Nanos;

/// Steps between ticks, in milliseconds: 1-2-5, then what clocks divide by.
const STEPS_MS: [u64; 22] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000,
    120_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000,
];
/// Most ticks.
const TICKS_MAX: u64 = 13;

/// Maps the run's time onto pixels.
#[derive(Clone, Copy)]
pub(crate) struct TimeAxis {
    pub(crate) end: Nanos,
    pub(crate) left: f64,
    pub(crate) right: f64,
}

impl TimeAxis {
    /// The pixel of an instant, kept within the axis.
    pub(crate) fn x(&self, time: Nanos) -> f64 {
        let share = time.0.min(self.end.0) as f64 / self.end.0.max(1) as f64;
        self.left + share * (self.right - self.left)
    }

    /// The instants of the ticks, from 0 on.
    pub(crate) fn ticks(&self) -> Vec<Nanos> {
        let fits = |step: &Nanos| self.end.0 / step.0 < TICKS_MAX;
        let step = STEPS_MS.iter().map(|millis| Nanos::from_millis(*millis)).find(fits);
        let step = step.unwrap_or(Nanos(self.end.0 / (TICKS_MAX - 1) + 1));
        (0..=self.end.0 / step.0).map(|count| step.times(count)).collect()
    }

    /// A tick in words: `90 s`, `0.2 s`.
    pub(crate) fn label(time: Nanos) -> String {
        let millis = time.as_millis();
        match millis % 1_000 {
            0 => format!("{} s", millis / 1_000),
            rest => {
                format!("{}.{:03}", millis / 1_000, rest).trim_end_matches('0').to_owned() + " s"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_few_and_round() {
        for seconds in [1, 7, 20, 60, 600, 86_400, 10_000_000_000] {
            let axis = TimeAxis { end: Nanos::from_secs(seconds), left: 0.0, right: 100.0 };
            let ticks = axis.ticks();
            assert!((3..=13).contains(&ticks.len()), "{seconds}: {}", ticks.len());
        }
        assert_eq!(TimeAxis::label(Nanos::from_millis(1_500)), "1.5 s");
        let nothing = TimeAxis { end: Nanos(0), left: 0.0, right: 1.0 };
        assert_eq!(nothing.ticks(), [Nanos(0)]);
    }
}
