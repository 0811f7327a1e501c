//! The settings: each one is a variable of the environment, a line of `.env`, and a flag.
//!
//! ```text
//!  flag ─▶ environment ─▶ .env ─▶ default        the first that says something wins
//! ```
//!
//! A flag's value name is its variable: `--http-port <HTTP_PORT>`.

mod cluster;
mod dotenv;
mod kafka;
mod near_miss;
mod parts;
mod property;
mod secret;
mod sources;
mod traces;
mod unbuilt;
mod values;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use clap::{ArgAction, Args, Command};

pub use kafka::{AssignmentStrategy, Kafka, SaslMechanism, SecurityProtocol};
pub use parts::{Breaker, Format, Http, IdempotencyStore, Redis, Retrying, Simulation, Stores};
pub use property::Property;
pub use secret::Secret;
pub use sources::Variables;
pub use traces::{OtlpProtocol, Pairs, Traces, TracesSampler};
pub(crate) use values::duration;

use crate::model::{Store, postgres};

/// All settings, checked one by one; what must fit together is checked at the start.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// The log, and the names in it.
    #[command(flatten)]
    pub kafka: Kafka,
    /// Where the services listen, and what they take.
    #[command(flatten)]
    pub http: Http,
    /// Where traces go.
    #[command(flatten)]
    pub traces: Traces,
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

/// The variables of all settings, in the order of `--help`. Those of properties (`KAFKA_PROPERTY_...`) are not among
/// them: their names have no end.
#[must_use]
pub fn names() -> Vec<String> {
    let settings = Config::augment_args(Command::new("settings"));
    let named = settings.get_arguments().filter(|s| !matches!(s.get_action(), ArgAction::Append));
    named.map(|setting| setting.get_id().as_str().to_uppercase()).collect()
}

impl Config {
    /// What must fit together, and what this version does not have. `set` names what was set by flag or variable.
    /// Gives lines to warn with, one for each setting that has no effect.
    ///
    /// # Errors
    /// The first contradiction, or promise that cannot be kept: one line that names the variable.
    pub fn check(&self, set: &BTreeSet<String>) -> Result<Vec<String>, String> {
        let set: Vec<_> = set.iter().map(String::as_str).collect();
        self.kafka.options("orders")?;
        unbuilt::promise(self)?;
        if self.retry.retry_max_interval < self.retry.retry_initial_interval {
            return Err(
                "RETRY_MAX_INTERVAL: must not be shorter than RETRY_INITIAL_INTERVAL".into()
            );
        }
        self.traces.check()?;
        self.stores.check_gateway()?;
        self.check_read_model()?;
        self.check_topics()?;
        Ok(unbuilt::warnings(self, &set))
    }

    /// Whether the log is a Kafka cluster, and not the embedded one.
    #[must_use]
    pub fn on_kafka(&self) -> bool {
        self.kafka.kafka_brokers.is_some()
    }

    fn check_read_model(&self) -> Result<(), String> {
        match self.stores.read_model() {
            Store::Postgres(url) => postgres(&url).map(drop).map_err(|e| format!("DATABASE_URL: {e}")),
            Store::Sqlite(_) if !self.http.http_host.is_loopback() => Err(
                "HTTP_HOST: beyond this machine (127.0.0.1) the read model must not be SQLite: set DATABASE_URL to a PostgreSQL database".into(),
            ),
            Store::Sqlite(_) => Ok(()),
        }
    }

    fn check_topics(&self) -> Result<(), String> {
        let topics = &self.kafka;
        let named = [
            ("KAFKA_TOPIC_ORDERS", &topics.kafka_topic_orders),
            ("KAFKA_TOPIC_ORDERS_RETRY", &topics.kafka_topic_orders_retry),
            ("KAFKA_TOPIC_ORDERS_DLQ", &topics.kafka_topic_orders_dlq),
            ("KAFKA_TOPIC_IDEMPOTENCY", &topics.kafka_topic_idempotency),
        ];
        for (index, (name, topic)) in named.iter().enumerate() {
            if let Some((other, _)) = named[..index].iter().find(|(_, other)| other == topic) {
                return Err(format!(
                    "{name}: {topic} is also {other}; each topic needs its own name"
                ));
            }
            if topic.as_str() == crate::topics::AUDIT {
                return Err(format!("{name}: {topic} is kept for what operators do"));
            }
        }
        Ok(())
    }

    /// Where the gateway is: `GATEWAY_URL`, or at `HTTP_HOST` and `HTTP_PORT` + 3. Without a slash at the end. May hold a
    /// password: not for logs or errors.
    #[must_use]
    pub fn gateway_url(&self) -> String {
        match &self.stores.gateway_url {
            Some(url) => url.expose().trim_end_matches('/').to_owned(),
            None => {
                let address = SocketAddr::new(self.http.http_host, self.http.gateway_port());
                format!("http://{address}")
            }
        }
    }
}

#[cfg(test)]
mod tests;
