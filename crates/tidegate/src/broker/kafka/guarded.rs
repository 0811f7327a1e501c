//! Properties of librdkafka that users may set, and those that they may not, each with its reason.

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

use crate::broker::BrokerError;

/// Refused whatever the value. The reason follows "property {name} cannot be set: ".
const REFUSED: &[(&str, &str)] = &[
    ("bootstrap.servers", BROKERS),
    ("metadata.broker.list", BROKERS),
    ("client.id", "use KafkaOptions::client_id"),
    ("group.id", "it is the service's own name for its group"),
    ("group.instance.id", "use KafkaOptions::instance_id"),
    ("group.protocol", "use KafkaOptions::group_protocol"),
    ("group.remote.assignor", "the broker's choice is used"),
    ("partition.assignment.strategy", "use KafkaOptions::assignor"),
    ("session.timeout.ms", SUBSCRIPTION),
    ("max.poll.interval.ms", SUBSCRIPTION),
    ("enable.auto.commit", COMMITS),
    ("auto.commit.enable", COMMITS),
    ("auto.commit.interval.ms", COMMITS),
    ("enable.auto.offset.store", COMMITS),
    ("auto.offset.reset", "a lost position must be an event, never a silent jump (rule 7)"),
    ("enable.partition.eof", "readers set it as they need it"),
    ("isolation.level", "records of aborted transactions were never written"),
    ("check.crcs", "damaged records must not be delivered"),
    ("allow.auto.create.topics", "a mistyped topic must be an error, not a new topic"),
    ("enable.idempotence", "without it the producer may reorder and repeat"),
    ("acks", ACKS),
    ("request.required.acks", ACKS),
    ("retries", RETRIES),
    ("message.send.max.retries", RETRIES),
    ("message.timeout.ms", TIMEOUT),
    ("delivery.timeout.ms", TIMEOUT),
    ("transactional.id", "transactions are not used"),
    ("message.max.bytes", "the topic's own limit is what counts (rule 5)"),
    ("partitioner", "keys meet in one partition only if every client hashes them alike"),
    ("queue.buffering.max.kbytes", "use KafkaOptions::queue_bytes"),
    ("log.queue", "log lines go to the program's own log"),
    ("sasl.oauthbearer.method", "use KafkaOptions::oauth_tokens"),
    ("enable.sasl.oauthbearer.unsecure.jwt", "an unsigned token secures nothing"),
];
/// How long an answer with records may take, in milliseconds, before the member's watchdog takes the partition for silent.
const AT_MOST: [(&str, u64); 2] = [("socket.timeout.ms", 60_000), ("fetch.wait.max.ms", 30_000)];
const WATCHED: &str = "a partition of which nothing comes for a minute is read again, and an answer on its way is lost";
const BROKERS: &str = "it is the argument of KafkaOptions::new";
const SUBSCRIPTION: &str = "the subscription sets it";
const COMMITS: &str =
    "an offset is committed when its record is settled, and never before (rule 6)";
const ACKS: &str = "an acknowledgement means that all in-sync replicas have the record";
const RETRIES: &str = "a record that is given up early may be lost";
const TIMEOUT: &str = "use KafkaOptions::delivery_timeout";

/// Whether this property may be set to this value.
pub(super) fn check(name: &str, value: &str) -> Result<(), BrokerError> {
    if let Some((_, reason)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
        return refuse(name, "cannot be set", reason);
    }
    if let Some((_, most)) = AT_MOST.iter().find(|(limited, _)| *limited == name)
        && value.trim().parse::<u64>().is_ok_and(|value| value > *most)
    {
        return refuse(name, &format!("cannot be above {most}"), WATCHED);
    }
    if let Some(what) = needs_tls(name, value).filter(|_| !cfg!(feature = "tls")) {
        return refuse(
            name,
            "needs TLS",
            &format!("{what}, and this build has none: build it with the feature `tls`"),
        );
    }
    match ClientConfig::new().set(name, value).create_native_config() {
        Ok(_) => Ok(()),
        Err(KafkaError::ClientConfig(_, reason, _, _)) => {
            // The client's own words may repeat the value, which may be a secret.
            let known = !reason.starts_with("No such configuration property");
            let what =
                if known { "does not take this value" } else { "does not exist in librdkafka" };
            Err(BrokerError::Config(format!("property {name} {what}")))
        }
        Err(_) => Err(BrokerError::Config(format!("property {name} cannot hold this text"))),
    }
}

fn refuse(name: &str, what: &str, reason: &str) -> Result<(), BrokerError> {
    Err(BrokerError::Config(format!("property {name} {what}: {reason}")))
}

/// What in this setting cannot be done without TLS.
fn needs_tls(name: &str, value: &str) -> Option<&'static str> {
    let value = value.to_ascii_lowercase();
    match name {
        "security.protocol" if value.contains("ssl") => {
            Some("an encrypted connection was asked for")
        }
        "sasl.mechanism" | "sasl.mechanisms" if value.starts_with("scram") => {
            Some("SCRAM needs OpenSSL's hashes")
        }
        "sasl.mechanism" | "sasl.mechanisms" if value == "oauthbearer" => {
            Some("OAUTHBEARER needs OpenSSL")
        }
        name if name.starts_with("ssl.") => Some("it is a setting of TLS"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str, value: &str) -> String {
        check(name, value).unwrap_err().to_string()
    }

    #[test]
    fn no_guarantee_can_be_switched_off() {
        for (name, value) in [
            ("enable.auto.commit", "true"),
            ("acks", "1"),
            ("enable.idempotence", "false"),
            ("auto.offset.reset", "latest"),
            ("isolation.level", "read_uncommitted"),
            ("partitioner", "random"),
            ("message.timeout.ms", "1"),
        ] {
            let line = refusal(name, value);
            assert!(line.contains(name) && line.contains("cannot be set: "), "{line}");
        }
        assert!(REFUSED.iter().all(|(name, reason)| !name.is_empty() && !reason.is_empty()));
    }

    /// An answer that takes longer than the watchdog waits would be thrown away each time.
    #[test]
    fn answers_must_come_before_the_watchdog() {
        for (name, most) in AT_MOST {
            assert!(check(name, &most.to_string()).is_ok(), "{name}");
            let line = refusal(name, &(most + 1).to_string());
            assert!(line.contains(&format!("{name} cannot be above {most}")), "{line}");
        }
    }

    /// A guard on a property that the client does not have would be a mistyped one.
    #[test]
    fn every_guarded_property_exists() {
        for (name, _) in REFUSED {
            let set = ClientConfig::new().set(*name, "?").create_native_config();
            if let Err(KafkaError::ClientConfig(_, reason, _, _)) = set {
                assert!(!reason.starts_with("No such"), "{name}: {reason}");
            }
        }
    }

    #[test]
    fn unknown_names_and_bad_values_are_told_without_the_value() {
        assert_eq!(refusal("lingr.ms", "5"), "property lingr.ms does not exist in librdkafka");
        let line = refusal("socket.timeout.ms", "hunter2");
        assert_eq!(line, "property socket.timeout.ms does not take this value");
        assert!(check("linger.ms", "20").is_ok());
        assert!(check("sasl.password", "hunter2").is_ok());
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn without_tls_the_refusal_says_which_build_has_it() {
        for (name, value) in [
            ("security.protocol", "sasl_ssl"),
            ("sasl.mechanisms", "SCRAM-SHA-512"),
            ("ssl.ca.location", "/ca.pem"),
        ] {
            assert!(refusal(name, value).contains("feature `tls`"), "{name}");
        }
        assert!(check("security.protocol", "sasl_plaintext").is_ok());
    }
}
