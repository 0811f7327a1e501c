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

prop_compose! {
    /// What compaction leaves of a batch: its first record and some of the others.
    fn gapped()(
        mut records in batch(), gaps in vec(1_u64..1000, 8),
    ) -> Vec<Record> {
        let mut at = records[0].offset.0;
        for (record, gap) in records.iter_mut().zip(gaps) {
            record.offset = Offset(at);
            at += gap;
        }
        records
    }
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(records in batch()) {
        let stored = Bytes::from(encode(&records));
        prop_assert_eq!(span(&stored) as usize, records.len());
        let length: usize = records.iter().map(encoded_len).sum();
        prop_assert_eq!(stored.len(), HEAD + length);
        prop_assert_eq!(decode(&place(), records[0].offset, stored), Ok(records));
    }

    #[test]
    fn what_has_gaps_is_decoded_with_them(records in gapped()) {
        let stored = Bytes::from(encode(&records));
        let (first, last) = (records[0].offset, records[records.len() - 1].offset);
        prop_assert_eq!(span(&stored), last.0 + 1 - first.0);
        prop_assert_eq!(decode(&place(), first, stored), Ok(records));
    }

    #[test]
    fn runs_are_all_there_is(records in vec(gapped(), 1..4), wide: bool) {
        let mut all = records.concat();
        let step = if wide { 1 << 31 } else { 1 };
        all.iter_mut().zip(0..).for_each(|(record, at)| record.offset = Offset(at * step));
        prop_assert_eq!(runs(&all).collect::<Vec<_>>().concat(), all.clone());
        for run in runs(&all) {
            let decoded = decode(&place(), run[0].offset, encode(run).into());
            prop_assert_eq!(decoded.as_deref(), Ok(run));
        }
    }

    #[test]
    fn any_flipped_byte_is_detected(records in prop_oneof![batch(), gapped()], at: usize, flip in 1_u8..) {
        let mut stored = encode(&records);
        let at = at % stored.len();
        stored[at] ^= flip;
        prop_assert!(decode(&place(), records[0].offset, stored.into()).is_err());
    }

    #[test]
    fn a_torn_batch_is_detected(records in prop_oneof![batch(), gapped()], cut: usize) {
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

/// Format version 2, byte for byte.
#[test]
fn format_2_is_what_it_was() {
    let TopicPartition { topic, partition } = place();
    let record = |offset, value| Record {
        topic: topic.clone(),
        partition,
        offset: Offset(offset),
        timestamp: Timestamp(1),
        key: Some("k".into()),
        value,
        headers: Headers::new(),
    };
    let hex: String = encode(&[record(256, Some("v".into())), record(259, None)])
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hex[10..], *GOLDEN_2, "behind version and checksum");
    assert_eq!(hex[..2], *"02");
}

const GOLDEN_2: &str = "00010000000000000200000004000000\
    000000000100000000000000010000006b010000007600000000\
    030000000100000000000000010000006bffffffff00000000";
