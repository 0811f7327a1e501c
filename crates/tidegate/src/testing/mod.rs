//! What proves a broker, and what helps to prove a service.

pub mod broken;
pub mod chaos;
pub mod conformance;
pub mod sim;
mod test_service;

pub use chaos::chaos;
pub use test_service::{Saw, TestService, TestServiceBuilder};
