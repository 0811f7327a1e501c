//! Tidegate: event-driven services on Apache Kafka. What axum is for HTTP, this is for events: typed handlers over a
//! runtime that loses nothing, repeats no effect, keeps order where order was asked for, and parks what fails where an
//! operator can see it and send it back.
//!
//! # Hello
//!
//! ```no_run
//! use tidegate::prelude::*;
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Greeting { name: String }
//! impl Event for Greeting {
//!     const TYPE: &'static str = "greeting.sent";
//!     fn key(&self) -> Key<'_> { Key::from(&self.name) }
//! }
//!
//! async fn greet(Payload(g): Payload<Greeting>, attempt: Attempt) -> Result<(), Permanent> {
//!     println!("hello {}, attempt {attempt}", g.name);
//!     Ok(())
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), tidegate::Error> {
//!     let broker = Broker::from_env()?;               // the embedded log in ./data, or KAFKA_BROKERS
//!     Service::new("hello", broker)                   // consumer group
//!         .start_from(StartFrom::Earliest)            // without this line it does not compile
//!         .route(Topic::json("greetings").on(greet))
//!         .run()                                      // until SIGTERM: drain, commit, leave
//!         .await
//! }
//! ```
//!
//! With a program of your own, in its `Cargo.toml`: `tidegate` (a path or git dependency; it is not on crates.io yet),
//! `tokio` with `rt-multi-thread` and `macros`, and `serde` with `derive`.
//! [`Error`] prints as plain lines, also where `main` returns it.
//!
//! # Handlers
//!
//! A handler is an async function. Its first argument, [`Payload<T>`](handler::Payload), chooses the event type; up to
//! eight [extractors](extract) follow. What it returns says what happens: nothing, events to
//! [emit](emit::Emit), or an error. See [`handler`] and [`outcome::IntoOutcome`].
//!
//! # Errors
//!
//! An error is a decision, not an answer. Each error type says its class, in one place, and there is no default:
//!
//! ```
//! use tidegate::prelude::*;
//!
//! #[derive(Debug, thiserror::Error)]
//! enum ChargeError {
//!     #[error("card declined: {0}")] Declined(String),
//!     #[error("gateway busy, asks for {0:?}")] Busy(Duration),
//!     #[error("gateway unreachable")] Gateway(#[source] std::io::Error),
//! }
//! impl Classify for ChargeError {
//!     fn class(&self) -> Class {
//!         match self {
//!             Self::Declined(_) => Class::Permanent,              // dead letter, at once
//!             Self::Busy(after) => Class::Transient.after(*after), // tried again, not before
//!             Self::Gateway(_) => Class::Outage("gateway"),       // pauses; spends no attempt
//!         }
//!     }
//! }
//! ```
//!
//! # Routes and policies
//!
//! What a route promises is a policy behind its handler; [layers](layer) are for the rest. An event type is handled,
//! skipped by name, or dead-lettered: nothing is dropped in silence.
//!
//! ```
//! use std::sync::Arc;
//! use tidegate::prelude::*;
//! # #[derive(serde::Serialize, serde::Deserialize)] struct OrderCreated { id: String }
//! # impl Event for OrderCreated {
//! #     const TYPE: &'static str = "order.created";
//! #     fn key(&self) -> Key<'_> { Key::from(&self.id) }
//! # }
//! # #[derive(serde::Serialize, serde::Deserialize)] struct PaymentCharged { order: String }
//! # impl Event for PaymentCharged {
//! #     const TYPE: &'static str = "payment.charged";
//! #     fn key(&self) -> Key<'_> { Key::from(&self.order) }
//! # }
//! # struct App;
//! async fn charge(
//!     Payload(order): Payload<OrderCreated>,
//!     id: EventId,                                    // the same at each attempt: the idempotency key
//!     State(app): State<Arc<App>>,
//! ) -> Result<Emit<PaymentCharged>, Permanent> {
//!     Ok(Emit::to("payments", PaymentCharged { order: order.id }))
//! }
//!
//! async fn mark_failed(dead: DeadLetter<OrderCreated>) {
//!     eprintln!("order {} failed: {}", dead.key(), dead.reason());
//! }
//!
//! fn routes(app: Arc<App>) -> Router {
//!     Topic::json("orders")
//!         .on(charge)
//!             .order(Order::Partition)
//!             .retry(Retry::exponential(secs(1), secs(30)).attempts(5).active_age(hours(1)).in_place(2))
//!             .timeout(secs(10))
//!             .on_dead_letter(mark_failed)
//!         .skip(["order.completed", "order.failed"])  // said, not silent
//!         .unknown(Unknown::DeadLetter)
//!         .with_state(app)
//! }
//! # let _ = routes(Arc::new(App));
//! ```
//!
//! # Effects that happen once
//!
//! A record may be delivered again: a crash between effect and commit, a time-out, a replay. With an `Inbox` as argument,
//! marker, effect and emitted events are one transaction, and a second delivery is a duplicate. For everything outside of the
//! database hand [`EventId`](event::EventId) on as idempotency key.
//!
//! The features `sqlite` and `postgres` bring it; SQL is written with sqlx 0.9. The transaction begins with the first statement, and
//! others wait for it: call outside first, write last.
//!
#![cfg_attr(
    feature = "sqlite",
    doc = r#"
```
use std::sync::Arc;
use tidegate::prelude::*;
# #[derive(serde::Serialize, serde::Deserialize)] struct OrderCreated { id: String }
# impl Event for OrderCreated {
#     const TYPE: &'static str = "order.created";
#     fn key(&self) -> Key<'_> { Key::from(&self.id) }
# }
async fn store(Payload(order): Payload<OrderCreated>, mut tx: Inbox<Sqlite>) -> Result<(), sqlx::Error> {
    sqlx::query("insert into orders (id) values (?)").bind(&order.id).execute(&mut *tx).await.map(drop)
}

async fn mark_failed(dead: DeadLetter<OrderCreated>, mut tx: Inbox<Sqlite>) -> Result<(), sqlx::Error> {
    sqlx::query("update orders set status = 'failed', reason = ? where id = ?")
        .bind(dead.reason()).bind(dead.key()).execute(&mut *tx).await.map(drop)
}

fn routes(inbox: SqliteInbox) -> Router {
    Topic::json("orders").on(store).on_dead_letter(mark_failed).inbox(Arc::new(inbox)).with_state(())
}
```
"#
)]
//! # More kinds of handlers, and tests
//!
//! [`on_batch`](router::Topic::on_batch) hands many records to one call ([`handler::batch`]), [`blocking`](handler::blocking) is for
//! functions that keep a thread, [`Services`](service::Services) for several groups in one process;
//! [`observe`](service::Service::observe) tells what happens. With the feature `testing`, `testing::TestService` runs routes on
//! virtual time, and `testing::chaos` through thousands of simulated worlds.
//!
//! # Publishing
//!
//! Inside a handler, return an [`Emit`](emit::Emit): its id is derived, so that a second attempt emits the same event.
//! Elsewhere use a [`Publisher`](publisher::Publisher).
//!
//! # Dead letters
//!
//! What is given up goes to a dead-letter topic: original bytes and headers, untouched, plus who, where, why and how
//! often. [`dead_letter::Letter`] reads it, and makes the record that sends it back.
//!
//! # Features
//!
//! | feature | for |
//! |---|---|
//! | `kafka` (default) | Apache Kafka, through librdkafka (C: the build needs gcc or clang, and make) |
//! | `embedded` (default) | the log in one folder, for one process: development, tests, small installations |
//! | `json` (default) | events as JSON text |
//! | `sqlite` | `Inbox<Sqlite>`: effects, markers and outbox in one SQLite transaction |
//! | `postgres` | `Inbox<Postgres>`: the same in PostgreSQL, for services on several machines |
//! | `tls` | TLS, and SASL beyond PLAIN, towards Kafka: builds OpenSSL, which takes minutes |
//! | `otel` | traces: [`layer::Trace`] and `telemetry`, by OpenTelemetry's API; W3C trace context in headers |
//! | `metrics` | [`metrics`](crate::metrics): a collector for a `prometheus_client` registry, `Service::metrics` |
//! | `testing` | `TestService`, and the conformance suite of the broker contract |

pub mod broker;
pub mod class;
mod clock;
pub mod codec;
mod companion;
pub mod consumer;
pub mod dead_letter;
pub mod delivery;
pub mod emit;
pub mod error;
pub mod event;
pub mod events;
pub mod extract;
pub mod findings;
pub mod handler;
pub mod headers;
pub mod health;
pub mod inbox;
pub mod layer;
pub mod message;
mod meter;
#[cfg(feature = "metrics")]
pub mod metrics;
pub mod outcome;
mod parts;
mod planted;
pub mod policy;
pub mod prelude;
pub mod publisher;
mod pulse;
pub mod replay;
pub mod retries;
pub mod router;
pub mod service;
#[cfg(feature = "otel")]
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
pub mod time;
mod traces;

pub use class::{Class, Classify, Failure, Permanent};
pub use error::Error;
pub use findings::Finding;
