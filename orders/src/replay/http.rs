//! The routes of the replay service.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use serde_json::{Value, json};

use super::ReplayService;
use super::form::Form;
use super::letters::ReplayError;
use super::page::{Page, PageRequest};
use super::ready;
use super::request::ReplayRequest;
use super::stats::Stats;
use crate::audit::{Action, Operator, Task, lines};
use crate::http::{Correlation, FieldError, Fields, Json, Query, Reply, readiness};

type Service = State<Arc<ReplayService>>;
type Body = Result<Json<Fields<Value>>, Reply>;

/// All routes; still without what [`crate::http::service`] puts around them.
pub fn router(service: Arc<ReplayService>) -> Router {
    let asked = service.clone();
    Router::new()
        .route("/api/v1/dlq/messages", get(messages))
        .route("/api/v1/dlq/stats", get(stats))
        .route("/api/v1/dlq/clear", delete(clear))
        .route("/api/v1/replay", post(replay))
        .route("/api/v1/replay/batch", post(replay_batch))
        .with_state(service)
        .merge(readiness(move |draining| ready::checks(asked.clone(), draining)))
}

async fn messages(
    State(service): Service,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Reply, Reply> {
    let request = PageRequest::read(query).map_err(|errors| invalid(&errors))?;
    let page = Page::of(&service.desk.letters, &request).await;
    let page = page.map_err(|error| unavailable(&error))?;
    Ok(Reply::ok(format!("dead letters: {}", page.len()), &page))
}

async fn stats(State(service): Service) -> Result<Reply, Reply> {
    let stats = Stats::of(&service.desk.letters).await.map_err(|error| unavailable(&error))?;
    Ok(Reply::ok("dead letters, counted", &stats))
}

async fn replay(
    service: Service,
    who: Operator,
    correlation: Correlation,
    body: Body,
) -> Result<Reply, Reply> {
    run(service, who, correlation, body, 100).await
}

async fn replay_batch(
    service: Service,
    who: Operator,
    correlation: Correlation,
    body: Body,
) -> Result<Reply, Reply> {
    run(service, who, correlation, body, 1_000).await
}

async fn run(
    State(service): Service,
    who: Operator,
    correlation: Correlation,
    body: Body,
    default: u64,
) -> Result<Reply, Reply> {
    let task = |request| Task::new(Action::Replay, &who, &correlation, request);
    let body = match body {
        Ok(Json(body)) => body,
        Err(reply) => {
            let errors = vec![reply.message().to_owned()];
            return Err(refused(&service, task(Value::Null), errors, reply).await);
        }
    };
    let task = task(Value::Object(body.values.clone().into_iter().collect()));
    match ReplayRequest::read(body, default) {
        Ok(request) => send(&service, task, request).await,
        Err(errors) => Err(refused(&service, task, lines(&errors), invalid(&errors)).await),
    }
}

async fn send(service: &ReplayService, task: Task, request: ReplayRequest) -> Result<Reply, Reply> {
    let (action, what) = match request.dry_run {
        true => (Action::DryRun, "dead letters that would be sent back"),
        false => (Action::Replay, "dead letters sent back"),
    };
    let report = service.replay(Task { action, ..task }, request).await;
    let report = report.map_err(|error| unavailable(&error))?;
    Ok(Reply::ok(format!("{what}: {}", report.replayed()), &report))
}

async fn clear(
    State(service): Service,
    who: Operator,
    correlation: Correlation,
    query: Result<Query<Vec<(String, String)>>, Reply>,
) -> Result<Reply, Reply> {
    let query = match query {
        Ok(Query(query)) => query,
        Err(reply) => {
            let errors = vec![reply.message().to_owned()];
            let task = Task::new(Action::Clear, &who, &correlation, Value::Null);
            return Err(refused(&service, task, errors, reply).await);
        }
    };
    let request = query.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let task = Task::new(Action::Clear, &who, &correlation, Value::Object(request));
    let mut form = Form::of_query(query);
    if !form.flag("confirm") {
        form.wrong("confirm", "must be true: this deletes every dead letter");
    }
    if let Err(errors) = form.finish() {
        return Err(refused(&service, task, lines(&errors), invalid(&errors)).await);
    }
    let cleared = service.clear(task).await.map_err(|error| unavailable(&error))?;
    Ok(Reply::ok("the dead letters are deleted", &cleared))
}

async fn refused(service: &ReplayService, task: Task, errors: Vec<String>, reply: Reply) -> Reply {
    service.desk.audit.refused(&task, errors, reply).await
}

fn invalid(errors: &[FieldError]) -> Reply {
    Reply::new(StatusCode::BAD_REQUEST, lines(errors).join("; ")).errors(errors)
}

fn unavailable(error: &ReplayError) -> Reply {
    Reply::unavailable(error.dependency(), error.to_string())
}
