//! What a service guarantees, driven end to end: real log, real handlers, virtual time.

mod common;
mod happy;
