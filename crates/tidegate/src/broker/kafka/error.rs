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
pub(super) fn question(error: &KafkaError, troubles: &Troubles) -> BrokerError {
    let Some(code) = code(error) else {
        return BrokerError::Unavailable(troubles.explain(error));
    };
    match denied(code) {
        Some(what) => BrokerError::Denied(format!("{what} ({code})")),
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

/// Why a member cannot go on.
pub(super) fn ended(code: Code, troubles: &Troubles) -> BrokerError {
    if code == Code::FencedInstanceId {
        let reason = "another member has joined with this one's instance id: give each its own";
        return BrokerError::Denied(format!("{reason} ({code})"));
    }
    match denied(code) {
        Some(what) => BrokerError::Denied(format!("{what} ({code})")),
        None => BrokerError::Unavailable(format!(
            "the client cannot go on: {}",
            troubles.explain(&code)
        )),
    }
}

/// What the cluster refuses for want of a right, and what to do.
pub(super) fn denied(code: Code) -> Option<&'static str> {
    match code {
        Code::TopicAuthorizationFailed => Some("this user may not use the topic: it lacks an ACL"),
        Code::GroupAuthorizationFailed => Some("this user may not use the group: it lacks an ACL"),
        Code::ClusterAuthorizationFailed => {
            Some("this user may not do that on the cluster: it lacks an ACL")
        }
        _ => None,
    }
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
            denied(code).map_or_else(|| code.to_string(), |what| format!("{what} ({code})")),
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
        Code::PurgeQueue => PublishError::Unavailable("it was not sent before the end".into()),
        Code::InvalidRecord
        | Code::InvalidTimestamp
        | Code::PolicyViolation
        | Code::UnsupportedForMessageFormat => {
            PublishError::Unavailable(format!("the cluster refuses the record: {code}"))
        }
        code => match denied(code) {
            Some(what) => PublishError::Unavailable(format!("{what} ({code})")),
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
            Code::PurgeQueue,
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
            let ended = ended(code, &troubles);
            assert!(matches!(ended, BrokerError::Denied(_)), "{ended:?}");
            assert!(ended.to_string().contains(said), "{ended}");
        }
        for error in [KafkaError::MetadataFetch, KafkaError::AdminOp] {
            let error = error(Code::TopicAuthorizationFailed);
            assert!(matches!(question(&error, &troubles), BrokerError::Denied(_)), "{error:?}");
        }
        assert!(matches!(ended(Code::Fatal, &troubles), BrokerError::Unavailable(_)));
    }

    #[test]
    fn a_missing_right_is_said_in_words_and_a_time_out_with_its_cause() {
        let line = sent(Code::TopicAuthorizationFailed, 5).to_string();
        assert!(line.contains("lacks an ACL"), "{line}");
        let troubles = Troubles::default();
        troubles.note("Connection refused".into());
        let error = KafkaError::MetadataFetch(Code::OperationTimedOut);
        let line = question(&error, &troubles).to_string();
        assert!(line.contains("(Connection refused)"), "{line}");
    }
}
