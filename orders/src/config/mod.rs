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

    fn refusal(args: &[&str], set: &[&str]) -> String {
        let set = set.iter().map(|name| (*name).to_owned()).collect();
        parse(args).check(&set).unwrap_err()
    }

    #[test]
    fn contradictions_stop_the_start() {
        for (args, names) in [
            (&["--retry-max-interval=1ms"][..], "RETRY_MAX_INTERVAL"),
            (&["--http-host=0.0.0.0"], "HTTP_HOST"),
            (&["--kafka-topic-orders-dlq=orders"], "KAFKA_TOPIC_ORDERS_DLQ"),
            (&["--kafka-topic-orders=orders_audit"], "KAFKA_TOPIC_ORDERS"),
        ] {
            let line = refusal(args, &[]);
            assert!(line.starts_with(&format!("{names}: ")) && !line.contains('\n'), "{line}");
        }
        assert!(parse(&["--http-host=::1"]).check(&BTreeSet::new()).is_ok());
        let several = ["--http-host=0.0.0.0", "--database-url=postgres://u:hunter2@h/d"];
        assert!(parse(&several).check(&BTreeSet::new()).is_ok());
        let shown = format!("{:?} {}", parse(&several), parse(&several).stores.read_model());
        assert!(!shown.contains("hunter2") && shown.contains("PostgreSQL at h:5432/d"), "{shown}");
    }

    #[test]
    fn promises_that_cannot_be_kept_stop_the_start() {
        for (args, name) in [
            ("--kafka-security-protocol=ssl", "KAFKA_SECURITY_PROTOCOL"),
            ("--kafka-sasl-password=x", "KAFKA_SASL_PASSWORD"),
            ("--kafka-ssl-ca-location=x", "KAFKA_SSL_CA_LOCATION"),
            ("--kafka-replication-factor=3", "KAFKA_REPLICATION_FACTOR"),
            ("--idempotency-store=redis", "IDEMPOTENCY_STORE"),
            ("--orders-format=avro", "ORDERS_FORMAT"),
            ("--database-url=mysql://u:hunter2@h/d", "DATABASE_URL"),
            ("--database-url=postgres://u:hunter2@h:port/d", "DATABASE_URL"),
        ] {
            let line = refusal(&[args], &[name]);
            assert!(line.starts_with(&format!("{name}: ")) && !line.contains("hunter2"), "{line}");
        }
    }

    #[test]
    fn on_kafka_the_clusters_settings_are_taken() {
        let given = [
            "--kafka-brokers=x:9092",
            "--kafka-replication-factor=3",
            "--kafka-assignment-strategy=range",
            "--kafka-property=linger.ms=5",
        ];
        let set = ["KAFKA_BROKERS", "KAFKA_ASSIGNMENT_STRATEGY", "KAFKA_PROPERTY_LINGER_MS"];
        let set = set.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(parse(&given).check(&set), Ok(vec![]));
        assert!(parse(&given).on_kafka());
        let lines = parse(&given[2..]).check(&BTreeSet::new()).unwrap();
        assert_eq!(lines.len(), 2, "on the embedded log they have no effect: {lines:?}");
        assert!(lines.iter().any(|line| line.contains("KAFKA_PROPERTY_LINGER_MS")), "{lines:?}");
    }

    #[test]
    fn what_has_no_effect_is_told_once() {
        let set = [
            "REDIS_ADDR",
            "OTEL_METRICS_EXPORTER",
            "CIRCUIT_BREAKER_TIMEOUT",
            "JAEGER_ENDPOINT",
            "HTTP_PORT",
        ];
        let set = set.iter().map(|name| (*name).to_owned()).collect();
        let lines = parse(&[]).check(&set).unwrap();
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert!(lines.iter().any(|line| line.contains("OTEL_EXPORTER_OTLP_ENDPOINT")));
    }

    #[test]
    fn the_example_file_lists_every_setting_and_no_other() {
        let text = include_str!("../../../.env.example");
        let listed: Vec<_> = text
            .lines()
            .filter_map(|line| line.trim_start_matches(['#', ' ']).split_once('='))
            .map(|(name, _)| name.to_owned())
            .filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
            .collect();
        assert_eq!(listed, names());
    }

    #[test]
    fn secrets_are_not_shown() {
        let config = parse(&[
            "--redis-password=hunter2",
            "--redis-addr=redis://:hunter2@h:1",
            "--database-url=postgres://u:hunter2@h/d",
            "--gateway-url=http://u:hunter2@pay:1",
            "--schema-registry-url=http://u:hunter2@s:1",
            "--kafka-brokers=k:9092",
            "--kafka-security-protocol=sasl_plaintext",
            "--kafka-sasl-mechanism=PLAIN",
            "--kafka-sasl-username=u",
            "--kafka-sasl-password=hunter2",
            "--kafka-ssl-key-password=hunter2",
            "--kafka-property=retries=hunter2",
            "--otel-exporter-otlp-endpoint=http://h:1/hunter2",
            "--otel-exporter-otlp-headers=authorization=hunter2",
        ]);
        let gateway = crate::gateway::client::GatewayClient::new(config.gateway_url()).unwrap();
        let secrets = [("KAFKA_SASL_PASSWORD".into(), "hunter2".into())];
        let variables = Variables::from_parts("REDIS_PASSWORD=hunter2", secrets).unwrap();
        let options = config.kafka.options("c");
        for shown in [
            format!("{config:?}"),
            format!("{gateway:?}"),
            format!("{variables:?}"),
            format!("{options:?}"),
            format!("{:?}", config.stores.read_model()),
            crate::log::place(&config),
        ] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
