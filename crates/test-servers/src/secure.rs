//! A Kafka that asks who is there.

use std::ops::Deref;
use std::path::PathBuf;

use crate::kafka::LocalKafka;

/// Somebody who can log in with PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. OAUTHBEARER takes unsigned tokens with the name as `sub`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// The name in Kafka's ACLs.
    pub name: &'static str,
    /// The password.
    pub password: &'static str,
}

impl User {
    /// May do everything.
    pub const ADMIN: Self = Self { name: "admin", password: "admin-secret" };
    /// May use all topics, groups and transactional ids, and create topics.
    pub const ORDERS: Self = Self { name: "orders", password: "orders-secret" };
    /// May log in, and then nothing.
    pub const NOBODY: Self = Self { name: "nobody", password: "nobody-secret" };
}

/// One broker with TLS, users and ACLs. Its [`address`](LocalKafka::address) takes SASL_SSL. It is killed, stopped and
/// started again like any [`LocalKafka`].
#[derive(Debug)]
pub struct SecureKafka {
    kafka: LocalKafka,
    sasl: String,
    mutual: String,
    internal: String,
}

impl SecureKafka {
    pub(crate) fn on(kafka: LocalKafka) -> Self {
        // In the order of scripts/lib/kafka-secure.sh: clients, controllers, brokers, clients without TLS, with certificates.
        let at = |place: u16| format!("127.0.0.1:{}", kafka.first_port() + place);
        Self { internal: at(2), sasl: at(3), mutual: at(4), kafka }
    }

    /// The address that takes SASL_PLAINTEXT: the same users without TLS, for a client that was built without it. The
    /// cluster names the brokers' addresses of the same kind to whom it was asked by.
    pub fn sasl_address(&self) -> &str {
        &self.sasl
    }

    /// The address that takes TLS with a client's certificate, and no other login.
    pub fn mutual_address(&self) -> &str {
        &self.mutual
    }

    /// Certificate and key (PEM) of [`User::ORDERS`].
    pub fn client_files(&self) -> [PathBuf; 2] {
        ["orders.crt", "orders.key"].map(|name| self.kafka.folder().join(name))
    }

    /// The same name, signed by an authority that the broker does not trust.
    pub fn stranger_files(&self) -> [PathBuf; 2] {
        ["stranger.crt", "stranger.key"].map(|name| self.kafka.folder().join(name))
    }

    /// The address of the brokers among themselves: no TLS, no login, and every right.
    pub fn internal_address(&self) -> &str {
        &self.internal
    }

    /// The certificate (PEM) that signed the broker's.
    pub fn ca_file(&self) -> PathBuf {
        self.kafka.folder().join("ca.pem")
    }

    /// A certificate (PEM) that did not: who trusts it alone must refuse this broker.
    pub fn other_ca_file(&self) -> PathBuf {
        self.kafka.folder().join("other-ca.pem")
    }
}

impl Deref for SecureKafka {
    type Target = LocalKafka;

    fn deref(&self) -> &LocalKafka {
        &self.kafka
    }
}
