//! Real servers for tests: Apache Kafka, PostgreSQL, Redis, Prometheus.
//!
//! Each is started by the script of its name in `scripts/`, on free ports of 127.0.0.1, with its data in a temporary
//! folder. It ends, and its data goes, when the value is dropped, and also when the test's process ends in any other
//! way:
//!
//! ```text
//! test process ──stdin──▶ scripts/kafka start --attached ──▶ java
//!      ┊ ends, even by SIGKILL: the system closes the pipe
//!      └┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶ the script ends the server by its process id and removes the data
//! ```
//!
//! A server that cannot be started panics with what the script wrote: a test without its server has failed.

#![expect(clippy::panic, reason = "a server that cannot be started fails the test")]

mod kafka;
mod ports;
mod script;
mod secure;
mod single;

pub use kafka::{LocalKafka, Node};
pub use secure::{SecureKafka, User};
pub use single::{
    Kind, LocalPostgres, LocalPrometheus, LocalRedis, Postgres, Prometheus, Redis, Single, promtool,
};
