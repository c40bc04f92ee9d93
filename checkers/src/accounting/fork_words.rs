//! The words for what the checker `long-fork` finds.

use tribunal_history::ValueId;

use super::case::{Case, is_fail};
use super::forks::{Backward, Fork};
use super::index::Index;
use super::proof::Proof;
use super::ruling::Charge;
use super::versions::Key;
use crate::count::plural;

/// Speaks of keys and reads.
pub(crate) struct Speaker<'a> {
    pub case: Case<'a>,
    pub index: &'a Index,
    pub keys: &'a [Key],
}

impl Speaker<'_> {
    fn name(&self, key: usize) -> String {
        self.case.show(self.index.id(key))
    }

    /// What a read saw of a key.
    fn saw(&self, read: usize, key: usize) -> ValueId {
        let values = self.case.values();
        let id = self.index.id(key);
        let result = self.case.calls[read].result().and_then(|result| values.list(result));
        let micro = result.into_iter().flatten().filter_map(|micro| values.list(*micro));
        micro
            .filter_map(|micro| (*micro.get(1)? == id).then(|| micro.get(2).copied())?)
            .next()
            .unwrap_or(ValueId::NIL)
    }

    /// The calls that wrote a value to a key.
    fn writers(&self, key: usize, value: ValueId) -> impl Iterator<Item = usize> {
        let writes = self.keys[key].writes.iter().filter(move |write| write.value == value);
        writes.map(|write| write.call as usize)
    }

    pub(crate) fn fork(&self, fork: &Fork, count: u64) -> Charge {
        let Fork { reads: [one, other], keys: [x, y] } = *fork;
        let ended = |read: usize| self.case.calls[read].completed;
        let culprit = if ended(one) > ended(other) { one } else { other };
        let mut shown = vec![one, other];
        for (read, key) in [(one, x), (other, x), (one, y), (other, y)] {
            shown.extend(self.writers(key, self.saw(read, key)).take(4));
        }
        let proof = Proof::new(self.case, culprit, shown);
        let (a, b) = (proof.name(one), proof.name(other));
        let (kx, ky) = (self.name(x), self.name(y));
        let show = |read, key| self.case.show(self.saw(read, key));
        let argument = vec![
            format!(
                "{a} saw {} in key {kx}, where {b} saw the older {}, so {b} comes before {a}",
                show(one, x),
                show(other, x)
            ),
            format!(
                "{b} saw {} in key {ky}, where {a} saw the older {}, so {a} comes before {b}",
                show(other, y),
                show(one, y)
            ),
        ];
        Charge {
            anomaly: "long fork",
            subject: format!("keys {kx} and {ky}"),
            headline: format!(
                "shows {}: two reads saw the writes of keys {kx} and {ky} in opposite orders",
                plural(count, "fork")
            ),
            at: self.case.calls[culprit].completed_at,
            witness: proof.witness("the other read saw the writes in the opposite order", argument),
        }
    }

    pub(crate) fn nowhere(&self, read: usize, key: usize, value: ValueId) -> Charge {
        let (name, shown) = (self.name(key), self.case.show(value));
        let writer = self.writers(key, value).next();
        let proof = Proof::new(self.case, read, writer);
        let a = proof.name(read);
        let mut argument = vec![format!("{a} saw {shown} in key {name}")];
        if let Some(writer) = writer {
            let failed = is_fail(&self.case.calls[writer]);
            let why = if failed { "certainly did not happen" } else { "began after it had ended" };
            argument.push(format!("{} writes it, but {why}", proof.name(writer)));
        }
        argument.push(format!("nothing can have written {shown} before {a} ended"));
        Charge {
            anomaly: "value from nowhere",
            subject: format!("key {name}"),
            headline: format!("shows {shown} in key {name}, which nobody had written"),
            at: self.case.calls[read].completed_at,
            witness: proof.witness(format!("nobody had written {shown}"), argument),
        }
    }

    pub(crate) fn back(&self, back: &Backward, count: u64) -> Charge {
        let Backward { before, read, key } = *back;
        let (new, old) = (self.saw(before, key), self.saw(read, key));
        let name = self.name(key);
        let writers = self.writers(key, new).take(1).chain(self.writers(key, old).take(1));
        let proof = Proof::new(self.case, read, std::iter::once(before).chain(writers));
        let (a, b) = (proof.name(before), proof.name(read));
        let (new, old) = (self.case.show(new), self.case.show(old));
        let argument = vec![
            format!("{a} saw {new} in key {name}, which is newer than {old}"),
            format!("{b} is a later read of the same process, and saw {old} again"),
        ];
        Charge {
            anomaly: "backward read",
            subject: format!("key {name}"),
            headline: format!(
                "gave {}: a process saw {new} in key {name} and {old} afterwards",
                plural(count, "backward read")
            ),
            at: self.case.calls[read].completed_at,
            witness: proof.witness(format!("the process had seen {new} before"), argument),
        }
    }
}
