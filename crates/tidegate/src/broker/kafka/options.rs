//! How to reach a cluster, and how its clients behave.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::guarded;
use super::tokens::{OAuthToken, Tokens};
use crate::broker::BrokerError;

/// How partitions are shared out in a group (the classic protocol's assignor).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Assignor {
    /// Keeps what can be kept; only what moves is given back (cooperative rebalancing).
    #[default]
    CooperativeSticky,
    /// One after the other over all members. Every rebalance takes everything back first.
    RoundRobin,
    /// Neighbouring partitions together. Every rebalance takes everything back first.
    Range,
}

impl Assignor {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::CooperativeSticky => "cooperative-sticky",
            Self::RoundRobin => "roundrobin",
            Self::Range => "range",
        }
    }
}

/// Which protocol a group speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum GroupProtocol {
    /// Members agree among themselves; every cluster has it.
    #[default]
    Classic,
    /// KIP-848: the broker shares out (Kafka 4). The assignor is the broker's, and so is the session: `Service` asks for it
    /// (the right DescribeConfigs on the group), and trusts its ownership no longer than that;
    /// [`Subscription::session_timeout`](crate::broker::Subscription::session_timeout) does not change it.
    Consumer,
}

/// How to reach a cluster: a builder.
///
/// Everything that a guarantee needs is set, and cannot be switched off: see [`property`](Self::property).
#[derive(Clone)]
pub struct KafkaOptions {
    pub(super) brokers: String,
    pub(super) client_id: String,
    pub(in crate::broker) properties: BTreeMap<String, String>,
    pub(super) assignor: Assignor,
    pub(super) protocol: GroupProtocol,
    pub(super) instance_id: Option<String>,
    pub(super) delivery_timeout: Option<Duration>,
    pub(super) queue_bytes: usize,
    pub(super) tokens: Option<Tokens>,
}

impl KafkaOptions {
    /// A cluster, by the addresses of some of its brokers: `host:port`, with commas. A dead one among them does no
    /// harm.
    #[must_use]
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            client_id: "tidegate".into(),
            properties: BTreeMap::new(),
            assignor: Assignor::default(),
            protocol: GroupProtocol::default(),
            instance_id: None,
            delivery_timeout: None,
            queue_bytes: 64 << 20,
            tokens: None,
        }
    }

    /// Names the clients in the brokers' logs and quotas. `tidegate`.
    #[must_use]
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = id.into();
        self
    }

    /// How partitions are shared out. [`Assignor::CooperativeSticky`].
    #[must_use]
    pub const fn assignor(mut self, assignor: Assignor) -> Self {
        self.assignor = assignor;
        self
    }

    /// Which protocol groups speak. [`GroupProtocol::Classic`].
    #[must_use]
    pub const fn group_protocol(mut self, protocol: GroupProtocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Static membership: a member of this name that comes back before its session has run out gets its partitions
    /// back without a rebalance. Each member of a group needs its own name.
    #[must_use]
    pub fn instance_id(mut self, id: impl Into<String>) -> Self {
        self.instance_id = Some(id.into());
        self
    }

    /// Where this client is (`client.rack`): reads come from a replica there, where the cluster offers it.
    #[must_use]
    pub fn rack(mut self, rack: impl Into<String>) -> Self {
        self.properties.insert("client.rack".into(), rack.into());
        self
    }

    /// After so long a record that the cluster did not acknowledge is given up as
    /// [`Unknown`](crate::broker::PublishError::Unknown). Default: never, as a stalled partition beats an unknown
    /// outcome (rule 5). Set it where a caller waits, and keep it off where handlers settle.
    #[must_use]
    pub const fn delivery_timeout(mut self, timeout: Duration) -> Self {
        self.delivery_timeout = Some(timeout);
        self
    }

    /// At most so many bytes wait to be acknowledged; more are refused as
    /// [`QueueFull`](crate::broker::PublishError::QueueFull). 64 MiB.
    #[must_use]
    pub const fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// Where SASL OAUTHBEARER gets its tokens: asked at the start, and again before one expires.
    #[must_use]
    pub fn oauth_tokens<F>(mut self, source: F) -> Self
    where
        F: Fn() -> Result<OAuthToken, String> + Send + Sync + 'static,
    {
        self.tokens = Some(Tokens::new(source));
        self
    }

    /// Any property of librdkafka, by its name there: `security.protocol`, `sasl.username`, `linger.ms`...
    ///
    /// # Errors
    /// [`BrokerError::Config`] for a property that would switch a guarantee off, with the reason; for one that does
    /// not exist; and for a value that it does not take. No message contains the value.
    pub fn property(
        mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, BrokerError> {
        let (name, value) = (name.into(), value.into());
        guarded::check(&name, &value)?;
        self.properties.insert(name, value);
        Ok(self)
    }
}

impl KafkaOptions {
    /// The addresses are in log lines and messages: none may hold a user and a password.
    pub(super) fn check_addresses(&self) -> Result<(), BrokerError> {
        if self.brokers.contains('@') {
            return Err(BrokerError::Config(
                "the brokers' addresses are host:port, with commas, without a user (@): set sasl.username and sasl.password".into(),
            ));
        }
        Ok(())
    }
}

/// Values may be secrets: only the names of properties are shown, and no addresses that hold a user, which are refused later.
impl fmt::Debug for KafkaOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usable = self.check_addresses().is_ok();
        f.debug_struct("KafkaOptions")
            .field("brokers", if usable { &self.brokers } else { &"not shown: they hold a user" })
            .field("client_id", &self.client_id)
            .field("properties", &self.properties.keys().collect::<Vec<_>>())
            .field("assignor", &self.assignor)
            .field("protocol", &self.protocol)
            .field("instance_id", &self.instance_id)
            .field("delivery_timeout", &self.delivery_timeout)
            .field("queue_bytes", &self.queue_bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::Broker;

    #[test]
    fn an_address_with_a_user_is_refused_and_not_shown() {
        for brokers in ["u:hunter2@h:1", "h:1,u:hunter2@h:2", "SASL_SSL://u:hun,hunter2@h:1"] {
            let options = KafkaOptions::new(brokers);
            let shown = format!("{options:?}");
            let refused = Broker::kafka(options).unwrap_err();
            assert!(matches!(refused, BrokerError::Config(_)), "{refused:?}");
            let told = refused.to_string();
            assert!(told.contains("host:port") && told.contains("sasl.username"), "{told}");
            assert!(!(shown + &told).contains("hunter2"), "{brokers}");
        }
    }

    #[test]
    fn other_addresses_are_shown_and_of_properties_their_names() {
        let options = KafkaOptions::new("h:1").property("sasl.password", "hunter2").unwrap();
        let shown = format!("{options:?}");
        assert!(shown.contains("h:1") && shown.contains("sasl.password"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
