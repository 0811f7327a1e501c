//! PostgreSQL goes away under the consumer, and comes back.

use axum::http::StatusCode;
use test_servers::LocalPostgres;
use tidegate::testing::Saw;

use super::http::{View, router};
use super::testing::{Bench, order, record, topic};
use crate::http::testing::{call, get};
use crate::order::{Created, OrderStatus};

/// Rule 18: an outage pauses, spends no attempt, and dead-letters nothing; what was under way happens once.
#[tokio::test]
async fn a_database_that_is_killed_pauses_the_consumer_and_loses_nothing() {
    let server = LocalPostgres::start();
    let url = server.url().replace("postgres@", "postgres:hunter2@");
    let bench = Bench::at(Some(url.parse().unwrap()), []).await;
    let created = |id: &str| record::<Created>(&format!("e-{id}"), order(id, "book"));
    bench.publish([created("o-1")]).await;
    server.kill();
    bench.service.publish_record(created("o-2")).await;
    bench.service.until("paused", |t| t.outcomes("o-2").contains(&Saw::Paused)).await;
    let (health, broker) = (bench.service.health().clone(), bench.service.broker().clone());
    let (group, topic, framework) = ("g".into(), topic("orders"), bench.framework.clone());
    let view = router(View { health, broker, group, topic, framework });
    let answer = call(&crate::http::service(view, 1 << 20), get("/ready")).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text.contains("postgres:127.0.0.1:"), "{}", answer.text);
    assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    server.start_again();
    bench.service.settled().await;
    bench.service.assert_conserved();
    for id in ["o-1", "o-2"] {
        assert_eq!(bench.status(id).await, Some((OrderStatus::Completed, None)));
    }
    assert!(bench.gateway.calls().iter().all(|call| call.attempt == 1));
    assert_eq!((bench.gateway.performed(), bench.service.dead_letters().len()), (2, 0));
}
