//! How harm to packets is drawn.

use tribunal_history::{
    Direction, FaultFamily, Nanos, PPM, PacketFault, PlannedKind, Random, Targets,
};

use crate::Medium;
use crate::form::Drawn;

/// One way to harm packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    Loss,
    Delay,
    Duplicate,
    Reorder,
    Bandwidth,
    Burst,
    Corrupt,
    Replay,
}

/// What links of packets can be drawn, and what streams can.
const OF_PACKETS: &[Harm] =
    &[Harm::Loss, Harm::Delay, Harm::Duplicate, Harm::Reorder, Harm::Bandwidth];
const OF_STREAMS: &[Harm] = &[Harm::Delay, Harm::Bandwidth];

/// A fault of this harm; without one, of any that the medium can express, or of two at once.
///
/// Strengths are such that a majority goes on: elections begin after half a second of silence at
/// the earliest, clients wait a second, and what is drawn never counts as a cut
/// ([`PacketFault::may_stall`]). Two at once are half as strong.
pub(crate) fn draw(harm: Option<Harm>, medium: Medium, random: &mut Random) -> Drawn {
    let fault = match harm {
        Some(harm) => harm.draw(Strength::Whole, random),
        None => mixed(medium, random),
    };
    let (targets, direction) = whom(random);
    let kind = PlannedKind::Packet { direction, fault };
    Drawn { family: FaultFamily::Packet, kind, targets }
}

/// The same between clients and nodes, whose connections are streams.
pub(crate) fn draw_of_clients(harm: Option<Harm>, random: &mut Random) -> Drawn {
    let fault = match harm {
        Some(harm) => harm.draw(Strength::Whole, random),
        None => mixed(Medium::Streams, random),
    };
    let (targets, direction) = whom(random);
    let kind = PlannedKind::ClientPacket { direction, fault };
    Drawn { family: FaultFamily::Client, kind, targets }
}

fn mixed(medium: Medium, random: &mut Random) -> PacketFault {
    let mut harms = match medium {
        Medium::Packets => OF_PACKETS.to_vec(),
        Medium::Streams => OF_STREAMS.to_vec(),
    };
    random.shuffle(&mut harms);
    if random.chance(1, 2) {
        return harms[0].draw(Strength::Whole, random);
    }
    harms
        .iter()
        .take(2)
        .fold(PacketFault::CLEAR, |fault, harm| fault.merge(harm.draw(Strength::Half, random)))
}

/// Every link, or those of a few nodes: both ways, or one, which is what is not symmetric.
fn whom(random: &mut Random) -> (Targets, Option<Direction>) {
    let targets = match random.below(6) {
        0 | 1 => return (Targets::All, None),
        2 | 3 => Targets::Leader,
        4 => Targets::One,
        _ => Targets::Minority,
    };
    let direction = match random.below(4) {
        0 => Some(Direction::Inbound),
        1 => Some(Direction::Outbound),
        _ => None,
    };
    (targets, direction)
}

#[derive(Clone, Copy)]
enum Strength {
    Whole,
    Half,
}

impl Harm {
    fn draw(self, strength: Strength, random: &mut Random) -> PacketFault {
        let at_most = |most: u64| match strength {
            Strength::Whole => most,
            Strength::Half => most / 2,
        };
        let clear = PacketFault::CLEAR;
        match self {
            Harm::Loss => {
                PacketFault { loss_ppm: percent(random.between(5, at_most(30))), ..clear }
            }
            Harm::Duplicate => {
                PacketFault { duplicate_ppm: percent(random.between(5, at_most(50))), ..clear }
            }
            Harm::Delay => {
                let delay = random.between(20, at_most(200));
                // Half of the faults delay all packets alike. The longest delay with half of it as
                // jitter would be more than answers can bear.
                let jitter = match random.below(2) {
                    0 => 0,
                    _ => random.between(1, (delay / 2).min(50)),
                };
                let (delay, jitter) = (Nanos::from_millis(delay), Nanos::from_millis(jitter));
                PacketFault { delay, jitter, ..clear }
            }
            Harm::Reorder => PacketFault {
                reorder_ppm: percent(random.between(5, at_most(50))),
                // What overtakes needs something to overtake.
                delay: Nanos::from_millis(random.between(10, at_most(50))),
                ..clear
            },
            Harm::Bandwidth => {
                // 4 to 128 kB/s, every doubling equally likely; at half strength the upper half.
                let doublings = match strength {
                    Strength::Whole => random.below(5),
                    Strength::Half => random.between(2, 4),
                };
                let low = 4_u64 << doublings;
                PacketFault { bandwidth: random.between(low, 2 * low) * 1_000, ..clear }
            }
            Harm::Burst => PacketFault {
                burst_loss_ppm: percent(random.between(50, 100)),
                burst_every: Nanos::from_millis(random.between(500, 2_000)),
                burst_lasts: Nanos::from_millis(random.between(10, at_most(100))),
                ..clear
            },
            Harm::Corrupt => {
                // 0.1 % to 3.2 %, every doubling equally likely.
                let low = 1_000_u64 << random.below(5);
                PacketFault { corrupt_ppm: random.between(low, 2 * low) as u32, ..clear }
            }
            Harm::Replay => {
                PacketFault { replay_ppm: percent(random.between(1, at_most(20))), ..clear }
            }
        }
    }
}

const fn percent(share: u64) -> u32 {
    share as u32 * (PPM / 100)
}
