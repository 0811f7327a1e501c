//! `GET /health` and `GET /ready`, in one form for all services.
//!
//! ```text
//!  a service's own checks ──┐
//!  lifecycle: draining? ────┼─▶ ages: what did they say before? ─▶ 200 or 503, every check, the failing ones as errors
//!  asked within 4 s, or not ┘
//! ```
//!
//! An answer takes 5 s at most: every question has a limit. While the process drains nobody is asked any more, and the
//! answer is there at once.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::routing::get;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{FieldError, Reply, health};

/// How long a question may take: less than who asks for readiness waits.
pub const ANSWER: Duration = Duration::from_secs(4);

/// The name of the check that every service has.
const LIFECYCLE: &str = "lifecycle";

/// One check's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    name: &'static str,
    /// What an error of it is said to be about.
    field: &'static str,
    reasons: Vec<String>,
    required: bool,
    /// Where the check itself knows it.
    age: Option<Duration>,
}

impl Check {
    /// One that fails for these reasons; none: it is all right.
    #[must_use]
    pub const fn new(name: &'static str, field: &'static str, reasons: Vec<String>) -> Self {
        Self { name, field, reasons, required: true, age: None }
    }

    /// Asks, and not for longer than [`ANSWER`].
    pub async fn ask<E: Display>(
        name: &'static str,
        field: &'static str,
        question: impl Future<Output = Result<(), E>>,
    ) -> Self {
        Self::ask_until(Self::deadline(), name, field, question).await
    }

    /// When questions that begin now must be answered.
    #[must_use]
    pub fn deadline() -> tokio::time::Instant {
        tokio::time::Instant::now() + ANSWER
    }

    /// The same for one of several that are asked one after the other, and have this time together. What blocks a thread is not
    /// asked beside something that shows whether it will be answered: nobody takes such a question back.
    pub async fn ask_until<E: Display>(
        deadline: tokio::time::Instant,
        name: &'static str,
        field: &'static str,
        question: impl Future<Output = Result<(), E>>,
    ) -> Self {
        let reason = match tokio::time::timeout_at(deadline, question).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("no answer within {ANSWER:?}")),
        };
        Self::new(name, field, reason.into_iter().collect())
    }

    /// Told for information: the service is ready without it.
    #[must_use]
    pub const fn not_required(mut self) -> Self {
        self.required = false;
        self
    }

    /// How long it has been as it is.
    #[must_use]
    pub const fn aged(mut self, age: Duration) -> Self {
        self.age = Some(age);
        self
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Whether the process has been told to end. Of a router that was given none: never.
#[derive(Debug, Clone, Default)]
pub struct Draining(pub CancellationToken);

impl<S: Sync> FromRequestParts<S> for Draining {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// `/health`, and a `/ready` that asks for these checks. While the process drains (`true`) the question must be answered
/// without asking anybody: what is left out is shown as it was.
pub fn readiness<F>(checks: impl Fn(bool) -> F + Clone + Send + Sync + 'static) -> Router
where
    F: Future<Output = Vec<Check>> + Send,
{
    let seen = Arc::new(Seen::default());
    let ready = move |draining: Draining| async move {
        let draining = draining.0.is_cancelled();
        let checks = checks(draining).await;
        seen.reply(checks, draining)
    };
    Router::new().route("/health", get(health)).route("/ready", get(ready))
}

/// What a check said when it was last asked, and since when.
#[derive(Debug, Clone)]
struct Known {
    check: Check,
    since: Instant,
}

/// What was answered before, in the order in which it was first seen.
#[derive(Debug, Default)]
struct Seen(Mutex<(Vec<&'static str>, HashMap<&'static str, Known>)>);

#[derive(Serialize)]
struct Shown {
    name: &'static str,
    ok: bool,
    required: bool,
    /// When it became as it is.
    since: Timestamp,
    age: String,
    reasons: Vec<String>,
}

#[derive(Serialize)]
struct Data {
    status: &'static str,
    checks: Vec<Shown>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

impl Seen {
    fn reply(&self, mut checks: Vec<Check>, draining: bool) -> Reply {
        let drains = || vec!["the service is draining".to_owned()];
        match checks.iter_mut().find(|check| check.name == LIFECYCLE) {
            None => {
                let reasons = if draining { drains() } else { Vec::new() };
                checks.insert(0, Check::new(LIFECYCLE, "service", reasons));
            }
            Some(own) if draining && own.is_ok() => own.reasons = drains(),
            Some(_) => {}
        }
        answer(&self.take(checks, Instant::now()), draining)
    }

    /// All that is known, with its age.
    fn take(&self, checks: Vec<Check>, now: Instant) -> Vec<(Check, Duration)> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (order, known) = &mut *seen;
        for check in checks {
            let before = known.get(check.name).filter(|known| known.check.is_ok() == check.is_ok());
            let since = match (check.age, before) {
                (Some(age), _) => now.checked_sub(age).unwrap_or(now),
                (None, Some(before)) => before.since,
                (None, None) => now,
            };
            if !known.contains_key(check.name) {
                order.push(check.name);
            }
            known.insert(check.name, Known { check, since });
        }
        let all = order.iter().filter_map(|name| known.get(name));
        all.map(|known| (known.check.clone(), now.saturating_duration_since(known.since))).collect()
    }
}

fn answer(checks: &[(Check, Duration)], draining: bool) -> Reply {
    let failing = || checks.iter().map(|(check, _)| check).filter(|check| check.required);
    let errors: Vec<_> = failing()
        .flat_map(|check| check.reasons.iter().map(|why| FieldError::new(check.field, why)))
        .collect();
    let lines: Vec<_> = errors.iter().map(|e| format!("{}: {}", e.field, e.reason)).collect();
    let ready = errors.is_empty() && !draining;
    let status = match (draining, ready) {
        (true, _) => "draining",
        (false, true) => "ready",
        (false, false) => "not ready",
    };
    let data = Data { status, checks: checks.iter().map(shown).collect(), errors };
    if ready {
        return Reply::ok(status, &data);
    }
    Reply::new(StatusCode::SERVICE_UNAVAILABLE, lines.join("; "))
        .data(&data)
        .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
}

fn shown((check, age): &(Check, Duration)) -> Shown {
    let age = Duration::from_millis(u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
    let now = Timestamp::now();
    let since = SignedDuration::try_from(age).ok().and_then(|age| now.checked_sub(age).ok());
    Shown {
        name: check.name,
        ok: check.is_ok(),
        required: check.required,
        since: millis(since.unwrap_or(now)),
        age: format!("{age:?}"),
        reasons: check.reasons.clone(),
    }
}

fn millis(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

#[cfg(test)]
mod tests;
