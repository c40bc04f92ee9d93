//! The checkers that judge by accounting.

mod oracle;
mod script;
#[path = "../tell/mod.rs"]
mod tell;
mod world;

mod golden;
mod hostile;
mod planted;
mod speed;
mod truthful;
mod twins;
