//! Everything that is not the log.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueEnum};

use super::Secret;
use super::values::{duration, http_url, not_empty, ratio};
use crate::logging::check_filter;
use crate::model::Store;

/// Where the services listen, and what they take.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "HTTP and logs")]
pub struct Http {
    /// Port of the producer; consumer, replay and gateway take the three after it.
    #[arg(long, default_value_t = 8090, value_parser = clap::value_parser!(u16).range(1..=65_532))]
    pub http_port: u16,
    /// Address that all services listen on.
    #[arg(long, default_value = "127.0.0.1")]
    pub http_host: IpAddr,
    /// Largest request body, in bytes.
    #[arg(long, default_value_t = 1 << 20, value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    pub http_body_limit: u64,
    /// Most orders in one batch.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub batch_limit: u32,
    /// Name in the logs, of every service of the process; each service's own name without it.
    #[arg(long, value_parser = not_empty)]
    pub service_name: Option<String>,
    /// What is logged: error, warn, info, debug, trace, or a filter such as info,orders=debug.
    #[arg(long, default_value = "info", value_parser = check_filter)]
    pub log_level: String,
}

impl Http {
    /// The consumer's port.
    #[must_use]
    pub const fn consumer_port(&self) -> u16 {
        self.http_port + 1
    }

    /// The replay service's port.
    #[must_use]
    pub const fn replay_port(&self) -> u16 {
        self.http_port + 2
    }

    /// The gateway's port.
    #[must_use]
    pub const fn gateway_port(&self) -> u16 {
        self.http_port + 3
    }
}

/// Where things are kept.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Data")]
pub struct Stores {
    /// Folder of the embedded log, the read model, the ledger and journals.
    #[arg(long, default_value = "./data")]
    pub data_dir: PathBuf,
    /// Read model on several machines: postgres://user:password@host:5432/database, its tables in the schema `orders`;
    /// without it orders.db in DATA_DIR is used.
    #[arg(long)]
    pub database_url: Option<Secret>,
    /// Where the gateway is; HTTP_PORT + 3 of this machine without it.
    #[arg(long)]
    pub gateway_url: Option<Secret>,
    /// Where markers of finished work are kept; this version has only `database`.
    #[arg(long, default_value = "database")]
    pub idempotency_store: IdempotencyStore,
    /// How events are written.
    #[arg(long, default_value = "json")]
    pub orders_format: Format,
    /// Most dead letters that one question looks at.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub dlq_scan_limit: u64,
}

impl Stores {
    /// What is wrong with where the gateway is said to be; not the address itself, as a password may be in it.
    pub(super) fn check_gateway(&self) -> Result<(), String> {
        let given = self.gateway_url.as_ref().map_or(Ok(()), |url| http_url(url.expose()));
        given.map_err(|why| format!("GATEWAY_URL: {why}"))
    }

    /// The embedded log's folder.
    #[must_use]
    pub fn log_dir(&self) -> PathBuf {
        self.data_dir.join("log")
    }

    /// Where the read model is.
    #[must_use]
    pub fn read_model(&self) -> Store {
        match &self.database_url {
            Some(url) => Store::Postgres(url.clone()),
            None => Store::Sqlite(self.data_dir.join("orders.db")),
        }
    }

    /// The gateway's folder.
    #[must_use]
    pub fn gateway_dir(&self) -> PathBuf {
        self.data_dir.join("gateway")
    }
}

/// Where markers of finished work are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum IdempotencyStore {
    /// In the transaction of the effect.
    Database,
    /// In a compacted topic.
    Topic,
    /// In Redis.
    Redis,
    /// In a compacted topic, with Redis before it.
    Hybrid,
}

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum Format {
    /// JSON text.
    Json,
    /// Avro, with a registry.
    Avro,
    /// Protobuf, with a registry.
    Protobuf,
}

/// What happens after a failure.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Retry")]
pub struct Retrying {
    /// Handler calls per record until a replay.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub retry_max_attempts: u32,
    /// Longest wait after the first failure; it doubles with each, and the wait is drawn below it.
    #[arg(long, default_value = "1s", value_parser = duration)]
    pub retry_initial_interval: Duration,
    /// Longest wait between two attempts.
    #[arg(long, default_value = "30s", value_parser = duration)]
    pub retry_max_interval: Duration,
}

/// When a failing dependency is left alone.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Circuit breaker (no effect in this version)")]
pub struct Breaker {
    /// Probes while half open.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub circuit_breaker_max_requests: u32,
    /// Window in which failures are counted.
    #[arg(long, default_value = "60s", value_parser = duration)]
    pub circuit_breaker_interval: Duration,
    /// How long it stays open.
    #[arg(long, default_value = "30s", value_parser = duration)]
    pub circuit_breaker_timeout: Duration,
    /// Share of failures that opens it.
    #[arg(long, default_value = "0.5", value_parser = ratio)]
    pub circuit_breaker_failure_ratio: f64,
    /// Calls in the window before the share counts.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub circuit_breaker_min_requests: u32,
    /// A call that takes longer counts as failed.
    #[arg(long, value_parser = duration)]
    pub circuit_breaker_slow_call: Option<Duration>,
}

/// Redis, for the idempotency stores that need it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Redis (no effect in this version)")]
pub struct Redis {
    /// Address.
    #[arg(long, default_value = "localhost:6379")]
    pub redis_addr: Secret,
    /// Password.
    #[arg(long)]
    pub redis_password: Option<Secret>,
    /// Number of the database.
    #[arg(long, default_value_t = 0)]
    pub redis_db: u32,
}

/// What clients may steer.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Simulation")]
pub struct Simulation {
    /// Takes the header X-Simulate; on in `up` unless this says false, else off.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub allow_simulation: Option<bool>,
    /// Lets the product `crash` abort the process.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, default_value_t = false, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub allow_crash: bool,
}
