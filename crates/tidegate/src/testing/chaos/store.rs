//! A store of markers and effects, modelled: the contract of the real ones, in memory, and as unreliable as the world.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::moment::Moment;
use super::plan::Plan;
use super::rows::{Rows, Table};
use super::run::EPOCH;
use super::truth::Limits;
use super::world::{Life, Made, PUBLISHER, Topics, World};
use crate::broker::BoxFuture;
use crate::clock::simulated::SimClock;
use crate::inbox::{
    Claim, Claimed, InboxDatabase, InboxSession, InboxStore, Marker, OutboxRow, StoreError,
};
use crate::message::TopicPartition;
use crate::testing::sim::{Injection, SimLog};

/// What the database holds: shared by all processes, and survives them.
#[derive(Debug, Clone, Default)]
pub(super) struct Database(Arc<Mutex<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    owners: BTreeMap<TopicPartition, i64>,
    /// By handler and event.
    markers: BTreeMap<(String, String), Marker>,
    outbox: BTreeMap<(String, String), Vec<OutboxRow>>,
    /// What handlers have written.
    rows: Table,
}

impl Database {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A store that nobody uses: only to look routes over.
    pub(super) fn nobodys() -> Arc<dyn InboxStore> {
        let plan = Plan::draw(0);
        let (topics, limits) = (Topics::default(), Limits::default());
        let made = Made {
            plan: &plan,
            topics,
            limits,
            without: &[],
            strangers: true,
            told: false,
            pulse: Arc::default(),
        };
        let (world, _) = World::new(made, SimLog::at(EPOCH));
        let store = Self::default().store(world.life(PUBLISHER, SimClock::new(EPOCH, 0)));
        world.end();
        store
    }

    /// What handlers have written.
    pub(super) fn rows(&self) -> BTreeMap<String, String> {
        self.tables().rows.all()
    }

    /// The store, as one life of a process sees it.
    pub(super) fn store(&self, life: Life) -> Arc<dyn InboxStore> {
        Arc::new(ModelStore { database: self.clone(), life })
    }
}

/// The database of a simulated world: texts under names, in memory. `Inbox<Model>` gives its [`Rows`].
#[derive(Debug)]
pub struct Model;

impl InboxDatabase for Model {
    type Session = ModelSession;
    type Tx = Rows;
    const NAME: &'static str = "Model";

    fn tx(session: &ModelSession) -> &Rows {
        &session.rows
    }

    fn tx_mut(session: &mut ModelSession) -> &mut Rows {
        &mut session.rows
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

fn away() -> StoreError {
    StoreError::Unavailable("injected: the store is away".to_owned())
}

impl ModelStore {
    async fn ask<T>(&self, act: impl FnOnce(&mut Tables) -> T) -> Result<T, StoreError> {
        let answers = self.life.asks_store().await;
        if answers { Ok(act(&mut self.database.tables())) } else { Err(away()) }
    }

    fn look_up(&self, claim: Claim, tables: &Tables) -> Claimed {
        let rows = Rows::of(tables.rows.clone());
        let (database, life) = (self.database.clone(), self.life.clone());
        let owes = tables.outbox.get(&key(&claim)).is_some_and(|rows| !rows.is_empty());
        let found = tables.markers.get(&key(&claim)).cloned();
        let session = |letter| Box::new(ModelSession { database, life, claim, letter, rows });
        match found {
            None => Claimed::Fresh(session(None)),
            Some(Marker::Done) => Claimed::Done { owes },
            Some(Marker::Dead { letter }) => {
                Claimed::Dead { letter: letter.clone(), session: session(Some(letter)), owes }
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
        Box::pin(self.ask(|tables| {
            let epoch = tables.owners.entry(partition.clone()).or_default();
            *epoch += 1;
            *epoch
        }))
    }

    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Claimed, StoreError>> {
        Box::pin(self.ask(|tables| self.look_up(claim, tables)))
    }

    fn owed<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Vec<OutboxRow>, StoreError>> {
        Box::pin(self.ask(|tables| tables.outbox.get(&key(claim)).cloned().unwrap_or_default()))
    }

    fn strike<'a>(
        &'a self,
        claim: &'a Claim,
        ordinals: &'a [u32],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.ask(|tables| {
            let rows = tables.outbox.entry(key(claim)).or_default();
            rows.retain(|row| !ordinals.contains(&row.ordinal));
        }))
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
    rows: Rows,
}

impl fmt::Debug for ModelSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ModelSession")
    }
}

impl ModelSession {
    /// Rules 10, 25, 28: the owner's row, then the marker.
    fn write(self, marker: &Marker, outbox: Vec<OutboxRow>) -> Result<(), StoreError> {
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
        self.rows.commit()?;
        tables.markers.insert(key(&self.claim), marker.clone());
        tables.outbox.insert(key(&self.claim), outbox);
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
            let life = self.life.clone();
            let injection = life.call(moment).await;
            if let Injection::ActsLate(delay) = injection {
                tokio::time::sleep(delay).await; // cut off meanwhile, it is rolled back
                life.alive().await;
            }
            let result = if injection.acts() { self.write(&marker, outbox) } else { Err(away()) };
            match injection {
                Injection::ActsLate(_) => {}
                _ => life.answer(injection).await,
            }
            match injection {
                Injection::LoseReply(_) => result.and(Err(away())),
                _ => result,
            }
        })
    }
}
