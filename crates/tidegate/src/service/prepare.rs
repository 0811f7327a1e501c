//! From a builder to a place in the group: checks first, all findings at once; then topics and stores; then the group.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::broker::{BrokerError, Subscription, TopicInfo};
use crate::consumer::core::{Core, CoreConfig, Scheduling};
use crate::consumer::runtime::{Limits, Logs, Seat, Shop, StartTime};
use crate::dead_letter::DeadLetterWriter;
use crate::error::Error;
use crate::findings::Finding;
use crate::meter::Plan;
use crate::policy;
use crate::router::endpoint::Endpoint;
use crate::service::checks::{self, Pairs};
use crate::service::{Routes, Settings, StartFrom, schedules, topics};

/// The topics of each source: for its dead letters, and for its retries.
struct Topics {
    pairs: Pairs,
    schedules: Pairs,
}

/// Checks everything, prepares topics and stores, and joins the group.
pub(super) async fn seat(
    settings: Settings,
    routes: Routes,
    start: StartFrom,
) -> Result<Seat, Error> {
    let (endpoint, topics) = check(&settings, routes).await?;
    let session_timeout = session(&settings).await?;
    let settings = Settings { session_timeout, ..settings };
    let shop = Arc::new(metered(&settings, shop(&settings, endpoint, topics)));
    stores(&shop).await?;
    let core = Core::new(core_config(&settings, &shop, start).await?);
    let consumer = join(&settings, &shop).await?;
    settings.health.running(shop.stores.clone());
    let mut observers = settings.observers;
    observers.push(Arc::new(settings.health.clone()));
    if let Some(meters) = settings.meters {
        observers.push(meters);
    }
    observers.push(Arc::new(Logs(shop.identity.clone())));
    let start_time = match start {
        StartFrom::At(time) => Some(StartTime(time)),
        StartFrom::Earliest | StartFrom::Latest => None,
    };
    let (health, drain, lanes) = (settings.health, settings.drain, settings.lanes);
    Ok(Seat { shop, core, consumer, observers, health, start_time, drain, lanes })
}

/// Everything that must be put right first. Changes nothing.
pub(super) async fn findings(settings: &Settings, routes: &Routes) -> Result<Vec<Finding>, Error> {
    Ok(examine(settings, routes).await?.0)
}

async fn examine(
    settings: &Settings,
    routes: &Routes,
) -> Result<(Vec<Finding>, Topics, Vec<TopicInfo>), Error> {
    let mut found = routes.findings.clone();
    found.extend(checks::settings(settings));
    let (pairs, wrong_names) = checks::pairs(settings, &routes.topics);
    found.extend(wrong_names);
    let (schedules, wrong_names) = schedules::pairs(settings, &pairs);
    found.extend(wrong_names);
    found.extend(schedules::nowhere_to_hold(settings, routes));
    let known = settings.broker.topics().await.map_err(cannot_join(settings))?;
    found.extend(checks::topics(&pairs, &known, settings.may_create().is_some()));
    found.extend(schedules::topics(&schedules, &known, settings.may_create().is_some()));
    Ok((found, Topics { pairs, schedules }, known))
}

/// Changes nothing while there is a finding; then creates what may be created.
async fn check(settings: &Settings, routes: Routes) -> Result<(Arc<dyn Endpoint>, Topics), Error> {
    let (found, topics, known) = examine(settings, &routes).await?;
    refuse(found)?;
    if let Some(partitions) = settings.may_create() {
        let made = (&topics.pairs, &topics.schedules);
        refuse(topics::create(&settings.broker, made, &known, partitions).await)?;
    }
    at_least_once(settings, &routes.without_store);
    Ok((routes.endpoint.expect("there were no findings"), topics))
}

pub(super) fn refuse(found: Vec<Finding>) -> Result<(), Error> {
    if found.is_empty() { Ok(()) } else { Err(Error::Refused(found)) }
}

/// Said once, at the start: which handlers may see a record twice.
fn at_least_once(settings: &Settings, handlers: &[String]) {
    if !handlers.is_empty() {
        tracing::info!(
            group = %settings.group,
            handlers = %handlers.join(", "),
            "at least once: these handlers have no store, and may see a record twice"
        );
    }
}

fn shop(settings: &Settings, endpoint: Arc<dyn Endpoint>, topics: Topics) -> Shop {
    let identity = settings.identity();
    let writer = |topic| DeadLetterWriter {
        topic,
        group: settings.group.clone(),
        service: identity.service.as_ref().to_owned(),
    };
    let dead_letters =
        topics.pairs.into_iter().map(|(source, dead)| (source, writer(dead))).collect();
    let limits = Limits::new(settings.broker.clone(), settings.create_emitted);
    let (broker, clock) = (settings.broker.clone(), settings.clock.clone());
    let attempts = settings.health.attempts();
    let (limits, places) = (
        Arc::new(limits),
        Arc::new(Semaphore::new(settings.concurrency.min(Semaphore::MAX_PERMITS))),
    );
    let known = (places, attempts);
    let mut shop = Shop::new(identity, broker, endpoint, dead_letters, limits, clock, known);
    shop.schedules = schedules::scribes(&settings.group, topics.schedules);
    shop
}

/// From here on it is known what there is to be counted.
fn metered(settings: &Settings, mut shop: Shop) -> Shop {
    let Some(meters) = &settings.meters else { return shop };
    let known = (shop.identity.clone(), shop.clock.clone(), shop.stores.clone());
    meters.start(Plan::new(
        known,
        shop.endpoint.handlers(),
        shop.endpoint.topics(),
        settings.lanes,
    ));
    shop.meters = Some(meters.clone());
    shop
}

/// While the lanes run what has its place, the next are there already. Not more: a record that is due again waits behind them.
const AHEAD: usize = 4;

async fn stores(shop: &Shop) -> Result<(), Error> {
    let mut found = Vec::new();
    for named in &shop.stores {
        if let Err(error) = named.store.prepare().await {
            found.push(checks::store(named.name, &error));
        }
    }
    refuse(found)
}

async fn join(settings: &Settings, shop: &Shop) -> Result<Box<dyn crate::broker::Consumer>, Error> {
    let subscription = Subscription {
        drain_deadline: settings.drain,
        session_timeout: settings.session_timeout,
        max_poll_records: settings.max_poll_records,
        max_poll_interval: settings.max_poll_interval,
        ..Subscription::new(settings.group.clone(), shop.endpoint.topics())
    };
    settings.broker.subscribe(subscription).await.map_err(cannot_join(settings))
}

/// How long the group really waits for a silent member. Where it decides by itself and waits for less than was set, a lease
/// of what was set would outlive the ownership (rule 10).
async fn session(settings: &Settings) -> Result<Duration, Error> {
    let wanted = settings.session_timeout;
    let told = settings.broker.group_session(settings.group.clone()).await;
    match told.map_err(cannot_join(settings))? {
        Some(session) if session < wanted => {
            tracing::info!(group = %settings.group, ?session, ?wanted, "the group's own session is shorter, and counts");
            Ok(session)
        }
        _ => Ok(wanted),
    }
}

fn cannot_join(settings: &Settings) -> impl FnOnce(BrokerError) -> Error {
    let group = settings.group.clone();
    |source| Error::Join { group, source }
}

async fn core_config(
    settings: &Settings,
    shop: &Shop,
    start: StartFrom,
) -> Result<CoreConfig, Error> {
    let start = match start {
        StartFrom::Latest => policy::StartFrom::Latest,
        // For a point in time the driver fills in where a partition without a commit begins.
        StartFrom::Earliest | StartFrom::At(_) => policy::StartFrom::Earliest,
    };
    let cluster_id = settings.broker.cluster_id().await.map_err(cannot_join(settings))?;
    Ok(CoreConfig {
        max_in_flight: settings.concurrency,
        ahead: AHEAD,
        commit_interval: settings.commit_interval,
        session_timeout: settings.session_timeout,
        max_buffered_records: settings.buffer_records,
        max_buffered_bytes: settings.buffer_bytes,
        schedule: (!shop.schedules.is_empty()).then(Scheduling::default),
        ..CoreConfig::new(settings.group.clone(), cluster_id, shop.policies.clone(), start)
    })
}
