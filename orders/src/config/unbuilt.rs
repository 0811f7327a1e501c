//! Settings of parts that this version does not have.
//!
//! One that promises a guarantee stops the start: going on would break the promise silently. The others warn once.

use super::property::variable;
use super::{AssignmentStrategy, Config, Format, IdempotencyStore};

/// Settings whose promise cannot be kept: the first one that is set stops the start.
pub(super) fn promise(config: &Config) -> Result<(), String> {
    if !config.on_kafka() && config.kafka.kafka_replication_factor > 1 {
        return Err(
            "KAFKA_REPLICATION_FACTOR: without KAFKA_BROKERS the embedded log is used, which keeps one copy; leave it out, or set 1"
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
pub(super) fn warnings(config: &Config, set: &[&str]) -> Vec<String> {
    let unbuilt = set.iter().filter_map(|name| Some(((*name).to_owned(), missing(name)?)));
    let unused = if config.on_kafka() { Vec::new() } else { kafkas(config) };
    let unused =
        unused.into_iter().map(|name| (name, "the embedded log is used, which has its own"));
    unbuilt.chain(unused).map(|(name, why)| format!("{name} has no effect: {why}")).collect()
}

/// Settings that only a cluster has use for, where they are not the default.
fn kafkas(config: &Config) -> Vec<String> {
    let kafka = &config.kafka;
    let chosen = kafka.kafka_assignment_strategy != AssignmentStrategy::CooperativeSticky;
    let strategy = chosen.then(|| "KAFKA_ASSIGNMENT_STRATEGY".to_owned());
    let properties = kafka.properties().into_keys().map(variable);
    strategy.into_iter().chain(properties).collect()
}

/// Whether it is one of the settings.
fn is_ours(name: &str) -> bool {
    super::names().iter().any(|ours| ours == name)
}

fn missing(name: &str) -> Option<&'static str> {
    match name {
        "KAFKA_TOPIC_IDEMPOTENCY" => Some("this version keeps its markers in the database"),
        "SCHEMA_REGISTRY_URL" => Some("this version has no schema registry"),
        "JAEGER_ENDPOINT" => Some(
            "its successor is OTEL_EXPORTER_OTLP_ENDPOINT, the address of a receiver of OTLP over HTTP (Jaeger: port 4318)",
        ),
        _ if name.starts_with("REDIS_") => Some("this version does not use Redis"),
        _ if name.starts_with("OTEL_") && !is_ours(name) => Some(
            "traces are sent as those OTEL_ variables say that --help lists; metrics and logs are not",
        ),
        _ if name.starts_with("CIRCUIT_BREAKER_") => Some("this version has no circuit breaker"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands behind a `#` in the example has no effect, and nothing else has none.
    #[test]
    fn the_example_file_sets_what_has_an_effect_and_nothing_else() {
        let text = include_str!("../../../.env.example");
        let mut silent = 0;
        for (line, name) in text.lines().filter_map(|line| Some((line, named(line)?))) {
            assert_eq!(line.starts_with('#'), missing(name).is_some(), "{line}");
            silent += usize::from(line.starts_with('#'));
        }
        assert!(silent > 10, "only {silent} were read");
    }

    /// The name of a setting, commented or not.
    fn named(line: &str) -> Option<&str> {
        let (name, _) = line.trim_start_matches(['#', ' ']).split_once('=')?;
        name.chars().all(|c| c.is_ascii_uppercase() || c == '_').then_some(name)
    }
}
