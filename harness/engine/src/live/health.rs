//! Harness health, as far as the driver knows.

use tribunal_history::{Check, Nanos, Record};

/// What went wrong while a run was taken down, in words; nothing if nothing did.
#[derive(Debug, Default)]
pub(super) struct TakenDown {
    /// While faults were taken back.
    pub(super) healing: Option<String>,
    /// While logs were collected.
    pub(super) collecting: Option<String>,
    /// While everything was removed.
    pub(super) tear_down: Option<String>,
}

impl TakenDown {
    /// All that went wrong, in order.
    pub(super) fn errors(self) -> Vec<String> {
        [self.healing, self.collecting, self.tear_down].into_iter().flatten().collect()
    }
}

/// The rows; `lost` is why events were lost, if any were, and `gap` the longest time this process
/// was not scheduled.
pub(super) fn health(
    taken_down: &TakenDown,
    lost: Option<&str>,
    gap: Nanos,
    record: &Record,
) -> Vec<Check> {
    let operations = (record.history.len() / 2).max(1);
    let memory = record.history.bytes() / operations;
    let row = |name: &str, passed, figure: String| Check {
        name: name.into(),
        passed: Some(passed),
        figure,
        remedy: String::new(),
        shared: false,
    };
    // What failed in words is in the run's harness error.
    let step = |name, failed: &Option<String>, good: &str| {
        row(name, failed.is_none(), if failed.is_none() { good } else { "no" }.into())
    };
    vec![
        row("events lost", lost.is_none(), lost.unwrap_or("0").into()),
        step("healed", &taken_down.healing, "no fault left in force"),
        step("cleaned up", &taken_down.tear_down, "nothing left"),
        row("longest scheduling gap", gap <= Nanos::from_millis(250), gap.to_string()),
        Check { passed: None, ..row("memory per operation", true, format!("{memory} bytes")) },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_healed_may_be_cleaned_up_all_the_same() {
        let failed = || Some("it failed".to_owned());
        for (taken_down, healed, cleaned) in [
            (TakenDown::default(), true, true),
            (TakenDown { healing: failed(), ..TakenDown::default() }, false, true),
            (TakenDown { collecting: failed(), ..TakenDown::default() }, true, true),
            (TakenDown { tear_down: failed(), ..TakenDown::default() }, true, false),
        ] {
            let rows = health(&taken_down, None, Nanos::ZERO, &Record::default());
            let passed = |name| rows.iter().find(|row| row.name == name).unwrap().passed;
            assert_eq!(passed("healed"), Some(healed), "{taken_down:?}");
            assert_eq!(passed("cleaned up"), Some(cleaned), "{taken_down:?}");
        }
    }
}
