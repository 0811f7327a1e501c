//! What a service tells Prometheus, against what it did.

mod counted;
mod names;
mod progress;
mod publishing;
mod support;
