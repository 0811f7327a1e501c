//! The cluster that the settings mean: what must fit together, and the options of its clients.

use std::collections::BTreeMap;

use tidegate::broker::kafka::{Assignor, GroupProtocol, KafkaOptions};

use super::property::variable;
use super::{AssignmentStrategy, Kafka, SaslMechanism, Secret};

/// Properties that have a setting of their own, besides those of [`KafkaOptions::SECURITY_VARIABLES`].
const OWN: [(&str, &str); 6] = [
    ("KAFKA_BROKERS", "bootstrap.servers"),
    ("KAFKA_BROKERS", "metadata.broker.list"),
    ("SERVICE_NAME", "client.id"),
    ("KAFKA_CONSUMER_GROUP", "group.id"),
    ("KAFKA_ASSIGNMENT_STRATEGY", "partition.assignment.strategy"),
    ("KAFKA_SASL_MECHANISM", "sasl.mechanism"),
];

/// A variable of security, by the framework's name, and its value where it is set.
type Setting<'a> = (&'static str, Option<&'a str>);

impl Kafka {
    /// How to reach the cluster; `None`: no `KAFKA_BROKERS`, so the embedded log is meant. `client_id` names the
    /// clients in the brokers' logs.
    ///
    /// # Errors
    /// One line that names the variable: a contradiction, or a property that cannot be set.
    pub fn options(&self, client_id: &str) -> Result<Option<KafkaOptions>, String> {
        let Some(brokers) = &self.kafka_brokers else {
            return self.unsecured().map(|()| None);
        };
        self.contradiction().map_or(Ok(()), Err)?;
        let set = self.security().into_iter();
        let set = set.filter_map(|(name, value)| Some((name.into(), value?.into())));
        let mut options = KafkaOptions::new(addresses(brokers)?)
            .client_id(client_id)
            .assignor(self.kafka_assignment_strategy.into())
            .variables(set)
            .map_err(|error| error.to_string())?;
        for (property, value) in self.properties() {
            let name = variable(property);
            options =
                with(options, property, value).map_err(|reason| format!("{name}: {reason}"))?;
        }
        Ok(Some(options))
    }

    /// The properties that are set, each once: the last one counts.
    pub(super) fn properties(&self) -> BTreeMap<&str, &str> {
        let set = self.kafka_property.iter();
        set.map(|property| (property.name.as_str(), property.value.expose())).collect()
    }

    fn security(&self) -> Vec<Setting<'_>> {
        let protocol = self.kafka_security_protocol.map(|protocol| protocol.name());
        let mut all = vec![("KAFKA_SECURITY_PROTOCOL", protocol)];
        all.extend(self.sasl());
        all.extend(self.ssl());
        all
    }

    fn sasl(&self) -> [Setting<'_>; 3] {
        [
            ("KAFKA_SASL_MECHANISM", self.kafka_sasl_mechanism.map(|mechanism| mechanism.name())),
            ("KAFKA_SASL_USERNAME", self.kafka_sasl_username.as_deref()),
            ("KAFKA_SASL_PASSWORD", exposed(&self.kafka_sasl_password)),
        ]
    }

    fn ssl(&self) -> [Setting<'_>; 4] {
        [
            ("KAFKA_SSL_CA_LOCATION", self.kafka_ssl_ca_location.as_deref()),
            ("KAFKA_SSL_CERTIFICATE_LOCATION", self.kafka_ssl_certificate_location.as_deref()),
            ("KAFKA_SSL_KEY_LOCATION", self.kafka_ssl_key_location.as_deref()),
            ("KAFKA_SSL_KEY_PASSWORD", exposed(&self.kafka_ssl_key_password)),
        ]
    }

    /// Without a cluster nothing may look secured.
    fn unsecured(&self) -> Result<(), String> {
        let settings = self.security().into_iter();
        let set = settings.filter(|(_, value)| value.is_some()).map(|(name, _)| name.to_owned());
        let secures = |name: &&str| name.starts_with("ssl.") || name.starts_with("sasl.");
        let properties = self.properties();
        let mut names = set.chain(properties.keys().copied().filter(secures).map(variable));
        match names.next() {
            None => Ok(()),
            Some(name) => Err(format!(
                "{name}: without KAFKA_BROKERS the embedded log is used, and nothing would be secured; set \
                 KAFKA_BROKERS, or leave it out"
            )),
        }
    }

    /// The first two security settings that do not fit together.
    fn contradiction(&self) -> Option<String> {
        let protocol = self.kafka_security_protocol;
        let tls = protocol.is_some_and(|protocol| protocol.has_tls());
        let sasl = protocol.is_some_and(|protocol| protocol.has_sasl());
        if let Some(name) = first_set(&self.sasl()).filter(|_| !sasl) {
            let needed = "KAFKA_SECURITY_PROTOCOL=sasl_ssl (or sasl_plaintext)";
            return Some(format!("{name}: has no effect without {needed}"));
        }
        if let Some(name) = first_set(&self.ssl()).filter(|_| !tls) {
            let needed = "KAFKA_SECURITY_PROTOCOL=ssl (or sasl_ssl)";
            return Some(format!("{name}: has no effect without {needed}"));
        }
        sasl.then(|| self.incomplete_sasl()).flatten().or_else(|| self.half_a_certificate())
    }

    fn incomplete_sasl(&self) -> Option<String> {
        let protocol = self.kafka_security_protocol?.name();
        let Some(mechanism) = self.kafka_sasl_mechanism else {
            return Some(format!(
                "KAFKA_SASL_MECHANISM: KAFKA_SECURITY_PROTOCOL={protocol} needs it"
            ));
        };
        if mechanism == SaslMechanism::OAuthBearer {
            return Some(
                "KAFKA_SASL_MECHANISM: OAUTHBEARER needs a program of one's own, which gives the tokens \
                 (KafkaOptions::oauth_tokens); orders takes PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512"
                    .into(),
            );
        }
        let missing = self.sasl().into_iter().find(|(_, value)| value.is_none());
        missing
            .map(|(name, _)| format!("{name}: KAFKA_SASL_MECHANISM={} needs it", mechanism.name()))
    }

    fn half_a_certificate(&self) -> Option<String> {
        let certificate = self.kafka_ssl_certificate_location.is_some();
        let key = self.kafka_ssl_key_location.is_some();
        let needs = |name, other| Some(format!("{name}: {other} needs it"));
        match (certificate, key) {
            (true, false) => needs("KAFKA_SSL_KEY_LOCATION", "KAFKA_SSL_CERTIFICATE_LOCATION"),
            (false, true) => needs("KAFKA_SSL_CERTIFICATE_LOCATION", "KAFKA_SSL_KEY_LOCATION"),
            (false, false) if self.kafka_ssl_key_password.is_some() => {
                needs("KAFKA_SSL_KEY_LOCATION", "KAFKA_SSL_KEY_PASSWORD")
            }
            _ => None,
        }
    }
}

/// The options with one more property. Some have a method of their own, which keeps a promise that goes with them.
fn with(options: KafkaOptions, property: &str, value: &str) -> Result<KafkaOptions, String> {
    let mut own = OWN.iter().chain(&KafkaOptions::SECURITY_VARIABLES);
    if let Some((setting, _)) = own.find(|(_, own)| *own == property) {
        return Err(format!("use {setting}"));
    }
    match property {
        "group.instance.id" => Ok(options.instance_id(value)),
        "group.protocol" => match value.to_ascii_lowercase().as_str() {
            "classic" => Ok(options.group_protocol(GroupProtocol::Classic)),
            "consumer" => Ok(options.group_protocol(GroupProtocol::Consumer)),
            _ => Err("takes classic or consumer".into()),
        },
        _ => options.property(property, value).map_err(|error| error.to_string()),
    }
}

/// The addresses without blanks. One with a protocol before it would be passed over by the client, with a hint in its log
/// alone. They are in logs and messages, so none may hold a user and a password.
fn addresses(brokers: &str) -> Result<String, String> {
    let all: Vec<_> = brokers.split(',').map(str::trim).collect();
    let unusable = |address: &&str| {
        address.is_empty() || address.contains(char::is_whitespace) || address.contains(['/', '@'])
    };
    if all.iter().any(unusable) {
        return Err(
            "KAFKA_BROKERS: give host:port, several with a comma between them, no protocol (http://) and no user".into()
        );
    }
    Ok(all.join(","))
}

fn first_set(settings: &[Setting<'_>]) -> Option<&'static str> {
    settings.iter().find(|(_, value)| value.is_some()).map(|(name, _)| *name)
}

fn exposed(secret: &Option<Secret>) -> Option<&str> {
    secret.as_ref().map(Secret::expose)
}

impl From<AssignmentStrategy> for Assignor {
    fn from(strategy: AssignmentStrategy) -> Self {
        match strategy {
            AssignmentStrategy::CooperativeSticky => Self::CooperativeSticky,
            AssignmentStrategy::RoundRobin => Self::RoundRobin,
            AssignmentStrategy::Range => Self::Range,
        }
    }
}

#[cfg(test)]
mod tests;
