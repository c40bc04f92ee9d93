//! The page of a run without a clock: what a model checker found, step by step.

use askama::Template;
use tribunal_history::{Messages, Nanos, NodeId};

use crate::node_lanes::{NODES_MAX, NodeLane};
use crate::policy::policy;
use crate::space_time::{self, Change, Clock, Scene, SpaceTime};
use crate::standing::Standing;
use crate::text::clean;

const STYLE: &str = include_str!("../assets/page.css");

/// A run that breaks something, step by step: a step's number is its time in nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    /// What is broken.
    pub title: String,
    /// What was run, and how to run it again.
    pub lines: Vec<String>,
    /// How many nodes.
    pub nodes: u16,
    /// The messages that were sent.
    pub messages: Messages,
    /// What happened beside messages: in which step, to whom, what.
    pub happened: Vec<(Nanos, NodeId, String)>,
    /// Who led after which step.
    pub led: Vec<(Nanos, NodeId)>,
    /// Every step with the nodes after it, for a fixed-width font.
    pub table: String,
}

#[derive(Template)]
#[template(path = "steps.html")]
struct Page<'a> {
    policy: String,
    style: &'static str,
    standing: Standing,
    title: String,
    lines: &'a [String],
    messages: Option<SpaceTime>,
    table: &'a str,
}

/// The run as one offline HTML page without a script: the message diagram and the table.
pub fn render_steps_html(steps: &Steps) -> String {
    let changes = steps.happened.iter().map(|(time, node, words)| Change {
        time: *time,
        node: *node,
        words: words.clone(),
    });
    let scene = Scene {
        clock: Clock::Steps,
        lanes: NodeId::all(steps.nodes.min(NODES_MAX)).map(|node| lane(steps, node)).collect(),
        changes: changes.collect(),
        untold: 0,
        operations: Vec::new(),
    };
    let page = Page {
        policy: policy("", STYLE),
        style: STYLE,
        standing: Standing::Invalid,
        title: clean(&steps.title, 400),
        lines: &steps.lines,
        messages: space_time::scene(&steps.messages, scene),
        table: &steps.table,
    };
    page.render().expect("invariant: every value of the page can be written")
}

fn lane(steps: &Steps, node: NodeId) -> NodeLane {
    let led = steps.led.iter().filter(|led| led.1 == node);
    let leading = led.map(|(time, _)| (*time, *time + Nanos(1))).collect();
    NodeLane { leading, ..NodeLane::empty(node) }
}

#[cfg(test)]
mod tests {
    use tribunal_history::{Message, MessageFate};

    use super::*;

    #[test]
    fn steps_are_drawn_told_and_escaped() {
        let message = |sent, ended: Option<u64>, fate| Message {
            from: Some(NodeId(1)),
            to: Some(NodeId(2)),
            sent: Nanos(sent),
            ended: ended.map(Nanos),
            label: "vote? <b>".to_owned(),
            term: Some(1),
            fate,
        };
        let messages =
            vec![message(1, Some(3), MessageFate::Came), message(2, None, MessageFate::UnderWay)];
        let page = render_steps_html(&Steps {
            title: "election safety: n1 & n2".to_owned(),
            nodes: 2,
            messages: Messages { until: Nanos(4), left_out: 0, messages },
            happened: vec![(Nanos(1), NodeId(1), "times out".to_owned())],
            led: vec![(Nanos(3), NodeId(2)), (Nanos(4), NodeId(2))],
            table: "  1  2L [|]".to_owned(),
            ..Steps::default()
        });
        assert_eq!(page.matches("<path class=\"message").count(), 2 + 1, "one has a head");
        assert_eq!(page.matches("class=\"node-leads\"").count(), 2);
        for part in ["2 messages from step 1 to step 4.", "n1 times out", "1  2L [|]"] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("<b>") && !page.contains("<script") && !page.contains("n1 & n2"));
    }
}
