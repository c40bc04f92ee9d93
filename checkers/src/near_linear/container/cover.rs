//! When something was certainly there: the slots that lives cover.

use super::lives::Life;

/// Lives by the slots in which their elements were certainly there: after the last slot of the put,
/// before the last beginning of an answer with them.
pub(crate) struct Cover {
    /// For each life that covers anything: its first slot.
    starts: Vec<u32>,
    /// Of the lives up to here: the slot after the latest that any covers, and which life; and the
    /// same of the others.
    reach: Vec<[(u32, u32); 2]>,
    /// The stretches that are covered, each from its first slot up to (without) one that is not.
    stretches: Vec<(u32, u32)>,
}

impl Cover {
    /// The cover of these lives. O(n log n).
    pub(crate) fn new<'a>(lives: impl Iterator<Item = (u32, &'a Life)>) -> Cover {
        let mut spans: Vec<(u32, u32, u32)> = lives
            .filter_map(|(number, life)| {
                let (from, to) = covered(life)?;
                Some((from, to, number))
            })
            .collect();
        spans.sort_unstable();
        let mut cover = Cover { starts: Vec::new(), reach: Vec::new(), stretches: Vec::new() };
        let mut furthest = [(0, 0); 2];
        for (from, to, number) in spans {
            match cover.stretches.last_mut() {
                Some((_, end)) if from <= *end => *end = to.max(*end),
                _ => cover.stretches.push((from, to)),
            }
            if (to, number) > furthest[0] {
                furthest = [(to, number), furthest[0]];
            } else {
                furthest[1] = furthest[1].max((to, number));
            }
            cover.starts.push(from);
            cover.reach.push(furthest);
        }
        cover
    }

    /// The slot up to which one life other than `except` covers all from `slot` on, as far as any
    /// does; and that life. O(log n).
    fn furthest(&self, slot: u32, except: u32) -> Option<(u32, u32)> {
        let known = self.starts.partition_point(|start| *start <= slot);
        let reach = self.reach[..known].last()?;
        let (to, life) = if reach[0].1 == except { reach[1] } else { reach[0] };
        (to > slot).then_some((to, life))
    }

    /// As few lives other than `except` as cover every slot from `first` to `last`, in order;
    /// `None` if some slot is not covered. O(answer · log n).
    pub(crate) fn chain(&self, first: u32, last: u32, except: u32) -> Option<Vec<u32>> {
        let (mut chain, mut slot) = (Vec::new(), first);
        while slot <= last {
            let (to, life) = self.furthest(slot, except)?;
            chain.push(life);
            slot = to;
        }
        Some(chain)
    }

    /// The first slot from `first` to `last` that is not covered. O(log n).
    pub(crate) fn gap(&self, first: u32, last: u32) -> Option<u32> {
        let known = self.stretches.partition_point(|(from, _)| *from <= first);
        let to = known.checked_sub(1).map_or(0, |index| self.stretches[index].1);
        Some(first.max(to)).filter(|slot| *slot <= last)
    }
}

/// The slots in which the element was certainly there, from and up to (without).
pub(crate) const fn covered(life: &Life) -> Option<(u32, u32)> {
    let from = life.put_last.saturating_add(1);
    if from < life.until { Some((from, life.until)) } else { None }
}
