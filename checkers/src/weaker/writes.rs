//! The writes of each key, by session, to find the last one that comes before something.

use super::clocks::{Clocks, View};
use super::trace::Trace;

/// The writes of a history, by key, then by session, in order.
pub(crate) struct Writes {
    /// Where the groups of each key begin.
    keys: Vec<u32>,
    groups: Vec<Group>,
    /// Accesses that write.
    writes: Vec<u32>,
}

/// The writes of one session to one key.
#[derive(Clone, Copy)]
struct Group {
    session: u32,
    start: u32,
    end: u32,
}

impl Writes {
    /// Sorts the writes of a trace. O(n).
    pub(crate) fn of(trace: &Trace<'_>) -> Writes {
        let mut starts = vec![0_u32; trace.keys.len() + 1];
        for access in trace.accesses.iter().filter(|access| access.writes.is_some()) {
            starts[access.key as usize + 1] += 1;
        }
        for key in 0..trace.keys.len() {
            starts[key + 1] += starts[key];
        }
        let mut next = starts.clone();
        let mut writes = vec![0_u32; starts[trace.keys.len()] as usize];
        for (index, access) in trace.accesses.iter().enumerate() {
            if access.writes.is_some() {
                let place = &mut next[access.key as usize];
                writes[*place as usize] = index as u32;
                *place += 1;
            }
        }
        let mut keys = Vec::with_capacity(starts.len());
        let mut groups: Vec<Group> = Vec::new();
        for key in 0..trace.keys.len() {
            keys.push(groups.len() as u32);
            let mut start = starts[key];
            let members = &writes[start as usize..starts[key + 1] as usize];
            let session = |write: &u32| trace.accesses[*write as usize].session;
            for group in members.chunk_by(|one, other| session(one) == session(other)) {
                let end = start + group.len() as u32;
                groups.push(Group { session: session(&group[0]), start, end });
                start = end;
            }
        }
        keys.push(groups.len() as u32);
        Writes { keys, groups, writes }
    }

    /// Of each session the last write to `key` that comes before `access`. Sessions of which
    /// `access` knows no more than `since`, an earlier access of its session, may be left out.
    /// O(sessions that write the key · log n).
    pub(crate) fn last_before<'b>(
        &'b self,
        trace: &'b Trace<'b>,
        clocks: &'b Clocks<'b>,
        key: u32,
        access: usize,
        since: Option<usize>,
    ) -> impl Iterator<Item = usize> + 'b {
        let own = trace.accesses[access].session as usize;
        let (view, since) = (clocks.view(access), since.map(|since| clocks.view(since)));
        self.groups(key).iter().filter_map(move |group| {
            let session = group.session as usize;
            let count = if session == own {
                trace.place(access)
            } else {
                let skip = |since: &View<'_>| since.is_shared(&view, session);
                if view.is_blank(session) || since.as_ref().is_some_and(skip) {
                    return None;
                }
                view.count(session)
            };
            if count == 0 {
                return None;
            }
            let end = trace.starts[session] + count;
            let members = &self.writes[group.start as usize..group.end as usize];
            let before = members.partition_point(|write| *write < end);
            Some(members[before.checked_sub(1)?] as usize)
        })
    }

    /// Of each session the first write to `key`.
    pub(crate) fn first(&self, key: u32) -> impl Iterator<Item = usize> + '_ {
        self.groups(key).iter().map(|group| self.writes[group.start as usize] as usize)
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.keys.len() * 4 + self.groups.len() * size_of::<Group>() + self.writes.len() * 4
    }

    fn groups(&self, key: u32) -> &[Group] {
        let (start, end) = (self.keys[key as usize], self.keys[key as usize + 1]);
        &self.groups[start as usize..end as usize]
    }
}
