//! What `--nemesis` says.

use std::fmt;
use std::str::FromStr;

use tribunal_history::FaultFamily;

use crate::{NEMESES, NemesisInfo};

/// A list of nemeses, as `partition,kill`; empty for `none`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spec {
    items: Vec<&'static NemesisInfo>,
}

/// Why a text is no specification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// No nemesis has this name.
    #[error("unknown nemesis '{name}'; known are none, {}", known())]
    Unknown {
        /// The name.
        name: String,
    },
    /// Nothing between two commas, or nothing at all.
    #[error("empty nemesis name; 'none' asks for no faults")]
    Empty,
    /// A nemesis named twice.
    #[error("nemesis '{0}' is named twice")]
    Twice(&'static str),
    /// `none` beside others.
    #[error("nemesis 'none' stands alone")]
    NoneAmongOthers,
}

fn known() -> String {
    let names: Vec<_> = NEMESES.iter().map(|nemesis| nemesis.name).collect();
    names.join(", ")
}

impl Spec {
    /// No faults at all.
    pub const NONE: Spec = Spec { items: Vec::new() };

    /// What it names, in that order.
    pub fn items(&self) -> &[&'static NemesisInfo] {
        &self.items
    }

    /// Whether it asks for no faults.
    pub fn is_none(&self) -> bool {
        self.items.is_empty()
    }

    /// The families it names, in report order.
    pub fn families(&self) -> Vec<FaultFamily> {
        let named = |family: &FaultFamily| self.items.iter().any(|item| item.family == *family);
        FaultFamily::ALL.iter().copied().filter(named).collect()
    }
}

impl FromStr for Spec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Spec, SpecError> {
        if text.trim() == "none" {
            return Ok(Spec::NONE);
        }
        let mut spec = Spec::default();
        for name in text.split(',').map(str::trim) {
            let known = NEMESES.iter().find(|nemesis| nemesis.name == name);
            let item = match (name, known) {
                ("", _) => return Err(SpecError::Empty),
                ("none", _) => return Err(SpecError::NoneAmongOthers),
                (_, None) => return Err(SpecError::Unknown { name: name.to_owned() }),
                (_, Some(item)) => item,
            };
            if spec.items.contains(&item) {
                return Err(SpecError::Twice(item.name));
            }
            spec.items.push(item);
        }
        Ok(spec)
    }
}

/// As `--nemesis` takes it.
impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            return f.write_str("none");
        }
        let names: Vec<_> = self.items.iter().map(|item| item.name).collect();
        f.write_str(&names.join(","))
    }
}

/// What a specification does, one line for each nemesis it names: `kill: kills one node, …`.
pub fn describe(spec: &Spec) -> String {
    if spec.is_none() {
        return "none: no faults".to_owned();
    }
    let line = |item: &&NemesisInfo| format!("{}: {}", item.name, item.about);
    spec.items.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_and_prints_as_itself() {
        for nemesis in NEMESES {
            let spec: Spec = nemesis.name.parse().unwrap();
            assert_eq!(spec.to_string(), nemesis.name);
            assert_eq!(spec.families(), [nemesis.family]);
        }
        let all = known().replace(' ', "");
        assert_eq!(all.parse::<Spec>().unwrap().items().len(), NEMESES.len(), "no name twice");
        assert_eq!("none".parse::<Spec>().unwrap().to_string(), "none");
        let spec: Spec = " kill, partition:bridge".parse().unwrap();
        assert_eq!(spec.to_string(), "kill,partition:bridge");
        assert_eq!(spec.families(), [FaultFamily::Partition, FaultFamily::Kill]);
        assert_eq!(
            describe(&spec),
            "kill: kills one node, a minority or the leader\n\
             partition:bridge: two parts that only one node can reach both of"
        );
    }

    #[test]
    fn what_is_unknown_is_named() {
        let error = |text: &str| text.parse::<Spec>().unwrap_err().to_string();
        let known =
            "; known are none, partition, kill, pause, clock, power, packet, disk, partition";
        for name in ["packets", "disks", "membership", "Kill", "kill:", "partition:star"] {
            let text = error(&format!("kill,{name}"));
            assert!(text.starts_with(&format!("unknown nemesis '{name}'{known}")), "{text}");
        }
        assert_eq!(error(""), "empty nemesis name; 'none' asks for no faults");
        assert_eq!(error("kill,"), "empty nemesis name; 'none' asks for no faults");
        assert_eq!(error("kill,none"), "nemesis 'none' stands alone");
        assert_eq!(error("kill,kill"), "nemesis 'kill' is named twice");
    }
}
