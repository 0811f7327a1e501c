//! Settings, by flag; what they refuse, and what they never show.

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
