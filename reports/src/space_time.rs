//! The message diagram: a line for each node, time downwards, an arrow for each message (Lamport,
//! *Time, Clocks, and the Ordering of Events in a Distributed System*, CACM 1978, figure 1).

use std::collections::BTreeMap;

use tribunal_history::{
    Finding, Message, MessageFate, Messages, Nanos, NodeEvent, NodeId, NodeState, Record, Trial,
    Witness, WitnessOperation,
};

use crate::node_lanes::{NODES_MAX, NodeLane, node_lanes};
use crate::svg::{Anchor, Svg, line_to, move_to};
use crate::text::{clean, counted, seconds, shortened};

/// Most messages drawn, the last of those there are.
pub(crate) const MESSAGES_MAX: usize = 240;
/// Most changes of nodes that are named.
const CHANGES_MAX: usize = 60;
/// Most characters of a label.
const LABEL_CHARS_MAX: usize = 26;

const LEFT: f64 = 92.0;
const TOP: f64 = 44.0;
/// From one line to the next.
const COLUMN: f64 = 168.0;
/// Room for one label.
const LABELLED: f64 = 13.0;
/// Room for an event without label.
const PLAIN: f64 = 5.0;
/// Room where nothing happened for longer than [`PAUSE`].
const GAP: f64 = 16.0;
const PAUSE: Nanos = Nanos::from_millis(5);
const ARROW: f64 = 5.0;

/// How instants are told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// In seconds.
    Seconds,
    /// Nobody looked at a clock: each nanosecond stands for a step.
    Steps,
}

impl Clock {
    fn words(self, time: Nanos) -> String {
        match self {
            Clock::Seconds => seconds(time),
            Clock::Steps => format!("step {}", time.0),
        }
    }

    /// As fine as it takes to tell messages apart.
    fn fine(self, time: Nanos) -> String {
        match self {
            Clock::Seconds => {
                format!("{}.{:06} s", time.0 / 1_000_000_000, time.0 / 1_000 % 1_000_000)
            }
            Clock::Steps => self.words(time),
        }
    }
}

/// What is drawn beside messages.
pub(crate) struct Scene<'a> {
    pub(crate) clock: Clock,
    pub(crate) lanes: Vec<NodeLane>,
    pub(crate) changes: Vec<Change>,
    /// Changes that are left out.
    pub(crate) untold: usize,
    /// Operations with their names.
    pub(crate) operations: Vec<(String, &'a WitnessOperation)>,
}

/// The drawing with what stands beside it.
pub(crate) struct SpaceTime {
    pub(crate) svg: String,
    /// What it shows and what it leaves out, one sentence each.
    pub(crate) words: Vec<String>,
    /// The messages as a table.
    pub(crate) rows: Vec<MessageRow>,
}

/// One message in words.
pub(crate) struct MessageRow {
    pub(crate) sent: String,
    pub(crate) ended: String,
    pub(crate) path: String,
    pub(crate) label: String,
    pub(crate) fate: &'static str,
}

/// Something that has a place on the axis of time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Sent(usize),
    Ended(usize),
    Change(usize),
    Began(usize),
    Finished(usize),
}

/// What became of a node.
pub(crate) struct Change {
    pub(crate) time: Nanos,
    pub(crate) node: NodeId,
    pub(crate) words: String,
}

/// The diagram of a run's messages; `None` if none were noted. O(n log n) in messages drawn.
pub(crate) fn draw(trial: &Trial, record: &Record) -> Option<SpaceTime> {
    let noted = record.messages.as_ref().filter(|noted| !noted.messages.is_empty())?;
    let (from, until) = (shown(noted).first()?.sent, noted.until);
    let lanes = node_lanes(record, trial.plan.nodes.min(NODES_MAX), until);
    let (changes, untold) = changes(record, (from, until));
    let operations = told(trial, (from, until));
    scene(noted, Scene { clock: Clock::Seconds, lanes, changes, untold, operations })
}

/// The messages that are drawn.
fn shown(noted: &Messages) -> &[Message] {
    &noted.messages[noted.messages.len().saturating_sub(MESSAGES_MAX)..]
}

/// The diagram of messages in this scene; `None` if there are none.
pub(crate) fn scene(noted: &Messages, scene: Scene<'_>) -> Option<SpaceTime> {
    let Scene { clock, lanes, changes, untold, operations } = scene;
    let messages = shown(noted);
    let (from, until) = (messages.first()?.sent, noted.until);
    let places = places(messages, &changes, &operations);
    let (heights, height) = heights(&places);
    let width = LEFT + lanes.len() as f64 * COLUMN + 60.0;
    let mut words = words(noted, clock);
    if untold > 0 {
        let changes = counted(untold as u64, "earlier change", "earlier changes");
        words.push(format!("{changes} of nodes are not shown."));
    }
    let svg = Svg::new("space-time", (width, height + 18.0), "Messages", &words.join(" "));
    let mut drawing = Drawing { svg, clock, places: &places, heights: &heights, bottom: height };
    drawing.time();
    drawing.lines(&lanes, (from, until));
    for (number, change) in changes.iter().enumerate() {
        drawing.change(number, change);
    }
    for (number, message) in messages.iter().enumerate() {
        drawing.message(number, message);
    }
    for (number, (name, operation)) in operations.iter().enumerate() {
        drawing.operation(number, name, operation);
    }
    let rows = messages.iter().map(|message| row(message, clock)).collect();
    Some(SpaceTime { svg: drawing.svg.finish(), words, rows })
}

fn words(noted: &Messages, clock: Clock) -> Vec<String> {
    let messages = shown(noted);
    let from = messages.first().map_or(noted.until, |first| first.sent);
    let mut words = vec![format!(
        "{} from {} to {}.",
        counted(messages.len() as u64, "message", "messages"),
        clock.words(from),
        clock.words(noted.until)
    )];
    let left = noted.left_out + (noted.messages.len() - messages.len()) as u64;
    if left > 0 {
        words.push(format!("{} before it are not shown.", counted(left, "message", "messages")));
    }
    words
}

/// Changes of nodes within a stretch of time, the last of them if there are too many, and how many
/// are left out.
fn changes(record: &Record, (from, until): (Nanos, Nanos)) -> (Vec<Change>, usize) {
    let change = |event: &NodeEvent| {
        let NodeEvent::State { time, node, state, .. } = event else { return None };
        let words = match state {
            NodeState::Down => "down",
            NodeState::Paused => "paused",
            NodeState::Starting => "starts",
            NodeState::Running => "runs",
        };
        let is_within = *time >= from && *time <= until;
        is_within.then(|| Change { time: *time, node: *node, words: words.to_owned() })
    };
    let all: Vec<Change> = record.node_events.iter().filter_map(change).collect();
    let skipped = all.len().saturating_sub(CHANGES_MAX);
    (all.into_iter().skip(skipped).collect(), skipped)
}

/// The operations of the first counterexample that touch a stretch of time, with their names.
fn told(trial: &Trial, (from, until): (Nanos, Nanos)) -> Vec<(String, &WitnessOperation)> {
    let witness = trial.findings.iter().filter_map(|it: &Finding| it.witness.as_ref()).next();
    let Some(witness) = witness else { return Vec::new() };
    let touches = |operation: &WitnessOperation| {
        operation.invoked <= until && operation.completed.is_none_or(|end| end >= from)
    };
    let named = witness.operations.iter().enumerate();
    named
        .filter(|(_, operation)| touches(operation))
        .map(|(place, operation)| (Witness::name(place), operation))
        .collect()
}

/// Everything that has a place in time, in order.
fn places(
    messages: &[Message],
    changes: &[Change],
    operations: &[(String, &WitnessOperation)],
) -> Vec<(Nanos, Place)> {
    let from = messages.first().map_or(Nanos::ZERO, |first| first.sent);
    let mut places: Vec<(Nanos, Place)> = Vec::new();
    for (number, message) in messages.iter().enumerate() {
        places.push((message.sent, Place::Sent(number)));
        places.extend(message.ended.map(|ended| (ended, Place::Ended(number))));
    }
    places.extend((0..).zip(changes).map(|(number, it)| (it.time, Place::Change(number))));
    for (number, (_, operation)) in operations.iter().enumerate() {
        let began = Some(operation.invoked).filter(|at| *at >= from);
        places.extend(began.map(|at| (at, Place::Began(number))));
        places.extend(operation.completed.map(|at| (at, Place::Finished(number))));
    }
    places.sort_unstable();
    places
}

/// How far down each place is, and how far down the drawing ends.
fn heights(places: &[(Nanos, Place)]) -> (BTreeMap<Place, f64>, f64) {
    let mut heights = BTreeMap::new();
    let mut y = TOP;
    let mut last = places.first().map_or(Nanos::ZERO, |first| first.0);
    for (at, place) in places {
        y += if at.since(last) > PAUSE { GAP } else { 0.0 };
        y += match place {
            Place::Ended(_) => PLAIN,
            _ => LABELLED,
        };
        heights.insert(*place, y);
        last = *at;
    }
    (heights, y + LABELLED)
}

fn end(node: Option<NodeId>) -> String {
    node.map_or("clients".into(), |node| node.to_string())
}

fn row(message: &Message, clock: Clock) -> MessageRow {
    let term = message.term.map(|term| format!(", term {term}")).unwrap_or_default();
    MessageRow {
        sent: clock.fine(message.sent),
        ended: message.ended.map(|ended| clock.fine(ended)).unwrap_or_default(),
        path: format!("{} → {}", end(message.from), end(message.to)),
        label: format!("{}{term}", clean(&message.label, 60)),
        fate: message.fate.as_str(),
    }
}

/// How far right the line of a node is; the clients' is the first.
fn column(node: Option<NodeId>) -> f64 {
    LEFT + node.map_or(0.0, |node| f64::from(node.0)) * COLUMN
}

struct Drawing<'a> {
    svg: Svg,
    clock: Clock,
    places: &'a [(Nanos, Place)],
    heights: &'a BTreeMap<Place, f64>,
    bottom: f64,
}

impl Drawing<'_> {
    fn y(&self, place: Place) -> f64 {
        self.heights.get(&place).copied().unwrap_or(self.bottom)
    }

    /// How far down an instant is: where what was last until then is.
    fn y_at(&self, at: Nanos) -> f64 {
        let before = self.places.partition_point(|(time, _)| *time <= at);
        match before.checked_sub(1) {
            Some(last) => self.y(self.places[last].1),
            None => TOP,
        }
    }

    /// Times at the left, where there is room for them.
    fn time(&mut self) {
        let mut last = f64::NEG_INFINITY;
        for (at, place) in self.places {
            let y = self.heights.get(place).copied().unwrap_or(TOP);
            if y - last >= 3.0 * LABELLED {
                self.svg.text((4.0, y + 3.5), Anchor::Start, "tick", &self.clock.fine(*at));
                last = y;
            }
        }
    }

    fn lines(&mut self, lanes: &[NodeLane], (from, until): (Nanos, Nanos)) {
        let x = column(None);
        self.svg.text((x, 18.0), Anchor::Middle, "lane-name", "clients");
        self.svg.line((x, TOP - 16.0), (x, self.bottom), "node-up");
        for lane in lanes {
            let x = column(Some(lane.node));
            self.svg.text((x, 18.0), Anchor::Middle, "lane-name", &lane.node.to_string());
            self.svg.line((x, TOP - 16.0), (x, self.bottom), "node-up");
            for (spans, class) in [
                (&lane.leading, "node-leads"),
                (&lane.paused, "node-paused"),
                (&lane.down, "node-down"),
            ] {
                for (began, ended) in spans.iter().filter(|it| it.0 <= until && it.1 >= from) {
                    let top = if *began <= from { TOP - 16.0 } else { self.y_at(*began) };
                    let bottom = if *ended >= until { self.bottom } else { self.y_at(*ended) };
                    match class {
                        "node-leads" => self.svg.line((x, top), (x, bottom), class),
                        _ => self.svg.rect((x - 4.0, top), (8.0, bottom - top), class, ""),
                    }
                }
            }
        }
    }

    fn change(&mut self, number: usize, change: &Change) {
        let (x, y) = (column(Some(change.node)), self.y(Place::Change(number)));
        let words = format!("{} {}", change.node, change.words);
        self.svg.text((x + 8.0, y + 3.5), Anchor::Start, "finding-label", &words);
    }

    fn message(&mut self, number: usize, message: &Message) {
        let from = (column(message.from), self.y(Place::Sent(number)));
        let (right, full) = (column(message.to), message.ended.is_some());
        let ends = if full { self.y(Place::Ended(number)) } else { from.1 + LABELLED };
        let stops = !message.fate.came();
        // What did not come stops short of its receiver.
        let share = match (message.fate, stops) {
            (_, false) => 1.0,
            (MessageFate::Lost, _) => 0.45,
            (_, true) => 0.82,
        };
        let to = (from.0 + (right - from.0) * share, ends);
        let mut commands = String::new();
        move_to(&mut commands, from);
        line_to(&mut commands, to);
        let class = match message.fate {
            MessageFate::Came => "message",
            MessageFate::Repeated => "message repeated",
            MessageFate::UnderWay => "message open",
            MessageFate::Lost | MessageFate::Held | MessageFate::Cut | MessageFate::Damaged => {
                "message stopped"
            }
        };
        let told = row(message, self.clock);
        let title = format!("{}, {}: {}, {}", told.path, told.sent, told.label, told.fate);
        self.svg.path(&commands, class, &title);
        let towards = if right >= from.0 { 1.0 } else { -1.0 };
        match message.fate {
            MessageFate::Came | MessageFate::Repeated => self.head(to, towards),
            MessageFate::UnderWay => {}
            MessageFate::Held => {
                self.svg.text((to.0, to.1 + 4.0), Anchor::Middle, "message-mark", "‖");
            }
            MessageFate::Lost | MessageFate::Cut | MessageFate::Damaged => {
                self.svg.text((to.0, to.1 + 4.0), Anchor::Middle, "message-mark", "✗");
            }
        }
        let term = message.term.map(|term| format!(" t{term}")).unwrap_or_default();
        let label = shortened(&clean(&message.label, 60), LABEL_CHARS_MAX);
        let anchor = if towards > 0.0 { Anchor::Start } else { Anchor::End };
        let at = (from.0 + towards * 9.0, from.1 - 1.5);
        self.svg.text(at, anchor, "message-label", &format!("{label}{term}"));
    }

    /// The head of an arrow that comes from the left (1) or from the right (-1).
    fn head(&mut self, to: (f64, f64), towards: f64) {
        let mut commands = String::new();
        move_to(&mut commands, to);
        line_to(&mut commands, (to.0 - towards * ARROW * 1.6, to.1 - ARROW * 0.7));
        line_to(&mut commands, (to.0 - towards * ARROW * 1.6, to.1 + ARROW * 0.7));
        commands.push('z');
        self.svg.path(&commands, "message-head", "");
    }

    /// Where an operation of the counterexample began and ended.
    fn operation(&mut self, number: usize, name: &str, operation: &WitnessOperation) {
        let x = column(None) - 7.0;
        let label = shortened(&clean(&operation.label, 60), LABEL_CHARS_MAX);
        for (place, words) in [
            (Place::Began(number), format!("{name} begins: {label}")),
            (Place::Finished(number), format!("{name} ends")),
        ] {
            if let Some(y) = self.heights.get(&place).copied() {
                self.svg.circle((column(None), y), 3.4, "dot");
                self.svg.text((x + 16.0, y + 3.5), Anchor::Start, "reason", &words);
            }
        }
    }
}
