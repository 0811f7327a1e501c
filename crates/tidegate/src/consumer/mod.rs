//! From the log to a settled outcome: the sans-I/O [`core`], and the runtime that drives it.

pub mod core;
pub(crate) mod runtime;
