//! What an operator does with dead letters: browse, filter, try, replay, clear.

use serde_json::{Value, json};

use crate::harness::{Placed, Program, Setup};

async fn dead(up: &Program, product: &str) -> Placed {
    let order = up.order(product).await;
    up.reaches(&order.order_id, "failed").await;
    up.dead_letter(&order.event_id).await;
    order
}

async fn messages(up: &Program, query: &str) -> Vec<Value> {
    let answer = up.replay().get(&format!("/api/v1/dlq/messages?{query}")).await.expect(200);
    answer.data()["messages"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_dead_letter_tells_its_story() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let order = dead(&up, "fail-always").await;
    let letter = up.dead_letter(&order.event_id).await;
    let original = &letter["original_event"];
    assert_eq!(original["event_type"], "order.created", "{letter}");
    assert_eq!(original["aggregate_id"], order.order_id, "{letter}");
    let history = letter["retry_history"].as_array().unwrap();
    let numbers: Vec<_> = history.iter().map(|attempt| &attempt["attempt_number"]).collect();
    assert_eq!(numbers, [1, 2, 3], "{letter}");
    assert!(letter["final_error"].is_string() && letter["reason"].is_string(), "{letter}");
    assert_eq!(letter["status"], "dead", "{letter}");
    up.end().await;
}

#[tokio::test]
async fn dead_letters_are_listed_newest_first_filtered_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let first = dead(&up, "fail-permanent").await;
    let second = dead(&up, "fail-always").await;

    let all = messages(&up, "").await;
    let ids: Vec<_> = all.iter().map(|letter| &letter["original_event"]["event_id"]).collect();
    assert_eq!(ids, [&json!(second.event_id), &json!(first.event_id)]);
    assert_eq!(messages(&up, "limit=1&offset=1").await, all[1..]);
    assert_eq!(messages(&up, &format!("q={}", first.event_id)).await, all[1..]);
    assert_eq!(messages(&up, "status=resolved").await, [] as [Value; 0]);
    assert_eq!(messages(&up, "event_type=order.created").await, all);

    let stats = up.replay().get("/api/v1/dlq/stats").await.expect(200);
    assert_eq!(stats.data()["total_messages"], 2, "{}", stats.body);
    assert_eq!(stats.data()["event_types"]["order.created"], 2, "{}", stats.body);
    up.end().await;
}

#[tokio::test]
async fn a_dry_run_sends_nothing_and_a_second_replay_is_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let order = dead(&up, "fail-until-replay").await;
    let replay = async |dry_run: bool| {
        let body = json!({"event_ids": [order.event_id], "dry_run": dry_run});
        let answer = up.replay().post("/api/v1/replay", &body).await.expect(200);
        answer.data().clone()
    };
    let dry = replay(true).await;
    assert_eq!(dry["replayed_event_ids"], json!([order.event_id]), "{dry}");
    assert_eq!(up.dead_letter(&order.event_id).await["status"], "dead");

    assert_eq!(replay(false).await["replayed_messages"], 1);
    up.reaches(&order.order_id, "completed").await;
    let again = replay(false).await;
    assert_eq!(
        (&again["replayed_messages"], &again["skipped_messages"]),
        (&json!(0), &json!(1)),
        "{again}"
    );
    assert_eq!(up.charges(&order.order_id).await, 1);
    up.end().await;
}

#[tokio::test]
async fn clearing_deletes_the_records_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::up(folder.path());
    let up = setup.ready().await;
    dead(&up, "fail-permanent").await;
    dead(&up, "fail-always").await;
    let cleared = up.replay().delete("/api/v1/dlq/clear?confirm=true").await.expect(200);
    assert_eq!(cleared.data()["cleared_messages"], 2, "{}", cleared.body);
    assert!(messages(&up, "").await.is_empty());
    up.end().await;

    let up = setup.ready().await;
    assert!(messages(&up, "").await.is_empty(), "they came back");
    let later = dead(&up, "fail-permanent").await;
    assert_eq!(messages(&up, "").await[0]["original_event"]["event_id"], later.event_id);
    up.end().await;
}
