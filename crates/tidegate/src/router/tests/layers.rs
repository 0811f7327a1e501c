//! User layers.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use super::*;
use crate::layer::HandlerService;

/// Writes down who was passed, in and out.
#[derive(Clone)]
struct Note(&'static str, Arc<Mutex<Vec<String>>>);

#[derive(Clone)]
struct Noting(HandlerService, Note);

impl tower_layer::Layer<HandlerService> for Note {
    type Service = Noting;
    fn layer(&self, inner: HandlerService) -> Noting {
        Noting(inner, self.clone())
    }
}

impl tower_service::Service<Delivery> for Noting {
    type Response = Outcome;
    type Error = Infallible;
    type Future = crate::broker::BoxFuture<'static, Result<Outcome, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, delivery: Delivery) -> Self::Future {
        let Note(name, notes) = self.1.clone();
        notes.lock().unwrap().push(format!("{name} in"));
        let inner = self.0.call(delivery);
        Box::pin(async move {
            let outcome = inner.await;
            notes.lock().unwrap().push(format!("{name} out"));
            outcome
        })
    }
}

#[tokio::test]
async fn layers_go_round_the_handlers_before_them_like_an_onion() {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let note = |name| Note(name, notes.clone());
    async fn other(_: Payload<Charged>) {}
    let router = Router::new().merge(
        Topic::json("orders").on(nothing).layer(note("first")).layer(note("last")).on(other),
    );
    let driver = Driver::new(router);
    driver.run(&placed()).await;
    assert_eq!(*notes.lock().unwrap(), ["last in", "first in", "first out", "last out"]);
    notes.lock().unwrap().clear();
    driver.run(&record(&[("event_type", "payment.charged")], Some(r#"{"id":"a"}"#))).await;
    assert!(notes.lock().unwrap().is_empty(), "added after the layers");
}
