//! Order is declared per handler. By default a failing record holds its key; with `Order::Partition` its partition; with `Order::None` nothing waits.
//!
//! ```sh
//! cargo run --release -p tidegate --example 04-order
//! ```
#![allow(clippy::print_stdout, reason = "what an example prints is its result")]

use tidegate::broker::NewTopic;
use tidegate::message::TopicName;
use tidegate::prelude::*;
use tokio::sync::{mpsc, oneshot};

#[derive(serde::Serialize, serde::Deserialize)]
struct Step(u32);
impl Event for Step {
    const TYPE: &'static str = "step";
    fn key(&self) -> Key<'_> {
        Key::NONE
    }
}

#[derive(Debug, thiserror::Error)]
#[error("not yet")]
struct NotYet;
impl Classify for NotYet {
    fn class(&self) -> Class {
        Class::Transient
    }
}

/// The first step works at its second attempt.
async fn walk(
    Payload(Step(step)): Payload<Step>,
    Attempt(attempt): Attempt,
    State(path): State<mpsc::UnboundedSender<u32>>,
) -> Result<(), NotYet> {
    if step == 1 && attempt == 1 {
        return Err(NotYet);
    }
    path.send(step).ok();
    Ok(())
}

async fn walked(order: Order) -> Result<Vec<u32>, Box<dyn std::error::Error>> {
    let broker = Broker::in_memory();
    broker.create_topics(vec![NewTopic::new(TopicName::new("steps")?, 1)]).await;
    let publisher = Publisher::new(broker.clone());
    for step in 1..=3 {
        publisher.publish("steps", Step(step)).await?;
    }
    let (path, mut steps) = mpsc::unbounded_channel();
    let (all, seen) = oneshot::channel();
    let routes = Topic::json("steps")
        .on(walk)
        .order(order)
        .retry(Retry::exponential(millis(200), millis(200)))
        .with_state(path);
    Service::new("walkers", broker)
        .start_from(StartFrom::Earliest)
        .route(routes)
        .run_until(async move {
            let mut seen = Vec::new();
            while seen.len() < 3 {
                seen.extend(steps.recv().await);
            }
            all.send(seen).ok();
        })
        .await?;
    Ok(seen.await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("partition: {:?}", walked(Order::Partition).await?);
    let none = walked(Order::None).await?;
    println!("none: step 1 came last: {}", none.last() == Some(&1));
    Ok(())
}
