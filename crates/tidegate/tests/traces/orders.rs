//! The story of one order.

use tidegate::class::Class;
use tidegate::message::Timestamp;
use tidegate::prelude::*;
use tidegate::telemetry::{self, names};

use crate::support::{Charged, Do, Traces, attribute, script};

#[tokio::test]
async fn a_request_its_event_the_attempt_and_what_it_emits_are_one_trace() {
    let traces = Traces::all();
    let t = traces.service(&script(&[])).await;
    traces.order(&t, "o-1").await;
    t.settled().await;
    assert_eq!(
        traces.tree(),
        "
request
  send orders
    process orders ~origin:send orders
      send payments
"
    );
    let emitted = &t.emitted::<Charged>("payments");
    assert_eq!(emitted.len(), 1);
    t.assert_conserved();
}

#[tokio::test]
async fn attempts_are_siblings_and_each_links_to_the_origin() {
    let traces = Traces::all();
    let failing = [Do::Fail(Class::Transient), Do::Fail(Class::Transient)];
    let t = traces.service(&script(&failing)).await;
    traces.order(&t, "o-1").await;
    t.settled().await;
    assert_eq!(
        traces.tree(),
        "
request
  send orders
    process orders !transient ~origin:send orders
    process orders !transient ~origin:send orders
    process orders ~origin:send orders
      send payments
"
    );
    let spans = traces.spans();
    let attempts = spans.iter().filter(|span| span.name == "process orders");
    let numbers: Vec<_> = attempts.map(|span| attribute(span, names::ATTEMPT).unwrap()).collect();
    assert_eq!(numbers, ["1", "2", "3"]);
    t.assert_conserved();
}

#[tokio::test]
async fn a_dead_letter_and_its_replay_are_in_the_trace_of_their_order() {
    let traces = Traces::all();
    let t = traces.service(&script(&[Do::Fail(Class::Permanent)])).await;
    traces.order(&t, "o-1").await;
    t.settled().await;
    let letter = t.dead_letters().remove(0);
    let replay = letter.replay("job-1", Timestamp(0)).unwrap();
    let sending = {
        let _operator = traces.request("operator");
        let tracer = traces.tracer();
        let (broker, records) = (t.broker().clone(), vec![replay]);
        let publish = async move { telemetry::publish(&tracer, &broker, records).await };
        opentelemetry::trace::FutureExt::with_current_context(publish)
    };
    assert!(sending.await[0].is_ok());
    t.settled().await;
    assert_eq!(
        traces.tree(),
        "
request
  send orders
    process orders !permanent ~origin:send orders
      send test.orders.dlq
        on_dead_letter orders ~origin:send orders
          send failures
        send orders ~cause:operator
          process orders ~origin:send orders
            send payments
operator
"
        .replace("test.orders.dlq", letter.coordinates.split('/').next().unwrap())
    );
    t.assert_conserved();
}

#[tokio::test]
async fn correlation_and_causation_are_in_every_span_of_the_story() {
    let traces = Traces::all();
    let t = traces.service(&script(&[Do::Fail(Class::Permanent)])).await;
    traces.order(&t, "o-1").await;
    t.settled().await;
    let (own, emitted): (Vec<_>, Vec<_>) = traces
        .spans()
        .into_iter()
        .filter(|span| span.name != "request")
        .partition(|span| span.name != "send failures");
    assert_eq!((own.len(), emitted.len()), (4, 1));
    for span in &own {
        assert_eq!(attribute(span, names::CONVERSATION_ID).as_deref(), Some("case-7"), "{span:?}");
        assert_eq!(attribute(span, names::MESSAGE_ID).as_deref(), Some("o-1"), "{span:?}");
    }
    assert_eq!(attribute(&emitted[0], names::CONVERSATION_ID).as_deref(), Some("case-7"));
    assert_eq!(attribute(&emitted[0], names::CAUSATION_ID).as_deref(), Some("o-1"));
}

#[tokio::test]
async fn what_panics_hangs_or_is_refused_says_which_and_quotes_nothing() {
    let traces = Traces::all();
    let t = traces.service(&script(&[Do::Hang, Do::Panic])).await;
    traces.order(&t, "o-1").await;
    t.until("it hangs", |t| t.health().snapshot().attempts == 1).await;
    t.advance(secs(1));
    t.settled().await;
    let publisher = tidegate::publisher::Publisher::new(t.broker().clone());
    let nowhere = NewEvent::to("nowhere", Charged { id: "x".into() }).prepare().unwrap();
    publisher.traced(traces.tracer()).send(nowhere).await.unwrap_err();
    assert_eq!(
        traces.tree(),
        "
request
  send orders
    process orders !cut_off ~origin:send orders
    process orders !panic ~origin:send orders
    process orders ~origin:send orders
      send payments
send nowhere !unknown_topic
"
    );
    assert!(!format!("{:?}", traces.spans()).contains("4111"), "I8");
}
