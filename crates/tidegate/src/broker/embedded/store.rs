//! The file: a redb database that is opened again when it has failed.
//!
//! redb refuses everything after an I/O error until it is closed and opened anew. So the database
//! sits in a slot: who works with it holds the slot, who opens it again waits for them.

mod backend;
pub(super) mod clean;
mod error;
pub(super) mod tables;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::WriteTransaction;
use redb::{Builder, CommitError, Database, DatabaseError, ReadTransaction, ReadableDatabase};

pub(super) use backend::SharedBackend;
pub(super) use error::{StoreError, WriteError};

use super::sync::{read, write};

/// Where the bytes are.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// A file; created if missing when the flag says so.
    File { path: PathBuf, create: bool },
    /// Anything else that holds bytes: memory, or a test's failing disk.
    Backend(SharedBackend),
}

/// The database, if it is open.
pub(super) struct Store {
    source: Source,
    cache_bytes: usize,
    slot: RwLock<Option<Database>>,
    /// Something failed since it was opened: it must be opened again before the next write.
    failed: AtomicBool,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database, or creates it.
    pub(super) fn open(source: Source, cache_bytes: usize) -> Result<Self, DatabaseError> {
        let database = open(&source, cache_bytes)?;
        let slot = RwLock::new(Some(database));
        Ok(Self { source, cache_bytes, slot, failed: AtomicBool::new(false) })
    }

    /// Reads one consistent state. Blocks for as long as the disk does.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let slot = read(&self.slot);
        let database = slot.as_ref().ok_or(StoreError::NotOpen)?;
        let result = unpanicked(|| work(&database.begin_read()?)).unwrap_or_else(|e| Err(e));
        if matches!(result, Err(StoreError::Failed(_))) {
            self.failed.store(true, Ordering::Release);
        }
        result
    }

    /// Does all of it durably, or nothing.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<T, StoreError>,
    ) -> Result<T, WriteError> {
        let slot = read(&self.slot);
        let database = slot.as_ref().ok_or(WriteError::NotWritten(StoreError::NotOpen))?;
        let result =
            unpanicked(|| transact(database, work)).unwrap_or_else(|e| Err(WriteError::Unknown(e)));
        if result.is_err() {
            self.failed.store(true, Ordering::Release);
        }
        result
    }

    /// Whether [`reopen`](Self::reopen) is due.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Closes the database and opens it again, which repairs what a failed write left.
    pub(super) fn reopen(&self) -> Result<(), StoreError> {
        let mut slot = write(&self.slot);
        self.failed.store(true, Ordering::Release);
        drop(slot.take());
        *slot = Some(open(&self.source, self.cache_bytes)?);
        self.failed.store(false, Ordering::Release);
        Ok(())
    }

    /// Lets go of the file. Reads and writes answer [`StoreError::NotOpen`] from now on.
    pub(super) fn close(&self) {
        // An error here changes nothing: whatever was acknowledged is on the disk.
        drop(write(&self.slot).take());
    }
}

fn transact<T>(
    database: &Database,
    work: impl FnOnce(&WriteTransaction) -> Result<T, StoreError>,
) -> Result<T, WriteError> {
    let refused = |e: StoreError| WriteError::NotWritten(e);
    // Immediate durability is redb's default: the commit returns after fsync.
    let transaction = database.begin_write().map_err(|e| refused(e.into()))?;
    let value = work(&transaction).map_err(refused)?;
    match transaction.commit() {
        Ok(()) => Ok(value),
        Err(e @ CommitError::TransactionPoisoned) => Err(refused(e.into())),
        Err(e) => Err(WriteError::Unknown(e.into())),
    }
}

fn open(source: &Source, cache_bytes: usize) -> Result<Database, DatabaseError> {
    let mut builder = Builder::new();
    builder.set_cache_size(cache_bytes);
    let opened = catch_unwind(AssertUnwindSafe(|| match source {
        Source::File { path, create: true } => builder.create(path),
        Source::File { path, create: false } => builder.open(path),
        Source::Backend(backend) => builder.create_with_backend(backend.clone()),
    }));
    opened.unwrap_or_else(|_| Err(error::damaged()))
}

/// A damaged file makes redb panic in places: that ends here.
fn unpanicked<T>(work: impl FnOnce() -> T) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| error::damaged().into())
}
