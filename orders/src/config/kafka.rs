//! The log: addresses, topics, the group, security.

use clap::{ArgAction, Args, ValueEnum};
use tidegate::message::TopicName;

use super::Secret;
use super::property::Property;
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
    /// Topic in which orders wait for their later attempts.
    #[arg(long, default_value = "orders_retry", value_parser = topic)]
    pub kafka_topic_orders_retry: TopicName,
    /// Topic of the dead letters.
    #[arg(long, default_value = "orders_dlq", value_parser = topic)]
    pub kafka_topic_orders_dlq: TopicName,
    /// Topic of the markers; no effect in this version.
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
    /// Transport security; plaintext without it.
    #[arg(long, ignore_case = true)]
    pub kafka_security_protocol: Option<SecurityProtocol>,
    /// SASL mechanism.
    #[arg(long, ignore_case = true)]
    pub kafka_sasl_mechanism: Option<SaslMechanism>,
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
    /// Any other property of librdkafka, such as linger.ms=5; may be repeated. As a variable its name is part of the
    /// name, with _ for each dot: KAFKA_PROPERTY_LINGER_MS=5.
    #[arg(long, action = ArgAction::Append, value_name = "NAME=VALUE")]
    pub kafka_property: Vec<Property>,
    /// Where Avro and Protobuf schemas are registered; no effect in this version.
    #[arg(long)]
    pub schema_registry_url: Option<Secret>,
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

/// How connections to Kafka are secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SecurityProtocol {
    /// Nothing is encrypted, nobody proves anything.
    Plaintext,
    /// TLS.
    Ssl,
    /// SASL in the clear.
    #[value(name = "sasl_plaintext")]
    SaslPlaintext,
    /// SASL in TLS.
    #[value(name = "sasl_ssl")]
    SaslSsl,
}

impl SecurityProtocol {
    /// As librdkafka and this system's variables write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Ssl => "ssl",
            Self::SaslPlaintext => "sasl_plaintext",
            Self::SaslSsl => "sasl_ssl",
        }
    }

    pub(super) const fn has_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    pub(super) const fn has_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

/// How a client proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SaslMechanism {
    /// User and password, as they are.
    #[value(name = "PLAIN")]
    Plain,
    /// A proof that the password is known.
    #[value(name = "SCRAM-SHA-256")]
    ScramSha256,
    /// The same, with the longer hash.
    #[value(name = "SCRAM-SHA-512")]
    ScramSha512,
    /// Tokens of an identity provider.
    #[value(name = "OAUTHBEARER")]
    OAuthBearer,
}

impl SaslMechanism {
    /// As librdkafka and this system's variables write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::OAuthBearer => "OAUTHBEARER",
        }
    }
}
