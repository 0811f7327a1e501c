//! The order platform: the reference system on Tidegate.
//!
//! ```text
//!  producer ─ orders ─▶ consumer ─ charge ─▶ gateway
//!     ▲                  │    └─ read model ─▶ producer
//!     └───── replay ◀─ orders_dlq
//! ```
//!
//! [`up`] runs all of it in one process, or one service each. [`order`] is the domain; [`http`], [`config`], [`logging`] and
//! [`audit`] are shared by all services.

pub mod audit;
pub mod cli;
pub mod config;
pub mod consumer;
pub mod gateway;
pub mod http;
pub mod load;
pub mod log;
pub mod logging;
pub mod metrics;
pub mod model;
pub mod order;
pub mod producer;
pub mod replay;
pub mod sample;
pub mod topics;
pub mod traces;
pub mod up;
