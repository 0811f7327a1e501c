//! What the client's errors mean to a caller.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use super::context::Troubles;
use crate::broker::{BrokerError, CommitError};
use crate::message::TopicPartition;

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
    let Some(code) = error.rdkafka_error_code() else {
        return BrokerError::Unavailable(troubles.explain(error));
    };
    match denied(code) {
        Some(what) => BrokerError::Unavailable(format!("{what} ({code})")),
        None => BrokerError::Unavailable(troubles.explain(&code)),
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
