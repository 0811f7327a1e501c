//! What the client's errors mean to a caller.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use super::catalogue::Limit;
use super::context::Troubles;
use crate::broker::{BrokerError, CommitError, PublishError};
use crate::message::{Partition, TopicName, TopicPartition};

/// A client that cannot be made: a contradiction in its settings. The value is never repeated: it may be a secret.
pub(super) fn config(error: KafkaError) -> BrokerError {
    let reason = match error {
        KafkaError::ClientConfig(_, _, name, _) => {
            format!("property {name} does not take its value")
        }
        KafkaError::ClientCreation(reason) => reason,
        other => other.to_string(),
    };
    BrokerError::Config(format!("the Kafka client cannot be made: {reason}"))
}

/// A question that was not answered. Whether the topic or partition exists was looked up before.
pub(super) fn question(error: &KafkaError, about: About<'_>, troubles: &Troubles) -> BrokerError {
    let Some(code) = code(error) else {
        return BrokerError::Unavailable(troubles.explain(error));
    };
    match about.denied(code) {
        Some(what) => BrokerError::Denied(what),
        None => BrokerError::Unavailable(troubles.explain(&code)),
    }
}

/// The cluster's or client's code, for administrative questions too.
pub(super) fn code(error: &KafkaError) -> Option<Code> {
    match error {
        KafkaError::AdminOp(code) => Some(*code),
        other => other.rdkafka_error_code(),
    }
}

/// Why a batch cannot be read, if that is what an error says. Behind it a client may have passed something over: see
/// `member/corrupt.rs`.
pub(super) fn corrupt(error: &KafkaError) -> Option<&'static str> {
    match error.rdkafka_error_code()? {
        Code::BadMessage => Some("the checksum of its batch is wrong, or its format is damaged"),
        Code::BadCompression => Some("its batch cannot be decompressed"),
        Code::NotImplemented => Some("the format or compression of its batch is not known"),
        Code::InvalidMessage | Code::InvalidRecord => Some("the broker finds its batch corrupt"),
        _ => None,
    }
}

/// Why a member cannot go on.
pub(super) fn ended(code: Code, about: About<'_>, troubles: &Troubles) -> BrokerError {
    if code == Code::FencedInstanceId {
        let reason = "another member has joined with this one's instance id: give each its own";
        return BrokerError::Denied(format!("{reason} ({code})"));
    }
    match about.denied(code) {
        Some(what) => BrokerError::Denied(what),
        None => BrokerError::Unavailable(format!(
            "the client cannot go on: {}",
            troubles.explain(&code)
        )),
    }
}

/// What was asked for or used, where that is known: a refusal names it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct About<'a> {
    pub(super) topic: Option<&'a str>,
    pub(super) group: Option<&'a str>,
}

impl<'a> About<'a> {
    pub(super) fn topic(topic: &'a TopicName) -> Self {
        Self { topic: Some(topic.as_str()), group: None }
    }

    pub(super) const fn group(group: &'a str) -> Self {
        Self { topic: None, group: Some(group) }
    }

    /// What the cluster refuses for want of a right, in one line.
    pub(super) fn denied(self, code: Code) -> Option<String> {
        let (kind, name) = match code {
            Code::TopicAuthorizationFailed => ("topic", self.topic),
            Code::GroupAuthorizationFailed => ("group", self.group),
            Code::ClusterAuthorizationFailed => ("cluster", None),
            _ => return None,
        };
        let what = name.map_or_else(|| format!("the {kind}"), |name| format!("{kind} {name}"));
        Some(format!("this user may not use {what}: it lacks an ACL ({code})"))
    }
}

/// Whether a right is missing.
pub(super) fn is_denied(code: Code) -> bool {
    About::default().denied(code).is_some()
}

/// A commit that was not accepted.
pub(super) fn commit(code: Code, partition: &TopicPartition) -> CommitError {
    match code {
        Code::IllegalGeneration
        | Code::UnknownMemberId
        | Code::StaleMemberEpoch
        | Code::FencedMemberEpoch
        | Code::FencedInstanceId
        | Code::AssignmentLost => CommitError::StaleGeneration,
        Code::RebalanceInProgress => CommitError::RebalanceInProgress,
        Code::UnknownTopicOrPartition | Code::UnknownPartition => {
            CommitError::NotOwned(partition.clone())
        }
        code => CommitError::Unavailable(
            About::topic(&partition.topic).denied(code).unwrap_or_else(|| code.to_string()),
        ),
    }
}

/// A record that was handed to the client.
pub(super) struct Sent<'a> {
    pub(super) topic: &'a TopicName,
    pub(super) partition: Partition,
    /// Bytes of the record.
    pub(super) size: usize,
    /// What the topic took when it was sent.
    pub(super) limit: Limit,
}

/// A record that was sent and not acknowledged. Only what the cluster refused, or what was never sent, is known not to
/// be in the log.
pub(super) fn delivery(code: Code, sent: &Sent<'_>, troubles: &Troubles) -> PublishError {
    let topic = || sent.topic.clone();
    match code {
        Code::UnknownTopicOrPartition | Code::UnknownTopic => PublishError::UnknownTopic(topic()),
        Code::UnknownPartition => {
            PublishError::UnknownPartition(TopicPartition::new(topic(), sent.partition))
        }
        // It was alone in its batch.
        Code::MessageSizeTooLarge if sent.size >= sent.limit.batch => {
            let limit = sent.limit.record.min(sent.size - 1);
            PublishError::TooLarge { topic: topic(), size: sent.size, limit }
        }
        // A batch is refused whole: this record may fit, and a second try, with the limit known, finds out.
        Code::MessageSizeTooLarge => {
            PublishError::Unavailable(format!("{} takes less at once than it did", sent.topic))
        }
        // The client has ended, or failed for good: then it has told why before. What it is about to send again is in the same queue as
        // what it has never sent.
        Code::PurgeQueue => {
            let what = format!("the producer ended before topic {} had acknowledged", sent.topic);
            PublishError::Unknown(troubles.explain(&what))
        }
        Code::InvalidRecord
        | Code::InvalidTimestamp
        | Code::PolicyViolation
        | Code::UnsupportedForMessageFormat => {
            PublishError::Unavailable(format!("the cluster refuses the record: {code}"))
        }
        code => match About::topic(sent.topic).denied(code) {
            Some(what) => PublishError::Unavailable(what),
            None => PublishError::Unknown(troubles.explain(&code)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(code: Code, size: usize) -> PublishError {
        let topic = TopicName::new("t").unwrap();
        let sent = Sent {
            topic: &topic,
            partition: Partition(2),
            size,
            limit: Limit { record: 20, batch: 10 },
        };
        delivery(code, &sent, &Troubles::default())
    }

    #[test]
    fn only_what_was_refused_is_known_not_to_be_written() {
        for code in [
            Code::MessageTimedOut,
            Code::RequestTimedOut,
            Code::PurgeInflight,
            Code::PurgeQueue,
            Code::NotEnoughReplicasAfterAppend,
            Code::Fatal,
            Code::OutOfOrderSequenceNumber,
            Code::BrokerTransportFailure,
        ] {
            assert!(sent(code, 5).is_unknown(), "{code:?}");
        }
        for code in [
            Code::UnknownTopicOrPartition,
            Code::UnknownPartition,
            Code::MessageSizeTooLarge,
            Code::TopicAuthorizationFailed,
            Code::InvalidRecord,
        ] {
            assert!(!sent(code, 5).is_unknown(), "{code:?}");
        }
    }

    #[test]
    fn a_refused_batch_does_not_call_a_small_record_too_large() {
        assert!(matches!(sent(Code::MessageSizeTooLarge, 5), PublishError::Unavailable(_)));
        assert!(matches!(sent(Code::MessageSizeTooLarge, 11), PublishError::TooLarge { .. }));
    }

    #[test]
    fn what_cannot_be_healed_by_asking_again_is_no_outage() {
        let troubles = Troubles::default();
        for (code, said) in [
            (Code::FencedInstanceId, "instance id"),
            (Code::GroupAuthorizationFailed, "lacks an ACL"),
        ] {
            let ended = ended(code, About::default(), &troubles);
            assert!(matches!(ended, BrokerError::Denied(_)), "{ended:?}");
            assert!(ended.to_string().contains(said), "{ended}");
        }
        for error in [KafkaError::MetadataFetch, KafkaError::AdminOp] {
            let error = error(Code::TopicAuthorizationFailed);
            let answer = question(&error, About::default(), &troubles);
            assert!(matches!(answer, BrokerError::Denied(_)), "{answer:?}");
        }
        let fatal = ended(Code::Fatal, About::default(), &troubles);
        assert!(matches!(fatal, BrokerError::Unavailable(_)), "{fatal:?}");
    }

    #[test]
    fn a_missing_right_is_said_in_words_and_a_time_out_with_its_cause() {
        let line = sent(Code::TopicAuthorizationFailed, 5).to_string();
        assert!(line.contains("topic t: it lacks an ACL"), "{line}");
        let troubles = Troubles::default();
        troubles.note("Connection refused".into());
        let error = KafkaError::MetadataFetch(Code::OperationTimedOut);
        let line = question(&error, About::default(), &troubles).to_string();
        assert!(line.contains("(Connection refused)"), "{line}");
    }
}
