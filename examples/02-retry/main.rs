//! Errors are decisions: what is tried again, what is given up, and who is told.
//!
//! ```sh
//! cargo run --release -p tidegate --example 02-retry
//! ```
#![allow(clippy::print_stdout, reason = "what an example prints is its result")]

use std::sync::Arc;

use tidegate::broker::NewTopic;
use tidegate::message::TopicName;
use tidegate::prelude::*;
use tokio::sync::Semaphore;

#[derive(serde::Serialize, serde::Deserialize)]
struct Payment {
    id: String,
    amount: u32,
}
impl Event for Payment {
    const TYPE: &'static str = "payment.requested";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
}

#[derive(Debug, thiserror::Error)]
enum PayError {
    #[error("the bank is busy")]
    Busy,
    #[error("amount {0} is over the limit")]
    OverLimit(u32),
}
impl Classify for PayError {
    fn class(&self) -> Class {
        match self {
            Self::Busy => Class::Transient,         // again, after a back-off
            Self::OverLimit(_) => Class::Permanent, // never: dead-letter it
        }
    }
}

async fn pay(
    Payload(p): Payload<Payment>,
    Attempt(attempt): Attempt,
    State(done): State<Arc<Semaphore>>,
) -> Result<(), PayError> {
    if p.amount > 1_000 {
        return Err(PayError::OverLimit(p.amount));
    }
    if attempt < 3 {
        return Err(PayError::Busy);
    }
    println!("{} paid {} at attempt {attempt}", p.id, p.amount);
    done.add_permits(1);
    Ok(())
}

/// Runs once the dead letter is safely in its topic.
async fn give_up(dead: DeadLetter<Payment>, State(done): State<Arc<Semaphore>>) {
    println!("{} gave up after {} attempt(s): {}", dead.key(), dead.attempts(), dead.reason());
    done.add_permits(1);
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let broker = Broker::in_memory();
    broker.create_topics(vec![NewTopic::new(TopicName::new("payments")?, 1)]).await;
    let publisher = Publisher::new(broker.clone());
    for (id, amount) in [("p-1", 20), ("p-2", 5_000)] {
        publisher.publish("payments", Payment { id: id.into(), amount }).await?;
    }

    let done = Arc::new(Semaphore::new(0));
    let routes = Topic::json("payments")
        .on(pay)
        .order(Order::Partition) // p-2 waits until p-1 is paid
        .retry(Retry::exponential(millis(10), millis(100)).attempts(5))
        .timeout(secs(10))
        .on_dead_letter(give_up)
        .with_state(done.clone());
    Service::new("bank", broker)
        .start_from(StartFrom::Earliest)
        .route(routes)
        .run_until(async move { drop(done.acquire_many(2).await) })
        .await?;
    Ok(())
}
