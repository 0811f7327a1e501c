//! `topics`: what there is, what is in it, new ones.

mod create;
mod describe;
mod list;

use clap::{Args, Subcommand};
use tidegate::broker::{Broker, TopicInfo};
use tidegate::message::{InvalidTopicName, TopicName};

use crate::answer::Answer;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::near::did_you_mean;

/// What about topics.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum TopicsCommand {
    /// Lists all topics: partitions, records, size limit.
    List,
    /// Shows a topic's partitions, and how far the groups that read it are behind.
    Describe {
        /// The topic.
        #[arg(value_parser = name)]
        topic: TopicName,
    },
    /// Creates a topic.
    Create(CreateArgs),
}

/// A topic to be created.
#[derive(Debug, Clone, Args)]
pub(crate) struct CreateArgs {
    /// The topic.
    #[arg(value_parser = name)]
    topic: TopicName,
    /// How many partitions. More can never be taken away, and a change of the number moves keys to other partitions.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    partitions: u32,
    /// Copies of each partition; a cluster needs to be told, the embedded log keeps one.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    replication: Option<u16>,
    /// The largest record, in bytes; 1048576 without it.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    max_message_bytes: Option<u64>,
}

pub(crate) async fn run(log: &Connection, command: &TopicsCommand) -> Result<Answer, Failure> {
    match command {
        TopicsCommand::List => list::run(&log.broker).await,
        TopicsCommand::Describe { topic } => describe::run(&log.broker, topic).await,
        TopicsCommand::Create(args) => create::run(log, args).await,
    }
}

/// A topic's name, as an argument.
pub(crate) fn name(text: &str) -> Result<TopicName, InvalidTopicName> {
    TopicName::new(text)
}

/// The topic of this name.
pub(crate) async fn find(broker: &Broker, name: &TopicName) -> Result<TopicInfo, Failure> {
    let topics = broker.topics().await?;
    topics.iter().find(|topic| topic.name == *name).cloned().ok_or_else(|| {
        let guess = did_you_mean(name.as_str(), topics.iter().map(|topic| topic.name.as_str()));
        Failure::Missing(format!("topic {name} does not exist{guess}"))
    })
}
