//! `GET /ready`: can orders be published now?

use std::sync::Arc;

use axum::extract::State;
use serde_json::json;

use super::Producer;
use crate::http::Reply;

/// Asks the broker each time; 503 names what fails.
pub(super) async fn ready(State(app): State<Arc<Producer>>) -> Result<Reply, Reply> {
    match app.outlet.health().await {
        Ok(()) => Ok(Reply::ok("ready", &json!({ "status": "ready" }))),
        Err(error) => Err(Reply::unavailable("broker", error.to_string())),
    }
}
