//! Settings of parts that this version does not have.
//!
//! One that promises a guarantee stops the start: going on would break the promise silently. The others warn once.

use super::{Config, Format, IdempotencyStore};

/// Settings whose promise cannot be kept: the first one that is set stops the start.
pub(super) fn promise(config: &Config, set: &[&str]) -> Result<(), String> {
    let security = |name: &&&str| {
        ["KAFKA_SECURITY_", "KAFKA_SASL_", "KAFKA_SSL_"].iter().any(|start| name.starts_with(start))
    };
    if set.contains(&"KAFKA_BROKERS") {
        return Err("KAFKA_BROKERS: this version has no Kafka support; leave it out, and the embedded log in DATA_DIR is used".into());
    }
    if let Some(name) = set.iter().find(security) {
        return Err(format!(
            "{name}: this version has no Kafka support, so nothing would be secured; leave it out"
        ));
    }
    if config.kafka.kafka_replication_factor > 1 {
        return Err(
            "KAFKA_REPLICATION_FACTOR: the embedded log keeps one copy; leave it out, or set 1"
                .into(),
        );
    }
    if config.stores.idempotency_store != IdempotencyStore::Database {
        return Err("IDEMPOTENCY_STORE: this version has only database".into());
    }
    if config.stores.orders_format != Format::Json {
        return Err("ORDERS_FORMAT: this version has only json".into());
    }
    Ok(())
}

/// What is set and does nothing, one line each.
pub(super) fn warnings(set: &[&str]) -> Vec<String> {
    set.iter()
        .filter_map(|name| Some(format!("{name} has no effect: {}", missing(name)?)))
        .collect()
}

fn missing(name: &str) -> Option<&'static str> {
    match name {
        "KAFKA_TOPIC_ORDERS_RETRY" => Some("this version has no durable retry"),
        "KAFKA_TOPIC_IDEMPOTENCY" => Some("this version keeps its markers in the database"),
        "KAFKA_ASSIGNMENT_STRATEGY" => Some("the embedded log has its own"),
        "SCHEMA_REGISTRY_URL" => Some("this version has no schema registry"),
        "JAEGER_ENDPOINT" => {
            Some("its successor is OTEL_EXPORTER_OTLP_ENDPOINT, and this version sends no traces")
        }
        _ if name.starts_with("KAFKA_PROPERTY_") => Some("this version has no Kafka support"),
        _ if name.starts_with("REDIS_") => Some("this version does not use Redis"),
        _ if name.starts_with("OTEL_") => Some("this version sends no telemetry"),
        _ if name.starts_with("CIRCUIT_BREAKER_") => Some("this version has no circuit breaker"),
        _ => None,
    }
}
