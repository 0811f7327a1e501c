//! The program on a real Kafka: the same answers as on the embedded log.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use serde_json::Value;
use test_servers::LocalKafka;
use tidegate::broker::kafka::{GroupProtocol, KafkaOptions};
use tidegate::broker::{Broker, Subscription};

use common::{Ran, fill, join, program, run, topic};

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(work)
}

/// A cluster with `common::fill` in it.
fn filled() -> LocalKafka {
    let kafka = LocalKafka::start();
    block_on(async {
        let broker = Broker::kafka(KafkaOptions::new(kafka.address())).unwrap();
        fill(&broker).await;
        broker.close().await;
    });
    kafka
}

fn json(kafka: &LocalKafka, args: &[&str]) -> Value {
    let all = [args, &["-o", "json", "--brokers", kafka.address()]].concat();
    serde_json::from_str(&run(&all).answer()).unwrap()
}

fn golden(name: &str) -> Value {
    let file = format!("{}/tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// One cluster for all of it: a start takes seconds.
#[test]
fn a_cluster_gives_the_same_documents() {
    let kafka = filled();
    for (name, args) in [
        ("topics-describe", &["topics", "describe", "orders"][..]),
        ("groups-list", &["groups", "list"]),
        ("groups-lag", &["groups", "lag", "billing"]),
        ("dlq-list", &["dlq", "list", "orders_dlq"]),
        ("dlq-show", &["dlq", "show", "orders_dlq/0/0"]),
        ("dlq-show-bytes", &["dlq", "show", "orders_dlq/0/1"]),
        ("dlq-show-foreign", &["dlq", "show", "orders_dlq/0/4"]),
    ] {
        assert_eq!(json(&kafka, args), golden(name), "{name}");
    }
    creates(&kafka);
    from_the_environment(&kafka);
    block_on(a_member_is_named(&kafka));
    block_on(a_group_that_cannot_be_described_is_not_called_empty(&kafka));
}

/// KIP-848: such a group is listed, and described as dead and empty while its members work.
async fn a_group_that_cannot_be_described_is_not_called_empty(kafka: &LocalKafka) {
    let newer = KafkaOptions::new(kafka.address()).group_protocol(GroupProtocol::Consumer);
    let broker = Broker::kafka(newer).unwrap();
    let orders = Subscription::new("newer", vec![topic("orders")]);
    let mut member = broker.subscribe(orders).await.unwrap();
    join(&mut *member, 2).await;
    let groups = json(kafka, &["groups", "list"]);
    let newer = groups["groups"].as_array().unwrap().iter().find(|group| group["name"] == "newer");
    assert_eq!(newer.unwrap()["state"], "unknown", "{groups}");
    assert_eq!(newer.unwrap()["members"], Value::Null, "{groups}");
    for args in [&["groups", "list"][..], &["groups", "lag", "newer", "--topic", "orders"]] {
        let ran = run(&[args, &["--brokers", kafka.address()]].concat());
        let said = "who is in group newer cannot be seen";
        assert!(ran.stderr.contains(said), "{args:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("group live"), "{args:?}: {}", ran.stderr);
    }
    member.close().await;
    broker.close().await;
}

/// While a member lives, the group is active, and each partition says whose it is.
async fn a_member_is_named(kafka: &LocalKafka) {
    let broker = Broker::kafka(KafkaOptions::new(kafka.address())).unwrap();
    let orders = Subscription::new("live", vec![topic("orders")]);
    let mut member = broker.subscribe(orders).await.unwrap();
    join(&mut *member, 2).await;
    let lag = json(kafka, &["groups", "lag", "live", "--topic", "orders"]);
    let groups = json(kafka, &["groups", "list"]);
    let live = groups["groups"].as_array().unwrap().iter().find(|group| group["name"] == "live");
    let id = &live.unwrap()["members"][0]["id"];
    assert_eq!(live.unwrap()["state"], "active", "{groups}");
    for partition in lag["partitions"].as_array().unwrap() {
        assert_eq!(&partition["member"], id, "{lag}");
    }
    assert_eq!(lag["lag"], 4, "{lag}");
    member.close().await;
    broker.close().await;
}

fn creates(kafka: &LocalKafka) {
    let create = ["topics", "create", "new", "--partitions", "3", "--brokers", kafka.address()];
    let line = run(&create).refusal(2);
    assert!(line.contains("--replication is missing"), "{line}");
    let told = [&create[..], &["--replication", "1"]].concat();
    assert_eq!(run(&told).code, 0);
    assert_eq!(run(&told).refusal(1), "tidegate: topic new exists already\n");
}

fn from_the_environment(kafka: &LocalKafka) {
    let mut command = program(&["topics", "list"]);
    command.env("KAFKA_BROKERS", kafka.address()).env("KAFKA_PROPERTY_SOCKET_TIMEOUT_MS", "9000");
    let shown = Ran::of(command.output().unwrap()).answer();
    assert!(shown.contains("orders_dlq"), "{shown}");
}

/// Nobody listens on port 1.
#[test]
fn a_cluster_that_is_not_there_is_one_line() {
    let line = run(&["topics", "list", "--brokers", "127.0.0.1:1"]).refusal(1);
    assert!(line.contains("cannot be reached"), "{line}");
}

/// In the build that has TLS (`make tls`).
#[cfg(feature = "tls")]
mod tls {
    use test_servers::User;

    use super::*;

    fn topics(kafka: &test_servers::SecureKafka, ca: &std::path::Path) -> Ran {
        let mut command = program(&["topics", "list", "--brokers", kafka.address()]);
        command.env("KAFKA_SECURITY_PROTOCOL", "sasl_ssl").env("KAFKA_SSL_CA_LOCATION", ca);
        command.env("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512");
        command.env("KAFKA_SASL_USERNAME", User::ORDERS.name);
        command.env("KAFKA_SASL_PASSWORD", User::ORDERS.password);
        Ran::of(command.output().unwrap())
    }

    #[test]
    fn a_cluster_is_looked_at_over_tls_and_another_authority_is_one_line() {
        let kafka = LocalKafka::secure();
        block_on(async {
            let admin = Broker::kafka(KafkaOptions::new(kafka.internal_address())).unwrap();
            fill(&admin).await;
            admin.close().await;
        });
        let shown = topics(&kafka, &kafka.ca_file()).answer();
        assert!(shown.contains("orders_dlq"), "{shown}");
        let line = topics(&kafka, &kafka.other_ca_file()).refusal(1);
        assert!(line.contains("certificate verify failed"), "{line}");
    }
}
