//! Numbers and their nouns as sentences write them.

pub(crate) use tribunal_history::grouped;

/// As `1,234 keys`, `1 key`.
pub(crate) fn plural(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_have_the_number_of_what_they_name() {
        assert_eq!(plural(1, "key"), "1 key");
        assert_eq!(plural(1_234_567, "state"), "1,234,567 states");
    }
}
