//! What every attempt and every step of settling needs, and nothing that changes: shared by all tasks of a service.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tokio::sync::Semaphore;

use crate::broker::Broker;
use crate::clock::Clock;
use crate::companion::entry::Scribe;
use crate::consumer::runtime::limits::Limits;
use crate::dead_letter::DeadLetterWriter;
use crate::inbox::InboxStore;
use crate::message::TopicName;
use crate::meter::Meters;
use crate::policy::{PolicyId, RoutePolicy};
use crate::router::endpoint::Endpoint;

/// Which service it is, as dead letters and logs name it.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// Name and version.
    pub(crate) service: Arc<str>,
    pub(crate) group: Arc<str>,
}

/// A store of effects, under a name that lives as long as the program.
#[derive(Debug, Clone)]
pub(crate) struct NamedStore {
    pub(crate) name: &'static str,
    pub(crate) store: Arc<dyn InboxStore>,
}

/// The fixed surroundings of a running service.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) identity: Identity,
    pub(crate) broker: Broker,
    pub(crate) endpoint: Arc<dyn Endpoint>,
    pub(crate) policies: Vec<RoutePolicy>,
    /// Each store once, however many routes share it.
    pub(crate) stores: Vec<NamedStore>,
    /// Index into `stores`, by policy.
    store_of: Vec<Option<usize>>,
    /// How the dead letters of each source topic are written.
    pub(crate) dead_letters: BTreeMap<TopicName, DeadLetterWriter>,
    /// How the schedule of each source topic is written, where retries wait in one.
    pub(crate) schedules: BTreeMap<TopicName, Scribe>,
    pub(crate) limits: Arc<Limits>,
    /// For attempts that run side by side, but those of `Order::Partition`.
    pub(crate) places: Arc<Semaphore>,
    pub(crate) clock: Clock,
    /// Handler calls that were begun.
    pub(crate) attempts: Arc<AtomicU64>,
    /// What else is counted, where metrics are wanted.
    pub(crate) meters: Option<Arc<Meters>>,
}

impl Shop {
    pub(crate) fn new(
        identity: Identity,
        broker: Broker,
        endpoint: Arc<dyn Endpoint>,
        dead_letters: BTreeMap<TopicName, DeadLetterWriter>,
        limits: Arc<Limits>,
        clock: Clock,
        (places, attempts): (Arc<Semaphore>, Arc<AtomicU64>),
    ) -> Self {
        let policies = endpoint.policies();
        let mut stores = Vec::new();
        let store_of = (0..policies.len())
            .map(|id| endpoint.store(PolicyId(id)).map(|store| index_of(&mut stores, store)))
            .collect();
        Self {
            identity,
            broker,
            endpoint,
            policies,
            stores,
            store_of,
            dead_letters,
            schedules: BTreeMap::new(),
            limits,
            places,
            clock,
            attempts,
            meters: None,
        }
    }

    pub(super) fn policy(&self, id: PolicyId) -> &RoutePolicy {
        &self.policies[id.0]
    }

    /// The store of a route, and its place among the service's stores.
    pub(super) fn store(&self, id: PolicyId) -> Option<(usize, &NamedStore)> {
        let index = self.store_of.get(id.0).copied().flatten()?;
        Some((index, &self.stores[index]))
    }
}

/// Finds a store among those known, or adds it.
fn index_of(stores: &mut Vec<NamedStore>, store: Arc<dyn InboxStore>) -> usize {
    let known = stores.iter().position(|named| Arc::ptr_eq(&named.store, &store));
    known.unwrap_or_else(|| {
        stores.push(NamedStore { name: interned(store.name()), store });
        stores.len() - 1
    })
}

/// `Class::Outage` names its dependency for ever: each different name is kept once, so that restarts cost nothing.
fn interned(name: String) -> &'static str {
    static NAMES: LazyLock<Mutex<BTreeSet<&'static str>>> = LazyLock::new(Mutex::default);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name.as_str()) {
        return known;
    }
    let kept: &'static str = Box::leak(name.into_boxed_str());
    names.insert(kept);
    kept
}

impl std::fmt::Debug for Shop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shop").field("identity", &self.identity).finish_non_exhaustive()
    }
}
