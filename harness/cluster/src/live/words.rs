//! Words that all clusters use in evidence.

use tribunal_history::Link;

/// Links that are named; of more only the number is given.
const NAMED_MAX: usize = 8;

/// `2 links: n1→n2, n2→n1`.
pub fn named_links(links: &[Link]) -> String {
    let count = quantity(links.len() as u64, "link");
    let mut names: Vec<_> = links.iter().take(NAMED_MAX).map(Link::to_string).collect();
    if links.len() > NAMED_MAX {
        names.push(format!("and {} more", links.len() - NAMED_MAX));
    }
    format!("{count}: {}", names.join(", "))
}

/// `1 reply`, `2 replies`.
pub fn quantity(count: u64, noun: &str) -> String {
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
    fn links_are_named_up_to_a_number_and_nouns_are_counted() {
        let link = Link::between(NodeId(1), NodeId(2));
        assert_eq!(named_links(&[link]), "1 link: n1→n2");
        assert!(named_links(&[link; 20]).ends_with("n1→n2, and 12 more"));
        assert_eq!(
            (quantity(0, "byte"), quantity(2, "reply")),
            ("0 bytes".into(), "2 replies".into())
        );
    }
}
