//! A consumer killed and the broker restarted half-way through a load: nothing lost, nothing charged twice (I1, I4;
//! faults F1 and F2).

use std::time::Duration;

use test_servers::{LocalKafka, LocalPostgres};

use crate::harness::{PATIENCE, Program, eventually};
use crate::platform::{Place, Platform};

/// How many orders: 2,000, or what LOAD_COUNT says (20,000 at night).
fn count() -> u64 {
    match std::env::var("LOAD_COUNT") {
        Ok(count) => count.parse().expect("LOAD_COUNT is a number"),
        Err(_) => 2_000,
    }
}

async fn performed(up: &Program) -> u64 {
    let stats = up.gateway().get("/api/v1/effects/stats").await.expect(200);
    stats.data()["performed"].as_u64().unwrap()
}

/// Waits for this part of the orders, for as long as there are more of them.
async fn charged(up: &Program, part: f64) {
    let wanted = (count() as f64 * part) as u64;
    let mut seen = performed(up).await;
    while seen < wanted {
        seen =
            eventually(&format!("more than {seen} of {wanted} orders are charged"), async || {
                let now = performed(up).await;
                (now > seen).then_some(now)
            })
            .await;
    }
}

/// The load, with a kill at a half and a restart of the broker soon after it.
async fn survives(place: &Place, kafka: &LocalKafka) {
    place.topics().await;
    let platform = Platform::ready(place).await;
    let second = place.second_consumer().ready_at(1..2).await;
    // Slow enough that orders are still being sent while the broker is away.
    let (count, rate) = (count(), count() / 20);
    let line = "--failing 2% --duplicates 2% --seed 2 --settle 300s";
    let load = place.orders(&format!("load --count {count} --rate {rate} {line}")).start();
    charged(&platform.producer, 0.5).await;
    second.kill().await;
    // One of three partitions is enough to get there: nobody waits until the dead consumer is missed.
    charged(&platform.producer, 0.6).await;
    kafka.kill();
    kafka.start_again();

    // A slow disk takes some dozens a second.
    let limit = PATIENCE * 4 + Duration::from_secs(count / 20);
    let judged = load.ended_within(limit).await.expect(0);
    assert!(judged.stdout.contains("lost        0\n"), "{}", judged.stdout);
    assert!(judged.stdout.contains("repeated    0\n"), "{}", judged.stdout);
    assert!(judged.stdout.contains("every order is accounted for"), "{}", judged.stdout);
    platform.end().await;
}

#[tokio::test]
async fn orders_survive_a_killed_consumer_and_a_restarted_broker_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let kafka = LocalKafka::start();
    let place = Place::new(folder.path(), kafka.address(), "orders");
    survives(&place, &kafka).await;
}

#[tokio::test]
async fn orders_survive_a_killed_consumer_and_a_restarted_broker_on_postgres() {
    let folder = tempfile::tempdir().unwrap();
    let (kafka, postgres) = (LocalKafka::start(), LocalPostgres::start());
    let place = Place::new(folder.path(), kafka.address(), "orders");
    // By the newer protocol the killed one is missed after 3 s here, not after 45.
    let place = place.variable("KAFKA_PROPERTY_GROUP_PROTOCOL", "consumer");
    survives(&place.variable("DATABASE_URL", postgres.url()), &kafka).await;
}
