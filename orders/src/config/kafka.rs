//! The log: addresses, topics, the group, security.

use clap::{Args, ValueEnum};
use tidegate::message::TopicName;

use super::Secret;
use super::values::{not_empty, topic};

/// The log, and the names in it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Kafka, or the embedded log")]
pub struct Kafka {
    /// Kafka's addresses, with commas; without it the embedded log in DATA_DIR is used.
    #[arg(long)]
    pub kafka_brokers: Option<String>,
    /// Topic of the events.
    #[arg(long, default_value = "orders", value_parser = topic)]
    pub kafka_topic_orders: TopicName,
    /// Topic of the retry schedule.
    #[arg(long, default_value = "orders_retry", value_parser = topic)]
    pub kafka_topic_orders_retry: TopicName,
    /// Topic of the dead letters.
    #[arg(long, default_value = "orders_dlq", value_parser = topic)]
    pub kafka_topic_orders_dlq: TopicName,
    /// Topic of the markers.
    #[arg(long, default_value = "orders_idempotency", value_parser = topic)]
    pub kafka_topic_idempotency: TopicName,
    /// The consumer's group.
    #[arg(long, default_value = "orders-consumer-group", value_parser = not_empty)]
    pub kafka_consumer_group: String,
    /// Partitions of a topic that is created.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub kafka_topic_partitions: u32,
    /// Copies of a topic that is created.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub kafka_replication_factor: u16,
    /// How partitions are shared out in a group.
    #[arg(long, default_value = "cooperative-sticky")]
    pub kafka_assignment_strategy: AssignmentStrategy,
    /// Transport security: plaintext, ssl, sasl_plaintext, sasl_ssl.
    #[arg(long)]
    pub kafka_security_protocol: Option<String>,
    /// SASL mechanism.
    #[arg(long)]
    pub kafka_sasl_mechanism: Option<String>,
    /// SASL user.
    #[arg(long)]
    pub kafka_sasl_username: Option<String>,
    /// SASL password.
    #[arg(long)]
    pub kafka_sasl_password: Option<Secret>,
    /// File with the certificates that are trusted.
    #[arg(long)]
    pub kafka_ssl_ca_location: Option<String>,
    /// File with this client's certificate.
    #[arg(long)]
    pub kafka_ssl_certificate_location: Option<String>,
    /// File with this client's key.
    #[arg(long)]
    pub kafka_ssl_key_location: Option<String>,
    /// Password of that key.
    #[arg(long)]
    pub kafka_ssl_key_password: Option<Secret>,
    /// Where Avro and Protobuf schemas are registered.
    #[arg(long)]
    pub schema_registry_url: Option<String>,
}

/// How partitions are shared out in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AssignmentStrategy {
    /// Keeps what can be kept; others go on during a rebalance.
    CooperativeSticky,
    /// One after the other.
    #[value(name = "roundrobin")]
    RoundRobin,
    /// Neighbouring partitions together.
    Range,
}
