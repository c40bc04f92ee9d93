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

/// Lets a core act; its panic comes back.
///
/// # Errors
/// What it panicked with.
pub fn guarded<T>(act: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    IN_CORE.set(true);
    let done = catch_unwind(AssertUnwindSafe(act));
    IN_CORE.set(false);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_comes_back_and_is_known_to_be_the_cores() {
        assert!(!in_core());
        assert_eq!(guarded(in_core).ok(), Some(true));
        assert!(guarded(|| panic!("of a core")).is_err());
        assert!(!in_core());
    }
}
