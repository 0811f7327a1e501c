//! A disk that fails when it is told to.

use std::io::{Error, ErrorKind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use redb::StorageBackend;
use redb::backends::InMemoryBackend;

/// Shared with the test that makes it fail.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk {
    bytes: Arc<InMemoryBackend>,
    /// Writes behind this fail; 0: none does.
    pub(super) capacity: Arc<AtomicU64>,
    /// Every fsync fails.
    pub(super) no_sync: Arc<AtomicBool>,
    /// An fsync waits for this.
    pub(super) busy: Arc<Mutex<()>>,
    /// Every read fails.
    pub(super) no_read: Arc<AtomicBool>,
    /// What it held at each fsync, while somebody wants to know.
    copies: Arc<Mutex<Option<Vec<Vec<u8>>>>>,
}

impl Disk {
    pub(super) fn fill(&self) {
        self.capacity.store(self.bytes.len().unwrap(), Ordering::SeqCst);
    }

    pub(super) fn make_room(&self) {
        self.capacity.store(0, Ordering::SeqCst);
    }

    /// From now on keeps what it holds at each fsync: what a crash there leaves.
    pub(super) fn keep_copies(&self) {
        *self.copies.lock().unwrap() = Some(Vec::new());
    }

    /// One disk for each fsync since.
    pub(super) fn copies(&self) -> Vec<Self> {
        let copies = self.copies.lock().unwrap().take().unwrap_or_default();
        copies.into_iter().map(|bytes| Self::holding(&bytes)).collect()
    }

    fn holding(bytes: &[u8]) -> Self {
        let disk = Self::default();
        disk.bytes.set_len(bytes.len() as u64).unwrap();
        disk.bytes.write(0, bytes).unwrap();
        disk
    }

    fn check(&self, end: u64) -> Result<(), Error> {
        let capacity = self.capacity.load(Ordering::SeqCst);
        if capacity > 0 && end > capacity {
            return Err(ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, Error> {
        self.bytes.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        if self.no_read.load(Ordering::SeqCst) {
            return Err(Error::other("the disk is gone"));
        }
        self.bytes.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), Error> {
        self.check(len)?;
        self.bytes.set_len(len)
    }

    fn sync_data(&self) -> Result<(), Error> {
        drop(self.busy.lock().unwrap());
        if self.no_sync.load(Ordering::SeqCst) {
            return Err(Error::other("the disk does not answer"));
        }
        if let Some(copies) = &mut *self.copies.lock().unwrap() {
            let mut bytes = vec![0; self.bytes.len()? as usize];
            self.bytes.read(0, &mut bytes)?;
            copies.push(bytes);
        }
        self.bytes.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        self.check(offset + data.len() as u64)?;
        self.bytes.write(offset, data)
    }
}
