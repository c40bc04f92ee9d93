//! States that differ only in how many writes came before are one.

use crate::{Core, Effects, Gate, WriteId};

/// Counts the writes of an incarnation anew from behind the last durable one, in its core, its gate
/// and its drained effects. Gives the number that now counts as [`WriteId::NONE`], by which a
/// driver lowers the numbers it keeps itself.
///
/// Numbers of writes are only ever compared, and what is durable is durable under any number; so
/// nothing that the node does afterwards changes but the numbers. A model checker does it after
/// each event, and so takes as one what would be a state for each number. Nothing happens, and
/// [`WriteId::NONE`] is given, for a core that cannot.
pub fn renumber<C: Core>(core: &mut C, gate: &mut Gate<C>, out: &mut Effects<C>) -> WriteId {
    let durable = gate.durable_up_to();
    if durable == WriteId::NONE || !core.count_writes_behind(durable) {
        return WriteId::NONE;
    }
    gate.count_writes_anew();
    out.count_writes_behind(durable);
    durable
}
