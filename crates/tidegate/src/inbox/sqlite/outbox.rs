//! Emitted records that a marker owes until they are acknowledged.
//!
//! Headers are stored as bytes, version 1: `u8` 1, then for each header `u32` length and bytes of the name,
//! `u32` length and bytes of the value (length `u32::MAX`: null). Little endian. Golden test: `headers_have_a_fixed_form`.

use bytes::{Buf, BufMut, Bytes};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};

use crate::headers::{Header, Headers};
use crate::inbox::sqlite::error;
use crate::inbox::{Claim, OutboxRow, StoreError};
use crate::message::{NewRecord, Partition, Timestamp, TopicName};

const VERSION: u8 = 1;
const NULL: u32 = u32::MAX;

/// Adds rows inside the effect's transaction, behind those that are still owed.
pub(super) async fn add(
    tx: &mut SqliteConnection,
    claim: &Claim,
    rows: &[OutboxRow],
) -> Result<(), sqlx::Error> {
    for row in rows {
        let record = &row.record;
        sqlx::query(
            "insert into tidegate_outbox
             select ?1, ?2, ?3, coalesce(max(ordinal) + 1, 0), ?4, ?5, ?6, ?7, ?8, ?9
             from tidegate_outbox where grp = ?1 and handler = ?2 and event_id = ?3",
        )
        .bind(&claim.group)
        .bind(&claim.handler)
        .bind(claim.event_id.as_str())
        .bind(record.topic.as_str())
        .bind(record.partition.map(|p| p.0))
        .bind(record.key.as_deref())
        .bind(record.value.as_deref())
        .bind(encode(&record.headers))
        .bind(record.timestamp.map(|t| t.0))
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// Whether anything is left.
pub(super) async fn owes(pool: &SqlitePool, claim: &Claim) -> Result<bool, StoreError> {
    sqlx::query_scalar(
        "select exists (select 1 from tidegate_outbox where grp = ? and handler = ? and event_id = ?)",
    )
    .bind(&claim.group)
    .bind(&claim.handler)
    .bind(claim.event_id.as_str())
    .fetch_one(pool)
    .await
    .map_err(error::store)
}

/// What is left, in order.
pub(super) async fn owed(pool: &SqlitePool, claim: &Claim) -> Result<Vec<OutboxRow>, StoreError> {
    let rows = sqlx::query(
        "select ordinal, topic, partition, key, value, headers, timestamp from tidegate_outbox
         where grp = ? and handler = ? and event_id = ? order by ordinal",
    )
    .bind(&claim.group)
    .bind(&claim.handler)
    .bind(claim.event_id.as_str())
    .fetch_all(pool)
    .await
    .map_err(error::store)?;
    rows.iter().map(read).collect()
}

/// Strikes what was acknowledged.
pub(super) async fn strike(
    pool: &SqlitePool,
    claim: &Claim,
    ordinals: &[u32],
) -> Result<(), StoreError> {
    let ordinals = serde_json::to_string(ordinals).expect("numbers are JSON");
    sqlx::query(
        "delete from tidegate_outbox where grp = ? and handler = ? and event_id = ?
         and ordinal in (select value from json_each(?))",
    )
    .bind(&claim.group)
    .bind(&claim.handler)
    .bind(claim.event_id.as_str())
    .bind(ordinals)
    .execute(pool)
    .await
    .map(drop)
    .map_err(error::store)
}

fn read(row: &SqliteRow) -> Result<OutboxRow, StoreError> {
    let broken = |what: &str| StoreError::Broken(format!("an outbox row has {what}"));
    let bytes = |name: &str| row.get::<Option<Vec<u8>>, _>(name).map(Bytes::from);
    let topic = TopicName::new(row.get::<String, _>("topic"))
        .map_err(|_| broken("an illegal topic name"))?;
    let headers = decode(row.get::<Vec<u8>, _>("headers").into())
        .ok_or_else(|| broken("headers that cannot be read"))?;
    let record = NewRecord {
        topic,
        partition: row.get::<Option<u32>, _>("partition").map(Partition),
        key: bytes("key"),
        value: bytes("value"),
        headers,
        timestamp: row.get::<Option<i64>, _>("timestamp").map(Timestamp),
    };
    Ok(OutboxRow { ordinal: row.get("ordinal"), record })
}

pub(super) fn encode(headers: &Headers) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + headers.size());
    out.put_u8(VERSION);
    for header in headers {
        put(&mut out, Some(header.name.as_bytes()));
        put(&mut out, header.value.as_deref());
    }
    out
}

fn put(out: &mut Vec<u8>, part: Option<&[u8]>) {
    // A header longer than 4 GiB cannot have come through any log.
    let len = part.map_or(NULL, |p| u32::try_from(p.len()).unwrap_or(NULL));
    out.put_u32_le(len);
    out.put_slice(part.unwrap_or_default());
}

pub(super) fn decode(mut from: Bytes) -> Option<Headers> {
    if from.try_get_u8().ok()? != VERSION {
        return None;
    }
    let mut headers = Headers::new();
    while from.has_remaining() {
        let name = take(&mut from)??;
        let name = std::str::from_utf8(&name).ok()?.into();
        headers.push_raw(Header { name, value: take(&mut from)? });
    }
    Some(headers)
}

fn take(from: &mut Bytes) -> Option<Option<Bytes>> {
    match from.try_get_u32_le().ok()? {
        NULL => Some(None),
        len => {
            let len = usize::try_from(len).ok()?;
            (from.remaining() >= len).then(|| Some(from.split_to(len)))
        }
    }
}
