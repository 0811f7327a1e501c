//! Whole runs against a small platform that keeps its promises, or breaks one.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;

/// Which promise the platform breaks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Breaks {
    Nothing,
    /// Every tenth order disappears.
    Loses,
    /// Every tenth order is charged twice.
    ChargesTwice,
    /// The second copy of a record is processed after all orders are final, and is charged again.
    ChargesLate,
    /// Every tenth connection is cut before the answer, after the effect.
    CutsConnections,
    /// It refuses the header.
    RefusesSimulation,
}

struct Platform {
    breaks: Breaks,
    orders: Mutex<Vec<Value>>,
    effects: Mutex<Vec<String>>,
}

async fn place(
    State(platform): State<Arc<Platform>>,
    headers: HeaderMap,
    Json(order): Json<Value>,
) -> Response {
    if headers.contains_key("x-simulate") && platform.breaks == Breaks::RefusesSimulation {
        let said = json!({"success": false, "message": "simulation is off"});
        return (StatusCode::BAD_REQUEST, Json(said)).into_response();
    }
    let (id, unlucky) = platform.process(order);
    assert!(!(unlucky && platform.breaks == Breaks::CutsConnections), "cut on purpose");
    let ids = json!({"order_id": id, "event_id": "e"});
    (StatusCode::ACCEPTED, Json(json!({"success": true, "data": ids}))).into_response()
}

impl Platform {
    fn process(&self, mut order: Value) -> (String, bool) {
        let id = uuid::Uuid::new_v4().to_string();
        let unlucky = order["quantity"].as_u64().unwrap().is_multiple_of(10);
        order["id"] = json!(id);
        order["status"] = match order["product_id"].as_str().unwrap() {
            "fail-always" | "fail-permanent" => json!("failed"),
            _ => json!("completed"),
        };
        if !(unlucky && self.breaks == Breaks::Loses) {
            self.orders.lock().unwrap().push(order);
        }
        let times = if unlucky && self.breaks == Breaks::ChargesTwice { 2 } else { 1 };
        self.effects.lock().unwrap().extend(std::iter::repeat_n(id.clone(), times));
        (id, unlucky)
    }
}

type Params = Query<HashMap<String, String>>;

/// Pages of seven, so that a run has many.
fn page(items: Vec<Value>, name: &str, params: &HashMap<String, String>) -> Json<Value> {
    let from: usize = params.get("cursor").map_or(0, |cursor| cursor.parse().unwrap());
    let next = (from + 7 < items.len()).then(|| (from + 7).to_string());
    let items: Vec<_> = items.into_iter().skip(from).take(7).collect();
    Json(json!({"data": {name: items, "next_cursor": next}}))
}

async fn list(State(platform): State<Arc<Platform>>, Query(params): Params) -> Json<Value> {
    let orders = platform.orders.lock().unwrap();
    let own = orders.iter().filter(|order| order["customer_id"] == params["customer_id"]);
    page(own.map(|order| json!({"order": order})).collect(), "orders", &params)
}

async fn effects(State(platform): State<Arc<Platform>>, Query(params): Params) -> Json<Value> {
    let effects = platform.effects.lock().unwrap();
    page(effects.iter().map(|id| json!({"order_id": id})).collect(), "effects", &params)
}

/// Says once that there is work left, and does it.
async fn metrics(State(platform): State<Arc<Platform>>) -> Json<Value> {
    let mut effects = platform.effects.lock().unwrap();
    let late = platform.breaks == Breaks::ChargesLate && effects.len() == 100;
    if late {
        let first = effects[0].clone();
        effects.push(first);
    }
    Json(json!({"data": {"total_lag": u8::from(late), "in_flight": 0}}))
}

fn router(platform: Arc<Platform>) -> Router {
    Router::new()
        .route("/health", get(|| async {}))
        .route("/api/v1/orders", post(place).get(list))
        .route("/api/v1/effects", get(effects))
        .route("/api/v1/metrics", get(metrics))
        .with_state(platform)
}

async fn free_port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

fn services(address: SocketAddr) -> Services {
    let base = format!("http://{address}");
    Services { producer: base.clone(), consumer: base.clone(), replay: base.clone(), gateway: base }
}

fn args(line: &str) -> LoadArgs {
    plan::args(&format!("--count 100 --concurrency 8 --settle 1s --seed 5 {line}"))
}

async fn run_on(breaks: Breaks, line: &str) -> Result<Report, LoadError> {
    let listener = free_port().await;
    let address = listener.local_addr().unwrap();
    let platform = Platform { breaks, orders: Mutex::default(), effects: Mutex::default() };
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, router(Arc::new(platform))).await });
    let folder = tempfile::tempdir().unwrap();
    let args = args(line);
    Run::new(&args, services(address), folder.path())?.judged().await
}

fn faults(report: &Report) -> Vec<(u32, &Fault)> {
    report.findings().iter().map(|finding| (finding.seq, &finding.fault)).collect()
}

#[tokio::test]
async fn a_platform_that_keeps_its_promises_is_clean() {
    let report = run_on(Breaks::Nothing, "--failing 30% --late 10% --duplicates 10%").await;
    let report = report.unwrap();
    assert!(report.is_clean(), "{report}");
    let text = report.to_string();
    assert!(text.contains("accepted    100\n") && text.contains("charges     100\n"), "{text}");
}

#[tokio::test]
async fn a_lost_order_is_named() {
    let report = run_on(Breaks::Loses, "").await.unwrap();
    let expected: Vec<_> = (1..=10).map(|n| (n * 10, &Fault::Lost)).collect();
    assert_eq!(faults(&report), expected);
    assert!(report.to_string().contains("lost: accepted, but not in the read model"));
}

#[tokio::test]
async fn a_repeated_charge_is_named() {
    let report = run_on(Breaks::ChargesTwice, "").await.unwrap();
    let expected: Vec<_> = (1..=10).map(|n| (n * 10, &Fault::Repeated(2))).collect();
    assert_eq!(faults(&report), expected);
}

#[tokio::test]
async fn the_judgement_waits_until_the_consumer_has_nothing_left_to_do() {
    let report = run_on(Breaks::ChargesLate, "").await.unwrap();
    assert!(matches!(faults(&report)[..], [(_, Fault::Repeated(2))]), "{report}");
}

#[tokio::test]
async fn a_request_without_an_answer_is_unknown_and_not_sent_again() {
    let report = run_on(Breaks::CutsConnections, "").await.unwrap();
    assert!(report.is_clean(), "{report}");
    let text = report.to_string();
    assert!(text.contains("unknown     10\n") && text.contains("charges     100\n"), "{text}");
}

#[tokio::test]
async fn each_self_test_finds_its_fault() {
    let lost = run_on(Breaks::Nothing, "--self-test lost").await.unwrap();
    assert!(matches!(faults(&lost)[..], [(_, Fault::NotCharged)]), "{lost}");
    let repeated = run_on(Breaks::Nothing, "--self-test repeated").await.unwrap();
    assert!(matches!(faults(&repeated)[..], [(_, Fault::Repeated(2))]), "{repeated}");
}

#[tokio::test]
async fn a_refused_simulation_is_a_setting_to_change() {
    let error = run_on(Breaks::RefusesSimulation, "--late 50%").await.unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains("ALLOW_SIMULATION=true"), "{error}");
}

#[tokio::test]
async fn nobody_there_is_told_at_once() {
    let address = free_port().await.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let args = args("");
    let run = Run::new(&args, services(address), folder.path()).unwrap();
    let error = run.judged().await.unwrap_err();
    assert!(error.to_string().contains("is `orders up` running"), "{error}");
    assert_eq!(error.exit_code(), 1);
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_until_somebody_listens() {
    let address = free_port().await.local_addr().unwrap();
    let client = Client::new(1).unwrap();
    let mut asking = JoinSet::new();
    let url = format!("http://{address}/api/v1/metrics");
    asking.spawn(async move { client.get::<Value>(&url).await });

    // Nobody listens: the first attempts are refused. Then somebody does.
    assert!(tokio::time::timeout(Duration::from_millis(250), asking.join_next()).await.is_err());
    let listener = TcpListener::bind(address).await.unwrap();
    let platform =
        Platform { breaks: Breaks::Nothing, orders: Mutex::default(), effects: Mutex::default() };
    asking.spawn(async move {
        axum::serve(listener, router(Arc::new(platform))).await.unwrap();
        unreachable!("the server runs until the test ends")
    });
    let data = asking.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(data, json!({"total_lag": 0, "in_flight": 0}));
}

#[tokio::test]
async fn a_read_is_tried_again_when_the_service_restarts_in_the_middle_of_it() {
    let asked = Arc::new(AtomicU32::new(0));
    let flaky = move || async move {
        match asked.fetch_add(1, Ordering::Relaxed) {
            0 => panic!("cut on purpose"),
            1 => Err((StatusCode::SERVICE_UNAVAILABLE, Json(json!({"message": "starting"})))),
            _ => Ok(Json(json!({"data": 7}))),
        }
    };
    let listener = free_port().await;
    let url = format!("http://{}/flaky", listener.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    let routes = Router::new().route("/flaky", get(flaky));
    tasks.spawn(async move { axum::serve(listener, routes).await });
    assert_eq!(Client::new(1).unwrap().get::<u8>(&url).await.unwrap(), 7);
}
