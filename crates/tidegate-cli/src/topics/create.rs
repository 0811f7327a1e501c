//! `topics create`.

use serde::Serialize;
use tidegate::broker::{BrokerError, NewTopic};

use super::CreateArgs;
use crate::answer::{Answer, Block, Table};
use crate::connection::Connection;
use crate::failure::Failure;

#[derive(Debug, Serialize)]
struct Created {
    name: String,
    partitions: u32,
    replication: u16,
    max_message_bytes: usize,
}

pub(super) async fn run(log: &Connection, args: &CreateArgs) -> Result<Answer, Failure> {
    let topic = wanted(log.cluster, args)?;
    let mut results = log.broker.create_topics(vec![topic.clone()]).await;
    results.pop().unwrap_or(Err(BrokerError::Closed.into()))?;
    let limit = topic.max_message_bytes.unwrap_or(NewTopic::DEFAULT_MAX_MESSAGE_BYTES);
    let created = Created {
        name: topic.name.to_string(),
        partitions: topic.partitions,
        replication: if log.cluster { topic.replication } else { 1 },
        max_message_bytes: limit,
    };
    let row = vec![
        created.name.clone(),
        created.partitions.to_string(),
        created.replication.to_string(),
        created.max_message_bytes.to_string(),
    ];
    let header = ["TOPIC", "PARTITIONS", "REPLICATION", "MAX MESSAGE BYTES"];
    let answer =
        Answer::new(&created, vec![Block::Table(Table::new(&header, &[1, 2, 3]).rows([row]))])?;
    Ok(if topic.replication > created.replication {
        answer.say("the embedded log keeps one copy, whatever --replication says")
    } else {
        answer
    })
}

/// One copy on a cluster is one disk away from a loss: whoever wants that says so.
fn wanted(cluster: bool, args: &CreateArgs) -> Result<NewTopic, Failure> {
    let replication = match args.replication {
        Some(replication) => replication,
        None if !cluster => 1,
        None => {
            return Err(Failure::Refused(
                "--replication is missing: how many copies the cluster keeps of each partition"
                    .into(),
            ));
        }
    };
    let limit = args.max_message_bytes.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    Ok(NewTopic {
        replication,
        max_message_bytes: limit,
        ..NewTopic::new(args.topic.clone(), args.partitions)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate::message::TopicName;

    #[test]
    fn a_cluster_must_be_told_how_many_copies() {
        let topic = TopicName::new("orders").unwrap();
        let args = CreateArgs { topic, partitions: 3, replication: None, max_message_bytes: None };
        assert!(wanted(true, &args).unwrap_err().to_string().contains("--replication"));
        assert_eq!(wanted(false, &args).unwrap().replication, 1);
        let told = CreateArgs { replication: Some(3), ..args };
        assert_eq!(wanted(true, &told).unwrap().replication, 3);
    }
}
