//! Clock faults over the admin channel.

use tokio::time::Instant;
use tribunal_history::admin::{Ask, Reply};
use tribunal_history::{ClockKind, FaultKind, NodeId, NodeReading};

use super::admin::Admin;
use super::order::Part;
use crate::ClockOffset;

/// Installs one clock fault; `wanted` is what all faults together amount to.
pub(super) async fn install(
    admin: &Admin,
    node: NodeId,
    kind: FaultKind,
    wanted: &[ClockOffset],
    by: Instant,
) -> Part {
    let (clock, ask) = match kind {
        FaultKind::ClockJump { clock, by_ns } => (clock, Ask::ClockJump { clock, by_ns }),
        FaultKind::ClockDrift { clock, .. } => {
            let ppm = wanted.iter().find(|off| off.clock == clock).map_or(0, |off| off.ppm);
            (clock, Ask::ClockDrift { clock, ppm })
        }
        FaultKind::Link(_)
        | FaultKind::Kill
        | FaultKind::Pause
        | FaultKind::Power
        | FaultKind::CrashAt { .. }
        | FaultKind::ClockStrobe { .. }
        | FaultKind::ClockFreeze { .. }
        | FaultKind::Suspend
        | FaultKind::Disk(_) => {
            return Part::skipped("not a fault of clocks that nodes are asked for");
        }
    };
    let drift = match ask {
        Ask::ClockDrift { ppm, .. } => format!(", rate {ppm:+} ppm"),
        _ => String::new(),
    };
    match change(admin, node, clock, ask, by).await {
        Ok(reading) => {
            Part { readings: vec![reading], ..Part::done(words(clock, reading, &drift)) }
        }
        Err(part) => part,
    }
}

/// Takes clock faults back and puts those still in force on again. The monotonic clock keeps its
/// offset at a heal, so only its rate is put on again.
pub(super) async fn heal(admin: &Admin, node: NodeId, still: &[ClockOffset], by: Instant) -> Part {
    let reading = match change(admin, node, ClockKind::Wall, Ask::ClockHeal, by).await {
        Ok(reading) => reading,
        Err(part) => return part,
    };
    let mut text = words(ClockKind::Wall, reading, ", rates true");
    for off in still {
        let clock = off.clock;
        let jump = (clock == ClockKind::Wall && off.offset_ns != 0)
            .then_some(Ask::ClockJump { clock, by_ns: off.offset_ns });
        let drift = (off.ppm != 0).then_some(Ask::ClockDrift { clock, ppm: off.ppm });
        for ask in [jump, drift].into_iter().flatten() {
            match change(admin, node, clock, ask, by).await {
                Ok(reading) => {
                    let rest = ", put on again for a fault still in force";
                    text = format!("{text}; {}", words(clock, reading, rest));
                }
                Err(part) => return part,
            }
        }
    }
    Part::done(text)
}

async fn change(
    admin: &Admin,
    node: NodeId,
    clock: ClockKind,
    ask: Ask,
    by: Instant,
) -> Result<NodeReading, Part> {
    match admin.ask(ask, by).await {
        Some(Reply::Clock {
            wall_before_ns,
            wall_after_ns,
            monotonic_before_ns,
            monotonic_after_ns,
        }) => Ok(match clock {
            ClockKind::Wall => {
                NodeReading { node, before_ns: wall_before_ns, after_ns: wall_after_ns }
            }
            ClockKind::Monotonic => {
                NodeReading { node, before_ns: monotonic_before_ns, after_ns: monotonic_after_ns }
            }
        }),
        Some(Reply::Refused { reason }) => {
            Err(Part::skipped(format!("{node} refused: {}", shortened(&reason))))
        }
        Some(Reply::Hello { .. } | Reply::Disk { .. } | Reply::Role { .. }) => {
            Err(Part::unsure(format!("{node} gave an answer to another question")))
        }
        None => Err(Part::unsure(format!("{node} did not answer on its admin channel"))),
    }
}

/// What a node says is not ours: a few words of it are enough.
fn shortened(reason: &str) -> String {
    reason.chars().take(200).collect()
}

fn words(clock: ClockKind, reading: NodeReading, rest: &str) -> String {
    let NodeReading { node, before_ns, after_ns } = reading;
    format!("{node} {clock} clock off by {before_ns:+} ns before, {after_ns:+} ns after{rest}")
}
