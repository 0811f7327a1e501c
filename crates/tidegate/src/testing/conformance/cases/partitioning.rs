//! Which partition a record goes to.

use bytes::Bytes;

use super::prelude::*;

const PARTITIONS: u32 = 12;

/// Keys, and what murmur2 of Kafka's Java client makes of them (its own test vectors, and the empty key).
const JAVA_MURMUR2: [(&str, i32); 8] = [
    ("21", -973_932_308),
    ("foobar", -790_332_482),
    ("a-little-bit-long-string", -985_981_536),
    ("a-little-bit-longer-string", -1_486_304_829),
    ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
    ("abc", 479_470_107),
    ("kafka", -798_503_068),
    ("", 275_646_681),
];

/// Keys choose partitions as Java's default partitioner does: positive murmur2, modulo the count.
pub(in super::super) async fn keys_choose_partitions_as_java_does(lab: Lab<'_>) -> Outcome {
    let topic = lab.topic(PARTITIONS).await?;
    let keyed = |(key, _): (&'static str, i32)| NewRecord::new(topic.clone()).key(key).value("v");
    let placed = lab.publish(JAVA_MURMUR2.map(keyed).into()).await?;
    for ((key, hash), place) in JAVA_MURMUR2.into_iter().zip(placed) {
        let expected = (hash.cast_unsigned() & 0x7fff_ffff) % PARTITIONS;
        ensure_eq!(place.partition.0, expected, "the partition of key {key:?}");
    }
    Ok(())
}

/// A partition that is named beats the key.
pub(in super::super) async fn explicit_partition_beats_the_key(lab: Lab<'_>) -> Outcome {
    let partitions = lab.partitions(3).await?;
    for p in &partitions {
        let placed = lab.publish(vec![record_to(p).key("the same").value("v")]).await?;
        ensure_eq!(placed[0].partition, p.partition, "the partition that was named");
        ensure_eq!(lab.read(p, 0).await?.len(), 1, "records in {p}");
    }
    Ok(())
}

/// A record without a key goes to some partition, and is found where its acknowledgement says.
pub(in super::super) async fn records_without_a_key_are_found_where_acked(lab: Lab<'_>) -> Outcome {
    let topic = lab.topic(3).await?;
    let keyless = |n: u32| NewRecord::new(topic.clone()).value(n.to_string());
    let placed = lab.publish((0..20).map(keyless).collect()).await?;
    for (n, place) in placed.iter().enumerate() {
        let p = TopicPartition::new(topic.clone(), place.partition);
        let records = lab.read(&p, place.offset.0).await?;
        let first = records.first().ok_or_else(|| Failed::new(format!("{n} is not in {p}")))?;
        ensure_eq!(first.value, Some(Bytes::from(n.to_string())), "the record at {place:?}");
    }
    Ok(())
}

/// One batch may go to several topics and partitions: acknowledgements keep the batch's order.
pub(in super::super) async fn a_batch_may_go_to_many_partitions(lab: Lab<'_>) -> Outcome {
    let mut all = lab.partitions(2).await?;
    all.push(lab.partition().await?);
    let record = |n: u32| numbered(&all[n as usize % all.len()], n);
    let placed = lab.publish((0..30).map(record).collect()).await?;
    for (index, p) in all.iter().enumerate() {
        let records = lab.read(p, 0).await?;
        let mine = || (index..30).step_by(all.len());
        let expected: Vec<_> = mine().map(|n| n.to_string()).collect();
        ensure_eq!(values(&records), expected, "what was read of {p}");
        let acked: Vec<_> = mine().map(|n| placed[n].offset.0).collect();
        ensure_eq!(offsets(&records), acked, "the offsets in {p}");
    }
    Ok(())
}
