//! The read model as a whole: what the writer writes, the reader gives back.

use jiff::Timestamp;

use super::testing::{Place, Writer, on_each_database};
use super::writer::{Change, apply, project};
use super::*;
use crate::order::{Order, OrderId, OrderStatus};

const NOON: &str = "2026-05-04T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn order(id: &str, second: i64) -> Order {
    let placed = at(NOON) + jiff::SignedDuration::from_secs(second);
    Order {
        id: OrderId::new(id),
        customer_id: "c-1".into(),
        product_id: "book".into(),
        quantity: 2,
        price: "0.10".parse().unwrap(),
        status: OrderStatus::Pending,
        created_at: placed,
        updated_at: placed,
    }
}

fn change(happened: Happened, reason: Option<&str>) -> Change<'_> {
    Change { happened, at: at("2026-05-04T13:00:00Z"), reason }
}

async fn both(on: Database) -> (Place, Writer, Reader) {
    let place = Place::new(on);
    let (writer, reader) = (place.writer().await, Reader::new(&place.store));
    (place, writer, reader)
}

on_each_database!(
    a_completed_order_tells_its_history_and_keeps_its_digits,
    a_late_creation_does_not_revive_a_cancelled_order,
    a_replay_completes_a_failed_order_and_its_reason_goes,
    an_update_changes_the_data_and_not_the_status,
    what_was_rolled_back_did_not_happen,
    pages_are_stable_while_orders_arrive,
    lists_are_filtered_by_customer_and_status,
    before_the_consumer_there_is_no_read_model,
    a_second_start_changes_nothing,
    what_a_newer_program_wrote_is_refused,
    a_reader_cannot_write,
);

async fn a_completed_order_tells_its_history_and_keeps_its_digits(on: Database) {
    let (_dir, mut db, reader) = both(on).await;
    let completed = change(Happened::Completed, None);
    assert_eq!(
        apply(&mut db.connection(), &order("o-1", 0), completed).await.unwrap(),
        OrderStatus::Completed
    );
    let (view, history) = reader.get("o-1").await.unwrap().unwrap();
    let expected = order("o-1", 0).into_status(OrderStatus::Completed, completed.at);
    assert_eq!(view, OrderView { order: expected, reason: None });
    assert_eq!(view.order.price.to_string(), "0.10");
    let times: Vec<_> = history.iter().map(|entry| (entry.status, entry.at)).collect();
    assert_eq!(times, [(OrderStatus::Pending, at(NOON)), (OrderStatus::Completed, completed.at)]);
}

async fn a_late_creation_does_not_revive_a_cancelled_order(on: Database) {
    let (_dir, mut db, reader) = both(on).await;
    let order = order("o-1", 0);
    apply(&mut db.connection(), &order, change(Happened::Cancelled, Some("changed my mind")))
        .await
        .unwrap();
    for late in [Happened::Created, Happened::Completed, Happened::Failed] {
        let status = apply(&mut db.connection(), &order, change(late, Some("late"))).await.unwrap();
        assert_eq!(status, OrderStatus::Cancelled, "{late:?}");
    }
    let (view, history) = reader.get("o-1").await.unwrap().unwrap();
    assert_eq!(view.reason.as_deref(), Some("changed my mind"));
    assert_eq!(history.len(), 2, "{history:?}");
}

async fn a_replay_completes_a_failed_order_and_its_reason_goes(on: Database) {
    let (_dir, mut db, reader) = both(on).await;
    let order = order("o-1", 0);
    apply(&mut db.connection(), &order, change(Happened::Failed, Some("declined"))).await.unwrap();
    assert_eq!(reader.status("o-1").await.unwrap(), Some(OrderStatus::Failed));
    apply(&mut db.connection(), &order, change(Happened::Completed, None)).await.unwrap();
    let (view, history) = reader.get("o-1").await.unwrap().unwrap();
    assert_eq!((view.order.status, view.reason), (OrderStatus::Completed, None));
    let reasons: Vec<_> = history.iter().map(|entry| entry.reason.as_deref()).collect();
    assert_eq!(reasons, [None, Some("declined"), None]);
}

async fn an_update_changes_the_data_and_not_the_status(on: Database) {
    let (_dir, mut db, reader) = both(on).await;
    apply(&mut db.connection(), &order("o-1", 0), change(Happened::Cancelled, None)).await.unwrap();
    let more = Order { quantity: 7, status: OrderStatus::Pending, ..order("o-1", 0) };
    project(&mut db.connection(), &more).await.unwrap();
    let (view, _) = reader.get("o-1").await.unwrap().unwrap();
    assert_eq!((view.order.quantity, view.order.status), (7, OrderStatus::Cancelled));
}

async fn what_was_rolled_back_did_not_happen(on: Database) {
    let (_dir, mut db, reader) = both(on).await;
    db.execute("begin").await;
    apply(&mut db.connection(), &order("o-1", 0), change(Happened::Completed, None)).await.unwrap();
    db.execute("rollback").await;
    assert_eq!(reader.get("o-1").await.unwrap(), None);
}

async fn pages_are_stable_while_orders_arrive(on: Database) {
    let (_dir, mut db, reader) = both(on).await;
    // Two of them at the same moment: the id decides.
    for (id, second) in [("a", 1), ("b", 2), ("c", 2), ("d", 3), ("e", 4)] {
        apply(&mut db.connection(), &order(id, second), change(Happened::Created, None))
            .await
            .unwrap();
    }
    let mut filter = ListFilter { limit: 2, ..ListFilter::default() };
    let mut seen = Vec::new();
    loop {
        let page = reader.list(&filter).await.unwrap();
        assert!(page.orders.len() <= 2);
        seen.extend(page.orders.into_iter().map(|view| view.order.id.to_string()));
        let newest = format!("new-{}", seen.len());
        apply(&mut db.connection(), &order(&newest, 100), change(Happened::Created, None))
            .await
            .unwrap();
        filter.after = match page.next {
            Some(next) => Some(next.to_string().parse().unwrap()),
            None => break,
        };
    }
    assert_eq!(seen, ["e", "d", "c", "b", "a"]);
}

async fn lists_are_filtered_by_customer_and_status(on: Database) {
    let (_dir, mut db, reader) = both(on).await;
    let other = Order { customer_id: "c-2".into(), ..order("o-2", 1) };
    apply(&mut db.connection(), &order("o-1", 0), change(Happened::Completed, None)).await.unwrap();
    apply(&mut db.connection(), &other, change(Happened::Completed, None)).await.unwrap();
    apply(&mut db.connection(), &order("o-3", 2), change(Happened::Failed, None)).await.unwrap();
    let filter = ListFilter {
        customer_id: Some("c-1".into()),
        status: Some(OrderStatus::Completed),
        limit: 10,
        after: None,
    };
    let page = reader.list(&filter).await.unwrap();
    assert_eq!(page.orders.len(), 1);
    assert_eq!((page.orders[0].order.id.as_str(), page.next), ("o-1", None));
}

async fn before_the_consumer_there_is_no_read_model(on: Database) {
    let place = Place::new(on);
    let reader = Reader::new(&place.store);
    let error = reader.get("o-1").await.unwrap_err().to_string();
    let named = match on {
        Database::Sqlite => ["orders.db", "same DATA_DIR"],
        Database::Postgres => ["PostgreSQL at 127.0.0.1:", "same DATABASE_URL"],
    };
    assert!(named.iter().all(|name| error.contains(name)), "{error}");
    // Both are there, and nothing of ours in them.
    if let Store::Sqlite(path) = &place.store {
        std::fs::write(path, "").unwrap();
    }
    assert!(matches!(reader.health().await, Err(ModelError::Missing(_))));
    place.writer().await;
    assert_eq!(reader.get("o-1").await.unwrap(), None);
    reader.health().await.unwrap();
}

async fn a_second_start_changes_nothing(on: Database) {
    let (_dir, mut db, reader) = both(on).await;
    apply(&mut db.connection(), &order("o-1", 0), change(Happened::Completed, None)).await.unwrap();
    db.migrate().await.unwrap();
    assert_eq!(reader.status("o-1").await.unwrap(), Some(OrderStatus::Completed));
}

async fn what_a_newer_program_wrote_is_refused(on: Database) {
    let (_dir, mut db, _) = both(on).await;
    db.execute("insert into orders_schema values (99)").await;
    let error = db.migrate().await.unwrap_err();
    assert!(matches!(error, ModelError::Newer { found: 99, .. }), "{error}");
}

/// What was read is not written by who reads.
async fn a_reader_cannot_write(on: Database) {
    let (_place, mut db, reader) = both(on).await;
    apply(&mut db.connection(), &order("o-1", 0), change(Happened::Created, None)).await.unwrap();
    let error = reader.forbidden().await.unwrap_err();
    assert!(matches!(error, ModelError::Database(_) | ModelError::Down { .. }), "{error:?}");
    assert_eq!(reader.status("o-1").await.unwrap(), Some(OrderStatus::Pending));
}
