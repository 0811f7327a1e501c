//! `Health::ready`: whoever waits for it hears of it at once.

use std::pin::pin;

use tidegate::class::Class;
use tidegate::health::CheckName;
use tidegate::prelude::*;
use tokio_util::sync::CancellationToken;

use crate::common::{Do, Script, order, scripted, service};

/// As it would wait for ever.
async fn in_time<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(secs(30), wait).await.expect("it is told")
}

fn not_started() -> Service<StartFrom> {
    Service::new("test", Broker::in_memory())
        .start_from(StartFrom::Earliest)
        .route(Topic::json("orders").on(scripted).with_state(Script::of(&[])))
}

#[tokio::test]
async fn a_start_is_waited_for_and_who_waits_no_longer_takes_nothing_away() {
    let (service, stop) = (not_started(), CancellationToken::new());
    let health = service.health();
    let mut waits = pin!(health.ready());
    assert!(futures_util::poll!(&mut waits).is_pending());
    {
        let mut leaves = pin!(health.ready());
        assert!(futures_util::poll!(&mut leaves).is_pending());
    }
    let told = async {
        in_time(waits).await.unwrap();
        assert!(health.readiness().is_ready());
        in_time(health.ready()).await.unwrap();
        stop.cancel();
    };
    let (ended, ()) = tokio::join!(service.run_until(stop.clone().cancelled_owned()), told);
    ended.unwrap();
}

#[tokio::test]
async fn the_end_of_an_outage_is_heard() {
    let t = service(&Script::of(&[Do::Fail(Class::Outage("db")), Do::Work])).await;
    in_time(t.health().ready()).await.unwrap();
    t.publish("orders", &order("o-1")).await;
    t.until("paused", |t| !t.health().readiness().is_ready()).await;
    let mut waits = pin!(t.health().ready());
    assert!(futures_util::poll!(&mut waits).is_pending());
    let (heard, ()) = tokio::join!(in_time(waits), t.settled());
    heard.unwrap();
}

/// Rule 17: nobody waits for a service that will never be ready.
#[tokio::test]
async fn rule_17_a_service_that_has_stopped_or_was_refused_is_waited_for_by_nobody() {
    let refused = not_started().lanes(0);
    let health = refused.health();
    let (reasons, ended) =
        tokio::join!(in_time(health.ready()), refused.run_until(std::future::pending()));
    let why = format!("the service has stopped: {}", ended.unwrap_err());
    let refused = reasons.unwrap_err();
    assert!(refused.reasons().eq([why.as_str()]), "{refused:?}");
    assert!(refused.failing().eq([CheckName::Lifecycle]), "{refused:?}");
    let mut t = service(&Script::of(&[])).await;
    in_time(t.health().ready()).await.unwrap();
    t.stop().await.unwrap();
    assert!(in_time(t.health().ready()).await.is_err());
}
