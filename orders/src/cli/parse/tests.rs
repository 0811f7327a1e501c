//! What the command line, the environment and `.env` make of each other.

use super::*;
use crate::cli::Command;

fn run(dotenv: &str, environment: &[(&str, &str)], given: &[&str]) -> Result<Parsed, Stop> {
    let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
    let variables = Variables::from_parts(dotenv, environment).unwrap();
    let given = [&["orders"], given].concat();
    parse(given.into_iter().map(OsString::from).collect(), &variables)
}

fn refused(dotenv: &str, environment: &[(&str, &str)], given: &[&str]) -> String {
    match run(dotenv, environment, given) {
        Err(Stop::Refused(line)) => line,
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn flag_environment_file_default_in_this_order() {
    let port = |dotenv, environment: &[(&str, &str)], given: &[&str]| {
        run(dotenv, environment, given).unwrap().program.config.http.http_port
    };
    let environment = [("HTTP_PORT", "2000")];
    assert_eq!(port("", &[], &["up"]), 8090);
    assert_eq!(port("HTTP_PORT=1000", &[], &["up"]), 1000);
    assert_eq!(port("HTTP_PORT=1000", &environment, &["up"]), 2000);
    assert_eq!(port("HTTP_PORT=1000", &environment, &["up", "--http-port", "3000"]), 3000);
    assert_eq!(port("HTTP_PORT=x", &environment, &["--http-port=3000", "up"]), 3000);
}

#[test]
fn a_bad_value_is_one_line_that_names_the_variable() {
    for (name, value) in [
        ("HTTP_PORT", "0"),
        ("HTTP_PORT", "65533"),
        ("HTTP_HOST", "everywhere"),
        ("KAFKA_TOPIC_PARTITIONS", "none"),
        ("KAFKA_TOPIC_ORDERS", "a b"),
        ("KAFKA_CONSUMER_GROUP", " "),
        ("RETRY_INITIAL_INTERVAL", "5"),
        ("RETRY_MAX_ATTEMPTS", "0"),
        ("CIRCUIT_BREAKER_FAILURE_RATIO", "1.5"),
        ("IDEMPOTENCY_STORE", "memory"),
        ("ALLOW_CRASH", "perhaps"),
        ("LOG_LEVEL", "loud"),
        ("GATEWAY_URL", "ftp://x"),
        ("KAFKA_SECURITY_PROTOCOL", "tls"),
        ("KAFKA_SASL_MECHANISM", "GSSAPI"),
        ("HTTP_BODY_LIMIT", "0"),
        ("BATCH_LIMIT", "0"),
    ] {
        let line = refused("", &[(name, value)], &["up"]);
        assert!(line.contains(name) && !line.contains('\n'), "{line}");
    }
}

#[test]
fn a_typing_error_stops_the_start() {
    let line = refused("KAFKA_BROKER=x", &[], &["up"]);
    assert_eq!(line, "KAFKA_BROKER: did you mean KAFKA_BROKERS?");
}

#[test]
fn what_may_be_a_secret_is_refused_without_being_shown() {
    for (name, value) in [
        ("GATEWAY_URL", "https://u:hunter2@pay:1"),
        ("GATEWAY_URL", "u:hunter2@pay:1"),
        ("GATEWAY_URL", "http://u:hunter2@pay:port"),
        ("KAFKA_BROKERS", "u:hunter2@k:9092"),
        ("KAFKA_BROKERS", "kafka://u:hunter2@k:9092"),
        ("DATABASE_URL", "mysql://u:hunter2@h/d"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2"),
        ("KAFKA_SASL_PASSWORD", "hunter2"),
    ] {
        let flag = format!("--{}={value}", name.to_lowercase().replace('_', "-"));
        for line in [
            refused(&format!("{name}='{value}'"), &[], &["up"]),
            refused("", &[(name, value)], &["up"]),
            refused("", &[], &["up", &flag]),
        ] {
            assert!(line.starts_with(&format!("{name}: ")) && !line.contains('\n'), "{line}");
            assert!(!line.contains("hunter2"), "{line}");
        }
    }
    for property in ["hunter2", "=hunter2"] {
        let line = refused("", &[], &["up", "--kafka-property", property]);
        assert!(line.contains("name=value") && !line.contains("hunter2"), "{line}");
    }
}

/// I8: whatever an address is refused for, a password in it is shown to nobody.
#[test]
fn an_address_for_traces_is_refused_without_being_shown() {
    for (address, told) in [
        ("https://u:hunter2@h", "must begin with http://"),
        ("u:hunter2@h:4318", "must begin with http://"),
        ("http://u:hunter2@h:port", "is no URL"),
        ("hunter2", "is no URL"),
        ("http://u:hunter2@h:4318", "OTEL_EXPORTER_OTLP_HEADERS is for secrets"),
        ("http://hunter2@h:4318", "OTEL_EXPORTER_OTLP_HEADERS is for secrets"),
        ("http://h:4318/?api-key=hunter2", "OTEL_EXPORTER_OTLP_HEADERS is for secrets"),
        ("http://h:4318/#hunter2", "OTEL_EXPORTER_OTLP_HEADERS is for secrets"),
    ] {
        let line = format!("OTEL_EXPORTER_OTLP_ENDPOINT={address}");
        for line in [
            refused(&line, &[], &["up"]),
            refused("", &[("OTEL_EXPORTER_OTLP_ENDPOINT", address)], &["up"]),
            refused("", &[], &["up", "--otel-exporter-otlp-endpoint", address]),
        ] {
            assert!(line.starts_with("OTEL_EXPORTER_OTLP_ENDPOINT: "), "{line}");
            assert!(line.contains(told) && !line.contains('\n'), "{line}");
            assert!(!line.contains("hunter2"), "{line}");
        }
    }
    let line = "OTEL_EXPORTER_OTLP_ENDPOINT=\"http://h:4318/?k=hunter2\"";
    assert!(!format!("{:?}", run(line, &[], &["up"])).contains("hunter2"));
}

#[test]
fn promises_are_refused_wherever_they_come_from() {
    for line in [
        refused("KAFKA_SASL_PASSWORD=x", &[], &["up"]),
        refused("", &[("KAFKA_SASL_PASSWORD", "x")], &["up"]),
        refused("", &[], &["up", "--kafka-sasl-password", "x"]),
    ] {
        assert!(line.starts_with("KAFKA_SASL_PASSWORD: "), "{line}");
    }
}

#[test]
fn a_property_may_be_a_variable_a_line_or_a_flag_and_the_flag_wins() {
    let dotenv = "KAFKA_BROKERS=x:9092\nKAFKA_PROPERTY_LINGER_MS=5";
    let shown = |given: &[&str]| {
        let config = run(dotenv, &[], given).unwrap().program.config;
        config.kafka.kafka_property.last().unwrap().value.expose().to_owned()
    };
    assert_eq!(shown(&["up"]), "5");
    assert_eq!(shown(&["up", "--kafka-property", "linger.ms=7"]), "7");
    assert_eq!(shown(&["--kafka-property=linger.ms=7", "producer"]), "7");
    let environment = [("KAFKA_PROPERTY_ACKS", "1")];
    let line = refused(dotenv, &environment, &["producer"]);
    assert!(line.starts_with("KAFKA_PROPERTY_ACKS: property acks cannot be set: "), "{line}");
    let near = refused("KAFKA_PROPERTIES_LINGER_MS=5", &[], &["up"]);
    assert!(near.ends_with("did you mean KAFKA_PROPERTY_LINGER_MS?"), "{near}");
}

#[test]
fn what_has_no_effect_is_warned_of_once() {
    let environment = [("REDIS_ADDR", "x:1"), ("OTEL_METRICS_EXPORTER", "x")];
    let warnings = run("REDIS_DB=1", &environment, &["up"]).unwrap().warnings;
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(run("", &[], &["up"]).unwrap().warnings.is_empty());
}

#[test]
fn the_example_file_can_be_used_as_it_is() {
    let parsed = run(include_str!("../../../../.env.example"), &[], &["up"]).unwrap();
    assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
    let bare = run("", &[], &["up"]).unwrap();
    assert_eq!(format!("{:?}", parsed.program.config), format!("{:?}", bare.program.config));
}

#[test]
fn switches_may_be_bare_or_have_a_value() {
    let of = |given: &[&str]| run("", &[], given).unwrap().program.config.simulation;
    assert!(of(&["up", "--allow-crash"]).allow_crash);
    assert_eq!(of(&["up", "--allow-simulation=false"]).allow_simulation, Some(false));
    assert_eq!(of(&["up"]).allow_simulation, None);
    let environment = [("ALLOW_SIMULATION", "yes")];
    let on = run("", &environment, &["up"]).unwrap().program.config.simulation;
    assert_eq!(on.allow_simulation, Some(true));
}

#[test]
fn help_lists_every_variable_and_flag_and_the_exit_codes() {
    let Err(Stop::Shown(text)) = run("", &[], &["--help"]) else { panic!("no help") };
    for name in names() {
        assert!(text.contains(&format!("<{name}>")), "{name} is missing:\n{text}");
    }
    assert!(text.contains("Exit codes:"), "{text}");
}

#[test]
fn a_command_is_needed_and_must_exist() {
    assert!(matches!(run("HTTP_PORT=1", &[], &[]), Err(Stop::Usage(_))));
    assert!(refused("", &[], &["down"]).contains("down"));
    assert!(refused("", &[], &["up", "--nonsense"]).contains("--nonsense"));
    let near = refused("", &[], &["up", "--http-prot", "1"]);
    assert!(near.contains("found; a similar argument exists: '--http-port'"), "{near}");
    let up = run("", &[], &["up", "--forgetful"]).unwrap().program.command;
    assert!(matches!(up, Command::Up { forgetful: true }));
}
