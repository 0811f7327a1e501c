//! Why a command ended without an answer. One line each.

use std::process::ExitCode;

use tidegate::broker::{AdminError, BrokerError};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A setting or an argument stands against it: exit code 2.
    #[error("{0}")]
    Refused(String),
    /// It was tried, and failed: exit code 1.
    #[error("{0}")]
    Failed(String),
    /// What was asked for is not there: exit code 1.
    #[error("{0}")]
    Missing(String),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Refused(_) => ExitCode::from(2),
            Self::Failed(_) | Self::Missing(_) => ExitCode::from(1),
        }
    }
}

impl From<BrokerError> for Failure {
    fn from(error: BrokerError) -> Self {
        let line = error.to_string();
        match error {
            BrokerError::Config(_)
            | BrokerError::Denied(_)
            | BrokerError::InUse(_)
            | BrokerError::Storage(_) => Self::Refused(line),
            BrokerError::UnknownTopic(topic) => {
                Self::Missing(format!("topic {topic} does not exist"))
            }
            BrokerError::UnknownPartition(_) | BrokerError::OutOfRange { .. } => {
                Self::Missing(line)
            }
            _ => Self::Failed(line),
        }
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Broker(error) => error.into(),
            error @ AdminError::InvalidTopic { .. } => Self::Refused(error.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}
