//! What breaks, when: a pure function of the seed.

use tribunal_history::{ClockKind, NodeId, Random, Seed};
use tribunal_nodes::ClockFault;

use super::keyed::keyed;

/// Nanoseconds of a millisecond.
pub(crate) const MS: u64 = 1_000_000;

/// Kinds of weather, each made to bring something out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Template {
    /// Anything, mildly: partitions, one-way cuts, crashes, kills, pauses, clock faults.
    Storm,
    /// The leader is cut off while clients still reach it.
    IsolateLeader,
    /// Nodes restart at once and again, while messages are slow and leaders short-lived.
    RestartStorm,
    /// New leaders bring their entries to few and are killed; old ones come back (figure 8).
    LeaderKillCycle,
    /// A majority loses power at once, while disks are slow.
    PowerMajority,
    /// Replies to clients are lost.
    LoseReply,
    /// Nodes, mostly leaders, stop for longer than an election and then handle late what waited.
    Pauses,
    /// Clocks jump and drift, each node's on its own.
    Clocks,
    /// Single nodes lose power again and again while their disks are slower than the network.
    SlowDisks,
    /// The leader's clock is slow when it is cut off, so it doubts late, and what the others said
    /// to it arrives when it is too late.
    SlowLeader,
    /// Nodes lose power just after they voted or asked for votes, in one election after another.
    VoteCut,
}

impl Template {
    /// Every kind.
    pub(crate) const ALL: [Template; 11] = [
        Template::Storm,
        Template::IsolateLeader,
        Template::RestartStorm,
        Template::LeaderKillCycle,
        Template::PowerMajority,
        Template::LoseReply,
        Template::Pauses,
        Template::Clocks,
        Template::SlowDisks,
        Template::SlowLeader,
        Template::VoteCut,
    ];
}

/// How messages and disks fare.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fates {
    /// Messages lost, in a thousand.
    pub(crate) loss: u64,
    /// Messages with entries lost beside, in a thousand: large packets are what a bad path loses.
    pub(crate) entry_loss: u64,
    /// Messages doubled, in a thousand.
    pub(crate) twice: u64,
    /// Replies to clients lost, in a thousand.
    pub(crate) lost_replies: u64,
    /// Longest delay of a message, in milliseconds.
    pub(crate) delay_ms: u64,
    /// Longest wait for a sync, in milliseconds.
    pub(crate) sync_ms: u64,
    /// Nodes that lose power just after they took part in an election, in a thousand.
    pub(crate) vote_cuts: u64,
}

/// What the nemesis does next.
#[derive(Clone, Debug)]
pub(crate) enum Move {
    /// Cuts these directed links, and no others.
    Cut(Vec<(NodeId, NodeId)>),
    /// These lose power now and come back so many milliseconds later.
    Power(Vec<(NodeId, u64)>),
    /// These are killed now, keep what they wrote, and come back so many milliseconds later.
    Kill(Vec<(NodeId, u64)>),
    /// It handles nothing for so many milliseconds.
    Pause(NodeId, u64),
    /// One of its clocks is changed.
    Clock(NodeId, ClockFault),
    /// One after the other.
    All(Vec<Move>),
    Nothing,
}

impl Fates {
    /// A healthy network and healthy disks.
    pub(crate) const CALM: Fates = Fates {
        loss: 0,
        entry_loss: 0,
        twice: 0,
        lost_replies: 0,
        delay_ms: 8,
        sync_ms: 5,
        vote_cuts: 0,
    };
}

impl Template {
    /// The fates of one seed under this weather.
    pub(crate) fn fates(self, seed: Seed) -> Fates {
        let mut random = keyed(seed, "fates", &[]);
        let calm = Fates::CALM;
        match self {
            Template::Storm => Fates {
                loss: random.below(60),
                entry_loss: 0,
                twice: random.below(80),
                lost_replies: random.below(40),
                delay_ms: random.between(2, 60),
                sync_ms: random.between(1, 40),
                vote_cuts: 0,
            },
            Template::IsolateLeader => calm,
            Template::RestartStorm => Fates { delay_ms: random.between(60, 200), ..calm },
            Template::LeaderKillCycle => {
                Fates { delay_ms: 20, entry_loss: random.between(300, 700), ..calm }
            }
            Template::PowerMajority => Fates { sync_ms: random.between(40, 120), ..calm },
            Template::LoseReply => Fates { lost_replies: 250, ..calm },
            Template::Pauses => Fates { delay_ms: random.between(10, 80), ..calm },
            Template::Clocks => Fates { delay_ms: random.between(2, 60), ..calm },
            Template::SlowDisks => Fates { delay_ms: 4, sync_ms: random.between(60, 250), ..calm },
            Template::SlowLeader => Fates { delay_ms: random.between(4, 30), ..calm },
            Template::VoteCut => Fates {
                vote_cuts: 300,
                delay_ms: random.between(20, 150),
                sync_ms: random.between(20, 150),
                ..calm
            },
        }
    }

    /// How many clients there are: more where few requests meet the moment that matters.
    pub(crate) fn clients(self) -> u64 {
        match self {
            Template::Pauses | Template::SlowLeader => 8,
            _ => 3,
        }
    }

    /// Milliseconds until the next move.
    pub(crate) fn pause_ms(self, random: &mut Random) -> u64 {
        match self {
            Template::Storm => random.between(150, 1_200),
            Template::IsolateLeader => random.between(600, 1_800),
            Template::RestartStorm => random.between(15, 90),
            Template::LeaderKillCycle => random.between(10, 80),
            Template::PowerMajority => random.between(600, 1_500),
            Template::LoseReply => 1_000,
            Template::Pauses => random.between(2_000, 2_800),
            Template::Clocks => random.between(50, 600),
            Template::SlowDisks => random.between(40, 300),
            Template::SlowLeader => random.between(200, 1_100),
            Template::VoteCut => random.between(200, 600),
        }
    }

    /// The next move.
    pub(crate) fn next(
        self,
        random: &mut Random,
        nodes: &[NodeId],
        leader: Option<NodeId>,
    ) -> Move {
        match self {
            Template::Storm => storm(random, nodes, leader),
            Template::IsolateLeader => match leader.filter(|_| random.chance(2, 3)) {
                Some(leader) => Move::Cut(both_ways(nodes, |node| node == leader)),
                None => Move::Cut(Vec::new()),
            },
            Template::RestartStorm => {
                let victim = leader.filter(|_| random.chance(1, 3));
                let victim = victim.or_else(|| random.pick(nodes).copied());
                Move::Power(victim.map(|node| (node, random.between(1, 12))).into_iter().collect())
            }
            Template::LeaderKillCycle => match leader.filter(|_| random.chance(1, 2)) {
                Some(leader) => Move::Power(vec![(leader, random.between(50, 500))]),
                None => Move::Nothing,
            },
            Template::PowerMajority => {
                let mut victims = nodes.to_vec();
                random.shuffle(&mut victims);
                victims.truncate(nodes.len() / 2 + 1);
                Move::Power(victims.into_iter().map(|node| (node, 20)).collect())
            }
            Template::LoseReply => Move::Nothing,
            Template::Pauses => {
                let victim = leader.filter(|_| random.chance(3, 4));
                let victim = victim.or_else(|| random.pick(nodes).copied());
                victim.map_or(Move::Nothing, |node| Move::Pause(node, random.between(600, 2_400)))
            }
            Template::Clocks => clock(random, nodes),
            Template::SlowDisks => {
                let victim = random.pick(nodes).copied();
                Move::Power(victim.map(|node| (node, random.between(1, 60))).into_iter().collect())
            }
            Template::SlowLeader => match leader.filter(|_| random.chance(2, 3)) {
                Some(leader) => {
                    let clock = ClockKind::Monotonic;
                    let slow = ClockFault::Drift { clock, ppm: -500_000 };
                    let cut = Move::Cut(both_ways(nodes, |node| node == leader));
                    Move::All(vec![Move::Clock(leader, slow), cut])
                }
                None => Move::Cut(Vec::new()),
            },
            // Elections are what counts: whoever was elected goes.
            Template::VoteCut => {
                Move::Power(leader.map(|node| (node, random.between(1, 60))).into_iter().collect())
            }
        }
    }
}

fn storm(random: &mut Random, nodes: &[NodeId], leader: Option<NodeId>) -> Move {
    let one = leader.filter(|_| random.chance(1, 2)).or_else(|| random.pick(nodes).copied());
    let Some(one) = one else { return Move::Nothing };
    match random.below(12) {
        0 | 1 => Move::Cut(Vec::new()),
        2 => Move::Cut(both_ways(nodes, |node| node == one)),
        3 => {
            let side: Vec<bool> = nodes.iter().map(|_| random.chance(1, 2)).collect();
            Move::Cut(both_ways(nodes, |node| side[node.slot()]))
        }
        4 => Move::Cut(links(nodes, |from, _| from == one)),
        5 => Move::Cut(links(nodes, |_, to| to == one)),
        6 => Move::Power(vec![(one, random.between(5, 1_500))]),
        7 => pause(random, Some(one)),
        8 | 9 => clock(random, nodes),
        10 => Move::Kill(vec![(one, random.between(5, 1_500))]),
        _ => {
            let count = random.between(1, nodes.len() as u64) as usize;
            let mut victims = nodes.to_vec();
            random.shuffle(&mut victims);
            victims.truncate(count);
            Move::Power(victims.into_iter().map(|node| (node, random.between(5, 900))).collect())
        }
    }
}

/// From less than an election to several.
fn pause(random: &mut Random, victim: Option<NodeId>) -> Move {
    victim.map_or(Move::Nothing, |node| Move::Pause(node, random.between(500, 5_000)))
}

/// A jump of up to ten seconds, or a drift of up to half the true rate either way.
fn clock(random: &mut Random, nodes: &[NodeId]) -> Move {
    let Some(node) = random.pick(nodes).copied() else { return Move::Nothing };
    let fault = match random.below(4) {
        0 => {
            let by_ns = random.between(0, 20_000 * MS) as i64 - 10_000 * MS as i64;
            ClockFault::Jump { clock: ClockKind::Wall, by_ns }
        }
        1 => {
            let by_ns = random.between(MS, 10_000 * MS) as i64;
            ClockFault::Jump { clock: ClockKind::Monotonic, by_ns }
        }
        kind => {
            let clock = if kind == 2 { ClockKind::Wall } else { ClockKind::Monotonic };
            ClockFault::Drift { clock, ppm: random.between(0, 1_000_000) as i32 - 500_000 }
        }
    };
    Move::Clock(node, fault)
}

fn links(nodes: &[NodeId], is_cut: impl Fn(NodeId, NodeId) -> bool) -> Vec<(NodeId, NodeId)> {
    let pairs = nodes.iter().flat_map(|from| nodes.iter().map(|to| (*from, *to)));
    pairs.filter(|(from, to)| from != to && is_cut(*from, *to)).collect()
}

fn both_ways(nodes: &[NodeId], side: impl Fn(NodeId) -> bool) -> Vec<(NodeId, NodeId)> {
    links(nodes, |from, to| side(from) != side(to))
}
