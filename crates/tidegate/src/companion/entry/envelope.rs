//! The value of an entry: the record that waits, byte for byte, and what is known of it.
//!
//! ```text
//! "TGRE" │ 1       │ CRC-32             │ head   key   value │ name   value │ name   value │ ...
//! magic  │ version │ of the companion   │ parts, each of     │ headers, in order
//!        │ u8      │ record's key, and  │ which may be null  │
//!        │         │ of all that        │ (module `parts`)   │
//!        │         │ follows; u32       │
//! ```
//!
//! Little endian. The head is JSON: `unknown`, `due`, `delay_ms`, `active_ms`, `timestamp` (of the record), `topic_id` (of its topic, where
//! the log says it; an older program passes over it), `history`, and in version 2, which is written for nothing else, `dead`: of a record that is dead-lettered and holds its key. Topic,
//! partition and offset of the record are the key's; that the sum is over the key too makes a value good for one key only.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::companion::entry::error::{EntryError, Place};
use crate::companion::entry::{Entry, EntryId, LATEST, VERSION};
use crate::consumer::core::Hold;
use crate::dead_letter::history;
use crate::message::{Offset, Record, Timestamp, TopicId, TopicPartition};
use crate::parts::{LENGTH, put, put_headers, take, take_headers};

const MAGIC: &[u8] = b"TGRE";
/// The version of an entry of what is dead-lettered: who does not know that it holds its key must not run it, and stops.
const DEAD: u8 = LATEST;
/// Where what the sum is over begins: behind magic, version and sum.
const SUMMED: usize = MAGIC.len() + 1 + 4;

/// Why a value cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Newer(u32),
    Damaged(&'static str),
}

impl Fault {
    pub(super) fn at(self, place: Place, origin: TopicPartition, id: EntryId) -> EntryError {
        match self {
            Self::Newer(version) => EntryError::Newer { place, version },
            Self::Damaged(what) => EntryError::Damaged { place, origin, id, what },
        }
    }
}

/// All but the record. `H`: the attempts, or [`IgnoredAny`](serde::de::IgnoredAny), which costs nothing.
#[derive(Debug, Deserialize)]
pub(super) struct Head<H> {
    pub(super) unknown: u32,
    pub(super) due: Timestamp,
    delay_ms: u64,
    active_ms: u64,
    timestamp: Timestamp,
    pub(super) topic_id: Option<TopicId>,
    pub(super) history: H,
    /// Of a record that is dead-lettered.
    dead: Option<Dead>,
}

impl<H> Head<H> {
    pub(super) const fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    pub(super) const fn active(&self) -> Duration {
        Duration::from_millis(self.active_ms)
    }

    pub(super) fn hold(&self) -> Hold {
        self.dead.map_or(Hold::No, Dead::hold)
    }
}

/// What is still to come of a record that is dead-lettered.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Dead {
    Unsettled,
    HoldsKey,
}

impl Dead {
    const fn hold(self) -> Hold {
        match self {
            Self::Unsettled => Hold::Dead,
            Self::HoldsKey => Hold::Key,
        }
    }
}

pub(super) fn write(key: &[u8], entry: &Entry) -> Vec<u8> {
    let (head, record) = (write_head(entry), &entry.record);
    let mut out = Vec::with_capacity(SUMMED + 3 * LENGTH + head.len() + record.size());
    out.put_slice(MAGIC);
    out.put_u8(version_of(entry.hold));
    out.put_u32_le(0);
    for part in [Some(head.as_bytes()), record.key.as_deref(), record.value.as_deref()] {
        put(&mut out, part);
    }
    put_headers(&mut out, &record.headers);
    let sum = sum(key, &out[SUMMED..]);
    out[SUMMED - 4..SUMMED].copy_from_slice(&sum.to_le_bytes());
    out
}

/// The version says nothing else: so one that has changed is noticed, though the checksum is not over it.
fn version_of(hold: Hold) -> u8 {
    if hold == Hold::No { VERSION } else { DEAD }
}

fn write_head(entry: &Entry) -> String {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    format!(
        r#"{{"unknown":{},"due":{},"delay_ms":{},"active_ms":{},"timestamp":{},{}"history":{}{}}}"#,
        entry.unknown,
        entry.due.0,
        millis(entry.delay),
        millis(entry.active),
        entry.record.timestamp.0,
        entry.topic_id.map_or_else(String::new, |id| format!(r#""topic_id":"{id}","#)),
        history::write(entry.history.iter().cloned()),
        match entry.hold {
            Hold::No => "",
            Hold::Dead => r#","dead":"unsettled""#,
            Hold::Key => r#","dead":"holds_key""#,
        },
    )
}

/// Reads a value, without copies of what the record holds. `key` is the companion record's; the record stands at `origin`.
pub(super) fn read<H: DeserializeOwned>(
    key: &[u8],
    mut from: Bytes,
    origin: &TopicPartition,
    offset: Offset,
) -> Result<(Head<H>, Record), Fault> {
    if !from.starts_with(MAGIC) {
        return Err(Fault::Damaged("it does not begin as an entry does"));
    }
    from.advance(MAGIC.len());
    let version = match from.try_get_u8() {
        Ok(version @ (VERSION | DEAD)) => version,
        Ok(version) if version > DEAD => return Err(Fault::Newer(version.into())),
        _ => return Err(Fault::Damaged("it has no version")),
    };
    let said = from.try_get_u32_le().ok();
    if said != Some(sum(key, &from)) {
        return Err(Fault::Damaged("its checksum is wrong"));
    }
    let parts = read_parts(from, origin, offset);
    let parts = parts.filter(|(head, _)| version_of(head.hold()) == version);
    parts.ok_or(Fault::Damaged("its parts are not those of an entry"))
}

fn read_parts<H: DeserializeOwned>(
    mut from: Bytes,
    origin: &TopicPartition,
    offset: Offset,
) -> Option<(Head<H>, Record)> {
    let head: Head<H> = serde_json::from_slice(&take(&mut from)??).ok()?;
    let record = Record {
        topic: origin.topic.clone(),
        partition: origin.partition,
        offset,
        timestamp: head.timestamp,
        key: take(&mut from)?,
        value: take(&mut from)?,
        headers: take_headers(from)?,
    };
    Some((head, record))
}

fn sum(key: &[u8], rest: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(rest);
    hasher.finalize()
}
