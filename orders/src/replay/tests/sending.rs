//! Dead letters sent back: which, in what order, and what comes of it.

use serde_json::json;
use tidegate::message::{Offset, Record};

use super::*;
use crate::gateway::client::ChargeError;
use crate::order::{Cancelled, OrderStatus};
use crate::replay::filter::Filter;
use crate::replay::select::{Chosen, Selection};
use crate::replay::send::Sender;

/// The replayed records of the topic `orders`, in the order of their partitions.
async fn replayed(bench: &Bench) -> Vec<Record> {
    bench.service.settled().await;
    let records = bench.service.records("orders").into_iter();
    records.filter(|record| record.headers.text("replayed") == Some("true")).collect()
}

on_each_database!(
    what_waited_for_a_replay_completes_and_was_charged_once,
    a_replay_does_not_charge_an_order_that_was_cancelled_before_it_failed,
    rule_31_a_replay_names_its_job_letter_and_group,
    what_dies_again_is_a_new_letter_and_the_old_one_is_superseded,
    what_was_replayed_and_is_not_dead_again_is_skipped_with_the_reason,
    what_was_resolved_is_skipped,
    rule_36_two_replays_that_race_have_one_effect,
    a_dry_run_says_what_would_be_sent_and_sends_nothing,
    rule_38_letters_of_a_key_are_sent_in_the_order_of_their_origins,
    rule_38_after_one_that_failed_no_later_letter_of_its_key_is_sent,
    no_more_than_max_messages_are_sent_the_oldest_first,
    a_selection_is_by_id_and_filter_and_unknown_ids_are_named,
    what_is_no_letter_of_ours_is_not_sent_anywhere,
    undecodable_bytes_can_be_sent_back_and_stay_as_they_were,
    the_batch_route_is_the_same_with_another_default,
    what_is_wrong_with_a_request_is_named,
);

async fn what_waited_for_a_replay_completes_and_was_charged_once(on: Database) {
    let bench = dead(on, &[("o-1", "fail-until-replay")]).await;
    assert_eq!(bench.status("o-1").await.unwrap().0, OrderStatus::Failed);
    let routes = routes(&bench);
    let answer = replay(&routes, r#"{"event_ids":["e-o-1"]}"#).await;
    assert_eq!(counts(&answer), [1, 0, 0], "{}", answer.text);
    assert_eq!(answer.body["data"]["replayed_event_ids"], json!(["e-o-1"]));
    bench.service.settled().await;
    assert_eq!(bench.status("o-1").await, Some((OrderStatus::Completed, None)));
    use OrderStatus as S;
    assert_eq!(bench.history("o-1").await, [S::Pending, S::Failed, S::Completed]);
    assert_eq!((bench.gateway.calls().len(), bench.gateway.performed()), (2, 1));
    assert_eq!(statuses(&routes).await, [("e-o-1".into(), "resolved".into())]);
    bench.service.assert_conserved();
}

async fn a_replay_does_not_charge_an_order_that_was_cancelled_before_it_failed(on: Database) {
    let bench = Bench::with_answers(on, [ChargeError::Declined("no money".into())]).await;
    let cancel = record::<Cancelled>("e-cancel", order("o-1", "book"));
    bench.publish([created("o-1", "book"), cancel]).await;
    let routes = routes(&bench);
    assert_eq!(counts(&replay(&routes, "{}").await), [1, 0, 0]);
    bench.service.settled().await;
    assert_eq!(bench.status("o-1").await.unwrap().0, OrderStatus::Cancelled);
    assert_eq!((bench.gateway.calls().len(), bench.gateway.performed()), (1, 0));
    assert_eq!(statuses(&routes).await, [("e-o-1".into(), "resolved".into())]);
}

async fn rule_31_a_replay_names_its_job_letter_and_group(on: Database) {
    let bench = dead(on, &[("o-1", "fail-until-replay")]).await;
    let answer = replay(&routes(&bench), "{}").await;
    let job = answer.body["data"]["job"].as_str().unwrap();
    let letter = &bench.service.dead_letters()[0];
    let records = replayed(&bench).await;
    let (record, headers) = (&records[0], &records[0].headers);
    let origin = letter.origin.as_ref().unwrap();
    assert_eq!(record.partition, origin.partition);
    assert_eq!((&record.key, &record.value), (&letter.key, &letter.value));
    assert_eq!(headers.text("tidegate-replay-job"), Some(job));
    assert_eq!(headers.text("tidegate-replay-letter"), Some(letter.coordinates.as_str()));
    assert_eq!(headers.text("tidegate-replay-group"), Some("orders-consumer-group"));
    headers.text("replay_time").unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(headers.text("event_id"), Some("e-o-1"));
}

async fn what_dies_again_is_a_new_letter_and_the_old_one_is_superseded(on: Database) {
    let bench = dead(on, &[("o-1", "fail-permanent")]).await;
    let routes = routes(&bench);
    assert_eq!(counts(&replay(&routes, "{}").await), [1, 0, 0]);
    bench.service.settled().await;
    let status = |status: &str| ("e-o-1".to_owned(), status.to_owned());
    assert_eq!(statuses(&routes).await, [status("dead"), status("superseded")]);
    // Dead again: it can be sent again, and only the newest letter is.
    let answer = replay(&routes, "{}").await;
    assert_eq!(counts(&answer), [1, 0, 1], "{}", answer.text);
    bench.service.settled().await;
    let answer = list(&routes, "?limit=1").await;
    let history = answer.body["data"]["messages"][0]["retry_history"].as_array().unwrap().clone();
    assert_eq!(history.len(), 3, "the history is kept over replays: {history:?}");
    assert_eq!(bench.gateway.performed(), 1);
}

async fn what_was_replayed_and_is_not_dead_again_is_skipped_with_the_reason(on: Database) {
    let mut bench = dead(on, &[("o-1", "fail-until-replay")]).await;
    bench.service.stop().await.unwrap();
    let first = routes(&bench);
    let job = replay(&first, "{}").await.body["data"]["job"].as_str().unwrap().to_owned();
    assert_eq!(statuses(&first).await, [("e-o-1".into(), "replayed".into())]);
    // Another process knows it from the audit.
    for routes in [first, routes(&bench)] {
        let answer = replay(&routes, "{}").await;
        assert_eq!(counts(&answer), [0, 0, 1]);
        let skipped = &answer.body["data"]["skipped"][0];
        assert!(skipped["reason"].as_str().unwrap().contains(&job), "{skipped}");
        assert_eq!(answer.body["data"]["skipped_event_ids"], json!(["e-o-1"]));
    }
}

async fn what_was_resolved_is_skipped(on: Database) {
    let bench = dead(on, &[("o-1", "fail-until-replay")]).await;
    let routes = routes(&bench);
    replay(&routes, "{}").await;
    bench.service.settled().await;
    let answer = replay(&routes, "{}").await;
    assert_eq!(counts(&answer), [0, 0, 1]);
    assert!(answer.text.contains("its event was processed"), "{}", answer.text);
}

async fn rule_36_two_replays_that_race_have_one_effect(on: Database) {
    let bench = dead(on, &[("o-1", "fail-until-replay")]).await;
    let (one, other) = (routes(&bench), routes(&bench));
    let (one, other) = tokio::join!(replay(&one, "{}"), replay(&other, "{}"));
    assert_eq!((one.status, other.status), (200, 200));
    bench.service.settled().await;
    assert_eq!(bench.history("o-1").await.len(), 3);
    assert_eq!(bench.gateway.performed(), 1);
    assert_eq!(bench.service.dead_letters().len(), 1);
    bench.service.assert_conserved();
}

async fn a_dry_run_says_what_would_be_sent_and_sends_nothing(on: Database) {
    let bench = dead(on, &[("o-1", "fail-until-replay"), ("o-2", "fail-permanent")]).await;
    let routes = routes(&bench);
    let answer = replay(&routes, r#"{"dry_run":true,"error":"until"}"#).await;
    assert_eq!((counts(&answer), &answer.body["data"]["dry_run"]), ([1, 0, 0], &json!(true)));
    assert_eq!(replayed(&bench).await, []);
    assert!(statuses(&routes).await.iter().all(|(_, status)| status == "dead"));
}

async fn rule_38_letters_of_a_key_are_sent_in_the_order_of_their_origins(on: Database) {
    let bench = Bench::new(on).await;
    // Three events of one order: one partition, one key.
    for event in ["e-1", "e-2", "e-3"] {
        bench.publish([record::<Created>(event, order("o-1", "fail-permanent"))]).await;
    }
    replay(&routes(&bench), "{}").await;
    let ids: Vec<_> = replayed(&bench)
        .await
        .iter()
        .map(|r| r.headers.text("event_id").unwrap().to_owned())
        .collect();
    assert_eq!(ids, ["e-1", "e-2", "e-3"]);
}

async fn rule_38_after_one_that_failed_no_later_letter_of_its_key_is_sent(on: Database) {
    let bench = dead(on, &[("o-1", "fail-permanent"), ("o-2", "fail-permanent")]).await;
    let service = ReplayService::new(&bench.config, bench.service.broker().clone());
    let letters = &service.desk.letters;
    let selection = Selection::of(letters, &Filter::default(), 10).await.unwrap();
    let of = |id: &str| selection.chosen.iter().find(|chosen| chosen.event_id == id).unwrap();
    // Cleared between selection and sending.
    let gone = Chosen { offset: Offset(99), ..of("e-o-1").clone() };
    let sent =
        Sender::new(letters, "job").send(&[gone, of("e-o-1").clone(), of("e-o-2").clone()]).await;
    assert_eq!(sent.event_ids, ["e-o-2"]);
    let reasons: Vec<_> = sent.failed.iter().map(|left| left.reason.as_str()).collect();
    let expected = ["it is gone: it was cleared", "an older letter of the same key was not sent"];
    assert_eq!(reasons, expected);
}

async fn no_more_than_max_messages_are_sent_the_oldest_first(on: Database) {
    let bench = Bench::new(on).await;
    for event in ["e-1", "e-2", "e-3"] {
        bench.publish([record::<Created>(event, order("o-1", "fail-permanent"))]).await;
    }
    let answer = replay(&routes(&bench), r#"{"max_messages":2}"#).await;
    assert_eq!(answer.body["data"]["replayed_event_ids"], json!(["e-1", "e-2"]));
}

async fn a_selection_is_by_id_and_filter_and_unknown_ids_are_named(on: Database) {
    let bench = dead(on, &[("o-1", "fail-permanent"), ("o-2", "fail-permanent")]).await;
    let answer = replay(&routes(&bench), r#"{"event_ids":["e-o-2","e-nobody"]}"#).await;
    assert_eq!(answer.body["data"]["replayed_event_ids"], json!(["e-o-2"]));
    assert_eq!(answer.body["data"]["skipped_event_ids"], json!(["e-nobody"]));
}

async fn what_is_no_letter_of_ours_is_not_sent_anywhere(on: Database) {
    let bench = Bench::new(on).await;
    let foreign = NewRecord::new(crate::consumer::testing::topic("orders_dlq")).value("{}");
    bench.service.publish_record(foreign).await;
    let answer = replay(&routes(&bench), "{}").await;
    assert_eq!(counts(&answer), [0, 0, 1]);
    assert!(answer.text.contains("where it came from"), "{}", answer.text);
}

async fn undecodable_bytes_can_be_sent_back_and_stay_as_they_were(on: Database) {
    let bench = Bench::new(on).await;
    let garbage = NewRecord::new(crate::consumer::testing::topic("orders"));
    bench.publish([garbage.key("o-1").value(vec![0xff, 0x00])]).await;
    assert_eq!(counts(&replay(&routes(&bench), "{}").await), [1, 0, 0]);
    let records = replayed(&bench).await;
    assert_eq!(records[0].value.as_deref(), Some(&[0xff, 0x00][..]));
    assert_eq!(bench.service.dead_letters().len(), 2);
    let status: Vec<_> = statuses(&routes(&bench)).await.into_iter().map(|(_, s)| s).collect();
    assert_eq!(status, ["dead", "superseded"]);
}

async fn the_batch_route_is_the_same_with_another_default(on: Database) {
    let bench = dead(on, &[("o-1", "fail-until-replay")]).await;
    let answer = call(&routes(&bench), post("/api/v1/replay/batch", "{}")).await;
    assert_eq!(counts(&answer), [1, 0, 0]);
    assert!(answer.body["data"]["duration"].as_str().unwrap().ends_with('s'));
}

async fn what_is_wrong_with_a_request_is_named(on: Database) {
    let bench = Bench::new(on).await;
    let routes = routes(&bench);
    for (body, field) in [
        (r#"{"max_messages":0}"#, "max_messages"),
        (r#"{"max_messages":10001}"#, "max_messages"),
        (r#"{"max_messages":-5}"#, "max_messages"),
        (r#"{"start_time":"soon"}"#, "start_time"),
        (r#"{"start_time":"2026-01-02T00:00:00Z","end_time":"2026-01-01T00:00:00Z"}"#, "end_time"),
        (r#"{"dry_run":"maybe"}"#, "dry_run"),
        (r#"{"event_ids":"e-1"}"#, "event_ids"),
        (r#"{"event_id":["e-1"]}"#, "event_id"),
        (r#"{"status":"lost"}"#, "status"),
        ("[]", "body"),
        ("{", "body"),
    ] {
        replay(&routes, body).await.refused(400, field);
    }
    let no_json = Request::post("/api/v1/replay").body(Body::from("{}")).unwrap();
    call(&routes, no_json).await.refused(415, "Content-Type");
}
