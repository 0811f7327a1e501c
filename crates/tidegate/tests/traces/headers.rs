//! What stands in the headers of records.

use opentelemetry_sdk::trace::Sampler;
use tidegate::class::Class;
use tidegate::headers::{Headers, names};
use tidegate::message::{NewRecord, TopicName};
use tidegate::prelude::*;
use tidegate::testing::{Saw, TestService};

use crate::support::{Do, Ordered, Traces, charge, script};

pub(crate) const FOREIGN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

pub(crate) fn record(traceparent: &[&str]) -> NewRecord {
    let order = Ordered { id: "o-1".into() };
    let mut record = NewRecord::new(TopicName::new("orders").unwrap())
        .key("o-1")
        .value(serde_json::to_vec(&order).unwrap())
        .header(names::EVENT_ID, "o-1")
        .header(names::EVENT_TYPE, Ordered::TYPE);
    for value in traceparent {
        record.headers.push(names::TRACEPARENT, (*value).to_owned());
    }
    record
}

fn count(headers: &Headers, name: &str) -> usize {
    headers.iter().filter(|header| header.name.as_str() == name).count()
}

fn emitted(t: &TestService) -> Headers {
    let records = t.records("payments");
    assert_eq!(records.len(), 1);
    records[0].headers.clone()
}

#[tokio::test]
async fn a_foreign_trace_goes_on_and_is_named_exactly_once() {
    let traces = Traces::all();
    let t = traces.service(&script(&[])).await;
    let twice = record(&["nonsense", FOREIGN]).header(names::TRACESTATE, "vendor=1");
    t.publish_record(twice).await;
    t.settled().await;
    let spans = traces.spans();
    assert!(spans.iter().all(|s| s.span_context.trace_id().to_string() == FOREIGN[3..35]));
    let headers = emitted(&t);
    assert_eq!((count(&headers, "traceparent"), count(&headers, "tracestate")), (1, 1));
    assert_eq!(headers.text("tracestate"), Some("vendor=1"));
    let send = spans.iter().find(|span| span.name == "send payments").unwrap();
    let named = format!("{}-{}", &FOREIGN[..35], send.span_context.span_id());
    assert!(headers.text("traceparent").unwrap().starts_with(&named));
}

#[tokio::test]
async fn a_malformed_traceparent_begins_a_new_trace_and_loses_nothing() {
    let traces = Traces::all();
    let t = traces.service(&script(&[Do::Fail(Class::Transient)])).await;
    t.publish_record(record(&["00-nonsense"])).await;
    t.settled().await;
    assert_eq!(t.outcomes("o-1"), [Saw::Retried, Saw::Done]);
    assert_eq!(
        traces.tree(),
        "
process orders !transient
  process orders
    send payments
"
    );
    t.assert_conserved();
}

#[tokio::test]
async fn an_untraced_letter_is_replayed_as_it_was() {
    let routes = Topic::json("orders").on(charge);
    let t = TestService::new(routes.with_state(script(&[Do::Fail(Class::Permanent)]))).await;
    t.publish_record(record(&[FOREIGN, FOREIGN])).await;
    t.settled().await;
    let letter = t.dead_letters().remove(0);
    assert_eq!(letter.headers, record(&[FOREIGN, FOREIGN]).headers);
    let replay = letter.replay("job", tidegate::message::Timestamp(0)).unwrap();
    let ours = |name: &str| {
        name.starts_with(names::PREFIX) || [names::REPLAYED, names::REPLAY_TIME].contains(&name)
    };
    let theirs = replay.headers.iter().filter(|header| !ours(&header.name)).cloned();
    assert_eq!(theirs.collect::<Headers>(), letter.headers, "nothing is traced: untouched");
}

#[tokio::test]
async fn without_an_exporter_the_layer_passes_the_trace_on() {
    let routes = Topic::json("orders").on(charge).layer(tidegate::layer::Trace::new());
    let t = TestService::new(routes.with_state(script(&[]))).await;
    t.publish_record(record(&[FOREIGN])).await;
    t.settled().await;
    assert_eq!(emitted(&t).text("traceparent"), Some(FOREIGN));
}

#[tokio::test]
async fn what_the_sampler_left_out_says_so_to_those_behind_it() {
    let traces = Traces::sampled(Sampler::AlwaysOff);
    let t = traces.service(&script(&[])).await;
    traces.order(&t, "o-1").await;
    t.settled().await;
    assert!(emitted(&t).text("traceparent").unwrap().ends_with("-00"));
}
