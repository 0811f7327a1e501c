//! The key of an entry, which compaction goes by: one line of text, so that an operator can read and write it.
//!
//! ```text
//! tidegate/1 group=shop origin=orders/3/41 attempt=2 term=7 write=0
//!          │       │    │                  │         │      └ of this attempt, by this ownership
//!          │       │    │                  │         └ the ownership that wrote it, counted for each partition
//!          │       │    │                  └ failed attempts so far
//!          │       │    └ the record: topic, partition, offset
//!          │       └ every byte but [A-Za-z0-9._~-] as %XX
//!          └ version
//! ```
//!
//! An entry has one key: a text that says the same in another way is damaged, as its tombstone would be another key.

use crate::companion::entry::error::{EntryError, Place};
use crate::companion::entry::{EntryId, VERSION};
use crate::consumer::core::Stamp;
use crate::consumer::core::percent::{escape, unescape};
use crate::message::{Offset, Partition, TopicName, TopicPartition};

const PREFIX: &str = "tidegate/";

/// What a key says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) group: String,
    pub(super) origin: TopicPartition,
    pub(super) id: EntryId,
}

/// Why a key cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    NotOurs,
    Newer(u32),
    Damaged,
}

impl Fault {
    pub(super) fn at(self, place: Place) -> EntryError {
        match self {
            Self::NotOurs => EntryError::NotOurs { place },
            Self::Newer(version) => EntryError::Newer { place, version },
            Self::Damaged => EntryError::Key { place },
        }
    }
}

pub(super) fn write(group: &str, origin: &TopicPartition, id: EntryId) -> String {
    let (group, EntryId { origin: offset, stamp }) = (escape(group), id);
    let Stamp { attempt, term, write } = stamp;
    format!(
        "{PREFIX}{VERSION} group={group} origin={origin}/{offset} attempt={attempt} term={term} write={write}"
    )
}

pub(super) fn read(key: &[u8]) -> Result<Key, Fault> {
    let rest = key.strip_prefix(PREFIX.as_bytes()).ok_or(Fault::NotOurs)?;
    let rest = std::str::from_utf8(rest).map_err(|_| Fault::Damaged)?;
    let (version, fields) = rest.split_once(' ').ok_or(Fault::Damaged)?;
    match version.parse::<u32>() {
        Ok(version) if version == u32::from(VERSION) => {}
        Ok(version) if version > u32::from(VERSION) => return Err(Fault::Newer(version)),
        _ => return Err(Fault::Damaged),
    }
    let said = parse(fields).ok_or(Fault::Damaged)?;
    let only = write(&said.group, &said.origin, said.id);
    if only.as_bytes() == key { Ok(said) } else { Err(Fault::Damaged) }
}

fn parse(fields: &str) -> Option<Key> {
    let mut fields = fields.split(' ');
    let mut field = |name: &str| fields.next()?.strip_prefix(name)?.strip_prefix('=');
    let group = unescape(field("group")?)?;
    let mut origin = field("origin")?.splitn(3, '/');
    let topic = TopicName::new(origin.next()?).ok()?;
    let partition = Partition(origin.next()?.parse().ok()?);
    let offset = Offset(origin.next()?.parse().ok()?);
    let stamp = Stamp {
        attempt: field("attempt")?.parse().ok()?,
        term: field("term")?.parse().ok()?,
        write: field("write")?.parse().ok()?,
    };
    let id = EntryId { origin: offset, stamp };
    Some(Key { group, origin: TopicPartition::new(topic, partition), id })
}
