//! The settings: each one is a variable of the environment, a line of `.env`, and a flag.
//!
//! ```text
//!  flag ─▶ environment ─▶ .env ─▶ default        the first that says something wins
//! ```
//!
//! A flag's value name is its variable: `--http-port <HTTP_PORT>`.

mod kafka;
mod parts;
mod secret;
mod values;

use clap::Args;

pub use kafka::{AssignmentStrategy, Kafka};
pub use parts::{Breaker, Format, Http, IdempotencyStore, Redis, Retrying, Simulation, Stores};
pub use secret::Secret;

/// All settings, checked one by one; what must fit together is checked at the start.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// The log, and the names in it.
    #[command(flatten)]
    pub kafka: Kafka,
    /// Where the services listen, and what they take.
    #[command(flatten)]
    pub http: Http,
    /// Where things are kept.
    #[command(flatten)]
    pub stores: Stores,
    /// What happens after a failure.
    #[command(flatten)]
    pub retry: Retrying,
    /// When a failing dependency is left alone.
    #[command(flatten)]
    pub breaker: Breaker,
    /// Redis, for the idempotency stores that need it.
    #[command(flatten)]
    pub redis: Redis,
    /// What clients may steer.
    #[command(flatten)]
    pub simulation: Simulation,
}

impl Config {
    /// Where the gateway is: `GATEWAY_URL`, or this machine's at `HTTP_PORT` + 3. Without a slash at the end.
    #[must_use]
    pub fn gateway_url(&self) -> String {
        match &self.stores.gateway_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://127.0.0.1:{}", self.http.gateway_port()),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        config: Config,
    }

    fn parse(args: &[&str]) -> Config {
        Program::parse_from([&["orders"], args].concat()).config
    }

    #[test]
    fn defaults_are_the_contracts() {
        let config = parse(&[]);
        assert_eq!(config.kafka.kafka_topic_orders.as_str(), "orders");
        assert_eq!(config.kafka.kafka_consumer_group, "orders-consumer-group");
        assert_eq!(config.kafka.kafka_topic_partitions, 3);
        assert_eq!((config.http.http_port, config.http.gateway_port()), (8090, 8093));
        assert_eq!(config.http.http_body_limit, 1 << 20);
        assert_eq!(config.retry.retry_max_attempts, 3);
        assert_eq!(config.gateway_url(), "http://127.0.0.1:8093");
        assert_eq!(config.simulation.allow_simulation, None);
        assert!(!config.simulation.allow_crash);
    }

    #[test]
    fn the_gateway_follows_the_port() {
        assert_eq!(parse(&["--http-port", "9000"]).gateway_url(), "http://127.0.0.1:9003");
        let other = parse(&["--gateway-url", "http://pay:1/"]);
        assert_eq!(other.gateway_url(), "http://pay:1");
    }

    #[test]
    fn secrets_are_not_shown() {
        let config =
            parse(&["--redis-password", "hunter2", "--database-url", "postgres://u:hunter2@h/d"]);
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
