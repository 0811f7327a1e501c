//! Emitted records that a marker owes until they are acknowledged.

use bytes::Bytes;

use crate::inbox::sql::headers::{decode, encode};
use crate::inbox::sql::{SqlDatabase, Statement, error};
use crate::inbox::{Claim, OutboxRow, StoreError};
use crate::message::{NewRecord, Partition, Timestamp, TopicName};

/// Adds rows inside the effect's transaction, behind those that are still owed.
pub(super) async fn add<D: SqlDatabase>(
    tx: &mut D::Connection,
    claim: &Claim,
    rows: &[OutboxRow],
) -> Result<(), StoreError> {
    for row in rows {
        let record = &row.record;
        Statement::<D>::of(
            claim,
            "insert into tidegate_outbox
               (grp, handler, event_id, ordinal, topic, partition, key, value, headers, timestamp)
             select $1, $2, $3, coalesce(max(ordinal) + 1, 0), $4, $5, $6, $7, $8, $9
             from tidegate_outbox where grp = $1 and handler = $2 and event_id = $3",
        )
        .text(record.topic.as_str())
        .number(record.partition.map(|p| i64::from(p.0)))
        .bytes(record.key.as_deref())
        .bytes(record.value.as_deref())
        .bytes(encode(&record.headers).as_slice())
        .number(record.timestamp.map(|t| t.0))
        .run(tx)
        .await?;
    }
    Ok(())
}

/// Whether anything is left.
pub(super) async fn owes<D: SqlDatabase>(
    connection: &mut D::Connection,
    claim: &Claim,
) -> Result<bool, StoreError> {
    let row = Statement::<D>::of(
        claim,
        "select ordinal from tidegate_outbox where grp = $1 and handler = $2 and event_id = $3 limit 1",
    );
    Ok(row.row(connection).await?.is_some())
}

/// What is left, in order.
pub(super) async fn owed<D: SqlDatabase>(
    connection: &mut D::Connection,
    claim: &Claim,
) -> Result<Vec<OutboxRow>, StoreError> {
    let rows = Statement::<D>::of(
        claim,
        "select ordinal, topic, partition, key, value, headers, timestamp from tidegate_outbox
         where grp = $1 and handler = $2 and event_id = $3 order by ordinal",
    );
    rows.rows(connection).await?.iter().map(read::<D>).collect()
}

/// Strikes what was acknowledged.
pub(super) async fn strike<D: SqlDatabase>(
    connection: &mut D::Connection,
    claim: &Claim,
    ordinals: &[u32],
) -> Result<(), StoreError> {
    let ordinals = serde_json::to_string(ordinals).expect("numbers are JSON");
    let strike = Statement::<D>::of(claim, D::STRIKE).text(ordinals.as_str());
    strike.run(connection).await.map(drop)
}

fn read<D: SqlDatabase>(row: &D::Row) -> Result<OutboxRow, StoreError> {
    let broken = |what: &str| StoreError::Broken(format!("an outbox row has {what}"));
    let bytes = |name| D::bytes(row, name).map_err(error::store);
    let number = |name| D::number(row, name).map_err(error::store);
    let small = |name| match number(name)? {
        None => Ok(None),
        Some(n) => u32::try_from(n).map(Some).map_err(|_| broken("a number out of range")),
    };
    let topic = D::text(row, "topic").map_err(error::store)?;
    let topic =
        TopicName::new(topic.unwrap_or_default()).map_err(|_| broken("an illegal topic name"))?;
    let headers = decode(bytes("headers")?.unwrap_or_default().into())
        .ok_or_else(|| broken("headers that cannot be read"))?;
    let record = NewRecord {
        topic,
        partition: small("partition")?.map(Partition),
        key: bytes("key")?.map(Bytes::from),
        value: bytes("value")?.map(Bytes::from),
        headers,
        timestamp: number("timestamp")?.map(Timestamp),
    };
    let ordinal = small("ordinal")?.ok_or_else(|| broken("no number"))?;
    Ok(OutboxRow { ordinal, record })
}
