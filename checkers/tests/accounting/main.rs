//! The checkers that judge by accounting.

mod oracle;
mod script;
mod world;

mod golden;
mod hostile;
mod planted;
mod speed;
mod truthful;
mod twins;
