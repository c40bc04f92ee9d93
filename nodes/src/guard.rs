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

/// What a panic says, if it says anything.
pub fn words_of(panic: &(dyn Any + Send)) -> &str {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_comes_back_and_is_known_to_be_the_cores() {
        assert!(!in_core());
        assert_eq!(guarded(in_core).ok(), Some(true));
        let panic = guarded(|| panic!("of a core")).unwrap_err();
        assert_eq!(words_of(&*panic), "of a core");
        let number = 3;
        let panic = guarded(|| panic!("of {number} cores")).unwrap_err();
        assert_eq!(words_of(&*panic), "of 3 cores");
        assert!(!in_core());
    }
}
