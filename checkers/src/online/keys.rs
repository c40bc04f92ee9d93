//! The monitor of `linearizable`: every key watched by itself.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;
use tribunal_history::{Call, Completion, Event, EventKind, History, ProcessId, ValueId, Values};

use super::recheck::Recheck;
use super::{Alarm, Monitor, Step, Stream, Watching};
use crate::Notation;
use crate::interval::moment;
use crate::linearizable::LINEARIZABLE;

/// Operations kept of a key whose stream might still give up, so that it can be judged anew.
const KEPT_MAX: usize = 64;

/// Watches every key of a history.
pub(crate) struct Keys<N: Notation> {
    model: N,
    taken: usize,
    keys: HashMap<ValueId, Watch<N>, FixedState>,
    open: BTreeMap<ProcessId, Call>,
    alarmed: bool,
}

/// How a key is watched.
enum Watch<N: Notation> {
    /// By a stream; beside it the key's first operations, while they are few.
    Stream(Box<dyn Stream<N>>, Option<Recheck<N>>),
    /// By judging it anew now and then.
    Recheck(Recheck<N>),
    /// No more: why.
    GivenUp(String),
}

impl<N: Notation> Keys<N> {
    pub(crate) fn new(model: N) -> Keys<N> {
        let keys = HashMap::with_hasher(FixedState::with_seed(0x6b65_7973));
        Keys { model, taken: 0, keys, open: BTreeMap::new(), alarmed: false }
    }

    fn take(&mut self, position: u32, event: &Event, values: &Values) -> Option<Alarm> {
        let call = match event.kind {
            EventKind::Invoke => {
                let call = Call::begun(position, event);
                self.open.insert(event.process, call);
                call
            }
            kind => {
                let mut call = self.open.remove(&event.process)?;
                call.completion = match kind {
                    EventKind::Ok => Completion::Ok(event.value),
                    EventKind::Fail => Completion::Fail,
                    EventKind::Info | EventKind::Invoke => Completion::Info,
                };
                call
            }
        };
        let model = &self.model;
        let watch = self.keys.entry(event.key).or_insert_with(|| match model.stream() {
            Some(stream) => Watch::Stream(stream, Some(Recheck::new())),
            None => Watch::Recheck(Recheck::new()),
        });
        let why = watch.take(model, &call, event.kind, moment(position), values)?;
        Some(Alarm { event: position, key: event.key, why })
    }
}

impl<N: Notation> Watch<N> {
    /// Takes an event in; the reason if there is no legal order any more.
    fn take(
        &mut self,
        model: &N,
        call: &Call,
        kind: EventKind,
        moment: u64,
        values: &Values,
    ) -> Option<String> {
        if matches!(self, Watch::GivenUp(_)) {
            return None;
        }
        let number = call.invoked as usize;
        // What failed is not asked what it means; nor is what nobody knows the end of.
        let decoded = match kind {
            EventKind::Invoke | EventKind::Ok => match model.decode(call, values) {
                Ok(decoded) => Some(decoded),
                Err(malformed) => {
                    *self = Watch::GivenUp(malformed.to_string());
                    return None;
                }
            },
            EventKind::Fail | EventKind::Info => None,
        };
        let step = match self {
            Watch::Stream(stream, kept) => {
                if let Some(recheck) = kept {
                    // Only kept, not judged: the stream judges.
                    keep(recheck, number, kind, decoded.as_ref(), moment);
                    if recheck.held() > KEPT_MAX {
                        *kept = None;
                    }
                }
                streamed(stream.as_mut(), number, kind, decoded, moment)
            }
            Watch::Recheck(recheck) => match (kind, decoded) {
                (EventKind::Ok, Some((_, Some(output)))) => {
                    recheck.ok(model, number, output, moment)
                }
                (_, decoded) => {
                    keep(recheck, number, kind, decoded.as_ref(), moment);
                    Step::Fine
                }
            },
            Watch::GivenUp(_) => Step::Fine,
        };
        match step {
            Step::Fine => None,
            Step::Violation(why) => Some(why),
            Step::GiveUp(why) => {
                let kept = match self {
                    Watch::Stream(_, kept) => kept.take(),
                    Watch::Recheck(_) | Watch::GivenUp(_) => None,
                };
                *self = kept.map_or(Watch::GivenUp(why), Watch::Recheck);
                None
            }
        }
    }
}

fn streamed<N: Notation>(
    stream: &mut dyn Stream<N>,
    number: usize,
    kind: EventKind,
    decoded: Option<crate::Decoded<N>>,
    moment: u64,
) -> Step {
    match (kind, decoded) {
        (EventKind::Invoke, Some((input, _))) => stream.begin(number, &input, moment),
        (EventKind::Ok, Some((_, Some(output)))) => stream.ok(number, &output, moment),
        (EventKind::Fail, _) => stream.fail(number),
        _ => {
            stream.info(number);
            Step::Fine
        }
    }
}

fn keep<N: Notation>(
    recheck: &mut Recheck<N>,
    number: usize,
    kind: EventKind,
    decoded: Option<&crate::Decoded<N>>,
    moment: u64,
) {
    match (kind, decoded) {
        (EventKind::Invoke, Some((input, _))) => recheck.begin(number, input.clone(), moment),
        (EventKind::Ok, Some((_, Some(output)))) => recheck.end(number, output.clone(), moment),
        (EventKind::Fail, _) => recheck.fail(number),
        _ => recheck.info(number),
    }
}

impl<N: Notation> Monitor for Keys<N> {
    fn checker(&self) -> &'static str {
        LINEARIZABLE
    }

    fn follow(&mut self, history: &History) -> Option<Alarm> {
        while !self.alarmed
            && let Some(event) = history.events().get(self.taken)
        {
            let position = self.taken as u32;
            self.taken += 1;
            if let Some(alarm) = self.take(position, event, history.values()) {
                self.alarmed = true;
                return Some(alarm);
            }
        }
        None
    }

    fn state(&self) -> Watching {
        let mut watching = Watching { keys: self.keys.len(), ..Watching::default() };
        // Summed and minimised only: the order of the map does not show.
        for watch in self.keys.values() {
            match watch {
                Watch::Stream(stream, _) => watching.values += stream.held(),
                Watch::Recheck(recheck) => watching.operations += recheck.held(),
                Watch::GivenUp(why) => {
                    watching.given_up += 1;
                    let first = watching.why.get_or_insert_with(|| why.clone());
                    if why < first {
                        first.clone_from(why);
                    }
                }
            }
        }
        watching
    }
}
