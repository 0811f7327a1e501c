//! Who comes in, and how.

use test_servers::User;
use tidegate::broker::Broker;
use tidegate::broker::kafka::KafkaOptions;

use crate::{assert_line, consume, create, kafka, publish, within};

/// The broker's own listener: every right, and no login.
pub(crate) fn as_admin() -> Broker {
    Broker::kafka(KafkaOptions::new(kafka().internal_address())).unwrap()
}

/// PLAIN without TLS.
pub(crate) fn plain(user: &str, password: &str) -> Broker {
    let options = KafkaOptions::new(kafka().sasl_address());
    let options = options.property("security.protocol", "sasl_plaintext").unwrap();
    let options = options.property("sasl.mechanisms", "PLAIN").unwrap();
    let options = options.property("sasl.username", user).unwrap();
    Broker::kafka(options.property("sasl.password", password).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_logs_in_writes_and_reads() {
    create("entered").await;
    let broker = plain(User::ORDERS.name, User::ORDERS.password);
    publish(&broker, "entered", "by orders").await.unwrap();
    assert_eq!(consume(&broker, "entered", "entered").await.unwrap(), "by orders");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_one_line_that_names_the_cause_and_not_the_password() {
    create("refused").await;
    let broker = plain(User::ORDERS.name, "hunter2");
    let lines = [
        within(broker.health()).await.unwrap_err().to_string(),
        within(broker.topics()).await.unwrap_err().to_string(),
        publish(&broker, "refused", "never").await.unwrap_err(),
        consume(&broker, "refused", "refused").await.unwrap_err(),
    ];
    for line in lines {
        assert_line(&line, &["SASL authentication error", kafka().sasl_address()]);
        assert!(!line.contains("hunter2"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_topic_is_one_line_that_names_it() {
    let broker = plain(User::ORDERS.name, User::ORDERS.password);
    for line in [
        publish(&broker, "nowhere", "never").await.unwrap_err(),
        crate::fetch(&broker, "nowhere").await.unwrap_err(),
        consume(&broker, "nowhere", "nowhere").await.unwrap_err(),
    ] {
        assert_line(&line, &["topic nowhere does not exist: create it first"]);
    }
}
