//! `GET` and `PUT /api/v1/log-level`: what this process logs, read and changed while it runs.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Correlation, FieldError, Json, Reply};
use crate::audit::{Action, Audit, Operator, Task, lines};
use crate::config::duration;
use crate::logging::{Levels, Shown, check_filter};

/// The longest time that a filter is set for.
const LONGEST: Duration = Duration::from_hours(24);

/// What the routes answer from.
#[derive(Debug, Clone)]
pub struct LogLevel {
    /// The filter of the process.
    pub levels: Arc<Levels>,
    /// Where changes are written down.
    pub audit: Audit,
    /// The services of this process: they share the filter.
    pub services: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    shown: Shown,
    /// One process, one filter.
    applies_to: &'a [&'static str],
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    filter: String,
    #[serde(rename = "for")]
    passing: Option<String>,
}

/// The routes, without what all services share ([`service`](super::service)).
pub fn routes(state: LogLevel) -> Router {
    Router::new().route("/api/v1/log-level", get(shown).put(set)).with_state(state)
}

async fn shown(State(state): State<LogLevel>) -> Reply {
    state.reply("the log's filter", state.levels.shown())
}

async fn set(
    State(state): State<LogLevel>,
    who: Operator,
    correlation: Correlation,
    body: Result<Json<Wanted>, Reply>,
) -> Result<Reply, Reply> {
    let task = |request| Task::new(Action::LogLevel, &who, &correlation, request);
    let wanted = match body {
        Ok(Json(wanted)) => wanted,
        Err(reply) => {
            let errors = vec![reply.message().to_owned()];
            return Err(state.audit.refused(&task(Value::Null), errors, reply).await);
        }
    };
    let task = task(json!({ "filter": wanted.filter, "for": wanted.passing }));
    let (filter, passing) = match wanted.check() {
        Ok(checked) => checked,
        Err(errors) => {
            let reply = Reply::new(StatusCode::BAD_REQUEST, lines(&errors).join("; "));
            return Err(state.audit.refused(&task, lines(&errors), reply.errors(&errors)).await);
        }
    };
    let levels = state.levels.clone();
    let apply = move || levels.set(&filter, passing).map(|shown| json!(shown));
    state.audit.change(task, apply).await?;
    Ok(state.reply("the log's filter is set", state.levels.shown()))
}

impl LogLevel {
    fn reply(&self, message: &str, shown: Shown) -> Reply {
        Reply::ok(message, &Answer { shown, applies_to: &self.services })
    }
}

impl Wanted {
    fn check(self) -> Result<(String, Option<Duration>), Vec<FieldError>> {
        let mut errors = Vec::new();
        if let Err(refused) = check_filter(&self.filter) {
            // What was sent may be no filter at all, and is not sent back.
            let reason = refused.find("is no filter").map_or("is no filter", |at| &refused[at..]);
            errors.push(FieldError::new("filter", reason));
        }
        let passing = self.passing.as_deref().map(duration).transpose();
        let passing = passing.ok().filter(|lasts| lasts.is_none_or(|lasts| lasts <= LONGEST));
        if passing.is_none() {
            errors.push(FieldError::new(
                "for",
                "must be a duration with a unit, such as 10m; 24h at most",
            ));
        }
        if errors.is_empty() { Ok((self.filter, passing.flatten())) } else { Err(errors) }
    }
}

#[cfg(test)]
mod tests;
