//! How often something happens, as far as a few runs can tell.

use serde::Serialize;

/// The 97.5th percentile of the normal distribution, for 95 % between both ends.
const Z: f64 = 1.959_963_984_540_054;

/// So many of so many, with the interval in which the true rate lies at 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Rate {
    /// How often it happened.
    pub count: u64,
    /// In how many runs.
    pub of: u64,
    /// The interval's lower end, from 0 to 1.
    pub from: f64,
    /// The interval's upper end, from 0 to 1.
    pub to: f64,
}

impl Rate {
    /// The score interval of Wilson (1927), which holds for few runs and at both ends as well,
    /// where the usual one is empty. `count` is at most `of`; of no runs nothing is known.
    pub(super) fn of(count: u64, of: u64) -> Rate {
        if of == 0 {
            return Rate { count, of, from: 0.0, to: 1.0 };
        }
        let (n, p) = (of as f64, count as f64 / of as f64);
        let square = Z * Z;
        let centre = p + square / (2.0 * n);
        let spread = Z * (p * (1.0 - p) / n + square / (4.0 * n * n)).sqrt();
        let scale = 1.0 + square / n;
        // At the ends both terms are equal but for rounding.
        let from = if count == 0 { 0.0 } else { ((centre - spread) / scale).max(0.0) };
        let to = if count == of { 1.0 } else { ((centre + spread) / scale).min(1.0) };
        Rate { count, of, from, to }
    }

    /// As `7 of 20 runs: 35 % (95 %: 18 to 57 %)`.
    pub(super) fn words(&self) -> String {
        let Rate { count, of, from, to } = self;
        let noun = if *of == 1 { "run" } else { "runs" };
        let share = match of {
            0 => return "0 of 0 runs: nothing is known".to_owned(),
            of => percent(*count as f64 / *of as f64),
        };
        format!(
            "{count} of {of} {noun}: {share} % (95 %: {} to {} %)",
            percent(*from),
            percent(*to)
        )
    }
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let is_fine = percent > 0.0 && percent < 9.95 || percent > 90.05 && percent < 100.0;
    if is_fine { format!("{percent:.1}") } else { format!("{percent:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        // The first four are of Newcombe (Statistics in Medicine 17, 1998, table I, method 3).
        for (count, of, from, to) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
            (20, 20, 0.8389, 1.0),
            (7, 20, 0.1812, 0.5671),
        ] {
            let rate = Rate::of(count, of);
            let near = |one: f64, other: f64| (one - other).abs() < 5e-5;
            assert!(near(rate.from, from) && near(rate.to, to), "{count} of {of}: {rate:?}");
        }
    }

    #[test]
    fn it_holds_the_rate_and_narrows_with_more_runs() {
        for of in 1..=60 {
            for count in 0..=of {
                let rate = Rate::of(count, of);
                let share = count as f64 / of as f64;
                assert!(0.0 <= rate.from && rate.from <= share, "{rate:?}");
                assert!(share <= rate.to && rate.to <= 1.0, "{rate:?}");
                let more = Rate::of(count * 4, of * 4);
                assert!(more.to - more.from < rate.to - rate.from, "{rate:?} {more:?}");
            }
        }
    }

    #[test]
    fn it_is_told_in_words() {
        assert_eq!(Rate::of(7, 20).words(), "7 of 20 runs: 35 % (95 %: 18 to 57 %)");
        assert_eq!(Rate::of(1, 1).words(), "1 of 1 run: 100 % (95 %: 21 to 100 %)");
        assert_eq!(Rate::of(0, 100).words(), "0 of 100 runs: 0 % (95 %: 0 to 3.7 %)");
        assert_eq!(Rate::of(0, 0).words(), "0 of 0 runs: nothing is known");
    }
}
