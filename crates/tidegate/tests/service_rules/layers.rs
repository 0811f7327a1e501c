//! User layers cannot break what the runtime promises.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tidegate::broker::BoxFuture;
use tidegate::class::Class;
use tidegate::delivery::Delivery;
use tidegate::layer::HandlerService;
use tidegate::outcome::Outcome;
use tidegate::prelude::*;
use tidegate::testing::Saw;

use crate::common::{Do, record};
use crate::inbox::{Bench, note};
use crate::stores::{Db, on_each_store};

/// Keeps every delivery: for a log that is written later, say.
#[derive(Clone, Default)]
struct Keeper(Arc<Mutex<Vec<Delivery>>>);

#[derive(Clone)]
struct Keeping(HandlerService, Keeper);

impl tower_layer::Layer<HandlerService> for Keeper {
    type Service = Keeping;
    fn layer(&self, inner: HandlerService) -> Keeping {
        Keeping(inner, self.clone())
    }
}

impl tower_service::Service<Delivery> for Keeping {
    type Response = Outcome;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Outcome, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, delivery: Delivery) -> Self::Future {
        self.1.0.lock().unwrap().push(delivery.clone());
        self.0.call(delivery)
    }
}

on_each_store!(a_layer_that_keeps_the_delivery_of_a_failed_attempt_does_not_keep_its_transaction,);

async fn a_layer_that_keeps_the_delivery_of_a_failed_attempt_does_not_keep_its_transaction<
    D: Db,
>() {
    let bench = Bench::<D>::new(&[Do::Fail(Class::Transient), Do::Work]).await;
    let t = bench.start_with(Topic::json("orders").on(note::<D>).layer(Keeper::default())).await;
    t.publish_record(record("orders", "e-1", "a")).await;
    t.settled().await;
    assert_eq!(t.outcomes("e-1"), [Saw::Retried, Saw::Done]);
    assert_eq!(bench.rows("notes").await, 1);
    t.assert_conserved();
}
