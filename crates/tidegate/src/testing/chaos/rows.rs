//! What a handler reads and writes in the modelled store, in its transaction.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::inbox::StoreError;

/// All that is committed.
#[derive(Debug, Clone, Default)]
pub(super) struct Table(Arc<Mutex<BTreeMap<String, String>>>);

impl Table {
    fn rows(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Everything at this moment.
    pub(super) fn all(&self) -> BTreeMap<String, String> {
        self.rows().clone()
    }
}

/// Texts under names, as one transaction sees them. It fails, and runs again, when others have changed what it has read.
///
/// ```
/// use tidegate::prelude::*;
/// use tidegate::testing::chaos::Model;
/// # #[derive(serde::Serialize, serde::Deserialize)] struct Paid { account: String, cents: u64 }
/// # impl Event for Paid {
/// #     const TYPE: &'static str = "paid";
/// #     fn key(&self) -> Key<'_> { Key::from(&self.account) }
/// # }
/// async fn book(Payload(paid): Payload<Paid>, mut tx: Inbox<Model>) {
///     let before = tx.get(&paid.account).and_then(|cents| cents.parse().ok()).unwrap_or(0);
///     tx.put(&paid.account, (before + paid.cents).to_string());
/// }
/// # let _ = Topic::json("payments").on(book).with_state(());
/// ```
#[derive(Debug)]
pub struct Rows {
    table: Table,
    written: BTreeMap<String, String>,
    read: Mutex<BTreeMap<String, Option<String>>>,
}

impl Rows {
    pub(super) fn of(table: Table) -> Self {
        Self { table, written: BTreeMap::new(), read: Mutex::default() }
    }

    /// What stands there.
    pub fn get(&self, name: &str) -> Option<String> {
        if let Some(written) = self.written.get(name) {
            return Some(written.clone());
        }
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let first = || self.table.rows().get(name).cloned();
        read.entry(name.to_owned()).or_insert_with(first).clone()
    }

    /// Writes it there, with the marker and all else that the handler does.
    pub fn put(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.written.insert(name.into(), text.into());
    }

    /// Adds it to what is committed by now.
    pub(super) fn commit(self) -> Result<(), StoreError> {
        let read = self.read.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut rows = self.table.rows();
        if read.iter().any(|(name, text)| rows.get(name) != text.as_ref()) {
            return Err(StoreError::Unavailable("what was read has changed".to_owned()));
        }
        rows.extend(self.written);
        Ok(())
    }
}
