//! What a newcomer does, with a process for each service.

use test_servers::{LocalKafka, LocalPostgres};

use crate::harness::{Program, eventually};
use crate::platform::{Place, Platform};

async fn sample(place: &Place) -> String {
    let sample = place.orders("sample").run().await.expect(0);
    assert!(sample.stdout.contains("each ended as it should"), "{}", sample.stdout);
    sample.stdout
}

/// How many events a consumer has handled.
async fn done(consumer: &Program) -> u64 {
    let metrics = consumer.consumer().get("/api/v1/metrics").await.expect(200);
    metrics.data()["outcomes"]["done"].as_u64().unwrap()
}

#[tokio::test]
async fn the_sample_ends_as_it_says_with_each_service_in_its_own_process() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), LocalKafka::shared().address(), "sample");
    let made = place.topics().await;
    assert!(made.contains("sample_dlq") && made.contains("created"), "{made}");
    let platform = Platform::ready(&place).await;
    sample(&place).await;
    platform.end().await;

    // What was done is known after a restart, and nothing is done again.
    let again = Platform::ready(&place).await;
    let stats = again.producer.gateway().get("/api/v1/effects/stats").await.expect(200);
    sample(&place).await;
    let letters = again.replay.replay().get("/api/v1/dlq/stats").await.expect(200);
    assert!(letters.data()["total_messages"].as_u64() >= Some(8), "{}", letters.body);
    let later = again.producer.gateway().get("/api/v1/effects/stats").await.expect(200);
    let performed = |stats: &crate::harness::Answer| stats.data()["performed"].as_u64().unwrap();
    assert_eq!(performed(&later), 2 * performed(&stats));
    again.end().await;
}

#[tokio::test]
async fn two_consumers_share_the_work_and_the_file() {
    share_the_work("shared_range", "KAFKA_ASSIGNMENT_STRATEGY", "range").await;
}

#[tokio::test]
async fn two_consumers_share_the_work_and_a_postgres() {
    let database = LocalPostgres::shared().database();
    share_the_work("shared_postgres", "DATABASE_URL", &database).await;
}

/// KIP-848: the broker shares out.
#[tokio::test]
async fn two_consumers_share_the_work_by_the_newer_protocol() {
    share_the_work("shared_newer", "KAFKA_PROPERTY_GROUP_PROTOCOL", "consumer").await;
}

async fn share_the_work(name: &str, variable: &str, value: &str) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), LocalKafka::shared().address(), name);
    let place = place.variable(variable, value);
    place.topics().await;
    let platform = Platform::ready(&place).await;
    let second = place.second_consumer().ready_at(1..2).await;
    let mut orders = Vec::new();
    for _ in 0..60 {
        orders.push(platform.producer.order("widget").await);
    }
    for order in &orders {
        platform.producer.reaches(&order.order_id, "completed").await;
        assert_eq!(platform.producer.charges(&order.order_id).await, 1);
    }
    // An order is completed by its transaction; its record is done when what it announces is acknowledged too.
    for consumer in [&platform.consumer, &second] {
        eventually("each did some of it", async || (done(consumer).await > 0).then_some(())).await;
    }
    second.assert_conserved().await;
    second.stop("TERM").await;
    platform.end().await;
}

#[tokio::test]
async fn the_producer_takes_orders_before_there_is_a_read_model() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), LocalKafka::shared().address(), "early");
    place.topics().await;
    let producer = place.orders("producer").ready_at(0..1).await;
    let order = producer.order("widget").await;
    let view = producer.view(&order.order_id).await.expect(503);
    assert!(view.body.to_string().contains("read model"), "{}", view.body);

    let gateway = place.orders("gateway").ready_at(3..4).await;
    let consumer = place.orders("consumer").ready_at(1..2).await;
    producer.reaches(&order.order_id, "completed").await;
    consumer.assert_conserved().await;
    for process in [producer, consumer, gateway] {
        process.stop("TERM").await;
    }
}

#[tokio::test]
async fn up_runs_all_services_on_the_cluster_and_makes_the_topics() {
    let folder = tempfile::tempdir().unwrap();
    let brokers = LocalKafka::shared().address();
    let place = Place::new(folder.path(), brokers, "all_in_one");
    let up = place.orders("up").ready().await;
    let shown = eventually("it says where everything is", async || {
        let shown = up.stdout();
        shown.contains("orders is up").then_some(shown)
    })
    .await;
    assert!(shown.contains(brokers) && shown.contains("all_in_one (3)"), "{shown}");
    sample(&place).await;
    up.end().await;

    let again = place.orders("up").ready().await;
    let orders = again.producer().get("/api/v1/orders?limit=200").await.expect(200);
    assert!(!orders.data()["orders"].as_array().unwrap().is_empty(), "{}", orders.body);
    let late = again.order("widget").await;
    again.reaches(&late.order_id, "completed").await;
    again.end().await;
}

#[tokio::test]
async fn a_dead_address_first_in_the_list_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let brokers = format!("127.0.0.1:1, {}", LocalKafka::shared().address());
    let place = Place::new(folder.path(), &brokers, "dead_first");
    let up = place.orders("up").ready().await;
    let order = up.order("widget").await;
    up.reaches(&order.order_id, "completed").await;
    up.end().await;
}

/// Handlers wait, and nothing can be committed: what was not settled comes again.
#[tokio::test]
async fn processes_end_in_time_while_the_broker_is_away_and_finish_later() {
    ended_away("KAFKA_PROPERTY_GROUP_INSTANCE_ID", "one").await;
}

#[tokio::test]
async fn by_the_newer_protocol_processes_end_in_time_without_a_broker_and_finish_later() {
    ended_away("KAFKA_PROPERTY_GROUP_PROTOCOL", "consumer").await;
}

/// The broker cannot be told that the member leaves. An instance id lets its successor in at once, and the newer
/// protocol after 3 s here; otherwise a session has to end, which is 45 s.
async fn ended_away(variable: &str, value: &str) {
    let folder = tempfile::tempdir().unwrap();
    let kafka = LocalKafka::start();
    let place = Place::new(folder.path(), kafka.address(), "ended_away").variable(variable, value);
    place.topics().await;
    let platform = Platform::ready(&place).await;
    let mut orders = Vec::new();
    for product in ["widget", "slow-500", "fail-transient-1", "fail-always", "slow-2500"] {
        orders.push(platform.producer.order(product).await);
    }
    kafka.kill();
    for process in [platform.producer, platform.consumer, platform.replay, platform.gateway] {
        process.stop("TERM").await;
    }

    kafka.start_again();
    let again = Platform::ready(&place).await;
    for order in &orders {
        let view = eventually("the order has ended", async || {
            let view = again.producer.view(&order.order_id).await;
            let status = view.data()["status"].as_str()?.to_owned();
            ["completed", "failed"].contains(&status.as_str()).then_some(status)
        });
        let wanted = if order.order_id == orders[3].order_id { "failed" } else { "completed" };
        assert_eq!(view.await, wanted);
        assert_eq!(again.producer.charges(&order.order_id).await, 1);
    }
    again.end().await;
}
