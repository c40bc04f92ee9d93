//! Random histories of a container that mostly behaves, and what may become of them.

use tribunal_history::Random;

use crate::object::{Answer, Ask, Plain, Rule};

/// What a random history is made of.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) operations: u64,
    pub(crate) clients: u64,
    /// Every value is put in once.
    pub(crate) unique: bool,
    /// One in so many operations is a peek; 0 for none.
    pub(crate) peek_every: u64,
    /// One in so many operations is a drain; 0 for none.
    pub(crate) drain_every: u64,
    /// One in so many operations crashes; 0 for none.
    pub(crate) crash_every: u64,
    /// Whether takes crash as well.
    pub(crate) takes_crash: bool,
    /// Whether answers of *nothing there* are kept; otherwise they fail, and are gone.
    pub(crate) empties: bool,
    /// How often the history is changed, at most.
    pub(crate) mutations: u64,
    /// Of how many operations about one in ten puts more than takes.
    pub(crate) puts_of_ten: u64,
}

impl Shape {
    pub(crate) const SMALL: Shape = Shape {
        operations: 9,
        clients: 4,
        unique: true,
        peek_every: 0,
        drain_every: 0,
        crash_every: 8,
        takes_crash: false,
        empties: true,
        mutations: 2,
        puts_of_ten: 5,
    };
}

struct Client {
    /// The operation, when it began, and its answer if it has taken effect.
    doing: Option<(Ask, u64, Option<Answer>)>,
}

/// The ghost of a crashed operation: it may take effect at any time, or never.
struct Ghost(Ask);

/// A history of a random container, in order of beginnings: each operation takes effect at one
/// moment between beginning and end; then it may be changed.
pub(crate) fn random_history(random: &mut Random, rule: Rule, shape: Shape) -> Vec<Plain> {
    let mut history = made(random, rule, shape);
    for _ in 0..random.below(shape.mutations + 1) {
        mutate(random, &mut history);
    }
    history.sort_by_key(|operation| operation.begin);
    history
}

fn made(random: &mut Random, rule: Rule, shape: Shape) -> Vec<Plain> {
    let mut clients: Vec<Client> = (0..shape.clients).map(|_| Client { doing: None }).collect();
    let mut names: Vec<i64> = (1..=shape.operations as i64).collect();
    random.shuffle(&mut names);
    let (mut state, mut ghosts): (Vec<i64>, Vec<Ghost>) = (Vec::new(), Vec::new());
    let (mut history, mut time, mut started) = (Vec::new(), 0, 0);
    let mut effect = |random: &mut Random, ask: &Ask| {
        let mut outcomes = rule.outcomes(&state, ask);
        let (next, answer) = outcomes.swap_remove(random.below(outcomes.len() as u64) as usize);
        state = next;
        answer
    };
    while started < shape.operations || clients.iter().any(|client| client.doing.is_some()) {
        time += 2;
        if !ghosts.is_empty() && random.chance(1, 6) {
            let Ghost(ask) = ghosts.swap_remove(random.below(ghosts.len() as u64) as usize);
            effect(random, &ask);
        }
        let client = &mut clients[random.below(shape.clients) as usize];
        match client.doing.take() {
            None if started < shape.operations => {
                let ask = draw(random, shape, &names, started);
                client.doing = Some((ask, time + 1, None));
                started += 1;
            }
            None => {}
            Some((ask, begin, None)) => {
                let may_crash = shape.takes_crash || matches!(ask, Ask::Put(_) | Ask::Peek);
                if shape.crash_every > 0 && may_crash && random.chance(1, shape.crash_every) {
                    let end = u64::MAX;
                    history.push(Plain { ask: ask.clone(), answer: None, begin, end });
                    ghosts.push(Ghost(ask));
                } else {
                    let answer = effect(random, &ask);
                    client.doing = Some((ask, begin, Some(answer)));
                }
            }
            Some((ask, begin, answer)) => {
                let failed = matches!(answer, Some(Answer::Got(None))) && !shape.empties;
                if !failed {
                    history.push(Plain { ask, answer, begin, end: time + 1 });
                }
            }
        }
    }
    history
}

fn draw(random: &mut Random, shape: Shape, names: &[i64], number: u64) -> Ask {
    if shape.peek_every > 0 && random.chance(1, shape.peek_every) {
        return Ask::Peek;
    }
    if shape.drain_every > 0 && random.chance(1, shape.drain_every) {
        return Ask::Drain;
    }
    if random.chance(shape.puts_of_ten, 10) {
        return Ask::Put(if shape.unique {
            names[number as usize]
        } else {
            random.between(1, 2) as i64
        });
    }
    Ask::Take
}

/// Changes an answer, or what happened, in one of the ways in which containers fail.
fn mutate(random: &mut Random, history: &mut Vec<Plain>) {
    let answered: Vec<usize> = (0..history.len())
        .filter(|index| matches!(history[*index].answer, Some(Answer::Got(_))))
        .collect();
    let puts: Vec<i64> = history
        .iter()
        .filter_map(|operation| match operation.ask {
            Ask::Put(value) => Some(value),
            _ => None,
        })
        .collect();
    let (one, other) = (random.pick(&answered).copied(), random.pick(&answered).copied());
    match (random.below(10), one, other) {
        // Two answers are exchanged.
        (0..4, Some(one), Some(other)) => {
            let answer = history[one].answer.clone();
            history[one].answer = std::mem::replace(&mut history[other].answer, answer);
        }
        // An answer is another value, or a value nobody put in.
        (4 | 5, Some(one), _) => {
            let value = if random.chance(1, 6) { Some(99) } else { random.pick(&puts).copied() };
            history[one].answer = Some(Answer::Got(value));
        }
        // An answer is lost, and found to be empty.
        (6, Some(one), _) => history[one].answer = Some(Answer::Got(None)),
        // What a take took is there again.
        (7, Some(one), _) => drop(history.remove(one)),
        // An operation ends at once, or begins late.
        (8, Some(one), _) => {
            let operation = &mut history[one];
            operation.end = operation.begin + 1;
        }
        _ if !history.is_empty() => {
            let index = random.below(history.len() as u64) as usize;
            let operation = &mut history[index];
            if operation.end != u64::MAX {
                operation.begin = operation.end - 1;
            }
        }
        _ => {}
    }
}
