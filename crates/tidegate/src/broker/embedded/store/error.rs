//! What the file can answer with.

use redb::{CommitError, DatabaseError, StorageError, TableError, TransactionError};

use crate::broker::BrokerError;
use crate::message::{Offset, TopicPartition};

/// A read that failed.
#[derive(Debug)]
pub(in crate::broker::embedded) enum StoreError {
    /// Closed, or it could not be opened again.
    NotOpen,
    /// The database or the disk under it.
    Failed(Box<redb::Error>),
    /// A batch that cannot be read.
    Corrupt { partition: TopicPartition, offset: Offset, reason: String },
}

/// A write that failed.
#[derive(Debug)]
pub(in crate::broker::embedded) enum WriteError {
    /// Nothing was written.
    NotWritten(StoreError),
    /// All of it was written, or nothing: only opening the file again tells.
    Unknown(StoreError),
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotOpen => f.write_str("the log's file is not open"),
            Self::Failed(error) => error.fmt(f),
            Self::Corrupt { partition, offset, reason } => {
                write!(f, "{partition} is damaged at offset {offset}: {reason}")
            }
        }
    }
}

impl std::fmt::Display for WriteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotWritten(error) | Self::Unknown(error) => error.fmt(f),
        }
    }
}

impl From<StoreError> for BrokerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt { partition, offset, reason } => {
                Self::Corrupt { partition, offset, reason }
            }
            StoreError::Failed(error) if matches!(*error, redb::Error::Corrupted(_)) => {
                Self::Storage(format!("the log's file is damaged: {error}"))
            }
            other => Self::Unavailable(other.to_string()),
        }
    }
}

macro_rules! from_redb {
    ($($error:ty),*) => {$(
        impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                Self::Failed(Box::new(error.into()))
            }
        }
    )*};
}

from_redb!(CommitError, DatabaseError, StorageError, TableError, TransactionError);

/// For a panic inside redb: only a file that something else changed makes it do so.
pub(super) fn damaged() -> DatabaseError {
    DatabaseError::Storage(StorageError::Corrupted("its pages contradict each other".into()))
}
