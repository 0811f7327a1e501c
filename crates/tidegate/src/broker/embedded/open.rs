//! Opening a folder, and saying in one line why it cannot be opened.

use std::collections::HashMap;
use std::io::{Error as IoError, ErrorKind};
use std::path::{Path, PathBuf};

use redb::{DatabaseError, ReadTransaction, ReadableTable, StorageError};

use super::log::{Bounds, Log, Topic};
use super::options::EmbeddedOptions;
use super::store::tables::{
    BATCHES, BOUNDS, CLEAN, COMMITS, FORMAT, KEEPING, META, Place, TIMES, TOPICS, all_of,
};
use super::store::{Source, Store, StoreError, WriteError};
use crate::broker::{BrokerError, Cleanup, Keeping, Retention};
use crate::message::TopicName;

/// The file's name within the folder.
const FILE: &str = "log.redb";

/// Where the log is: for messages.
pub(super) fn file_in(options: &EmbeddedOptions) -> Result<PathBuf, BrokerError> {
    let folder = &options.folder;
    let refuse = |e: &IoError| Err(BrokerError::Storage(folder_line(folder, e)));
    match std::fs::metadata(folder) {
        Ok(found) if found.is_dir() => Ok(folder.join(FILE)),
        Ok(_) => refuse(&ErrorKind::NotADirectory.into()),
        Err(e) if e.kind() == ErrorKind::NotFound && options.create_missing => {
            match std::fs::create_dir_all(folder) {
                Ok(()) => Ok(folder.join(FILE)),
                Err(e) => refuse(&e),
            }
        }
        Err(e) => refuse(&e),
    }
}

/// Opens the store, and reads everything that memory must know.
pub(super) fn open(
    source: Source,
    shown: &Path,
    options: &EmbeddedOptions,
) -> Result<(Store, Log), BrokerError> {
    let store = Store::open(source, options.cache_bytes).map_err(|e| database_line(shown, e))?;
    let broken = |e: StoreError| BrokerError::Storage(format!("{}: {e}", shown.display()));
    prepare(&store, shown)?;
    let log = Log::new(options.tail_bytes);
    let topics = store.read(load).map_err(broken)?;
    topics.into_iter().for_each(|topic| log.add(topic));
    Ok((store, log))
}

/// Writes the tables of a new file, and what an older one lacks; checks the version of an old one.
fn prepare(store: &Store, shown: &Path) -> Result<(), BrokerError> {
    let broken = |e: StoreError| BrokerError::Storage(format!("{}: {e}", shown.display()));
    let format = store.read(stored_format).map_err(broken)?;
    let write = |tables: fn(&redb::WriteTransaction) -> Result<(), StoreError>| {
        store.write(tables).map_err(|e| match e {
            WriteError::NotWritten(e) | WriteError::Unknown(e) => broken(e),
        })
    };
    match format {
        Some(FORMAT) => Ok(()),
        Some(1) => write(upgrade_tables),
        Some(newer) => Err(BrokerError::Storage(format!(
            "{} has format {newer}, this build reads {FORMAT}: \
             use the newer version that wrote it, or another folder",
            shown.display()
        ))),
        None => write(create_tables),
    }
}

fn stored_format(transaction: &ReadTransaction) -> Result<Option<u32>, StoreError> {
    if transaction.list_tables()?.next().is_none() {
        return Ok(None);
    }
    let meta = transaction.open_table(META)?;
    let format = meta.get("format")?;
    let format = format.and_then(|v| v.value().try_into().ok()).map(u32::from_le_bytes);
    Ok(Some(format.unwrap_or(u32::MAX)))
}

fn create_tables(transaction: &redb::WriteTransaction) -> Result<(), StoreError> {
    let cluster = uuid::Uuid::new_v4().to_string();
    transaction.open_table(META)?.insert("cluster_id", cluster.as_bytes())?;
    transaction.open_table(TOPICS)?;
    transaction.open_table(BATCHES)?;
    transaction.open_table(TIMES)?;
    transaction.open_table(BOUNDS)?;
    transaction.open_table(COMMITS)?;
    upgrade_tables(transaction)
}

/// What format 1 lacks.
fn upgrade_tables(transaction: &redb::WriteTransaction) -> Result<(), StoreError> {
    transaction.open_table(META)?.insert("format", FORMAT.to_le_bytes().as_slice())?;
    transaction.open_table(KEEPING)?;
    transaction.open_table(CLEAN)?;
    Ok(())
}

/// The id that the file got when it was created.
pub(super) fn cluster_id(store: &Store) -> Result<String, StoreError> {
    store.read(|transaction| {
        let meta = transaction.open_table(META)?;
        let id = meta.get("cluster_id")?;
        Ok(id.map(|v| String::from_utf8_lossy(v.value()).into_owned()).unwrap_or_default())
    })
}

fn load(transaction: &ReadTransaction) -> Result<Vec<Topic>, StoreError> {
    let mut bounds = load_bounds(transaction)?;
    let keeping = transaction.open_table(KEEPING)?;
    let mut topics = Vec::new();
    for entry in transaction.open_table(TOPICS)?.iter()? {
        let (name, topic) = entry?;
        let (id, partitions, limit) = topic.value();
        let bounds = (0..partitions).map(|p| bounds.remove(&(id, p)).unwrap_or(Bounds::EMPTY));
        let name = TopicName::new(name.value()).map_err(|e| corrupt(&e.to_string()))?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let keeping = keeping.get(id)?.map(|row| row.value());
        topics.push(Topic::new(id, name, limit, kept(keeping), bounds.collect()));
    }
    Ok(topics)
}

/// As it is stored; a topic of format 1 has nothing there.
fn kept(row: Option<(bool, i64)>) -> Keeping {
    let (compacts, retention) = row.unwrap_or((false, Retention::Forever.to_millis()));
    let cleanup = if compacts { Cleanup::Compact } else { Cleanup::Delete };
    Keeping { cleanup, retention: Retention::of_millis(retention) }
}

fn load_bounds(transaction: &ReadTransaction) -> Result<HashMap<Place, Bounds>, StoreError> {
    let times = transaction.open_table(TIMES)?;
    let mut loaded = HashMap::new();
    for entry in transaction.open_table(BOUNDS)?.iter()? {
        let (place, bounds) = entry?;
        let (start, end) = bounds.value();
        let last = times.range(all_of(place.value()))?.next_back().transpose()?;
        let newest = last.map_or(i64::MIN, |(_, times)| times.value().1);
        loaded.insert(place.value(), Bounds { start, end, newest });
    }
    Ok(loaded)
}

/// Brings memory in line with the file after it was opened again.
pub(super) fn reload(store: &Store, log: &Log) -> Result<(), StoreError> {
    let bounds = store.read(load_bounds)?;
    for partition in log.all_partitions() {
        if let Some(bounds) = bounds.get(&partition.key) {
            partition.reloaded(*bounds);
        }
    }
    Ok(())
}

fn corrupt(reason: &str) -> StoreError {
    StorageError::Corrupted(reason.into()).into()
}

/// One line for what redb says of the file.
fn database_line(file: &Path, error: DatabaseError) -> BrokerError {
    let at = file.display();
    BrokerError::Storage(match error {
        DatabaseError::DatabaseAlreadyOpen => {
            let folder = file.parent().unwrap_or(file).display();
            return BrokerError::InUse(format!(
                "the log in {folder} is in use: stop the other process, or use another folder"
            ));
        }
        DatabaseError::UpgradeRequired(version) => format!(
            "{at} has the file format {version}, which this build does not read: \
             use the version that wrote it, or another folder"
        ),
        DatabaseError::Storage(StorageError::Io(e)) => file_line(file, &e),
        other => {
            format!("{at} is damaged ({other}): restore it from a copy, or use another folder")
        }
    })
}

fn file_line(file: &Path, error: &IoError) -> String {
    let at = file.display();
    match error.kind() {
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof => {
            format!("{at} is not a log, or is damaged ({error}): restore it, or use another folder")
        }
        ErrorKind::NotFound => format!("there is no log in {at}"),
        ErrorKind::StorageFull => format!("{at} cannot be opened: the disk is full; make room"),
        _ => format!("{at} cannot be opened for reading and writing: {error}"),
    }
}

fn folder_line(folder: &Path, error: &IoError) -> String {
    let at = folder.display();
    match error.kind() {
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            format!("{at} is not a folder: the log needs one of its own")
        }
        ErrorKind::NotFound => format!("the folder {at} does not exist: create it first"),
        _ => format!("the folder {at} cannot be used: {error}"),
    }
}

#[cfg(test)]
mod tests;
