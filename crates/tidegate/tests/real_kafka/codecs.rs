//! Topics that others have written compressed, by each codec, are read by whoever reads.

use std::fs;
use std::path::PathBuf;

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use test_servers::LocalKafka;
use tidegate::broker::Broker;
use tidegate::message::Record;

use crate::support::{
    PATIENCE, all, blocking, create, member, place, plain, read, shared, subscription,
};

/// The codecs, with their numbers in a batch's attributes.
pub(crate) const CODECS: [(&str, u8); 4] = [("gzip", 1), ("snappy", 2), ("lz4", 3), ("zstd", 4)];

/// So many records, in one batch.
const COUNT: usize = 200;

/// The codec of a partition's first batch, as it lies in the log.
pub(crate) fn codec_in_log(kafka: &LocalKafka, topic: &str) -> u8 {
    let folder: PathBuf = kafka.folder().join(format!("node-1/log/{topic}-0"));
    let batch = fs::read(folder.join("00000000000000000000.log")).unwrap();
    // Base offset, length, leader epoch, magic, checksum; then the attributes, whose lowest three bits are the codec.
    batch[8 + 4 + 4 + 1 + 4 + 1] & 7
}

fn value(n: usize) -> String {
    format!("value {n} {}", "which repeats itself ".repeat(10))
}

fn write(address: &str, topic: &str, codec: &str) {
    let mut config = plain(address);
    config.set("compression.type", codec).set("linger.ms", "200");
    let producer: BaseProducer = config.create().unwrap();
    for n in 0..COUNT {
        let (key, value) = (n.to_string(), value(n));
        let record = BaseRecord::to(topic).key(&key).payload(&value).partition(0);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(PATIENCE).unwrap();
}

fn assert_complete(records: &[Record], what: &str) {
    let values: Vec<_> = records.iter().map(|r| r.value.clone().unwrap()).collect();
    let expected: Vec<_> = (0..COUNT).map(value).collect();
    assert_eq!(values, expected, "{what}");
}

async fn is_read(broker: &Broker, topic: &str) {
    assert_complete(&all(broker, &place(topic, 0)).await, topic);
    let mut member = member(broker, subscription(topic, topic), 1).await;
    assert_complete(&read(member.as_mut(), COUNT).await, topic);
    member.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_compressed_by_each_codec_is_read() {
    let (kafka, broker) = shared();
    for (codec, number) in CODECS {
        let topic = format!("codec-{codec}");
        create(&broker, &topic, 1).await;
        blocking(|| write(kafka.address(), &topic, codec));
        assert_eq!(codec_in_log(kafka, &topic), number, "{codec}: the log holds another codec");
        is_read(&broker, &topic).await;
    }
}
