//! Words for what was done to links.

use tribunal_history::Link;

use crate::LinkCounters;

/// Links that are named; of more only the number is given.
const NAMED_MAX: usize = 8;

/// `2 links: n1→n2, n2→n1`.
pub(super) fn links(links: &[Link]) -> String {
    let count = quantity(links.len() as u64, "link");
    let mut names: Vec<_> = links.iter().take(NAMED_MAX).map(Link::to_string).collect();
    if links.len() > NAMED_MAX {
        names.push(format!("and {} more", links.len() - NAMED_MAX));
    }
    format!("{count}: {}", names.join(", "))
}

/// What is on links at the moment they are cut.
pub(super) fn at_install(now: LinkCounters) -> String {
    format!("{} open, {} waiting", quantity(now.open, "connection"), quantity(now.waiting, "byte"))
}

/// What became of what was on links while a fault was in force; what did not occur is left out.
pub(super) fn during(delta: LinkCounters, waiting: u64) -> String {
    let figures = [
        (delta.held, "byte", "had to wait"),
        (waiting, "byte", "waiting at the heal"),
        (delta.delayed_connections, "new connection", "had to wait"),
        (delta.resets, "connection", "reset"),
        (delta.refused, "connection", "refused"),
        (delta.replies_lost, "reply", "swallowed"),
        (delta.passed, "byte", "passed"),
        (delta.over_limit, "connection", "over the harness's own limit"),
    ];
    let parts: Vec<_> = figures
        .iter()
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, what, how)| format!("{} {how}", quantity(*count, what)))
        .collect();
    if parts.is_empty() { "nothing was sent meanwhile".into() } else { parts.join(", ") }
}

fn quantity(count: u64, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use tribunal_history::NodeId;

    use super::*;

    #[test]
    fn figures_read_as_sentences() {
        let link = Link::between(NodeId(1), NodeId(2));
        assert_eq!(links(&[link]), "1 link: n1→n2");
        assert!(links(&[link; 20]).ends_with("n1→n2, and 12 more"));
        let delta = LinkCounters { held: 1, replies_lost: 2, ..LinkCounters::default() };
        assert_eq!(during(delta, 0), "1 byte had to wait, 2 replies swallowed");
        assert_eq!(during(LinkCounters::default(), 0), "nothing was sent meanwhile");
    }
}
