//! The search against a judge that tries every order, and against its twin.

mod limits;
mod toys;
mod twin;
