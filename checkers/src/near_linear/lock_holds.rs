//! Locks: every hold is a block that nothing comes between.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::blocks::{Clash, Placed, block_order};
use super::forced_order::{Ranked, forced_order};
use crate::Interval;
use crate::algorithm::{Attempt, Obstacle};
use crate::interval::NEVER;
use crate::models::fenced_lock::{FencedLock, FencedOutput};
use crate::models::holds::{self, Lock};
use crate::models::mutex::Mutex;
use crate::models::words::{Class, last_end};

/// Most acquires of a counterexample of a lock held too often.
const NESTED_MAX: u32 = 100;

/// No block.
const NONE: u32 = u32::MAX;

/// The position of an end that never comes.
const OPEN: u32 = u32::MAX;

/// Judges a mutex, reentrant or not, of clients that ask one thing after another. O(n log n).
///
/// A client's operations stand in their own order, so it is plain which acquire begins a hold and
/// which release ends it. Legal orders are rows of holds in any order: the block lemma decides (see
/// `docs/checkers/blocks.md`), with a hold that nobody ends as a block that ends never. A crashed
/// acquire is dropped: nobody can have ended it, since a client does nothing after an operation of
/// unknown end, and without it the lock is free more often. A crashed release is at its best where
/// it is legal. Where acquires were refused this is a necessary condition only, because each of
/// them needs a hold of somebody's.
pub(crate) fn blocks(lock: &Mutex, operations: &[Interval<Mutex>]) -> Attempt<Mutex> {
    let scan = match Scan::of(lock, operations) {
        Ok(scan) => scan,
        Err(attempt) => return attempt,
    };
    let mut placed: Vec<Placed> = Vec::with_capacity(operations.len());
    for (position, operation) in operations.iter().enumerate() {
        let block = scan.block_of[position];
        if block != NONE {
            placed.push(Placed::new(operation, position, (block, position as u32)));
        }
    }
    for (block, _) in scan.open() {
        let group = u32::MAX;
        placed.push(Placed { begin: NEVER, end: NEVER, position: OPEN, block, group });
    }
    match block_order(&mut placed, None) {
        Ok(order) => scan.legal(order),
        Err(Clash::Between(one, other)) => {
            Attempt::Impossible(scan.core(operations, &[one.block, other.block]))
        }
        Err(Clash::Within { block, .. }) => Attempt::Impossible(scan.core(operations, &[block])),
    }
}

/// Judges a fenced lock: tokens say the order of the holds, so the forced-order scan decides (see
/// `docs/checkers/forced-order.md`). The rest is as in [`blocks`]. O(n log n).
pub(crate) fn tokens(
    lock: &FencedLock,
    operations: &[Interval<FencedLock>],
) -> Attempt<FencedLock> {
    let is_answer = |operation: &Interval<FencedLock>| match operation.output {
        Some(FencedOutput::Token(_)) => operation.input.is_acquire(),
        Some(FencedOutput::Done) => !operation.input.is_acquire(),
        Some(FencedOutput::Refused) | None => true,
    };
    if let Some(position) = operations.iter().position(|operation| !is_answer(operation)) {
        let why = "an answer is of another kind than its question";
        return Attempt::Inapplicable(Obstacle::new(why, Some(position)));
    }
    let scan = match Scan::of(lock, operations) {
        Ok(scan) => scan,
        Err(attempt) => return attempt,
    };
    let mut tokens: Vec<(i64, u32)> = Vec::with_capacity(scan.holds.len());
    for (block, hold) in scan.holds.iter().enumerate() {
        if let Some(FencedOutput::Token(token)) = operations[hold.first].output {
            tokens.push((token, block as u32));
        }
    }
    tokens.sort_unstable();
    let mut rank = vec![0; scan.holds.len()];
    for (number, (_, block)) in tokens.iter().enumerate() {
        rank[*block as usize] = number as u32;
    }
    if let Some(pair) = tokens.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Attempt::Impossible(scan.core(operations, &[pair[0].1, pair[1].1]));
    }
    let mut ranked: Vec<Ranked> = Vec::with_capacity(operations.len());
    for (position, operation) in operations.iter().enumerate() {
        let block = scan.block_of[position];
        if block != NONE {
            let release = u32::from(!operation.input.is_acquire());
            ranked.push(Ranked::new(operation, position, 2 * rank[block as usize] + release));
        }
    }
    for (block, _) in scan.open() {
        let group = 2 * rank[block as usize] + 1;
        // Not two of one position, so that a contradiction says which hold never ended.
        let position = operations.len() as u32 + block;
        ranked.push(Ranked { begin: NEVER, end: NEVER, position, low: group, high: group });
    }
    let block_of = |position: usize| match scan.block_of.get(position) {
        Some(block) => *block,
        None => (position - operations.len()) as u32,
    };
    match forced_order(&mut ranked) {
        Ok(order) => scan.legal(order),
        Err(inversion) => {
            let pair = [block_of(inversion.earlier), block_of(inversion.later)];
            Attempt::Impossible(scan.core(operations, &pair))
        }
    }
}

/// A hold of a lock: positions.
struct Hold {
    /// The acquire of the free lock.
    first: usize,
    /// The release that ends it.
    last: Option<usize>,
}

/// What clients did, cut into holds.
struct Scan {
    holds: Vec<Hold>,
    /// The hold of each operation; none of one that is dropped.
    block_of: Vec<u32>,
    /// An operation that was refused.
    refused: Option<usize>,
}

/// What one client did so far.
#[derive(Default)]
struct Client {
    /// Acquires that are not given back; only as many as a counterexample may show.
    stack: Vec<u32>,
    times: u32,
    hold: u32,
}

/// The number of each operation's client, and how many there are, if each client did one thing
/// after another, and nothing after an operation of unknown end.
fn clients<L: Lock>(operations: &[Interval<L>]) -> Result<(Vec<u32>, usize), Obstacle> {
    let mut numbers: HashMap<u32, u32, FixedState> =
        HashMap::with_hasher(FixedState::with_seed(0x686f_6c64));
    let mut client_of = Vec::with_capacity(operations.len());
    // Of each client the end of its last operation.
    let mut ends: Vec<Option<u64>> = Vec::new();
    let mut begun = 0;
    for (position, operation) in operations.iter().enumerate() {
        let number = *numbers.entry(operation.input.holder()).or_insert(ends.len() as u32);
        if number as usize == ends.len() {
            ends.push(None);
        }
        let why = match ends[number as usize].replace(operation.end) {
            _ if operation.begin < begun => "operations are not in order of their beginnings",
            Some(NEVER) => "a client went on after an operation of unknown outcome",
            Some(end) if operation.begin <= end => "a client did two things at once",
            _ => {
                begun = operation.begin;
                client_of.push(number);
                continue;
            }
        };
        return Err(Obstacle::new(why, Some(position)));
    }
    Ok((client_of, ends.len()))
}

impl Scan {
    fn of<L: Lock>(lock: &L, operations: &[Interval<L>]) -> Result<Scan, Attempt<L>> {
        let (client_of, count) = clients(operations).map_err(Attempt::Inapplicable)?;
        let mut clients: Vec<Client> = (0..count).map(|_| Client::default()).collect();
        let mut scan =
            Scan { holds: Vec::new(), block_of: vec![NONE; operations.len()], refused: None };
        for (position, client) in client_of.iter().enumerate() {
            let client = &mut clients[*client as usize];
            if let Some(culprits) = scan.take(client, operations, position, lock.limit()) {
                if culprits.len() > NESTED_MAX as usize {
                    return Err(Attempt::Undecided);
                }
                let core = culprits.into_iter().map(|at| operations[at].clone()).collect();
                return Err(Attempt::Impossible(core));
            }
        }
        Ok(scan)
    }

    /// Takes the next operation of a client; some operations if they contradict each other.
    fn take<L: Lock>(
        &mut self,
        client: &mut Client,
        operations: &[Interval<L>],
        position: usize,
        limit: u32,
    ) -> Option<Vec<usize>> {
        let operation = &operations[position];
        let stacked = || client.stack.iter().map(|at| *at as usize);
        if L::is_refused(operation.output.as_ref()) {
            self.refused.get_or_insert(position);
            let for_nothing = !operation.input.is_acquire() && client.times > 0;
            return for_nothing.then(|| stacked().chain([position]).collect());
        }
        match (operation.input.is_acquire(), operation.is_pending()) {
            // Nobody ends what it may have begun.
            (true, true) => return None,
            (true, false) if client.times == limit => {
                return Some(stacked().chain([position]).collect());
            }
            (true, false) => {
                if client.times == 0 {
                    client.hold = self.holds.len() as u32;
                    self.holds.push(Hold { first: position, last: None });
                }
                client.times += 1;
                if client.times <= NESTED_MAX + 1 {
                    client.stack.push(position as u32);
                }
            }
            (false, true) if client.times == 0 => return None,
            (false, false) if client.times == 0 => return Some(vec![position]),
            (false, _) => {
                client.times -= 1;
                client.stack.truncate(client.times as usize);
                if client.times == 0 {
                    self.holds[client.hold as usize].last = Some(position);
                }
            }
        }
        self.block_of[position] = client.hold;
        None
    }

    /// The holds that nobody ends.
    fn open(&self) -> impl Iterator<Item = (u32, &Hold)> {
        let numbered = self.holds.iter().enumerate();
        numbered.filter(|(_, hold)| hold.last.is_none()).map(|(block, hold)| (block as u32, hold))
    }

    /// The answer that this order of holds gives; what is beyond the operations is no operation.
    fn legal<L: Lock>(&self, mut order: Vec<usize>) -> Attempt<L> {
        if let Some(position) = self.refused {
            let why = "holds have an order, but operations were refused";
            return Attempt::Inapplicable(Obstacle::new(why, Some(position)));
        }
        order.retain(|position| *position < self.block_of.len());
        Attempt::Legal(order)
    }

    /// The first and the last operation of these holds, as far as they bear on each other.
    fn core<L: Lock>(&self, operations: &[Interval<L>], blocks: &[u32]) -> Vec<Interval<L>> {
        let ends = blocks.iter().flat_map(|block| {
            let Hold { first, last } = &self.holds[*block as usize];
            [Some(*first), *last]
        });
        let mut positions: Vec<usize> = ends.flatten().collect();
        positions.sort_unstable();
        positions.dedup();
        let mut core: Vec<Interval<L>> =
            positions.into_iter().map(|position| operations[position].clone()).collect();
        // A release that began when all else had ended bears on nothing: without it the hold has no
        // end at all.
        while let Some(last) = core.pop() {
            if last.input.is_acquire() || last.begin <= last_end(&core) {
                core.push(last);
                break;
            }
        }
        core
    }
}

/// The class of a contradiction of a fenced lock: read off the core.
pub(crate) fn classify(core: &[Interval<FencedLock>]) -> Class {
    let given: Vec<(i64, &Interval<FencedLock>)> = core
        .iter()
        .filter_map(|operation| match operation.output {
            Some(FencedOutput::Token(token)) => Some((token, operation)),
            _ => None,
        })
        .collect();
    for (token, one) in &given {
        for (other, later) in &given {
            if one.precedes(later) && token >= other {
                return Class {
                    class: "token went back",
                    headline: "gave a token that is not greater than one before",
                };
            }
            if token == other && one.call != later.call {
                return Class { class: "token given twice", headline: "gave one token twice" };
            }
        }
    }
    holds::classify(core)
}
