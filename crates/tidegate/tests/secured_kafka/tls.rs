//! TLS, and the logins that need it.

use std::path::Path;
use std::time::Duration;

use test_servers::User;
use tidegate::broker::Broker;
use tidegate::broker::kafka::{KafkaOptions, OAuthToken};

use crate::{assert_line, consume, create, kafka, publish, within};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_another_authority_has_signed_is_refused_in_one_line() {
    let user = User::ORDERS;
    let broker = login(&kafka().other_ca_file(), "SCRAM-SHA-512", user, user.password);
    let line = within(broker.health()).await.unwrap_err().to_string();
    assert_line(&line, &["certificate verify failed", kafka().address()]);
}
