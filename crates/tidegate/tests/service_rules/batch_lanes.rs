//! A batch belongs to one lane.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tidegate::broker::NewTopic;
use tidegate::delivery::Delivery;
use tidegate::message::TopicName;
use tidegate::prelude::*;

use crate::common::{Ordered, record};
use crate::looking::Look;

/// Notes on which lane each attempt runs.
#[derive(Clone, Default)]
struct Lanes(Arc<Mutex<HashMap<String, tokio::task::Id>>>, Arc<AtomicUsize>);

impl Lanes {
    fn note(&self, delivery: &Delivery) {
        let id = delivery.event_id.as_str().to_owned();
        self.0.lock().unwrap().insert(id, tokio::task::id());
    }
}

async fn of_one_lane(batch: Batch<Ordered>, State(lanes): State<Lanes>) {
    let known = lanes.0.lock().unwrap();
    for record in &batch {
        let elsewhere = known[record.event_id().as_str()] != tokio::task::id();
        lanes.1.fetch_add(usize::from(elsewhere), Ordering::Relaxed);
    }
}

/// I3: a record is cut off by the thread that runs its call, never beside it: the call would have its effect after the next record
/// of the key.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_batch_holds_records_of_one_lane_alone() {
    let (broker, lanes) = (Broker::in_memory(), Lanes::default());
    let elsewhere = lanes.1.clone();
    broker.create_topics(vec![NewTopic::new(TopicName::new("orders").unwrap(), 1)]).await;
    let all = (0..400).map(|n| record("orders", &format!("e-{n}"), &format!("k-{n}"))).collect();
    assert!(broker.publish(all).await.iter().all(Result::is_ok));
    let noted = lanes.clone();
    let notes = Look(move |delivery: &Delivery| noted.note(delivery));
    let routes = Topic::json("orders").on_batch(1000, of_one_lane).layer(notes);
    let service = Service::new("g", broker)
        .start_from(StartFrom::Earliest)
        .create_topics(tidegate::service::CreateTopics::Always { partitions: 1 })
        .concurrency(400)
        .lanes(4)
        .route(routes.with_state(lanes));
    let health = service.health();
    let done = async move {
        while health.snapshot().outcomes.done < 400 {
            tokio::task::yield_now().await;
        }
    };
    service.run_until(done).await.unwrap();
    assert_eq!(
        elsewhere.load(Ordering::Relaxed),
        0,
        "records that ran on another lane than their call"
    );
}
