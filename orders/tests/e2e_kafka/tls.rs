//! The services over TLS, with a login: in the build that has both (`make tls`).

use test_servers::{LocalKafka, User};

use crate::platform::{Place, Platform};

#[tokio::test]
async fn orders_over_tls_are_accounted_for() {
    let (kafka, user) = (LocalKafka::secure(), User::ORDERS);
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), kafka.address(), "encrypted")
        .variable("KAFKA_SECURITY_PROTOCOL", "sasl_ssl")
        .variable("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512")
        .variable("KAFKA_SASL_USERNAME", user.name)
        .variable("KAFKA_SASL_PASSWORD", user.password)
        .variable("KAFKA_SSL_CA_LOCATION", kafka.ca_file().to_str().unwrap());
    place.topics().await;
    let platform = Platform::ready(&place).await;
    let load = "load --count 200 --failing 5% --duplicates 5% --seed 3 --settle 120s";
    let judged = place.orders(load).run().await.expect(0);
    assert!(judged.stdout.contains("every order is accounted for"), "{}", judged.stdout);
    for process in [&platform.producer, &platform.consumer, &platform.replay] {
        assert!(!process.stderr().contains(user.password), "{}", process.stderr());
    }
    platform.end().await;
}
