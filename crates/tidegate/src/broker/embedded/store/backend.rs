//! Storage that outlives the database on it, so that the database can be opened again.

use std::sync::Arc;

use redb::StorageBackend;

/// One storage for successive databases.
#[derive(Debug, Clone)]
pub(in crate::broker::embedded) struct SharedBackend(Arc<dyn StorageBackend>);

impl SharedBackend {
    pub(in crate::broker::embedded) fn new(storage: impl StorageBackend) -> Self {
        Self(Arc::new(storage))
    }
}

impl StorageBackend for SharedBackend {
    fn len(&self) -> Result<u64, std::io::Error> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> Result<(), std::io::Error> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        self.0.write(offset, data)
    }
}
