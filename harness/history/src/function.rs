//! What an operation does: a closed set of functions.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ValueId;

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// The function of an operation. Closed: [`Function::Other`] is only met in foreign files.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Function {
            $($(#[$doc])* $name,)*
            /// A function of a foreign history; the id is its name, interned in that history.
            #[serde(skip)]
            Other(ValueId),
        }

        impl Function {
            /// Every function with a name of its own.
            pub const ALL: &[Function] = &[$(Function::$name),*];

            /// The name as files and reports write it; `None` for [`Function::Other`].
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Function::$name => Some($text),)*
                    Function::Other(_) => None,
                }
            }
        }
    };
}

functions! {
    /// Read a register: the value is nil at invocation, what was read at completion.
    Read = "read",
    /// Write a register.
    Write = "write",
    /// Compare and set: the value is `[expected, new]`; `ok` carries what was seen: `[seen, new]`,
    /// refused when `seen` differs from what was expected.
    Cas = "cas",
    /// Read a key of a map; a key that does not exist is `ok` with nil.
    Get = "get",
    /// Set a key of a map.
    Put = "put",
    /// Remove a key of a map.
    Delete = "delete",
    /// Append text to a key of a map, or an element to a list.
    Append = "append",
    /// A transaction: a list of micro-operations.
    Txn = "txn",
    /// Add to a set or a counter.
    Add = "add",
    /// Remove from a set.
    Remove = "remove",
    /// Put into a queue.
    Enqueue = "enqueue",
    /// Take from a queue.
    Dequeue = "dequeue",
    /// Take everything from a queue.
    Drain = "drain",
    /// Take a lock.
    Acquire = "acquire",
    /// Give a lock back.
    Release = "release",
    /// Ask for a unique id.
    Generate = "generate",
    /// See what a queue or a stack would give next, and leave it there.
    Peek = "peek",
    /// Put on a stack.
    Push = "push",
    /// Take from a stack.
    Pop = "pop",
    /// Ask whether a set holds an element.
    Contains = "contains",
    /// Add to a number and get what it was before.
    FetchAdd = "fetch-add",
    /// Send a message to a log; `ok` carries its offset.
    Send = "send",
    /// Ask a log for messages; `ok` carries offsets and values.
    Poll = "poll",
    /// Move an amount from one account to another.
    Transfer = "transfer",
}

impl Function {
    /// The function of this name, if it is one of ours.
    pub fn from_name(name: &str) -> Option<Function> {
        Function::ALL.iter().copied().find(|function| function.name() == Some(name))
    }

    /// Whether the function never changes anything.
    pub const fn is_read(self) -> bool {
        matches!(self, Function::Read | Function::Get)
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name().unwrap_or("other"))
    }
}
