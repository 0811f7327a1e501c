use jiff::Timestamp;
use serde_json::json;

use super::{Fixture, ORDER};
use crate::http::testing::{Answer, call, get, post};
use crate::model::testing::{Writer, on_each_database};
use crate::model::{Database, Happened, writer};
use crate::order::{Order, OrderCancelled, OrderId, OrderStatus};

/// The consumer's side of the read model.
struct Model(Writer);

impl Model {
    async fn make(fixture: &Fixture) -> Self {
        Self(fixture.place.writer().await)
    }

    async fn project(&mut self, id: &str, happened: Happened) {
        let at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let order = Order {
            id: OrderId::new(id),
            customer_id: "\u{e9}-1".into(),
            product_id: "p-1".into(),
            quantity: 1,
            price: "1.50".parse().unwrap(),
            status: OrderStatus::Pending,
            created_at: at,
            updated_at: at,
        };
        let change = writer::Change { happened, at, reason: None };
        writer::apply(&mut self.0.connection(), &order, change).await.unwrap();
    }
}

async fn ask(fixture: &Fixture, path: &str) -> Answer {
    call(&fixture.routes, get(path)).await
}

async fn accept(fixture: &Fixture) -> String {
    let answer = call(&fixture.routes, post("/api/v1/orders", ORDER)).await;
    answer.body["data"]["order_id"].as_str().unwrap().to_owned()
}

async fn cancel(fixture: &Fixture, id: &str, body: &str) -> Answer {
    call(&fixture.routes, post(&format!("/api/v1/orders/{id}/cancel"), body.to_owned())).await
}

on_each_database!(
    without_a_read_model_it_is_503_that_names_it,
    accepted_and_not_projected_is_pending,
    unknown_orders_are_404,
    the_list_is_paged_and_filtered,
    parameters_that_do_not_fit_are_400_each_by_name,
    a_cancellation_is_an_event_with_its_reason,
    what_has_ended_cannot_be_cancelled,
    a_reason_may_be_left_out_but_not_be_wrong,
);

async fn without_a_read_model_it_is_503_that_names_it(on: Database) {
    let fixture = Fixture::on(on);
    for path in ["/api/v1/orders/o-1", "/api/v1/orders"] {
        ask(&fixture, path).await.refused(503, "read model");
    }
    cancel(&fixture, "o-1", "{}").await.refused(503, "read model");
}

async fn accepted_and_not_projected_is_pending(on: Database) {
    let fixture = Fixture::on(on);
    let mut model = Model::make(&fixture).await;
    let id = accept(&fixture).await;
    let answer = ask(&fixture, &format!("/api/v1/orders/{id}")).await;
    let data = &answer.body["data"];
    assert_eq!((answer.status, &data["status"]), (200, &json!("pending")));
    assert_eq!((&data["projected"], &data["order_id"]), (&json!(false), &json!(id)));
    assert!(answer.text.contains(r#""price":0.10"#));
    model.project(&id, Happened::Completed).await;
    let answer = ask(&fixture, &format!("/api/v1/orders/{id}")).await;
    assert_eq!(answer.body["data"]["projected"], json!(true));
    assert_eq!(answer.body["data"]["status"], "completed");
    assert_eq!(
        answer.body["data"]["history"].as_array().unwrap().last().unwrap()["status"],
        "completed"
    );
}

async fn unknown_orders_are_404(on: Database) {
    let fixture = Fixture::on(on);
    Model::make(&fixture).await;
    ask(&fixture, "/api/v1/orders/nobody").await.refused(404, "order");
    cancel(&fixture, "nobody", "{}").await.refused(404, "order");
}

async fn the_list_is_paged_and_filtered(on: Database) {
    let fixture = Fixture::on(on);
    let mut model = Model::make(&fixture).await;
    model.project("a", Happened::Completed).await;
    model.project("b", Happened::Failed).await;
    let first = ask(&fixture, "/api/v1/orders?limit=1").await;
    assert_eq!((first.status, &first.body["data"]["count"]), (200, &json!(1)));
    let cursor = first.body["data"]["next_cursor"].as_str().unwrap();
    let second = ask(&fixture, &format!("/api/v1/orders?limit=1&cursor={cursor}")).await;
    assert_eq!(second.body["data"]["next_cursor"], json!(null));
    assert_ne!(first.body["data"]["orders"], second.body["data"]["orders"]);
    // However it is written: as it is kept, it is the same customer.
    let failed = ask(&fixture, "/api/v1/orders?status=failed&customer_id=%20e%CC%81-1").await;
    assert_eq!(failed.body["data"]["orders"][0]["order_id"], "b");
    assert_eq!(ask(&fixture, "/api/v1/orders?customer_id=x").await.body["data"]["count"], 0);
}

async fn parameters_that_do_not_fit_are_400_each_by_name(on: Database) {
    let fixture = Fixture::on(on);
    Model::make(&fixture).await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("status=done", "status"),
        ("cursor=zz", "cursor"),
        ("limit=1&limit=2", "query"),
    ] {
        ask(&fixture, &format!("/api/v1/orders?{query}")).await.refused(400, field);
    }
}

async fn a_cancellation_is_an_event_with_its_reason(on: Database) {
    let fixture = Fixture::on(on);
    let mut model = Model::make(&fixture).await;
    model.project("done", Happened::Completed).await;
    let waiting = accept(&fixture).await;
    for id in ["done", &waiting] {
        let answer = cancel(&fixture, id, r#"{"reason":" changed my mind ","why":1}"#).await;
        assert_eq!((answer.status, &answer.body["data"]["order_id"]), (202, &json!(id)));
        assert_eq!(answer.body["data"]["ignored"], json!(["why"]));
        let record = fixture.broker.calls().last().unwrap()[0].clone();
        let event: OrderCancelled = serde_json::from_slice(&record.value.unwrap()).unwrap();
        assert_eq!(event.reason(), Some("changed my mind"));
        assert_eq!(event.order().status, OrderStatus::Cancelled);
        assert_eq!(record.key.unwrap(), id.as_bytes());
    }
}

async fn what_has_ended_cannot_be_cancelled(on: Database) {
    let fixture = Fixture::on(on);
    let mut model = Model::make(&fixture).await;
    model.project("failed", Happened::Failed).await;
    model.project("cancelled", Happened::Cancelled).await;
    for id in ["failed", "cancelled"] {
        cancel(&fixture, id, "{}").await.refused(409, "order");
    }
    assert!(fixture.broker.calls().is_empty());
}

async fn a_reason_may_be_left_out_but_not_be_wrong(on: Database) {
    let fixture = Fixture::on(on);
    Model::make(&fixture).await;
    let id = accept(&fixture).await;
    assert_eq!(cancel(&fixture, &id, "").await.status, 202);
    let mut bare = post(&format!("/api/v1/orders/{id}/cancel"), "");
    bare.headers_mut().remove("content-type");
    assert_eq!(call(&fixture.routes, bare).await.status, 202);
    assert_eq!(cancel(&fixture, &id, "{}").await.status, 202);
    cancel(&fixture, &id, r#"{"reason":7}"#).await.refused(400, "reason");
    cancel(&fixture, &id, &json!({ "reason": "x".repeat(501) }).to_string())
        .await
        .refused(400, "reason");
    cancel(&fixture, &id, r#"{"reason":"a","reason":"b"}"#).await.refused(400, "reason");
    cancel(&fixture, &id, "[]").await.refused(400, "body");
}
