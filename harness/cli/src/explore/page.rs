//! The page beside the file of a run that breaks something.

use std::path::Path;

use tribunal_explore::{Step, Trail, messages};
use tribunal_history::Nanos;
use tribunal_reports::{Steps, render_steps_html};

use super::tell;
use crate::output;

/// The run of this file as a page.
pub(super) fn page(trail: &Trail, file: &Path) -> String {
    let again = output::quoted(&file.display().to_string());
    let steps = || (1..).map(Nanos).zip(&trail.steps);
    let beside = steps().filter_map(|(at, told)| Some((at, told.step.node(), short(&told.step)?)));
    let leads = |(at, told)| {
        let told: &tribunal_explore::Told = told;
        told.nodes.iter().filter(|view| view.leads).map(move |view| (at, view.node))
    };
    let mut lines: Vec<String> = tell::subject(&trail.setup()).lines().map(str::to_owned).collect();
    lines.push(format!("Again: {} explore --replay {again}", output::program()));
    render_steps_html(&Steps {
        title: tell::broken(trail),
        lines,
        nodes: trail.nodes,
        messages: messages(trail).unwrap_or_default(),
        happened: beside.collect(),
        led: steps().flat_map(leads).collect(),
        table: tell::table(trail),
    })
}

/// A step beside messages, in a few words behind its node's name.
fn short(step: &Step) -> Option<String> {
    Some(match step {
        Step::Deliver { .. } => return None,
        Step::ElectionTimeout { .. } => "times out".to_owned(),
        Step::Heartbeat { .. } => "heartbeat is due".to_owned(),
        Step::Command { number, .. } => format!("takes command {number}"),
        Step::Sync { .. } => "syncs".to_owned(),
        Step::Crash { lost: 0, .. } => "restarts".to_owned(),
        Step::Crash { lost, .. } => format!("restarts, {lost} lost"),
    })
}
