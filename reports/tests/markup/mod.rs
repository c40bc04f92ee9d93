//! A reader of our own pages, strict enough to see what does not belong there.

/// An element's opening tag.
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    /// Where the tag begins.
    pub(crate) at: usize,
}

/// Every opening tag of a page, in order; what is between script or style tags is skipped.
///
/// # Panics
/// If a tag is not written as the templates write them.
pub(crate) fn tags(page: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(next) = page[at..].find('<') {
        let start = at + next;
        let end = start + close(&page[start..]);
        let inside = &page[start + 1..end];
        at = end + 1;
        if inside.starts_with('/') || inside.starts_with('!') {
            continue;
        }
        let tag = tag(inside.trim_end_matches('/'), start);
        if tag.name == "script" || tag.name == "style" {
            at += page[at..].find(&format!("</{}>", tag.name)).expect("it ends");
        }
        tags.push(tag);
    }
    tags
}

/// Where the tag that begins here ends, outside quotes.
fn close(text: &str) -> usize {
    let mut quoted = false;
    for (position, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '>' if !quoted => return position,
            _ => {}
        }
    }
    panic!("a tag without end: {}", &text[..text.len().min(80)]);
}

fn tag(inside: &str, at: usize) -> Tag {
    let name: String = inside.chars().take_while(|it| it.is_ascii_alphanumeric()).collect();
    assert!(!name.is_empty(), "a stray angle bracket before {inside:.60}");
    let mut attributes = Vec::new();
    let mut rest = inside[name.len()..].trim_start();
    while !rest.is_empty() {
        let length = rest.find(['=', ' ', '\n']).unwrap_or(rest.len());
        let attribute = rest[..length].to_owned();
        rest = &rest[length..];
        let mut value = String::new();
        if let Some(quoted) = rest.strip_prefix("=\"") {
            let end = quoted.find('"').expect("the value ends");
            value = quoted[..end].to_owned();
            rest = &quoted[end + 1..];
        }
        attributes.push((attribute, value));
        rest = rest.trim_start();
    }
    Tag { name, attributes, at }
}
