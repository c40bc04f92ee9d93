//! Did you mean …?

use crate::exit::{Exit, Failure};

/// The known name nearest to what was typed, if any is near.
fn nearest<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    let score = |name: &&str| strsim::jaro_winkler(typed, name);
    known
        .iter()
        .copied()
        .filter(|name| score(name) > 0.75)
        .max_by(|a, b| score(a).total_cmp(&score(b)))
}

/// The failure that a name is unknown: what kind of name, and which there are.
pub(crate) fn unknown(kind: &str, typed: &str, known: &[&str]) -> Failure {
    let list = known.join(", ");
    let help = match nearest(typed, known) {
        Some(name) => format!("did you mean '{name}'? There are: {list}"),
        None => format!("there are: {list}"),
    };
    Failure::new(Exit::Usage, format!("unknown {kind} '{typed}'"), help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_met_with_the_right_name() {
        let known = ["partition", "kill", "pause"];
        assert!(unknown("nemesis", "partitoin", &known).help.contains("did you mean 'partition'"));
        assert!(!unknown("nemesis", "zzz", &known).help.contains("did you mean"));
    }
}
