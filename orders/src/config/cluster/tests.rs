//! What is refused, by the name of the variable; and what reaches the client.

use std::collections::BTreeSet;

use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Program {
    #[command(flatten)]
    kafka: Kafka,
}

fn options(given: &[&str]) -> Result<Option<KafkaOptions>, String> {
    Program::parse_from([&["orders"], given].concat()).kafka.options("orders-test")
}

fn on_kafka(given: &[&str]) -> Result<Option<KafkaOptions>, String> {
    options(&[&["--kafka-brokers=x:9092"], given].concat())
}

#[track_caller]
fn refused(given: &[&str], begins: &str) -> String {
    let line = on_kafka(given).unwrap_err();
    assert!(line.starts_with(&format!("{begins}: ")) && !line.contains('\n'), "{line}");
    assert!(!line.contains("hunter2"), "{line}");
    line
}

/// What the framework does not know would be left out without a word.
#[test]
fn the_settings_of_security_are_those_that_the_framework_knows() {
    let kafka = Program::parse_from(["orders"]).kafka;
    let ours: BTreeSet<_> = kafka.security().into_iter().map(|(name, _)| name).collect();
    let known = KafkaOptions::SECURITY_VARIABLES.into_iter().map(|(name, _)| name);
    assert_eq!(ours, known.collect());
}

#[test]
fn without_brokers_the_embedded_log_is_meant_and_nothing_may_look_secured() {
    assert!(options(&[]).unwrap().is_none());
    assert!(options(&["--kafka-property=linger.ms=5"]).unwrap().is_none());
    for (given, name) in [
        ("--kafka-security-protocol=ssl", "KAFKA_SECURITY_PROTOCOL"),
        ("--kafka-sasl-password=hunter2", "KAFKA_SASL_PASSWORD"),
        ("--kafka-ssl-ca-location=/ca.pem", "KAFKA_SSL_CA_LOCATION"),
        ("--kafka-property=ssl.cipher.suites=x", "KAFKA_PROPERTY_SSL_CIPHER_SUITES"),
    ] {
        let line = options(&[given]).unwrap_err();
        assert!(line.starts_with(&format!("{name}: ")) && line.contains("KAFKA_BROKERS"), "{line}");
    }
}

#[test]
fn addresses_are_told_apart_by_commas() {
    let shown = |brokers: &str| {
        let kafka = options(&["--kafka-brokers", brokers]).map(|options| format!("{options:?}"));
        kafka.unwrap_or_else(|line| line)
    };
    assert!(shown("a:1, b:2").contains("a:1,b:2"), "{}", shown("a:1, b:2"));
    for wrong in [",", "a:1,,b:2", "a:1 b:2", "a:1,http://b:2", "u:hunter2@h:1"] {
        let told = shown(wrong);
        assert!(told.starts_with("KAFKA_BROKERS: give host:port"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn properties_reach_the_client_and_the_last_one_counts() {
    let given = ["--kafka-property=linger.ms=x", "--kafka-property", "linger.ms=20"];
    let shown = format!("{:?}", on_kafka(&given).unwrap());
    assert!(shown.contains("linger.ms"), "{shown}");
    let shown = format!("{:?}", on_kafka(&["--kafka-property=group.instance.id=a"]).unwrap());
    assert!(shown.contains("instance_id: Some(\"a\")"), "{shown}");
    let shown = format!("{:?}", on_kafka(&["--kafka-property=group.protocol=consumer"]).unwrap());
    assert!(shown.contains("protocol: Consumer"), "{shown}");
}

#[test]
fn a_property_that_cannot_be_set_is_named_by_its_variable_with_the_reason() {
    for (given, name, reason) in [
        ("acks=1", "KAFKA_PROPERTY_ACKS", "in-sync replicas"),
        ("enable.auto.commit=true", "KAFKA_PROPERTY_ENABLE_AUTO_COMMIT", "rule 6"),
        ("lingr.ms=5", "KAFKA_PROPERTY_LINGR_MS", "does not exist"),
        ("linger.ms=hunter2", "KAFKA_PROPERTY_LINGER_MS", "does not take this value"),
        ("group.protocol=hunter2", "KAFKA_PROPERTY_GROUP_PROTOCOL", "classic or consumer"),
        ("sasl.password=hunter2", "KAFKA_PROPERTY_SASL_PASSWORD", "use KAFKA_SASL_PASSWORD"),
        ("bootstrap.servers=y", "KAFKA_PROPERTY_BOOTSTRAP_SERVERS", "use KAFKA_BROKERS"),
    ] {
        let line = refused(&["--kafka-property", given], name);
        assert!(line.contains(reason), "{line}");
    }
}

#[test]
fn security_settings_that_do_not_fit_together_are_refused() {
    let sasl = "--kafka-security-protocol=SASL_PLAINTEXT";
    let user = "--kafka-sasl-username=u";
    let password = "--kafka-sasl-password=hunter2";
    let ssl = "--kafka-security-protocol=ssl";
    for (given, name) in [
        (&[password][..], "KAFKA_SASL_PASSWORD"),
        (&[ssl, user], "KAFKA_SASL_USERNAME"),
        (&["--kafka-ssl-ca-location=/ca.pem"], "KAFKA_SSL_CA_LOCATION"),
        (&[sasl, "--kafka-ssl-key-password=hunter2"], "KAFKA_SSL_KEY_PASSWORD"),
        (&[sasl, user, password], "KAFKA_SASL_MECHANISM"),
        (&[sasl, "--kafka-sasl-mechanism=plain", password], "KAFKA_SASL_USERNAME"),
        (&[sasl, "--kafka-sasl-mechanism=PLAIN", user], "KAFKA_SASL_PASSWORD"),
        (&[ssl, "--kafka-ssl-certificate-location=/c"], "KAFKA_SSL_KEY_LOCATION"),
        (&[ssl, "--kafka-ssl-key-location=/k"], "KAFKA_SSL_CERTIFICATE_LOCATION"),
        (&[ssl, "--kafka-ssl-key-password=hunter2"], "KAFKA_SSL_KEY_LOCATION"),
    ] {
        refused(given, name);
    }
    let line = refused(&[sasl, "--kafka-sasl-mechanism=OAUTHBEARER"], "KAFKA_SASL_MECHANISM");
    assert!(line.contains("program of one's own"), "{line}");
}

#[test]
fn sasl_without_tls_is_set_and_its_values_are_not_shown() {
    let given = [
        "--kafka-security-protocol=sasl_plaintext",
        "--kafka-sasl-mechanism=PLAIN",
        "--kafka-sasl-username=u",
        "--kafka-sasl-password=hunter2",
    ];
    let shown = format!("{:?}", on_kafka(&given).unwrap());
    for property in ["security.protocol", "sasl.mechanism", "sasl.username", "sasl.password"] {
        assert!(shown.contains(property), "{shown}");
    }
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[cfg(not(feature = "tls"))]
#[test]
fn tls_that_this_build_does_not_have_is_refused_with_what_to_do() {
    let line = refused(&["--kafka-security-protocol=ssl"], "KAFKA_SECURITY_PROTOCOL");
    assert!(line.contains("feature `tls`"), "{line}");
    let scram = [
        "--kafka-security-protocol=sasl_plaintext",
        "--kafka-sasl-mechanism=SCRAM-SHA-512",
        "--kafka-sasl-username=u",
        "--kafka-sasl-password=hunter2",
    ];
    let line = refused(&scram, "KAFKA_SASL_MECHANISM");
    assert!(line.contains("feature `tls`"), "{line}");
}
