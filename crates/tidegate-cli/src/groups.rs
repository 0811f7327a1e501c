//! `groups`: who is in them, how far behind they are.

mod lag;
mod list;
mod metadata;

use std::collections::BTreeSet;

use clap::Subcommand;
use tidegate::broker::{Broker, GroupInfo};
use tidegate::message::TopicName;

use crate::answer::Answer;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::output::safe;
use crate::topics::name;

/// What about groups.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum GroupsCommand {
    /// Lists all groups: state, members, and the lag on each topic.
    List,
    /// Shows a group's partitions: committed offset, lag, owner, and retries that hold it up.
    Lag {
        /// The group.
        group: String,
        /// This topic only.
        #[arg(long, value_parser = name)]
        topic: Option<TopicName>,
    },
}

pub(crate) async fn run(log: &Connection, command: &GroupsCommand) -> Result<Answer, Failure> {
    match command {
        GroupsCommand::List => list::run(&log.broker).await,
        GroupsCommand::Lag { group, topic } => lag::run(&log.broker, group, topic.as_ref()).await,
    }
}

/// The groups that read this topic: members own some of it, or offsets are committed for it.
pub(crate) async fn readers(broker: &Broker, topic: &TopicName) -> Result<Vec<String>, Failure> {
    let mut readers = Vec::new();
    for group in broker.groups().await? {
        if topics_of(broker, &group).await?.contains(topic) {
            readers.push(group.name);
        }
    }
    Ok(readers)
}

/// What is said of a group whose members cannot be seen.
fn unseen(group: &str) -> String {
    format!(
        "who is in group {} cannot be seen: it speaks the newer protocol (KIP-848), which the client cannot describe",
        safe(group)
    )
}

/// The topics that a group reads, as far as it can be seen.
async fn topics_of(broker: &Broker, group: &GroupInfo) -> Result<BTreeSet<TopicName>, Failure> {
    let committed = broker.committed(group.name.clone()).await?;
    let owned = group.members.iter().flat_map(|member| &member.partitions);
    let places = committed.iter().map(|(place, _)| place).chain(owned);
    Ok(places.map(|place| place.topic.clone()).collect())
}
