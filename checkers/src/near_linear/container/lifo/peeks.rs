//! Peeks, put into an order of the other operations of a stack.

use super::super::lives::{Lives, NOBODY};
use super::Placed;

/// The order with every peek at a place in its window where its value is on top; `None` if one has
/// no such place. O(n log n).
pub(super) fn inserted<E>(lives: &Lives<E>, placed: &[Placed]) -> Option<Vec<usize>> {
    if lives.peeks.is_empty() {
        return Some(placed.iter().map(|(_, _, operation)| *operation as usize).collect());
    }
    let tops = tops(lives, placed);
    let mut peeks: Vec<(usize, u32)> = Vec::with_capacity(lives.peeks.len());
    for peek in &lives.peeks {
        let first = lives.slots.first[peek.operation as usize];
        let last = lives.slots.last[peek.operation as usize];
        let low = placed.partition_point(|(slot, ..)| *slot < first);
        let high = placed.partition_point(|(slot, ..)| *slot <= last);
        let place = tops.partition_point(|(life, _, to)| (*life, *to) < (peek.life, low));
        let (life, from, _) = *tops.get(place)?;
        if life != peek.life || from > high {
            return None;
        }
        peeks.push((from.max(low), peek.operation));
    }
    peeks.sort_unstable();
    let mut order = Vec::with_capacity(placed.len() + peeks.len());
    let mut peeks = peeks.into_iter().peekable();
    for (place, (_, _, operation)) in placed.iter().enumerate() {
        while let Some((_, peek)) = peeks.next_if(|(before, _)| *before <= place) {
            order.push(peek as usize);
        }
        order.push(*operation as usize);
    }
    order.extend(peeks.map(|(_, peek)| peek as usize));
    Some(order)
}

/// When each value is on top: after how many operations of the order, from and to, with both; by
/// value, in order.
fn tops<E>(lives: &Lives<E>, placed: &[Placed]) -> Vec<(u32, usize, usize)> {
    let mut put_by = vec![NOBODY; lives.slots.first.len()];
    for (number, life) in (0..).zip(&lives.lives) {
        put_by[life.put as usize] = number;
    }
    let (mut tops, mut stack, mut since) = (Vec::new(), Vec::new(), 0);
    for (place, (_, _, operation)) in placed.iter().enumerate() {
        if lives.empties.binary_search(operation).is_ok() {
            continue;
        }
        if let Some(top) = stack.last() {
            tops.push((*top, since, place));
        }
        since = place + 1;
        match put_by[*operation as usize] {
            NOBODY => drop(stack.pop()),
            number => stack.push(number),
        }
    }
    tops.extend(stack.last().map(|top| (*top, since, placed.len())));
    tops.sort_unstable();
    tops
}
