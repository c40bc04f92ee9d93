//! What the kernel says of processes: `/proc`, on Linux.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A process and when it started: unlike the number alone, never another one's within a boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// Its process id.
    pub pid: u32,
    /// When it started, in clock ticks since the machine did.
    pub start_time: u64,
}

impl Identity {
    /// The process that has this id now, if there is one.
    pub fn of(pid: u32) -> Option<Identity> {
        Some(Identity { pid, start_time: Stat::read(pid)?.start_time })
    }

    /// Whether this very process still runs; one that ended and was not reaped does not.
    pub fn is_running(self) -> bool {
        Stat::read(self.pid)
            .is_some_and(|stat| stat.start_time == self.start_time && !stat.has_ended())
    }
}

/// The fields of `/proc/<pid>/stat` that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    /// `R`, `S`, `D`, `T`, `Z`, …
    pub(crate) state: char,
    pub(crate) start_time: u64,
}

impl Stat {
    pub(crate) fn read(pid: u32) -> Option<Stat> {
        Stat::parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The name in parentheses may hold anything, parentheses too: fields count from the last one.
    fn parse(text: &str) -> Option<Stat> {
        let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
        let state = fields.next()?.chars().next()?;
        // proc_pid_stat(5): the state is field 3, the start time field 22.
        let start_time = fields.nth(18)?.parse().ok()?;
        Some(Stat { state, start_time })
    }

    pub(crate) const fn has_ended(self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }

    pub(crate) const fn is_stopped(self) -> bool {
        matches!(self.state, 'T' | 't')
    }
}

/// The id of this boot of the machine, if it has one.
pub(crate) fn boot_id() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}

/// The process namespace this process is in: `pid:[4026531836]`; empty if that cannot be told.
pub(crate) fn namespace() -> String {
    let link = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    link.to_string_lossy().into_owned()
}

/// A variable in the environment a process was started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Variable {
    Value(String),
    Absent,
    /// The environment belongs to somebody else, or the process is gone, or just at the moment in
    /// which it becomes another program.
    Unreadable,
}

pub(crate) fn variable(pid: u32, name: &str) -> Variable {
    let bytes = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    if bytes.is_empty() {
        return Variable::Unreadable;
    }
    let prefix = format!("{name}=");
    bytes
        .split(|byte| *byte == 0)
        .find_map(|entry| entry.strip_prefix(prefix.as_bytes()))
        .map_or(Variable::Absent, |value| {
            Variable::Value(String::from_utf8_lossy(value).into_owned())
        })
}

/// The name a process goes by, for people.
pub(crate) fn name(pid: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    name.trim().to_owned()
}

/// All processes there are, in order of id.
pub(crate) fn every_pid() -> Vec<u32> {
    let entries = std::fs::read_dir(PathBuf::from("/proc")).into_iter().flatten().flatten();
    let mut pids: Vec<u32> =
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    pids.sort_unstable();
    pids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_confuse() {
        let text = "42 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        assert_eq!(Stat::parse(text), Some(Stat { state: 'S', start_time: 4711 }));
        assert_eq!(Stat::parse("42 (a) S 1 2"), None);
        assert_eq!(Stat::parse(""), None);
    }

    #[test]
    fn this_process_runs_and_is_itself() {
        let me = Identity::of(std::process::id()).unwrap();
        assert!(me.is_running());
        assert!(!Identity { start_time: me.start_time + 1, ..me }.is_running());
        assert!(every_pid().contains(&me.pid));
        assert!(boot_id().is_some_and(|id| id.len() == 36));
    }
}
