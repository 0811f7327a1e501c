//! What proves a broker, and what helps to prove a service.

pub mod broken;
pub mod conformance;
