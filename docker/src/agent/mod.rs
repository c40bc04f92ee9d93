//! The agent inside a node's network namespace.
