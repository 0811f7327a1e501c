//! `retry`: what waits in a retry topic, and letting go the keys that are held there.

mod list;
mod release;

use clap::{Args, Subcommand};
use tidegate::broker::Broker;
use tidegate::message::{TopicName, TopicPartition};
use tidegate::retries::{RetryTopic, RetryTopicError, Waits};

use crate::answer::Answer;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::output::shown;
use crate::topics::name;

/// What about retries.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum RetryCommand {
    /// Lists what waits: for its time, behind another one of its key, or for an operator.
    List(Which),
    /// Lets a key go that a dead-lettered record holds: the next record of the key runs.
    Release(ReleaseArgs),
}

/// Whose retries.
#[derive(Debug, Clone, Args)]
pub(crate) struct Which {
    /// The topic that the records come from.
    #[arg(long, value_parser = name)]
    topic: TopicName,
    /// The consumer group.
    #[arg(long)]
    group: String,
    /// The retry topic, where it is not TOPIC.GROUP.retry.
    #[arg(long, value_name = "TOPIC", value_parser = name)]
    retry_topic: Option<TopicName>,
}

/// Which key is let go, and why.
#[derive(Debug, Clone, Args)]
#[command(group = clap::ArgGroup::new("record").required(true).args(["offset", "key"]))]
pub(crate) struct ReleaseArgs {
    #[command(flatten)]
    which: Which,
    /// The partition of the record that holds the key, as `retry list` prints it.
    #[arg(long, value_name = "NUMBER", requires = "offset")]
    partition: Option<u32>,
    /// Its offset.
    #[arg(long, value_name = "NUMBER", requires = "partition", conflicts_with = "key")]
    offset: Option<u64>,
    /// The key, as text.
    #[arg(long)]
    key: Option<String>,
    /// Why: it is kept with the tombstone in the retry topic.
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: String,
}

pub(crate) async fn run(log: &Connection, command: &RetryCommand) -> Result<Answer, Failure> {
    match command {
        RetryCommand::List(which) => list::run(&log.broker, which).await,
        RetryCommand::Release(args) => release::run(&log.broker, args).await,
    }
}

impl Which {
    fn open(&self, broker: &Broker) -> Result<RetryTopic, Failure> {
        let named = || name(&format!("{}.{}.retry", self.topic, self.group));
        let retries = self.retry_topic.clone().map_or_else(named, Ok);
        let retries =
            retries.map_err(|error| Failure::Refused(format!("--retry-topic: {error}")))?;
        Ok(RetryTopic::new(broker.clone(), self.group.clone(), self.topic.clone(), retries))
    }
}

impl From<RetryTopicError> for Failure {
    fn from(error: RetryTopicError) -> Self {
        match error {
            RetryTopicError::Broker(error) => error.into(),
            error @ (RetryTopicError::Missing(_) | RetryTopicError::NotHeld { .. }) => {
                Self::Missing(error.to_string())
            }
            error => Self::Failed(error.to_string()),
        }
    }
}

/// The word for it, and when it is due.
fn waits(waits: Waits) -> (&'static str, Option<String>) {
    match waits {
        Waits::Due(at) => ("due", Some(shown(at))),
        Waits::Behind => ("behind", None),
        Waits::Held => ("held", None),
        Waits::Settling => ("settling", None),
        _ => ("unknown", None),
    }
}

fn record(topic: &TopicName, waiting: &tidegate::retries::Waiting) -> String {
    format!("{}/{}", TopicPartition::new(topic.clone(), waiting.partition), waiting.offset)
}
