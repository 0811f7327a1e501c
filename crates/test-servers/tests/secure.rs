//! The secured broker speaks TLS with a certificate of its own authority, and asks for a login before anything else.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use test_servers::{LocalKafka, SecureKafka, User};

/// Whether a TLS client that trusts this authority alone accepts the broker.
fn accepts(kafka: &SecureKafka, authority: &Path) -> bool {
    let mut client = Command::new("openssl");
    client.args(["s_client", "-verify_return_error", "-connect", kafka.address(), "-CAfile"]);
    let status = client.arg(authority).stdin(Stdio::null()).output().expect("openssl").status;
    status.success()
}

/// Whether one of Kafka's own tools is told about the topic, as this user, with SASL and without TLS.
fn sees_the_topic(kafka: &SecureKafka, user: User, password: &str) -> bool {
    let settings = kafka.folder().join("client.properties");
    let login = format!(
        "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-512\n\
         sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
         username=\"{}\" password=\"{password}\";\n",
        user.name
    );
    std::fs::write(&settings, login).expect("a file in the broker's folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/kafka");
    let mut tool = Command::new(script);
    tool.args(["tool", "org.apache.kafka.tools.TopicCommand", "--describe", "--topic", "readings"]);
    tool.args(["--bootstrap-server", kafka.sasl_address(), "--command-config"]).arg(settings);
    tool.output().expect("a script of this repository").status.success()
}

/// Each connection is refused or accepted for its own reason.
#[test]
fn a_secured_broker_asks_for_trust_a_login_and_a_right() {
    let kafka = LocalKafka::secure();
    assert!(accepts(&kafka, &kafka.ca_file()));
    assert!(!accepts(&kafka, &kafka.other_ca_file()));

    create_topic(&kafka);
    assert!(sees_the_topic(&kafka, User::ORDERS, User::ORDERS.password));
    assert!(!sees_the_topic(&kafka, User::ORDERS, "wrong"));
    assert!(!sees_the_topic(&kafka, User::NOBODY, User::NOBODY.password));

    kafka.kill();
    assert!(TcpStream::connect(kafka.address()).is_err(), "nobody listens");
    kafka.start_again();
    assert!(sees_the_topic(&kafka, User::ORDERS, User::ORDERS.password), "rights are kept");
}

fn create_topic(kafka: &SecureKafka) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/kafka");
    let mut tool = Command::new(script);
    tool.args(["tool", "org.apache.kafka.tools.TopicCommand", "--create", "--topic", "readings"]);
    tool.args(["--bootstrap-server", kafka.internal_address()]);
    assert!(tool.output().expect("a script of this repository").status.success());
}
