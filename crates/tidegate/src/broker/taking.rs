//! How many of the records that are there one read may take.

use crate::broker::FetchLimit;
use crate::message::Record;

/// Counts records against a limit; the first always fits.
#[derive(Debug)]
pub(crate) struct Taking {
    records: usize,
    bytes: usize,
    first: bool,
}

impl Taking {
    pub(crate) fn new(limit: &FetchLimit) -> Self {
        Self { records: limit.records.max(1), bytes: limit.bytes, first: true }
    }

    /// Takes the record if it fits.
    pub(crate) fn fits(&mut self, record: &Record) -> bool {
        self.fits_size(record.size())
    }

    /// The same, of a record whose size is known.
    pub(crate) fn fits_size(&mut self, size: usize) -> bool {
        if self.records == 0 || (size > self.bytes && !self.first) {
            return false;
        }
        self.records -= 1;
        self.bytes = self.bytes.saturating_sub(size);
        self.first = false;
        true
    }
}
