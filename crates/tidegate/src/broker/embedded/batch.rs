//! Records of one partition as one stored value. Little endian:
//!
//! ```text
//!   format 1: version u8 = 1 | crc32 u32 | base offset u64 | count u32 | record*
//!   format 2: version u8 = 2 | crc32 u32 | base offset u64 | count u32 | span u32 | (behind base u32 | record)*
//!   record  : timestamp i64 | key bytes? | value bytes? | headers u32 | header*
//!   header  : name bytes | value bytes?
//!   bytes   : length u32, then the bytes; bytes?: length 0xffff_ffff is null
//! ```
//!
//! The checksum covers everything behind it, so a flipped byte, a torn value, and a value under
//! another's key are all found (test `any_flipped_byte_is_detected`). Format 1 has no gaps between its offsets, and is
//! written where there are none. Format 2 is what compaction leaves: each record says how far behind the base it
//! stands, and `span` is how far behind it the next batch begins at the earliest.

use bytes::{Buf, Bytes};

use crate::headers::{Header, HeaderName, Headers};
use crate::message::{Offset, Record, Timestamp, TopicPartition};

/// Without gaps, and with. A reader of version n reads n-1 too.
const WHOLE: u8 = 1;
const GAPPED: u8 = 2;
const NULL: u32 = u32::MAX;
const HEAD: usize = 1 + 4 + 8 + 4;
/// A distance from the base.
const BEHIND: usize = 4;
/// Values of about this size fill a 64 KiB page of the store, and pin little memory when one record
/// of a batch is kept.
pub(super) const TARGET_BYTES: usize = 60_000;

/// Bytes that a record takes in a batch without gaps; [`BEHIND`] more in one with gaps.
fn encoded_len(record: &Record) -> usize {
    8 + 4 + 4 + 4 + record.size()
}

/// Cuts records into runs of about [`TARGET_BYTES`], each of which is a batch; a larger record stands alone.
pub(super) fn runs(records: &[Record]) -> impl Iterator<Item = &[Record]> {
    let mut rest = records;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let base = rest.first()?.offset.0;
        let fitting = rest.iter().take_while(|record| {
            bytes += encoded_len(record) + BEHIND;
            bytes <= TARGET_BYTES && record.offset.0 - base < u64::from(u32::MAX)
        });
        let count = fitting.count().max(1);
        let (run, behind) = rest.split_at(count);
        rest = behind;
        Some(run)
    })
}

/// Encodes records in the order of their offsets: at least one, a run of [`runs`].
pub(super) fn encode(records: &[Record]) -> Vec<u8> {
    let base = records.first().map_or(0, |record| record.offset.0);
    let behind = |record: &Record| length((record.offset.0 - base) as usize);
    let span = records.last().map_or(0, |last| behind(last) + 1);
    let gapped = span as usize != records.len();
    let size: usize = records.iter().map(|record| encoded_len(record) + BEHIND).sum();
    let mut out = Vec::with_capacity(HEAD + BEHIND + size);
    out.push(if gapped { GAPPED } else { WHOLE });
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&base.to_le_bytes());
    out.extend_from_slice(&length(records.len()).to_le_bytes());
    if gapped {
        out.extend_from_slice(&span.to_le_bytes());
    }
    for record in records {
        if gapped {
            out.extend_from_slice(&behind(record).to_le_bytes());
        }
        put_record(&mut out, record);
    }
    let crc = crc32fast::hash(&out[5..]);
    out[1..5].copy_from_slice(&crc.to_le_bytes());
    out
}

fn put_record(out: &mut Vec<u8>, record: &Record) {
    out.extend_from_slice(&record.timestamp.0.to_le_bytes());
    put_bytes(out, record.key.as_deref());
    put_bytes(out, record.value.as_deref());
    out.extend_from_slice(&length(record.headers.len()).to_le_bytes());
    for header in &record.headers {
        put_bytes(out, Some(header.name.as_bytes()));
        put_bytes(out, header.value.as_deref());
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    let Some(bytes) = bytes else {
        out.extend_from_slice(&NULL.to_le_bytes());
        return;
    };
    out.extend_from_slice(&length(bytes.len()).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn length(len: usize) -> u32 {
    u32::try_from(len).expect("sizes are limited when a record is accepted")
}

/// How many offsets behind its base a stored value says that it ends, without checking it.
pub(super) fn span(stored: &[u8]) -> u64 {
    let at = if stored.first() == Some(&GAPPED) { HEAD } else { HEAD - 4 };
    let field = stored.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    field.map_or(0, u32::from_le_bytes).into()
}

/// Decodes a stored value; keys and values share its memory.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn decode(
    partition: &TopicPartition,
    base: Offset,
    stored: Bytes,
) -> Result<Vec<Record>, String> {
    let mut reader = Reader { rest: checked(&stored, base)?, names: Vec::new() };
    let count = reader.u32()?;
    let span = if stored[0] == GAPPED { Some(reader.u32()?) } else { None };
    let mut records = Vec::with_capacity((count as usize).min(stored.len()));
    let mut next = 0;
    for _ in 0..count {
        let behind = if span.is_some() { reader.u32()? } else { next };
        if behind < next || span.is_some_and(|span| behind >= span) {
            return Err(format!("a record stands {behind} behind the base, and should not"));
        }
        records.push(reader.record(partition, Offset(base.0 + u64::from(behind)))?);
        next = behind + 1;
    }
    if reader.rest.has_remaining() {
        return Err(format!("{} bytes too many", reader.rest.remaining()));
    }
    Ok(records)
}

/// What follows the base offset, once version, checksum and base are right.
fn checked(stored: &Bytes, base: Offset) -> Result<Bytes, String> {
    if stored.len() < HEAD {
        return Err(format!("{} bytes are too few for a batch", stored.len()));
    }
    if ![WHOLE, GAPPED].contains(&stored[0]) {
        return Err(format!("batch format {} is unknown; this build reads {GAPPED}", stored[0]));
    }
    let mut rest = stored.slice(1..);
    let crc = rest.get_u32_le();
    if crc != crc32fast::hash(&rest) {
        return Err("the checksum does not match".into());
    }
    let found = rest.get_u64_le();
    if found != base.0 {
        return Err(format!("the batch says that it starts at offset {found}"));
    }
    Ok(rest)
}

struct Reader {
    rest: Bytes,
    /// Header names met so far: a batch repeats few names many times.
    names: Vec<HeaderName>,
}

impl Reader {
    fn record(&mut self, place: &TopicPartition, offset: Offset) -> Result<Record, String> {
        let timestamp = self.rest.try_get_i64_le().map_err(|_| cut())?;
        let key = self.bytes()?;
        let value = self.bytes()?;
        let headers = self.u32()?;
        let headers: Result<Headers, String> = (0..headers).map(|_| self.header()).collect();
        Ok(Record {
            topic: place.topic.clone(),
            partition: place.partition,
            offset,
            timestamp: Timestamp(timestamp),
            key,
            value,
            headers: headers?,
        })
    }

    fn header(&mut self) -> Result<Header, String> {
        let name = self.bytes()?.ok_or("a header without a name")?;
        let name = std::str::from_utf8(&name).map_err(|e| format!("a header's name: {e}"))?;
        Ok(Header { name: self.interned(name), value: self.bytes()? })
    }

    fn interned(&mut self, name: &str) -> HeaderName {
        if let Some(known) = self.names.iter().find(|n| n.as_ref() == name) {
            return known.clone();
        }
        let new = HeaderName::from(name);
        // A look-up stays short even if every header has a name of its own.
        if self.names.len() < 32 {
            self.names.push(new.clone());
        }
        new
    }

    fn u32(&mut self) -> Result<u32, String> {
        self.rest.try_get_u32_le().map_err(|_| cut())
    }

    fn bytes(&mut self) -> Result<Option<Bytes>, String> {
        let len = self.u32()?;
        if len == NULL {
            return Ok(None);
        }
        if self.rest.remaining() < len as usize {
            return Err(cut());
        }
        Ok(Some(self.rest.split_to(len as usize)))
    }
}

fn cut() -> String {
    "the batch ends too early".into()
}

#[cfg(test)]
mod tests;
