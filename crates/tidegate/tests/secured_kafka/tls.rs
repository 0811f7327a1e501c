//! TLS, and the logins that need it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use test_servers::User;
use tidegate::broker::Broker;
use tidegate::broker::kafka::{KafkaOptions, OAuthToken};

use crate::{assert_line, consume, create, fetch, kafka, publish, within};

/// Trusts the authority of this file alone.
fn options(ca: &Path) -> KafkaOptions {
    let options = KafkaOptions::new(kafka().address());
    let options = options.property("security.protocol", "sasl_ssl").unwrap();
    options.property("ssl.ca.location", ca.to_str().unwrap()).unwrap()
}

fn login(ca: &Path, mechanism: &str, user: User, password: &str) -> Broker {
    let options = options(ca).property("sasl.mechanisms", mechanism).unwrap();
    let options = options.property("sasl.username", user.name).unwrap();
    Broker::kafka(options.property("sasl.password", password).unwrap()).unwrap()
}

async fn writes_and_reads(broker: Broker, topic: &str) {
    create(topic).await;
    publish(&broker, topic, "encrypted").await.unwrap();
    assert_eq!(consume(&broker, topic, topic).await.unwrap(), "encrypted");
}

#[tokio::test(flavor = "multi_thread")]
async fn scram_sha_512_over_tls_writes_and_reads() {
    let user = User::ORDERS;
    let broker = login(&kafka().ca_file(), "SCRAM-SHA-512", user, user.password);
    writes_and_reads(broker, "by-scram").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scram_sha_256_over_tls_writes_and_reads() {
    let user = User::ORDERS;
    let broker = login(&kafka().ca_file(), "SCRAM-SHA-256", user, user.password);
    writes_and_reads(broker, "by-scram-256").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_over_tls_writes_and_reads() {
    let broker = login(&kafka().ca_file(), "PLAIN", User::ORDERS, User::ORDERS.password);
    writes_and_reads(broker, "by-plain").await;
}

/// Base64 without padding, for URLs.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_u32, |n, byte| n << 8 | u32::from(*byte));
        let number = number << (8 * (3 - three.len()));
        for digit in 0..=three.len() {
            text.push(char::from(DIGITS[(number >> (18 - 6 * digit) & 63) as usize]));
        }
    }
    text
}

/// An unsigned token for this user, which the test's broker takes.
fn token(user: User) -> OAuthToken {
    let lifetime = Duration::from_secs(300);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    let claims = serde_json::json!({
        "sub": user.name,
        "iat": now.as_secs(),
        "exp": (now + lifetime).as_secs(),
    });
    let (head, body) = (base64(br#"{"alg":"none"}"#), base64(claims.to_string().as_bytes()));
    OAuthToken { token: format!("{head}.{body}."), principal: user.name.into(), lifetime }
}

#[tokio::test(flavor = "multi_thread")]
async fn oauthbearer_by_tokens_over_tls_writes_and_reads() {
    let options = options(&kafka().ca_file()).oauth_tokens(|| Ok(token(User::ORDERS)));
    writes_and_reads(Broker::kafka(options).unwrap(), "by-token").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_is_one_line_with_the_sources_reason() {
    let options = options(&kafka().ca_file()).oauth_tokens(|| Err("the provider is down".into()));
    let line = within(Broker::kafka(options).unwrap().health()).await.unwrap_err().to_string();
    assert_line(&line, &["the provider is down"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_over_tls_is_one_line_without_the_password() {
    create("scram-refused").await;
    let broker = login(&kafka().ca_file(), "SCRAM-SHA-512", User::ORDERS, "hunter2");
    for line in [
        within(broker.health()).await.unwrap_err().to_string(),
        publish(&broker, "scram-refused", "never").await.unwrap_err(),
        consume(&broker, "scram-refused", "scram-refused").await.unwrap_err(),
    ] {
        assert_line(&line, &["SASL authentication error", kafka().address()]);
        assert!(!line.contains("hunter2"), "{line}");
    }
}

/// Nothing is sent to a broker that is not trusted, and nothing of what is there is passed by.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_another_authority_has_signed_is_refused_in_one_line_and_nothing_is_lost() {
    let (user, topic) = (User::ORDERS, "untrusted");
    create(topic).await;
    let trusting = login(&kafka().ca_file(), "SCRAM-SHA-512", user, user.password);
    publish(&trusting, topic, "before").await.unwrap();
    let broker = login(&kafka().other_ca_file(), "SCRAM-SHA-512", user, user.password);
    for line in [
        within(broker.health()).await.unwrap_err().to_string(),
        publish(&broker, topic, "never").await.unwrap_err(),
        consume(&broker, topic, topic).await.unwrap_err(),
    ] {
        assert_line(&line, &["certificate verify failed", kafka().address()]);
    }
    assert_eq!(fetch(&trusting, topic).await.unwrap(), 1, "nothing of what was refused");
    assert_eq!(consume(&trusting, topic, topic).await.unwrap(), "before");
}

/// Comes with these: certificate and key.
fn certified([certificate, key]: [PathBuf; 2]) -> Broker {
    let options = KafkaOptions::new(kafka().mutual_address());
    let ca = kafka().ca_file();
    let settings = [
        ("security.protocol", "ssl"),
        ("ssl.ca.location", ca.to_str().unwrap()),
        ("ssl.certificate.location", certificate.to_str().unwrap()),
        ("ssl.key.location", key.to_str().unwrap()),
    ];
    let set = |options: KafkaOptions, (name, value)| options.property(name, value).unwrap();
    Broker::kafka(settings.into_iter().fold(options, set)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clients_certificate_is_its_login() {
    writes_and_reads(certified(kafka().client_files()), "by-certificate").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_the_broker_does_not_trust_is_refused_in_one_line() {
    create("stranger").await;
    let broker = certified(kafka().stranger_files());
    for line in [
        within(broker.health()).await.unwrap_err().to_string(),
        publish(&broker, "stranger", "never").await.unwrap_err(),
    ] {
        assert_line(&line, &[kafka().mutual_address()]);
    }
}
