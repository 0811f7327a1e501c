//! Exactly one effect in the database: marker, effect and emitted event in one transaction.
//!
//! ```sh
//! cargo run --release -p tidegate --features sqlite --example 03-inbox
//! ```
#![allow(clippy::print_stdout, reason = "what an example prints is its result")]

use std::collections::HashSet;
use std::sync::Arc;

use tidegate::broker::NewTopic;
use tidegate::message::TopicName;
use tidegate::prelude::*;
use tokio::sync::mpsc;

type Heard = mpsc::UnboundedSender<String>;

#[derive(serde::Serialize, serde::Deserialize)]
struct OrderPlaced {
    id: String,
    total: i64,
}
impl Event for OrderPlaced {
    const TYPE: &'static str = "order.placed";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct PaymentCharged {
    order: String,
}
impl Event for PaymentCharged {
    const TYPE: &'static str = "payment.charged";
    fn key(&self) -> Key<'_> {
        Key::from(&self.order)
    }
}

async fn charge(
    Payload(order): Payload<OrderPlaced>,
    mut tx: Inbox<Sqlite>,
) -> Result<Emit<PaymentCharged>, sqlx::Error> {
    println!("charging {}", order.id);
    sqlx::query("insert into payments (order_id, total) values (?, ?)")
        .bind(&order.id)
        .bind(order.total)
        .execute(&mut *tx) // the transaction begins here; there is no commit to forget
        .await?;
    Ok(Emit::to("payments", PaymentCharged { order: order.id }))
}

/// Hears what `charge` emitted.
async fn hear(Payload(charged): Payload<PaymentCharged>, State(heard): State<Heard>) {
    heard.send(charged.order).ok();
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let broker = Broker::in_memory();
    for topic in ["orders", "payments"] {
        broker.create_topics(vec![NewTopic::new(TopicName::new(topic)?, 1)]).await;
    }
    let publisher = Publisher::new(broker.clone());
    let order = NewEvent::to("orders", OrderPlaced { id: "o-1".into(), total: 20 }).prepare()?;
    // The same event three times: a producer that got no answer and tried again.
    for _ in 0..3 {
        publisher.send(order.clone()).await?;
    }
    publisher.publish("orders", OrderPlaced { id: "o-2".into(), total: 30 }).await?;

    let database = SqliteInbox::in_memory().await?;
    sqlx::raw_sql("create table payments (order_id text primary key, total integer)")
        .execute(database.writer())
        .await?;
    let (heard, mut charged) = mpsc::unbounded_channel();
    let mut seen = HashSet::new();
    Service::new("billing", broker)
        .start_from(StartFrom::Earliest)
        .route(Topic::json("orders").on(charge).inbox(Arc::new(database.clone())))
        .route(Topic::json("payments").on(hear).with_state(heard))
        // One payment of each order, in any order: nothing orders what has different keys.
        .run_until(async move {
            while seen.len() < 2 {
                seen.extend(charged.recv().await)
            }
        })
        .await?;

    let payments: i64 =
        sqlx::query_scalar("select count(*) from payments").fetch_one(database.reader()).await?;
    println!("{payments} payments");
    Ok(())
}
