//! Which event gets which handler, and what is promised for it.

use std::sync::Arc;

use tidegate::inbox::InboxStore;
use tidegate::prelude::*;

use super::{App, handlers};
use crate::traces;

/// How long one attempt may take. Longer than the gateway's own limit of 10 s: its silence is an outage, not an attempt.
const TIMEOUT: Duration = secs(20);

/// The routes of the topic of orders.
pub(super) fn routes(app: Arc<App>, store: Arc<dyn InboxStore>, retry: &Retry) -> Router {
    let routes = Topic::json(app.topic.clone())
        .on(handlers::created)
        .retry(retry.clone())
        .timeout(TIMEOUT)
        .on_dead_letter(handlers::given_up)
        .on(handlers::cancelled)
        .retry(retry.clone())
        .timeout(TIMEOUT)
        .on(handlers::updated)
        .retry(retry.clone())
        .timeout(TIMEOUT)
        .skip(["order.completed", "order.failed"])
        .unknown(Unknown::DeadLetter)
        .inbox(store);
    match traces::layer() {
        Some(layer) => routes.layer(layer).with_state(app),
        None => routes.with_state(app),
    }
}
