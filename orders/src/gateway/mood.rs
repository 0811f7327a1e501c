//! `PUT /api/v1/gateway`: how the provider behaves.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Gateway;
use crate::audit::{Action, Operator, Task, lines};
use crate::http::{Correlation, FieldError, Json, Reply};

/// How the provider behaves at present. Not kept over a restart.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Mood {
    /// Share of charges that are turned away with 429, before anything is done.
    pub(super) failure_rate: f64,
    /// How long an answer is held back, after the charge is performed.
    pub(super) latency_ms: u64,
    /// Every charge is 503.
    pub(super) down: bool,
    /// Idempotency keys are ignored.
    pub(super) forgetful: bool,
}

impl Mood {
    pub(super) const fn latency(&self) -> Duration {
        Duration::from_millis(self.latency_ms)
    }
}

#[derive(Debug)]
pub(super) struct Moods(Mutex<Mood>);

impl Moods {
    pub(super) const fn new(forgetful: bool) -> Self {
        Self(Mutex::new(Mood { failure_rate: 0.0, latency_ms: 0, down: false, forgetful }))
    }

    pub(super) fn now(&self) -> Mood {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: &Change) -> Mood {
        let mut mood = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *mood = Mood {
            failure_rate: change.failure_rate.unwrap_or(mood.failure_rate),
            latency_ms: change.latency_ms.unwrap_or(mood.latency_ms),
            down: change.down.unwrap_or(mood.down),
            forgetful: change.forgetful.unwrap_or(mood.forgetful),
        };
        *mood
    }
}

/// What is to change; the rest stays.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    failure_rate: Option<f64>,
    latency_ms: Option<u64>,
    down: Option<bool>,
    forgetful: Option<bool>,
}

/// Longest latency, in milliseconds.
const MAX_LATENCY: u64 = 60_000;

impl Change {
    fn errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.failure_rate.is_some_and(|rate| !(0.0..=1.0).contains(&rate)) {
            errors.push(FieldError::new("failure_rate", "must be from 0 to 1"));
        }
        if self.latency_ms.is_some_and(|latency| latency > MAX_LATENCY) {
            errors.push(FieldError::new("latency_ms", format!("must be at most {MAX_LATENCY}")));
        }
        errors
    }
}

pub(super) async fn set(
    State(gateway): State<Arc<Gateway>>,
    who: Operator,
    correlation: Correlation,
    body: Result<Json<Change>, Reply>,
) -> Result<Reply, Reply> {
    let task = |request| Task::new(Action::Gateway, &who, &correlation, request);
    let change = match body {
        Ok(Json(change)) => change,
        Err(reply) => {
            let errors = vec![reply.message().to_owned()];
            return Err(gateway.audit.refused(&task(Value::Null), errors, reply).await);
        }
    };
    let task = task(json!(change));
    let errors = change.errors();
    if !errors.is_empty() {
        let reply = Reply::new(StatusCode::BAD_REQUEST, "the settings are not valid");
        return Err(gateway.audit.refused(&task, lines(&errors), reply.errors(&errors)).await);
    }
    let moods = gateway.moods.clone();
    let mood = gateway.audit.change(task, move || Ok(json!(moods.change(&change)))).await?;
    Ok(Reply::ok("gateway set", &mood))
}
