//! `topics list`.

use serde::Serialize;
use tidegate::broker::{Broker, TopicInfo};
use tidegate::message::{Partition, TopicPartition};

use crate::answer::{Answer, Block, Table};
use crate::failure::Failure;

#[derive(Debug, Serialize)]
struct Topics {
    topics: Vec<Topic>,
}

#[derive(Debug, Serialize)]
struct Topic {
    name: String,
    partitions: u32,
    records: u64,
    max_message_bytes: usize,
}

pub(super) async fn run(broker: &Broker) -> Result<Answer, Failure> {
    let mut topics = Vec::new();
    for info in broker.topics().await? {
        topics.push(Topic {
            records: records(broker, &info).await?,
            name: info.name.to_string(),
            partitions: info.partitions,
            max_message_bytes: info.max_message_bytes,
        });
    }
    let row = |topic: &Topic| {
        vec![
            topic.name.clone(),
            topic.partitions.to_string(),
            topic.records.to_string(),
            topic.max_message_bytes.to_string(),
        ]
    };
    let header = ["TOPIC", "PARTITIONS", "RECORDS", "MAX MESSAGE BYTES"];
    let table = Table::new(&header, &[1, 2, 3]).rows(topics.iter().map(row));
    Answer::new(&Topics { topics }, vec![Block::Table(table)])
}

async fn records(broker: &Broker, info: &TopicInfo) -> Result<u64, Failure> {
    let mut records = 0;
    for number in 0..info.partitions {
        let partition = TopicPartition::new(info.name.clone(), Partition(number));
        let bounds = broker.watermarks(partition).await?;
        records += bounds.end.0.saturating_sub(bounds.start.0);
    }
    Ok(records)
}
