//! A judge too dumb to be wrong: containers as plain lists, every order and every choice tried.

/// What is taken next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    First,
    Last,
    Highest,
    Any,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Put(i64),
    Take,
    Peek,
    Drain,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    Got(Option<i64>),
    All(Vec<i64>),
}

/// An operation: what was asked and answered, and when.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    pub(crate) ask: Ask,
    /// The answer, or nobody knows.
    pub(crate) answer: Option<Answer>,
    pub(crate) begin: u64,
    /// `u64::MAX` if it never ended.
    pub(crate) end: u64,
}

impl Rule {
    /// The places of the elements that may be taken next.
    fn next(self, state: &[i64]) -> Vec<usize> {
        let Some(last) = state.len().checked_sub(1) else { return Vec::new() };
        match self {
            Rule::First => vec![0],
            Rule::Last => vec![last],
            Rule::Highest => {
                let highest = state.iter().max().unwrap();
                vec![state.iter().position(|element| element == highest).unwrap()]
            }
            Rule::Any => (0..=last).collect(),
        }
    }

    /// Everything that may come of an operation: the next state and the answer.
    pub(crate) fn outcomes(self, state: &[i64], ask: &Ask) -> Vec<(Vec<i64>, Answer)> {
        let took = |place: usize| {
            let mut rest = state.to_vec();
            let element = rest.remove(place);
            (rest, element)
        };
        let mut outcomes: Vec<(Vec<i64>, Answer)> = match ask {
            Ask::Put(element) => {
                let mut next = state.to_vec();
                next.push(*element);
                return vec![(next, Answer::Done)];
            }
            Ask::Take => self
                .next(state)
                .into_iter()
                .map(took)
                .map(|(rest, element)| (rest, Answer::Got(Some(element))))
                .collect(),
            Ask::Peek => self
                .next(state)
                .into_iter()
                .map(|place| (state.to_vec(), Answer::Got(Some(state[place]))))
                .collect(),
            Ask::Drain => {
                let (mut rest, mut all) = (state.to_vec(), Vec::new());
                while let Some(place) = self.next(&rest).first() {
                    all.push(rest.remove(*place));
                }
                if self == Rule::Any {
                    all.sort_unstable();
                }
                return vec![(Vec::new(), Answer::All(all))];
            }
        };
        if outcomes.is_empty() {
            outcomes.push((Vec::new(), Answer::Got(None)));
        }
        outcomes
    }

    /// Whether any order is legal: tries them all, crashed operations in or out.
    pub(crate) fn allows(self, operations: &[Plain]) -> bool {
        self.allows_from(operations, &[], 0)
    }

    fn allows_from(self, operations: &[Plain], state: &[i64], placed: u32) -> bool {
        let open = || (0..operations.len()).filter(|index| placed & 1 << index == 0);
        let ended = |index: &usize| operations[*index].end != u64::MAX;
        let Some(wall) = open().filter(ended).map(|index| operations[index].end).min() else {
            return true;
        };
        open().filter(|index| operations[*index].begin <= wall).any(|index| {
            let Plain { ask, answer, .. } = &operations[index];
            self.outcomes(state, ask).into_iter().any(|(next, truth)| {
                let fits = match (answer, &truth) {
                    (Some(Answer::All(seen)), Answer::All(_)) if self == Rule::Any => {
                        let mut seen = seen.clone();
                        seen.sort_unstable();
                        Answer::All(seen) == truth
                    }
                    (Some(answer), truth) => answer == truth,
                    (None, _) => true,
                };
                fits && self.allows_from(operations, &next, placed | 1 << index)
            })
        })
    }
}
