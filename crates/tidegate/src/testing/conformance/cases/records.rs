//! What was published is what is read, byte for byte, in order.

use bytes::Bytes;

use super::prelude::*;
use crate::headers::Header;
use crate::message::Timestamp;

/// Records of one call, and of calls one after the other, are read in the order of publishing.
pub(in super::super) async fn order_within_a_partition(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    lab.fill(&p, 0..50).await?;
    lab.fill(&p, 50..51).await?;
    lab.fill(&p, 51..100).await?;
    let records = lab.read(&p, 0).await?;
    ensure_eq!(values(&records), numbers(0..100), "what was read");
    ensure!(offsets(&records).is_sorted_by(|a, b| a < b), "the offsets do not rise");
    Ok(())
}

/// Order of headers, repeated names, null, empty and arbitrary bytes all survive.
pub(in super::super) async fn headers_byte_for_byte(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let mut record = record_to(&p)
        .header("b", "first")
        .header("a", "second")
        .header("b", "again")
        .header("empty", Bytes::new())
        .header("not-utf-8", vec![0xff, 0x00, 0xfe, b'\n'])
        .header("名前", "naïve");
    record.headers.push_raw(Header { name: "null".into(), value: None });
    record.headers.push_raw(Header { name: "null".into(), value: Some(Bytes::new()) });
    let headers = record.headers.clone();
    lab.publish(vec![record]).await?;
    let records = lab.read(&p, 0).await?;
    ensure_eq!(records.len(), 1, "records read");
    ensure_eq!(records[0].headers, headers, "the headers");
    Ok(())
}

/// Keys are bytes: null, empty, not UTF-8.
pub(in super::super) async fn null_key_is_not_an_empty_key(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let keys = [None, Some(Bytes::new()), Some(Bytes::from_static(&[0, 0xff, 10]))];
    let with_key = |key: &Option<Bytes>| NewRecord { key: key.clone(), ..record_to(&p) };
    lab.publish(keys.iter().map(with_key).collect()).await?;
    let read: Vec<_> = lab.read(&p, 0).await?.into_iter().map(|r| r.key).collect();
    ensure_eq!(read, keys.to_vec(), "the keys");
    Ok(())
}

/// A null value (a tombstone) is not an empty one.
pub(in super::super) async fn null_value_is_not_an_empty_value(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let values = [None, Some(Bytes::new()), Some(Bytes::from_static(&[0, 0xff, 10]))];
    let with_value = |v: &Option<Bytes>| NewRecord { value: v.clone(), ..record_to(&p).key("k") };
    lab.publish(values.iter().map(with_value).collect()).await?;
    let read: Vec<_> = lab.read(&p, 0).await?.into_iter().map(|r| r.value).collect();
    ensure_eq!(read, values.to_vec(), "the values");
    Ok(())
}

/// A timestamp that was given is kept to the millisecond, out of order too.
pub(in super::super) async fn given_timestamps_are_kept(lab: Lab<'_>) -> Outcome {
    let p = lab.partition().await?;
    let times = [1_700_000_000_123, 1_600_000_000_000, 1, 1_700_000_000_124].map(Timestamp);
    let at = |t: &Timestamp| NewRecord { timestamp: Some(*t), ..record_to(&p) };
    lab.publish(times.iter().map(at).collect()).await?;
    let read: Vec<_> = lab.read(&p, 0).await?.into_iter().map(|r| r.timestamp).collect();
    ensure_eq!(read, times.to_vec(), "the timestamps");
    Ok(())
}

/// Without one, a record gets the time at which it was accepted.
pub(in super::super) async fn missing_timestamps_are_now(lab: Lab<'_>) -> Outcome {
    /// A cluster's clock may differ from ours.
    const SKEW_MS: i64 = 60_000;
    let p = lab.partition().await?;
    let before = jiff::Timestamp::now().as_millisecond() - SKEW_MS;
    lab.fill(&p, 0..2).await?;
    let after = jiff::Timestamp::now().as_millisecond() + SKEW_MS;
    for record in lab.read(&p, 0).await? {
        let Timestamp(at) = record.timestamp;
        ensure!((before..=after).contains(&at), "{at} is not between {before} and {after}");
    }
    Ok(())
}
