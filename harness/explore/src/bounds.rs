//! How far an exploration goes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The highest figure of any bound: what lies beyond is no small scope.
const FIGURE_MAX: u8 = 50;

/// How much may happen in a run that is explored. All runs within the bounds are; what lies beyond
/// them is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// The highest term: no election begins that would be for a higher one.
    pub terms: u8,
    /// Commands of clients, of all together.
    pub commands: u8,
    /// Crashes, of all nodes together; a node that crashed starts again at once.
    pub crashes: u8,
    /// Messages delivered once more than they were sent.
    pub duplicates: u8,
    /// Election timers that fire, of all nodes together.
    pub timeouts: u8,
    /// Heartbeat timers that fire, of all leaders together.
    pub heartbeats: u8,
    /// Entries in one message, at most.
    pub entries: u8,
    /// Applied entries after which a log is compacted; 0 for never.
    pub compact: u8,
}

/// Why a bound cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBound {
    /// No name and figure.
    #[error("'{0}' is not a bound; write as in terms=2,commands=1")]
    Form(String),
    /// No such bound.
    #[error(
        "there is no bound '{0}'; there are: terms, commands, crashes, duplicates, timeouts, heartbeats, entries, compact"
    )]
    Name(String),
    /// A figure that makes no sense.
    #[error("{name}: from {least} to {FIGURE_MAX}")]
    Figure {
        /// Of which bound.
        name: &'static str,
        /// The least that makes sense.
        least: u8,
    },
}

impl Bounds {
    /// What an exploration goes through in seconds.
    pub const DEFAULT: Bounds = Bounds {
        terms: 1,
        commands: 0,
        crashes: 1,
        duplicates: 0,
        timeouts: 2,
        heartbeats: 0,
        entries: 1,
        compact: 0,
    };

    /// These bounds with those named in `text` set anew, as in `terms=3,commands=2`.
    ///
    /// # Errors
    /// If the text is no list of bounds, or a figure makes no sense.
    pub fn with(mut self, text: &str) -> Result<Bounds, BadBound> {
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let form = || BadBound::Form(part.to_owned());
            let (name, figure) = part.split_once('=').ok_or_else(form)?;
            let unknown = || BadBound::Name(name.to_owned());
            let (name, least, place) = self.place(name.trim()).ok_or_else(unknown)?;
            *place = figure
                .trim()
                .parse()
                .ok()
                .filter(|figure| (least..=FIGURE_MAX).contains(figure))
                .ok_or(BadBound::Figure { name, least })?;
        }
        Ok(self)
    }

    fn place(&mut self, name: &str) -> Option<(&'static str, u8, &mut u8)> {
        Some(match name {
            "terms" => ("terms", 1, &mut self.terms),
            "commands" => ("commands", 0, &mut self.commands),
            "crashes" => ("crashes", 0, &mut self.crashes),
            "duplicates" => ("duplicates", 0, &mut self.duplicates),
            "timeouts" => ("timeouts", 0, &mut self.timeouts),
            "heartbeats" => ("heartbeats", 0, &mut self.heartbeats),
            "entries" => ("entries", 1, &mut self.entries),
            "compact" => ("compact", 0, &mut self.compact),
            _ => return None,
        })
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bounds { terms, commands, crashes, duplicates, timeouts, .. } = self;
        let Bounds { heartbeats, entries, compact, .. } = self;
        write!(f, "terms={terms},commands={commands},crashes={crashes},duplicates={duplicates},")?;
        write!(f, "timeouts={timeouts},heartbeats={heartbeats},entries={entries},compact={compact}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_as_they_are_written() {
        let bounds = Bounds::DEFAULT.with("terms=3, crashes=0,compact=2").unwrap();
        assert_eq!((bounds.terms, bounds.crashes, bounds.compact), (3, 0, 2));
        assert_eq!(bounds.commands, Bounds::DEFAULT.commands);
        assert_eq!(Bounds::DEFAULT.with(&bounds.to_string()), Ok(bounds));
        assert_eq!(bounds.with(""), Ok(bounds));
    }

    #[test]
    fn what_is_no_bound_is_refused() {
        let refused = |text: &str| Bounds::DEFAULT.with(text).unwrap_err();
        assert!(matches!(refused("terms"), BadBound::Form(_)));
        assert!(matches!(refused("losses=1"), BadBound::Name(_)));
        assert_eq!(refused("terms=0"), BadBound::Figure { name: "terms", least: 1 });
        assert!(matches!(refused("crashes=-1"), BadBound::Figure { .. }));
        assert!(matches!(refused("commands=51"), BadBound::Figure { .. }));
    }
}
