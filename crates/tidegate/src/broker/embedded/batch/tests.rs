use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::message::{NewRecord, Partition, TopicName};

fn place() -> TopicPartition {
    TopicPartition::new(TopicName::new("orders").unwrap(), Partition(2))
}

fn bytes() -> impl Strategy<Value = Option<Bytes>> {
    option::of(vec(any::<u8>(), 0..40).prop_map(Bytes::from))
}

fn header() -> impl Strategy<Value = Header> {
    ("[a-c]{0,2}", bytes()).prop_map(|(name, value)| Header { name: name.as_str().into(), value })
}

prop_compose! {
    fn record()(
        timestamp: i64, key in bytes(), value in bytes(), headers in vec(header(), 0..4),
    ) -> Record {
        let TopicPartition { topic, partition } = place();
        let headers = headers.into_iter().collect();
        let timestamp = Timestamp(timestamp);
        Record { topic, partition, offset: Offset(0), timestamp, key, value, headers }
    }
}

prop_compose! {
    fn batch()(base in 0_u64..1 << 60, mut records in vec(record(), 1..8)) -> Vec<Record> {
        records.iter_mut().zip(base..).for_each(|(record, at)| record.offset = Offset(at));
        records
    }
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(records in batch()) {
        let stored = Bytes::from(encode(&records));
        prop_assert_eq!(count(&stored) as usize, records.len());
        let length: usize = records.iter().map(encoded_len).sum();
        prop_assert_eq!(stored.len(), HEAD + length);
        prop_assert_eq!(decode(&place(), records[0].offset, stored), Ok(records));
    }

    #[test]
    fn any_flipped_byte_is_detected(records in batch(), at: usize, flip in 1_u8..) {
        let mut stored = encode(&records);
        let at = at % stored.len();
        stored[at] ^= flip;
        prop_assert!(decode(&place(), records[0].offset, stored.into()).is_err());
    }

    #[test]
    fn a_torn_batch_is_detected(records in batch(), cut: usize) {
        let mut stored = encode(&records);
        stored.truncate(cut % stored.len());
        prop_assert!(decode(&place(), records[0].offset, stored.into()).is_err());
    }
}

#[test]
fn a_batch_under_anothers_key_is_detected() {
    let TopicPartition { topic, partition } = place();
    let record = NewRecord::new(topic.clone());
    let record = Record {
        topic,
        partition,
        offset: Offset(5),
        timestamp: Timestamp(0),
        key: record.key,
        value: record.value,
        headers: record.headers,
    };
    let stored = Bytes::from(encode(&[record]));
    assert!(decode(&place(), Offset(6), stored).unwrap_err().contains("offset 5"));
}

/// Format version 1, byte for byte: it must be readable for ever.
#[test]
fn format_1_is_what_it_was() {
    let mut headers = Headers::new();
    headers.push("a", "x");
    headers.push_raw(Header { name: "b".into(), value: None });
    let TopicPartition { topic, partition } = place();
    let record = Record {
        topic,
        partition,
        offset: Offset(258),
        timestamp: Timestamp(-1),
        key: Some(Bytes::new()),
        value: None,
        headers,
    };
    let hex: String = encode(&[record]).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, GOLDEN);
}

const GOLDEN: &str = "0189aca15b020100000000000001000000ffffffffffffffff00000000ffffffff\
    02000000010000006101000000780100000062ffffffff";
