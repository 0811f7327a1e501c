//! `topics describe`.

use serde::Serialize;
use tidegate::broker::{Broker, PartitionLag, TopicInfo};
use tidegate::message::{Partition, TopicName, TopicPartition};

use crate::answer::{Answer, Block, Table, or_dash};
use crate::failure::Failure;
use crate::groups::readers;
use crate::output::safe;

#[derive(Debug, Serialize)]
struct Described {
    name: String,
    records: u64,
    max_message_bytes: usize,
    partitions: Vec<Bounds>,
    groups: Vec<Reader>,
}

#[derive(Debug, Serialize)]
struct Bounds {
    partition: u32,
    start: u64,
    end: u64,
    records: u64,
}

#[derive(Debug, Serialize)]
struct Reader {
    group: String,
    lag: u64,
    partitions: Vec<Behind>,
}

#[derive(Debug, Serialize)]
struct Behind {
    partition: u32,
    committed: Option<u64>,
    lag: u64,
}

pub(super) async fn run(broker: &Broker, topic: &TopicName) -> Result<Answer, Failure> {
    let info = super::find(broker, topic).await?;
    let partitions = bounds(broker, &info).await?;
    let mut groups = Vec::new();
    for group in readers(broker, topic).await? {
        let lag = broker.lag(group.clone(), topic.clone()).await?;
        groups.push(Reader::of(group, &lag));
    }
    let described = Described {
        name: info.name.to_string(),
        records: partitions.iter().map(|bounds| bounds.records).sum(),
        max_message_bytes: info.max_message_bytes,
        partitions,
        groups,
    };
    let blocks = blocks(&described);
    Answer::new(&described, blocks)
}

async fn bounds(broker: &Broker, info: &TopicInfo) -> Result<Vec<Bounds>, Failure> {
    let mut all = Vec::new();
    for partition in 0..info.partitions {
        let place = TopicPartition::new(info.name.clone(), Partition(partition));
        let found = broker.watermarks(place).await?;
        let (start, end) = (found.start.0, found.end.0);
        all.push(Bounds { partition, start, end, records: end.saturating_sub(start) });
    }
    Ok(all)
}

impl Reader {
    fn of(group: String, lag: &[PartitionLag]) -> Self {
        let behind = |of: &PartitionLag| Behind {
            partition: of.partition.partition.0,
            committed: of.committed.as_ref().map(|committed| committed.offset.0),
            lag: of.lag,
        };
        let total = lag.iter().map(|of| of.lag).sum();
        Self { group, lag: total, partitions: lag.iter().map(behind).collect() }
    }
}

fn blocks(described: &Described) -> Vec<Block> {
    let head = format!(
        "{}: {} partitions, {} records, of at most {} bytes each",
        described.name,
        described.partitions.len(),
        described.records,
        described.max_message_bytes
    );
    let row = |b: &Bounds| {
        [u64::from(b.partition), b.start, b.end, b.records]
            .map(|number| number.to_string())
            .to_vec()
    };
    let bounds = Table::new(&["PARTITION", "START", "END", "RECORDS"], &[0, 1, 2, 3])
        .rows(described.partitions.iter().map(row));
    let mut blocks = vec![Block::Text(head), Block::Table(bounds)];
    if !described.groups.is_empty() {
        let rows = described.groups.iter().flat_map(reader_rows);
        let readers =
            Table::new(&["GROUP", "PARTITION", "COMMITTED", "LAG"], &[1, 2, 3]).rows(rows);
        blocks.push(Block::Table(readers));
    }
    blocks
}

fn reader_rows(reader: &Reader) -> impl Iterator<Item = Vec<String>> {
    reader.partitions.iter().map(|behind| {
        let committed = or_dash(behind.committed);
        vec![safe(&reader.group), behind.partition.to_string(), committed, behind.lag.to_string()]
    })
}
