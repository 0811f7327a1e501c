//! A store of markers and effects, modelled: the contract of the real ones, in memory, and as unreliable as the world.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::moment::Moment;
use super::world::Life;
use crate::broker::BoxFuture;
use crate::inbox::{
    Claim, Claimed, InboxDatabase, InboxSession, InboxStore, Marker, OutboxRow, StoreError,
};
use crate::message::TopicPartition;
use crate::testing::sim::Injection;

/// What the database holds: shared by all processes, and survives them.
#[derive(Debug, Clone, Default)]
pub(super) struct Database(Arc<Mutex<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    owners: BTreeMap<TopicPartition, i64>,
    /// By handler and event.
    markers: BTreeMap<(String, String), Marker>,
    outbox: BTreeMap<(String, String), Vec<OutboxRow>>,
}

impl Database {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The store, as one life of a process sees it.
    pub(super) fn store(&self, life: Life) -> Arc<dyn InboxStore> {
        Arc::new(ModelStore { database: self.clone(), life })
    }
}

/// The kind of database of [`Inbox<Model>`](crate::inbox::Inbox): there is nothing to read or write in it but the marker.
#[derive(Debug)]
pub struct Model;

impl InboxDatabase for Model {
    type Session = ModelSession;
    type Tx = ();
    const NAME: &'static str = "Model";

    fn tx(_: &ModelSession) -> &() {
        &()
    }

    fn tx_mut(session: &mut ModelSession) -> &mut () {
        &mut session.nothing
    }
}

struct ModelStore {
    database: Database,
    life: Life,
}

impl fmt::Debug for ModelStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ModelStore")
    }
}

fn key(claim: &Claim) -> (String, String) {
    (claim.handler.clone(), claim.event_id.as_str().to_owned())
}

impl ModelStore {
    fn session(&self, claim: Claim, letter: Option<String>) -> Box<ModelSession> {
        let (database, life) = (self.database.clone(), self.life.clone());
        Box::new(ModelSession { database, life, claim, letter, nothing: () })
    }

    fn look_up(&self, claim: Claim) -> Claimed {
        let tables = self.database.tables();
        let owes = tables.outbox.get(&key(&claim)).is_some_and(|rows| !rows.is_empty());
        match tables.markers.get(&key(&claim)).cloned() {
            None => Claimed::Fresh(self.session(claim, None)),
            Some(Marker::Done) => Claimed::Done { owes },
            Some(Marker::Dead { letter }) => {
                let session = self.session(claim, Some(letter.clone()));
                Claimed::Dead { letter, session, owes }
            }
        }
    }
}

impl InboxStore for ModelStore {
    fn name(&self) -> String {
        "model".to_owned()
    }

    fn prepare(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn own<'a>(
        &'a self,
        _group: &'a str,
        partition: &'a TopicPartition,
    ) -> BoxFuture<'a, Result<i64, StoreError>> {
        Box::pin(async move {
            self.life.alive().await;
            let mut tables = self.database.tables();
            let epoch = tables.owners.entry(partition.clone()).or_default();
            *epoch += 1;
            Ok(*epoch)
        })
    }

    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Claimed, StoreError>> {
        Box::pin(async move {
            self.life.alive().await;
            Ok(self.look_up(claim))
        })
    }

    fn owed<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Vec<OutboxRow>, StoreError>> {
        Box::pin(async move {
            self.life.alive().await;
            Ok(self.database.tables().outbox.get(&key(claim)).cloned().unwrap_or_default())
        })
    }

    fn strike<'a>(
        &'a self,
        claim: &'a Claim,
        ordinals: &'a [u32],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.life.alive().await;
            let mut tables = self.database.tables();
            let rows = tables.outbox.entry(key(claim)).or_default();
            rows.retain(|row| !ordinals.contains(&row.ordinal));
            Ok(())
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// One attempt's transaction.
pub struct ModelSession {
    database: Database,
    life: Life,
    claim: Claim,
    letter: Option<String>,
    nothing: (),
}

impl fmt::Debug for ModelSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ModelSession")
    }
}

impl ModelSession {
    /// Rules 10, 25, 28: the owner's row, then the marker.
    fn write(&self, marker: &Marker, rows: Vec<OutboxRow>) -> Result<(), StoreError> {
        let mut tables = self.database.tables();
        let owner = tables.owners.get(&self.claim.partition).copied();
        if owner != Some(self.claim.owner_epoch) {
            return Err(StoreError::Fenced);
        }
        let free = match tables.markers.get(&key(&self.claim)) {
            None => true,
            Some(Marker::Done) => false,
            Some(Marker::Dead { letter }) => {
                *marker == Marker::Done || self.letter.as_ref() == Some(letter)
            }
        };
        if !free {
            return Err(StoreError::Duplicate);
        }
        tables.markers.insert(key(&self.claim), marker.clone());
        tables.outbox.insert(key(&self.claim), rows);
        drop(tables);
        self.life.marked(&self.claim, marker);
        Ok(())
    }
}

impl InboxSession for ModelSession {
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }

    fn commit(
        self: Box<Self>,
        marker: Marker,
        outbox: Vec<OutboxRow>,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(async move {
            let moment = match marker {
                Marker::Done => Moment::Effect,
                Marker::Dead { .. } => Moment::DeadMark,
            };
            let injection = self.life.call(moment).await;
            let down = || StoreError::Unavailable("injected".to_owned());
            let result = if injection.acts() { self.write(&marker, outbox) } else { Err(down()) };
            self.life.answer(injection).await;
            match injection {
                Injection::LoseReply(_) => result.and(Err(down())),
                _ => result,
            }
        })
    }
}
