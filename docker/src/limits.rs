//! What a node's container may use.

use std::collections::BTreeMap;

/// The options that set limits, as `--option NAME=VALUE` takes them.
pub const LIMIT_OPTIONS: &[&str] = &["container-memory", "container-cpus", "container-pids"];

/// What a node's container may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory; swap is not added to it.
    pub memory: i64,
    /// Billionths of a processor; `None` for all there are.
    pub nano_cpus: Option<i64>,
    /// Processes and threads.
    pub pids: i64,
}

/// Why an option is no limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("option {name}={value}: {reason}")]
pub struct LimitError {
    name: &'static str,
    value: String,
    reason: &'static str,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { memory: 1 << 30, nano_cpus: None, pids: 512 }
    }
}

impl Limits {
    /// Reads the limits among a plan's options.
    ///
    /// # Errors
    /// If one is no number, or out of range.
    pub fn read(options: &BTreeMap<String, String>) -> Result<Limits, LimitError> {
        let mut limits = Limits::default();
        if let Some(value) = options.get("container-memory") {
            limits.memory = memory(value).ok_or_else(|| LimitError {
                name: "container-memory",
                value: value.clone(),
                reason: "say between 16MiB and 1TiB, as 256MiB or 2GiB",
            })?;
        }
        if let Some(value) = options.get("container-cpus") {
            limits.nano_cpus = Some(cpus(value).ok_or_else(|| LimitError {
                name: "container-cpus",
                value: value.clone(),
                reason: "say between 0.05 and 256 processors, as 0.5",
            })?);
        }
        if let Some(value) = options.get("container-pids") {
            limits.pids =
                value.parse().ok().filter(|pids| (16..=100_000).contains(pids)).ok_or_else(
                    || LimitError {
                        name: "container-pids",
                        value: value.clone(),
                        reason: "say between 16 and 100000",
                    },
                )?;
        }
        Ok(limits)
    }
}

fn memory(text: &str) -> Option<i64> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)];
    let (number, shift) = units
        .iter()
        .find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))
        .unwrap_or((text, 0));
    let bytes = number.trim().parse::<i64>().ok()?.checked_mul(1_i64 << shift)?;
    ((16 << 20)..=(1 << 40)).contains(&bytes).then_some(bytes)
}

fn cpus(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || part.len() > 9 || !is_number(whole) || !is_number(part) {
        return None;
    }
    let nanos: i64 = format!("{part:0<9}").parse().ok()?;
    let cpus = whole.parse::<i64>().ok()?.checked_mul(1_000_000_000)?.checked_add(nanos)?;
    (50_000_000..=256_000_000_000).contains(&cpus).then_some(cpus)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Limits, LimitError> {
        Limits::read(&BTreeMap::from([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn limits_are_read_with_their_units_and_ranges() {
        assert_eq!(Limits::read(&BTreeMap::new()).unwrap(), Limits::default());
        assert_eq!(read("container-memory", "256MiB").unwrap().memory, 256 << 20);
        assert_eq!(read("container-memory", "33554432").unwrap().memory, 32 << 20);
        assert_eq!(read("container-cpus", "0.5").unwrap().nano_cpus, Some(500_000_000));
        assert_eq!(read("container-cpus", "2").unwrap().nano_cpus, Some(2_000_000_000));
        assert_eq!(read("container-pids", "64").unwrap().pids, 64);
        for (name, value) in [
            ("container-memory", "1MiB"),
            ("container-memory", "lots"),
            ("container-memory", "99999999999TiB"),
            ("container-cpus", "0"),
            ("container-cpus", "-1"),
            ("container-cpus", "1.5.5"),
            ("container-cpus", "999999999999999999999"),
            ("container-pids", "3"),
        ] {
            let error = read(name, value).unwrap_err().to_string();
            assert!(error.starts_with(&format!("option {name}={value}: say between")), "{error}");
        }
    }
}
