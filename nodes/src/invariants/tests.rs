//! What the invariants rule out, told with logs of two or three entries.

use super::*;

/// A log told by its entries: (term, digest), from index 1.
#[derive(Clone, Default)]
struct Told {
    term: u64,
    leads: bool,
    committed: u64,
    entries: Vec<(u64, u64)>,
}

impl ReplicatedLog for Told {
    fn term(&self) -> u64 {
        self.term
    }
    fn leads(&self) -> bool {
        self.leads
    }
    fn committed(&self) -> u64 {
        self.committed
    }
    fn applied(&self) -> u64 {
        self.committed
    }
    fn compacted(&self) -> u64 {
        0
    }
    fn last_index(&self) -> u64 {
        self.entries.len() as u64
    }
    fn entry(&self, index: u64) -> Option<(u64, u64)> {
        self.entries.get((index as usize).checked_sub(1)?).copied()
    }
}

const N1: (NodeId, u32) = (NodeId(1), 1);
const N2: (NodeId, u32) = (NodeId(2), 1);

fn broken(steps: &[((NodeId, u32), Told)]) -> Option<Invariant> {
    let mut invariants = Invariants::default();
    steps.iter().find_map(|(who, log)| {
        let appended: Vec<Note> = (1..)
            .zip(&log.entries)
            .map(|(index, (term, digest))| Note::Appended { index, term: *term, digest: *digest })
            .collect();
        invariants.after_event(*who, log, &appended).err().map(|(invariant, _)| invariant)
    })
}

fn log(term: u64, leads: bool, committed: u64, entries: &[(u64, u64)]) -> Told {
    Told { term, leads, committed, entries: entries.to_vec() }
}

#[test]
fn two_leaders_of_one_term() {
    let leader = log(2, true, 0, &[]);
    assert_eq!(broken(&[(N1, leader.clone()), (N1, leader.clone())]), None);
    assert_eq!(
        broken(&[(N1, leader.clone()), (N2, leader.clone())]),
        Some(Invariant::ElectionSafety)
    );
    let again = (NodeId(1), 2);
    assert_eq!(broken(&[(N1, leader.clone()), (again, leader)]), Some(Invariant::ElectionSafety));
}

#[test]
fn a_leader_that_cuts_its_log() {
    let long = log(2, true, 0, &[(1, 7), (2, 8)]);
    let short = log(2, true, 0, &[(1, 7)]);
    assert_eq!(broken(&[(N1, long.clone()), (N1, short)]), Some(Invariant::LeaderAppendOnly));
    let follower = log(3, false, 0, &[(1, 7)]);
    assert_eq!(broken(&[(N1, long), (N1, follower)]), None);
}

#[test]
fn logs_that_part_below_an_equal_entry() {
    let one = log(2, false, 0, &[(1, 7), (2, 8)]);
    let other = log(2, false, 0, &[(1, 7), (2, 9)]);
    assert_eq!(broken(&[(N1, one), (N2, other)]), Some(Invariant::LogMatching));
}

#[test]
fn a_leader_without_what_is_committed() {
    let old = log(2, true, 2, &[(1, 7), (2, 8)]);
    let new = log(3, true, 0, &[(1, 7)]);
    assert_eq!(broken(&[(N1, old.clone()), (N2, new)]), Some(Invariant::LeaderCompleteness));
    let whole = log(3, true, 0, &[(1, 7), (2, 8), (3, 9)]);
    assert_eq!(broken(&[(N1, old), (N2, whole)]), None);
}

#[test]
fn a_commit_that_comes_to_light_after_the_election_it_forbids() {
    let late = |leader: &[&Told], entries: &[(u64, u64)]| {
        let mut steps = vec![(N1, log(2, true, 0, entries))];
        steps.extend(leader.iter().map(|log| (N2, (*log).clone())));
        steps.push((N1, log(2, true, entries.len() as u64, entries)));
        broken(&steps)
    };
    let old = [(1, 7), (2, 8)];
    let without = log(3, true, 0, &[(1, 7)]);
    assert_eq!(late(&[&without], &old), Some(Invariant::LeaderCompleteness));
    // What it adds itself is not what it lacks, and that it no longer leads changes nothing.
    let longer = log(3, true, 0, &[(1, 7), (3, 9)]);
    assert_eq!(late(&[&longer], &old), Some(Invariant::LeaderCompleteness));
    let deposed = log(4, false, 0, &[(1, 7), (2, 8)]);
    let gone = [&without, &longer, &deposed];
    assert_eq!(late(&gone, &old), Some(Invariant::LeaderCompleteness));
    // It lacked the second alone.
    assert_eq!(late(&[&without], &old[..1]), None);
    // With it, and more that nobody else has.
    let whole = log(3, true, 0, &[(1, 7), (2, 8), (2, 9)]);
    assert_eq!(late(&[&whole], &old), None);
    let own = log(3, true, 4, &[(1, 7), (2, 8), (2, 9), (3, 10)]);
    assert_eq!(late(&[&whole, &own], &old), None);
}

#[test]
fn a_crashed_leader_counts_as_well() {
    let old = log(2, true, 0, &[(1, 7), (2, 8)]);
    let late = log(2, true, 2, &[(1, 7), (2, 8)]);
    let without = log(3, true, 0, &[(1, 7)]);
    let again = ((NodeId(2), 2), log(4, false, 0, &[]));
    let steps = [(N1, old), (N2, without), again, (N1, late)];
    assert_eq!(broken(&steps), Some(Invariant::LeaderCompleteness));
}

#[test]
fn a_commit_that_turns_out_to_be_of_an_earlier_term() {
    // That it was committed is first heard in term 5, so the leader of term 4 might do without.
    let heard = log(5, false, 2, &[(1, 7), (2, 8)]);
    let without = log(4, true, 0, &[(1, 7)]);
    let late = log(2, true, 2, &[(1, 7), (2, 8)]);
    let n3 = (NodeId(3), 1);
    let both = [(n3, heard.clone()), (N2, without.clone())];
    assert_eq!(broken(&both), None);
    let [one, other] = both;
    let steps = [one, other, (N1, late)];
    assert_eq!(broken(&steps), Some(Invariant::LeaderCompleteness));
}

#[test]
fn what_a_leader_had_is_forgotten_when_it_is_committed() {
    let mut invariants = Invariants::default();
    let mut see = |(node, log): (NodeId, Told)| {
        invariants.after_event((node, 1), &log, &[]).unwrap();
        invariants.leaders.iter().map(Led::kept).collect::<Vec<_>>()
    };
    let entries = [(1, 7), (2, 8), (2, 9), (3, 10)];
    let elected = |committed| (NodeId(2), log(3, true, committed, &entries));
    assert_eq!(see(elected(0)), [3]);
    assert_eq!(see((NodeId(1), log(2, false, 2, &entries[..2]))), [1]);
    assert_eq!(see(elected(4)), [0]);
    // So that the order in which it was seen leaves no trace.
    let mut other = Invariants::default();
    for (node, log) in [(NodeId(1), log(2, false, 2, &entries[..2])), elected(0), elected(4)] {
        other.after_event((node, 1), &log, &[]).unwrap();
    }
    assert_eq!(invariants, other);
}

#[test]
fn different_commits_at_one_index() {
    let one = log(2, false, 1, &[(1, 7)]);
    let other = log(2, false, 1, &[(2, 8)]);
    assert_eq!(broken(&[(N1, one), (N2, other)]), Some(Invariant::StateMachineSafety));
}

#[test]
fn what_goes_back_in_one_life_and_not_with_the_next() {
    let far = log(3, false, 1, &[(1, 7)]);
    let back = log(2, false, 0, &[(1, 7)]);
    assert_eq!(broken(&[(N1, far.clone()), (N1, back.clone())]), Some(Invariant::Monotonicity));
    assert_eq!(broken(&[(N1, far), ((NodeId(1), 2), back)]), None);
}
