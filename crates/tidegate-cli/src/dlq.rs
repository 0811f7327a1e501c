//! `dlq`: what was given up, and why.

mod filter;
mod letter;
mod list;
mod scan;
mod show;

use clap::{Args, Subcommand};
use tidegate::message::{Offset, Partition, Timestamp, TopicName, TopicPartition};

use crate::answer::Answer;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::output::time;
use crate::topics::name;

/// What about dead letters.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum DlqCommand {
    /// Lists dead letters, newest first.
    List(ListArgs),
    /// Shows all of one dead letter: origin, reason, history, headers, key, value.
    Show {
        /// Where it stands: TOPIC/PARTITION/OFFSET, as `dlq list` prints it.
        #[arg(value_parser = place)]
        letter: Place,
        /// Writes the value's bytes, untouched, and nothing else.
        #[arg(long)]
        raw: bool,
    },
}

/// Which dead letters are listed. Every option narrows the list.
#[derive(Debug, Clone, Args)]
pub(crate) struct ListArgs {
    /// The dead-letter topic; without it all topics whose names end in `dlq`.
    #[arg(value_parser = name)]
    topic: Option<TopicName>,
    /// Given up by this group.
    #[arg(long)]
    group: Option<String>,
    /// With this in the reason, in any case.
    #[arg(long, value_name = "TEXT")]
    error: Option<String>,
    /// Of this event type.
    #[arg(long, value_name = "TYPE")]
    event_type: Option<String>,
    /// Dead-lettered at this time or later: 2026-01-31T03:00:00Z, or how long ago: 2h.
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// Dead-lettered before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Timestamp>,
    /// At most so many.
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

/// Where a letter stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    partition: TopicPartition,
    offset: Offset,
}

pub(crate) async fn run(log: &Connection, command: &DlqCommand) -> Result<Answer, Failure> {
    match command {
        DlqCommand::List(args) => list::run(&log.broker, args).await,
        DlqCommand::Show { letter, raw } => show::run(&log.broker, letter, *raw).await,
    }
}

fn place(text: &str) -> Result<Place, String> {
    let read = || {
        let (rest, offset) = text.rsplit_once('/')?;
        let (topic, partition) = rest.rsplit_once('/')?;
        let topic = TopicName::new(topic).ok()?;
        let partition = TopicPartition::new(topic, Partition(partition.parse().ok()?));
        Some(Place { partition, offset: Offset(offset.parse().ok()?) })
    };
    read().ok_or_else(|| "it must be TOPIC/PARTITION/OFFSET, such as orders_dlq/0/12".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_topic_partition_and_offset() {
        let found = place("orders_dlq/2/17").unwrap();
        assert_eq!(
            (found.partition.to_string().as_str(), found.offset),
            ("orders_dlq/2", Offset(17))
        );
        for wrong in
            ["", "orders_dlq", "orders_dlq/2", "/2/17", "a/b/c", "a/2/-1", "a b/2/1", "a/2/1/"]
        {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
