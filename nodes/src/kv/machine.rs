//! The state machine: keys, sessions, and how far it has come.

use serde::{Deserialize, Serialize};
use tribunal_history::{Mark, Value};

use super::codec::SnapshotError;
use super::sessions::Admission;
use super::{Input, Keys, Sessions};
use crate::{Command, Config, Response};

/// What came of one input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The answer.
    pub response: Response,
    /// What was worth noting.
    pub mark: Option<Mark>,
}

/// The replicated state: what every node holds after the same inputs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Machine {
    applied: u64,
    keys: Keys,
    sessions: Sessions,
    /// False with the planted bug `session.none`.
    #[serde(skip)]
    deduplicates: bool,
}

impl Machine {
    /// The state before any input.
    pub fn new(config: &Config) -> Machine {
        Machine {
            applied: 0,
            keys: Keys::default(),
            sessions: Sessions::new(config.sessions),
            deduplicates: deduplicates(config),
        }
    }

    /// Position of the last input applied; 0 before the first.
    pub fn applied(&self) -> u64 {
        self.applied
    }

    /// What a key holds; nil if it does not exist.
    pub fn read(&self, key: &Value) -> Value {
        self.keys.get(key)
    }

    /// The open sessions.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Passes over a position that holds nothing for the state machine.
    ///
    /// # Panics
    /// If `index` is not the next position.
    pub fn skip(&mut self, index: u64) {
        assert_eq!(index, self.applied + 1, "positions are applied in order, each once");
        self.applied = index;
    }

    /// Applies the input of the next position.
    ///
    /// # Panics
    /// If `index` is not the next position.
    pub fn apply(&mut self, index: u64, input: &Input) -> Applied {
        self.skip(index);
        match input {
            Input::OpenSession => {
                let mark = self.sessions.open(index).then_some(Mark::SessionDropped);
                Applied { response: Response::Session(index), mark }
            }
            Input::Command { session, sequence, command } => {
                self.command(*session, *sequence, command)
            }
        }
    }

    fn command(&mut self, session: u64, sequence: u64, command: &Command) -> Applied {
        let admission = match self.sessions.admit(self.applied, session, sequence) {
            // The planted bug `session.none`: a repeated command is applied again.
            Admission::Repeated(_) if !self.deduplicates => Admission::New,
            admission => admission,
        };
        match admission {
            Admission::Refused(refusal) => {
                Applied { response: Response::Refused(refusal), mark: None }
            }
            Admission::Repeated(response) => {
                Applied { response, mark: Some(Mark::DuplicateAnswered) }
            }
            Admission::New => {
                let response = self.keys.apply(command);
                self.sessions.keep(session, sequence, response.clone());
                Applied { response, mark: None }
            }
        }
    }

    /// Completes a machine that came out of a snapshot with what is not in it.
    ///
    /// # Errors
    /// If the snapshot contradicts itself.
    pub fn completed(mut self, config: &Config) -> Result<Machine, SnapshotError> {
        if !self.sessions.complete(config.sessions) {
            return Err(SnapshotError::Contradiction("two sessions were last used by one entry"));
        }
        self.deduplicates = deduplicates(config);
        Ok(self)
    }
}

fn deduplicates(config: &Config) -> bool {
    !config.bugs.has("session.none")
}

#[cfg(test)]
mod tests {
    use tribunal_history::{BugSet, NodeId};

    use super::super::{decode, encode};
    use super::*;
    use crate::Refusal;

    fn config(sessions: u32) -> Config {
        Config { sessions, ..Config::new(vec![NodeId(1)]) }
    }

    fn append(session: u64, sequence: u64, text: &str) -> Input {
        let command = Command::Append { key: Value::Int(1), value: Value::text(text) };
        Input::Command { session, sequence, command }
    }

    fn refused(refusal: Refusal) -> Applied {
        Applied { response: Response::Refused(refusal), mark: None }
    }

    #[test]
    fn a_repeated_command_takes_effect_once_and_a_lower_one_never() {
        let mut machine = Machine::new(&config(4));
        assert_eq!(machine.apply(1, &Input::OpenSession).response, Response::Session(1));
        let first = machine.apply(2, &append(1, 1, "a"));
        let again = machine.apply(3, &append(1, 1, "a"));
        assert_eq!(again.response, first.response);
        assert_eq!(again.mark, Some(Mark::DuplicateAnswered));
        machine.apply(4, &append(1, 2, "b"));
        assert_eq!(machine.apply(5, &append(1, 1, "a")), refused(Refusal::StaleSequence));
        assert_eq!(machine.apply(6, &append(1, 0, "z")), refused(Refusal::StaleSequence));
        assert_eq!(machine.read(&Value::Int(1)), Value::text("ab"));
    }

    #[test]
    fn a_refused_command_is_remembered_too() {
        let mut machine = Machine::new(&config(4));
        machine.apply(1, &Input::OpenSession);
        let command = Command::Append { key: Value::Int(1), value: Value::Int(3) };
        let input = Input::Command { session: 1, sequence: 1, command };
        assert_eq!(machine.apply(2, &input), refused(Refusal::Rejected));
        assert_eq!(machine.apply(3, &input).mark, Some(Mark::DuplicateAnswered));
    }

    #[test]
    fn an_unknown_session_is_refused_and_never_made_again() {
        let mut machine = Machine::new(&config(4));
        assert_eq!(machine.apply(1, &append(9, 1, "a")), refused(Refusal::UnknownSession));
        assert_eq!(machine.apply(2, &append(9, 1, "a")), refused(Refusal::UnknownSession));
        assert!(machine.sessions().is_empty());
    }

    #[test]
    fn the_session_used_longest_ago_goes_first() {
        let mut machine = Machine::new(&config(2));
        machine.apply(1, &Input::OpenSession);
        machine.apply(2, &Input::OpenSession);
        machine.apply(3, &append(1, 1, "a"));
        assert_eq!(machine.apply(4, &Input::OpenSession).mark, Some(Mark::SessionDropped));
        assert_eq!(machine.apply(5, &append(2, 1, "b")), refused(Refusal::UnknownSession));
        assert_eq!(machine.apply(6, &append(1, 2, "c")).response, Response::Applied(Value::Nil));
        assert_eq!(machine.sessions().len(), 2);
    }

    #[test]
    fn a_snapshot_comes_back_with_its_sessions() {
        let mut machine = Machine::new(&config(2));
        machine.apply(1, &Input::OpenSession);
        machine.apply(2, &append(1, 1, "a"));
        let bytes = encode(&machine);
        let back: Machine = decode(&bytes).unwrap();
        let mut back = back.completed(&config(2)).unwrap();
        assert_eq!(back, machine);
        assert_eq!(back.apply(3, &append(1, 1, "a")).mark, Some(Mark::DuplicateAnswered));
    }

    #[test]
    fn damaged_snapshots_are_refused() {
        let bytes = encode(&Machine::new(&config(2)));
        assert!(matches!(decode::<Machine>(&[]), Err(SnapshotError::Empty)));
        assert!(matches!(decode::<Machine>(&[9]), Err(SnapshotError::Version(9))));
        let longer = [&bytes[..], &[0]].concat();
        assert!(matches!(decode::<Machine>(&longer), Err(SnapshotError::Trailing(1))));
        let shorter = &bytes[..bytes.len() - 1];
        assert!(matches!(decode::<Machine>(shorter), Err(SnapshotError::Malformed(_))));
    }

    #[test]
    fn the_planted_bug_applies_a_repeated_command_twice() {
        let bugs = BugSet::new(["session.none"], crate::BUGS).unwrap();
        let mut machine = Machine::new(&Config { bugs, ..config(2) });
        machine.apply(1, &Input::OpenSession);
        machine.apply(2, &append(1, 1, "a"));
        machine.apply(3, &append(1, 1, "a"));
        assert_eq!(machine.read(&Value::Int(1)), Value::text("aa"));
    }
}
