mod counts;

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use tidegate::event::EventId;
use tidegate::{Class, Classify};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Gateway;
use super::client::{ChargeError, GatewayClient};
use crate::http::testing::{Answer, call, get, post, put};
use crate::http::{self, Connections, Timeouts};
use crate::order::{Order, OrderId, OrderStatus};

fn open(folder: &Path, forgetful: bool) -> Router {
    complete(Gateway::open(folder, forgetful).unwrap())
}

fn complete(gateway: Gateway) -> Router {
    gateway.exposition().serve(gateway.routes(), 4096)
}

fn fixture() -> (TempDir, Router) {
    let folder = tempfile::tempdir().unwrap();
    let routes = open(folder.path(), false);
    (folder, routes)
}

async fn charge(routes: &Router, key: Option<&str>, body: &str) -> Answer {
    let mut request = post("/api/v1/charges", body.to_owned());
    if let Some(key) = key {
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    }
    call(routes, request).await
}

async fn stats(routes: &Router) -> Value {
    call(routes, get("/api/v1/effects/stats")).await.body["data"].clone()
}

const BODY: &str = r#"{"order_id":"o-1","event_id":"e-1","amount":0.10,"attempt":2}"#;

#[tokio::test]
async fn a_key_is_honoured_and_requests_are_counted_apart() {
    let (_folder, routes) = fixture();
    let first = charge(&routes, Some("e-1"), BODY).await;
    assert_eq!((first.status, &first.body["data"]["repeated"]), (200, &json!(false)));
    let second = charge(&routes, Some("e-1"), BODY).await;
    assert_eq!(second.headers["idempotency-replayed"], "true");
    assert_eq!(second.body["data"]["effect_id"], first.body["data"]["effect_id"]);
    assert_eq!(stats(&routes).await, json!({"requested": 2, "performed": 1}));
    let effects = call(&routes, get("/api/v1/effects")).await;
    let effect = &effects.body["data"]["effects"][0];
    assert_eq!(
        (&effect["order_id"], &effect["event_id"], &effect["attempt"]),
        (&json!("o-1"), &json!("e-1"), &json!(2))
    );
    assert!(effects.text.contains(r#""amount":0.10"#));
}

#[tokio::test]
async fn keys_and_effects_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let routes = open(folder.path(), false);
    let first = charge(&routes, Some("e-1"), BODY).await;
    charge(&routes, Some("e-2"), BODY).await;
    drop(routes);
    let routes = reopened(folder.path()).await;
    let again = charge(&routes, Some("e-1"), BODY).await;
    assert_eq!(again.body["data"]["effect_id"], first.body["data"]["effect_id"]);
    assert_eq!(stats(&routes).await, json!({"requested": 3, "performed": 2}));
}

/// The ledger's thread lets go of the file a moment after the gateway is dropped.
async fn reopened(folder: &Path) -> Router {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        match Gateway::open(folder, false) {
            Ok(gateway) => return complete(gateway),
            Err(error) => assert!(std::time::Instant::now() < deadline, "{error}"),
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn without_a_key_or_forgetful_every_request_is_performed() {
    let (_folder, routes) = fixture();
    charge(&routes, None, BODY).await;
    charge(&routes, None, BODY).await;
    assert_eq!(stats(&routes).await["performed"], 2);
    let folder = tempfile::tempdir().unwrap();
    let forgetful = open(folder.path(), true);
    charge(&forgetful, Some("e-1"), BODY).await;
    charge(&forgetful, Some("e-1"), BODY).await;
    assert_eq!(stats(&forgetful).await["performed"], 2);
}

#[tokio::test]
async fn charges_of_one_key_at_the_same_time_are_one_effect() {
    let (_folder, routes) = fixture();
    let answers =
        futures_util::future::join_all((0..50).map(|_| charge(&routes, Some("e-1"), BODY))).await;
    let ids: std::collections::HashSet<_> =
        answers.iter().map(|answer| answer.body["data"]["effect_id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(stats(&routes).await, json!({"requested": 50, "performed": 1}));
}

#[tokio::test]
async fn a_key_of_another_charge_is_422() {
    let (_folder, routes) = fixture();
    charge(&routes, Some("e-1"), BODY).await;
    let other = BODY.replace("o-1", "o-2");
    charge(&routes, Some("e-1"), &other).await.refused(422, "Idempotency-Key");
    let more = BODY.replace("0.10", "0.20");
    charge(&routes, Some("e-1"), &more).await.refused(422, "Idempotency-Key");
}

#[tokio::test]
async fn what_is_not_a_charge_is_refused() {
    let (_folder, routes) = fixture();
    for body in ["{}", r#"{"order_id":"o"}"#, "[]"] {
        charge(&routes, None, body).await.refused(400, "body");
    }
    charge(&routes, None, r#"{"order_id":"o","amount":-1}"#).await.refused(400, "amount");
    charge(&routes, None, &BODY.replace("o-1", "")).await.refused(400, "order_id");
    charge(&routes, None, &BODY.replace("o-1", &"é".repeat(256))).await.refused(400, "order_id");
    charge(&routes, Some(""), BODY).await.refused(400, "Idempotency-Key");
    assert_eq!(stats(&routes).await, json!({"requested": 0, "performed": 0}));
    // The longest id that an order may have, in characters of more than one byte.
    let longest = "é".repeat(Order::MAX_TEXT);
    assert_eq!(charge(&routes, None, &BODY.replace("o-1", &longest)).await.status, 200);
}

#[tokio::test]
async fn moods_are_set_one_by_one_and_checked() {
    let (_folder, routes) = fixture();
    let set = |body: &str| {
        let request = put("/api/v1/gateway", body.to_owned());
        let routes = routes.clone();
        async move { call(&routes, request).await }
    };
    set(r#"{"failure_rate":1.5,"latency_ms":60001}"#).await.refused(400, "failure_rate");
    set(r#"{"speed":1}"#).await.refused(400, "body");
    set(r#"{"latency_ms":1,"forgetful":true}"#).await;
    let mood = set(r#"{"failure_rate":1}"#).await;
    assert_eq!(
        mood.body["data"],
        json!({"failure_rate":1.0,"latency_ms":1,"down":false,"forgetful":true})
    );
    let busy = charge(&routes, None, BODY).await;
    busy.refused(429, "gateway");
    assert_eq!(busy.headers["retry-after"], "1");
    set(r#"{"down":true}"#).await;
    charge(&routes, None, BODY).await.refused(503, "gateway");
    call(&routes, get("/ready")).await.refused(503, "gateway");
    assert_eq!(stats(&routes).await, json!({"requested": 2, "performed": 0}));
    set(r#"{"down":false,"failure_rate":0}"#).await;
    assert_eq!(charge(&routes, None, BODY).await.status, 200);
    assert_eq!(call(&routes, get("/ready")).await.status, 200);
}

#[tokio::test]
async fn effects_are_paged_by_cursor() {
    let (_folder, routes) = fixture();
    for _ in 0..3 {
        charge(&routes, None, BODY).await;
    }
    let first = call(&routes, get("/api/v1/effects?limit=2")).await.body["data"].clone();
    assert_eq!((&first["count"], &first["next_cursor"]), (&json!(2), &json!("2")));
    let rest = call(&routes, get("/api/v1/effects?cursor=2")).await.body["data"].clone();
    assert_eq!((&rest["count"], &rest["next_cursor"]), (&json!(1), &json!(null)));
    call(&routes, get("/api/v1/effects?cursor=x")).await.refused(400, "cursor");
    call(&routes, get("/api/v1/effects?limit=0")).await.refused(400, "limit");
}

struct Served {
    client: GatewayClient,
    routes: Router,
    _tasks: JoinSet<()>,
    _folder: TempDir,
}

async fn served() -> Served {
    let (folder, routes) = fixture();
    let mut tasks = JoinSet::new();
    let client = serve(routes.clone(), &mut tasks);
    Served { client, routes, _tasks: tasks, _folder: folder }
}

/// A client of these routes.
fn serve(routes: Router, tasks: &mut JoinSet<()>) -> GatewayClient {
    let listener = http::bind("gateway", "127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (connections, end) = (Connections::new(16), CancellationToken::new());
    tasks.spawn(http::serve(listener, routes, connections, Timeouts::default(), end));
    GatewayClient::new(url).unwrap()
}

fn order(id: &str) -> Order {
    Order {
        id: OrderId::new(id),
        customer_id: "c".into(),
        product_id: "p".into(),
        quantity: 1,
        price: "0.10".parse().unwrap(),
        status: OrderStatus::Pending,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}

#[tokio::test]
async fn the_client_gets_the_same_receipt_for_the_same_event() {
    let served = served().await;
    let first = served.client.charge(&EventId::new("e"), "c", &order("o"), 1).await.unwrap();
    let second = served.client.charge(&EventId::new("e"), "c", &order("o"), 2).await.unwrap();
    assert_eq!((first.effect_id, first.repeated, second.repeated), (second.effect_id, false, true));
    served.client.health().await.unwrap();
}

#[tokio::test]
async fn the_client_passes_the_correlation_id_on_where_it_can_be_a_header() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let seeing = Arc::clone(&seen);
    let note = move |correlation: http::Correlation| {
        seeing.lock().unwrap().push(correlation.as_str().to_owned());
        std::future::ready(http::Reply::new(axum::http::StatusCode::CONFLICT, "seen"))
    };
    let routes = Router::new().route("/api/v1/charges", axum::routing::post(note));
    let mut tasks = JoinSet::new();
    let client = serve(http::service(routes, 4096), &mut tasks);
    for id in ["case-7", "line\nbreak"] {
        client.charge(&EventId::new("e"), id, &order("o"), 1).await.unwrap_err();
    }
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0], "case-7");
    assert!(uuid::Uuid::parse_str(&seen[1]).is_ok(), "{seen:?}");
}

#[tokio::test]
async fn the_client_tells_classes_apart() {
    let served = served().await;
    let event = EventId::new("e");
    served.client.charge(&event, "c", &order("o"), 1).await.unwrap();
    let declined = served.client.charge(&event, "c", &order("other"), 1).await.unwrap_err();
    assert_eq!(declined.class(), Class::Permanent, "{declined}");
    call(&served.routes, put("/api/v1/gateway", r#"{"failure_rate":1}"#)).await;
    let busy = served.client.charge(&event, "c", &order("o"), 1).await.unwrap_err();
    assert_eq!(busy.class(), Class::TransientAfter(std::time::Duration::from_secs(1)));
    call(&served.routes, put("/api/v1/gateway", r#"{"down":true}"#)).await;
    let down = served.client.charge(&event, "c", &order("o"), 1).await.unwrap_err();
    assert_eq!(down.class(), Class::Outage("gateway"));
    assert!(served.client.health().await.is_err());
    let free = http::bind("x", "127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = GatewayClient::new(format!("http://{}", free.local_addr().unwrap())).unwrap();
    drop(free);
    let unreachable = nobody.charge(&event, "c", &order("o"), 1).await.unwrap_err();
    assert!(matches!(unreachable, ChargeError::Unreachable(_)));
    assert_eq!(unreachable.class(), Class::Outage("gateway"));
}
