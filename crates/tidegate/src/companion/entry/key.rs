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

use std::str::FromStr;

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

/// How the keys of a group's entries begin, for one source.
pub(super) fn prefix(group: &str, source: &TopicName) -> String {
    format!("{PREFIX}{VERSION} group={} origin={source}/", escape(group))
}

/// The key of an entry, behind its [`prefix`].
pub(super) fn write(prefix: &str, partition: Partition, id: EntryId) -> String {
    let EntryId { origin, stamp: Stamp { attempt, term, write } } = id;
    format!("{prefix}{partition}/{origin} attempt={attempt} term={term} write={write}")
}

/// What a key with this [`prefix`] names. `None`: it is another's, or damaged; [`read`] says which.
pub(super) fn read_own(key: &[u8], prefix: &str, partition: Partition) -> Option<EntryId> {
    let rest = std::str::from_utf8(key.strip_prefix(prefix.as_bytes())?).ok()?;
    let mut fields = rest.split(' ');
    let (place, offset) = fields.next()?.split_once('/')?;
    let mut field = |name: &str| fields.next()?.strip_prefix(name)?.strip_prefix('=');
    let stamp = Stamp {
        attempt: number(field("attempt")?)?,
        term: number(field("term")?)?,
        write: number(field("write")?)?,
    };
    let ours = number::<u32>(place)? == partition.0 && fields.next().is_none();
    ours.then_some(EntryId { origin: Offset(number(offset)?), stamp })
}

/// In its one form: digits, and no zero before them.
fn number<N: FromStr>(text: &str) -> Option<N> {
    let one_form =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if one_form { text.parse().ok() } else { None }
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
    let prefix = prefix(&said.group, &said.origin.topic);
    let only = write(&prefix, said.origin.partition, said.id);
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
