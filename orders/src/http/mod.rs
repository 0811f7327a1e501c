//! What all four services share over HTTP: the envelope, correlation, limits, the server, the log's level.
//!
//! ```text
//!  connection ─▶ server (caps, timeouts) ─▶ correlation, head ─▶ span ─▶ catch panic ─▶ routes ─▶ Json<T> ─▶ handler
//!                                             ▲                                                       │
//!                                             └──────────────────── Reply, rendered here ◀────────────┘
//! ```

mod body;
mod connections;
pub mod correlation;
mod depth;
pub mod envelope;
mod fields;
mod head;
mod json;
pub mod log_level;
mod method;
mod query;
mod ready;
mod server;
#[cfg(test)]
pub(crate) mod testing;

use std::any::Any;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;

pub use body::{BodyLimit, read};
pub use connections::Connections;
pub use correlation::Correlation;
pub use envelope::{FieldError, Reply};
pub use fields::{Fields, Name};
pub use json::Json;
pub(crate) use method::known_method;
pub use query::Query;
pub use ready::{ANSWER, Check, Draining, readiness};
pub use server::{BindError, Timeouts, bind, serve};

/// Puts around a service's routes what all services share. `body_limit` is in bytes.
///
/// The order is fixed: correlation is outermost, so that a panic and a 404 carry the id and the envelope too.
pub fn service(routes: Router, body_limit: u64) -> Router {
    let routes =
        routes.layer(CatchPanicLayer::custom(panicked)).layer(Extension(BodyLimit(body_limit)));
    crate::traces::serve(routes).layer(middleware::from_fn(correlation::layer))
}

/// A panic is ours: the client learns that it happened, and nothing about it. The panic hook has logged it.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    let reason = "failed to answer; its log says why";
    Reply::invalid(StatusCode::INTERNAL_SERVER_ERROR, "service", reason).into_response()
}

/// `GET /health`: the process answers.
pub async fn health() -> Reply {
    Reply::ok("alive", &serde_json::json!({ "status": "alive" }))
}
