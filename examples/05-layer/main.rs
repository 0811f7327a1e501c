//! User layers go round the handler, inside the route's policies: they see each attempt, and cannot change a guarantee.
//!
//! ```sh
//! cargo run --release -p tidegate --example 05-layer
//! ```
#![allow(clippy::print_stdout, reason = "what an example prints is its result")]

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tidegate::broker::NewTopic;
use tidegate::delivery::Delivery;
use tidegate::message::TopicName;
use tidegate::prelude::*;
use tokio::sync::Notify;
use tower_layer::layer_fn;
use tower_service::Service as TowerService;

#[derive(serde::Serialize, serde::Deserialize)]
struct Ping;
impl Event for Ping {
    const TYPE: &'static str = "ping";
    fn key(&self) -> Key<'_> {
        Key::NONE
    }
}

async fn pong(_: Payload<Ping>, State(done): State<Arc<Notify>>) {
    println!("  pong");
    done.notify_one();
}

/// Says when an attempt begins, and how it ended.
#[derive(Clone)]
struct Narrated<S>(S);

impl<S> TowerService<Delivery> for Narrated<S>
where
    S: TowerService<Delivery, Response = Outcome, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Outcome, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, delivery: Delivery) -> Self::Future {
        println!("{} begins", delivery.event_type);
        let inner = self.0.call(delivery);
        Box::pin(async move {
            let outcome = inner.await?;
            println!("ended: {outcome:?}");
            Ok(outcome)
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let broker = Broker::in_memory();
    broker.create_topics(vec![NewTopic::new(TopicName::new("pings")?, 1)]).await;
    Publisher::new(broker.clone()).publish("pings", Ping).await?;

    let done = Arc::new(Notify::new());
    let routes = Topic::json("pings").on(pong).layer(layer_fn(Narrated)).with_state(done.clone());
    Service::new("table", broker)
        .start_from(StartFrom::Earliest)
        .route(routes)
        .run_until(async move { done.notified().await })
        .await?;
    Ok(())
}
