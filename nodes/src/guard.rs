//! A core that panics ends its node, not the program that drives it.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// Whether a core is at work on this thread. Only a panic hook asks, which has no other way to
    /// tell whose panic it hears.
    static IN_CORE: Cell<bool> = const { Cell::new(false) };
}

/// Whether a guarded core is at work on this thread: a panic now is the node's, and is told as a
/// finding about it. For panic hooks.
pub fn in_core() -> bool {
    IN_CORE.get()
}

/// Lets a core act, and gives what comes of it.
///
/// # Errors
/// The words of its panic.
pub fn guarded<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    IN_CORE.set(true);
    let done = catch_unwind(AssertUnwindSafe(act));
    IN_CORE.set(false);
    done.map_err(|panic| words(&*panic))
}

fn words(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
    words.unwrap_or("no words").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_comes_back_and_is_known_to_be_the_cores() {
        assert!(!in_core());
        assert_eq!(guarded(in_core).ok(), Some(true));
        assert_eq!(guarded(|| panic!("of a core")), Err::<(), _>("of a core".to_owned()));
        let number = 7;
        assert_eq!(guarded(|| panic!("of {number}")), Err::<(), _>("of 7".to_owned()));
        assert!(!in_core());
    }
}
