//! What proves a broker, and what helps to prove a service.

mod test_service;

pub use test_service::{Saw, TestService, TestServiceBuilder};
