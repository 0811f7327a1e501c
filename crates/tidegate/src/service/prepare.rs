//! From a builder to a place in the group: checks first, all findings at once; then topics and stores; then the group.

use std::sync::Arc;

use crate::broker::Subscription;
use crate::consumer::core::{Core, CoreConfig};
use crate::consumer::runtime::{Limits, Logs, Seat, Shop, StartTime};
use crate::error::Error;
use crate::findings::Finding;
use crate::policy;
use crate::router::Router;
use crate::service::checks::{self, Pairs};
use crate::service::settings::Settings;
use crate::service::{StartFrom, topics};

/// Checks everything, prepares topics and stores, and joins the group.
pub(super) async fn seat(settings: Settings, router: Router, start: StartFrom) -> Result<Seat, Error> {
    let pairs = check(&settings, &router).await?;
    at_least_once(&settings, &router);
    let shop = Arc::new(shop(&settings, router, pairs));
    stores(&shop).await?;
    let consumer = join(&settings, &shop).await?;
    settings.health.running(shop.stores.clone());
    let mut observers = settings.observers.clone();
    observers.push(Arc::new(settings.health.clone()));
    observers.push(Arc::new(Logs(shop.identity.clone())));
    Ok(Seat {
        core: Core::new(core_config(&settings, &shop, start).await?),
        shop,
        consumer,
        observers,
        health: settings.health,
        start_time: match start {
            StartFrom::At(time) => Some(StartTime(time)),
            StartFrom::Earliest | StartFrom::Latest => None,
        },
        drain: settings.drain,
    })
}

/// Changes nothing while there is a finding; then creates what may be created.
async fn check(settings: &Settings, router: &Router) -> Result<Pairs, Error> {
    let mut found = router.findings();
    found.extend(checks::settings(settings));
    let (pairs, wrong_names) = checks::pairs(settings, &router.topics());
    found.extend(wrong_names);
    let known = settings.broker.topics().await?;
    let create = settings.may_create();
    found.extend(checks::topics(&pairs, &known, create.is_some()));
    refuse(found)?;
    if let Some(partitions) = create {
        refuse(topics::create(&settings.broker, &pairs, &known, partitions).await)?;
    }
    Ok(pairs)
}

fn refuse(found: Vec<Finding>) -> Result<(), Error> {
    if found.is_empty() { Ok(()) } else { Err(Error::Refused(found)) }
}

/// Said once, at the start: which handlers may see a record twice.
fn at_least_once(settings: &Settings, router: &Router) {
    let handlers = router.without_store();
    if !handlers.is_empty() {
        tracing::info!(
            group = %settings.group,
            handlers = %handlers.join(", "),
            "at least once: these handlers have no store, and may see a record twice"
        );
    }
}

fn shop(settings: &Settings, router: Router, pairs: Pairs) -> Shop {
    let limits = Limits::new(settings.broker.clone(), settings.create_emitted);
    let (identity, broker, clock) =
        (settings.identity(), settings.broker.clone(), settings.clock.clone());
    Shop::new(identity, broker, router.into_endpoint(), pairs, limits, clock)
}

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
        max_poll_interval: settings.max_poll_interval,
        ..Subscription::new(settings.group.clone(), shop.endpoint.topics())
    };
    let joined = settings.broker.subscribe(subscription).await;
    joined.map_err(|source| Error::Join { group: settings.group.clone(), source })
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
    let cluster_id = settings.broker.cluster_id().await?;
    Ok(CoreConfig {
        max_in_flight: settings.concurrency,
        commit_interval: settings.commit_interval,
        ..CoreConfig::new(settings.group.clone(), cluster_id, shop.policies.clone(), start)
    })
}
