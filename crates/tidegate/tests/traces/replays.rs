//! Rule 32: whatever a replay has put in its place, the next letter has the producer's own trace context, byte for byte.

use tidegate::class::Class;
use tidegate::dead_letter::Letter;
use tidegate::headers::{Header, names};
use tidegate::message::{NewRecord, Timestamp};
use tidegate::prelude::*;
use tidegate::telemetry;
use tidegate::testing::TestService;

use crate::headers::{FOREIGN, record};
use crate::support::{Do, Traces, charge, script};

const LAST: &str = "00-1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-00";

async fn send(traces: &Traces, t: &TestService, letter: &Letter) {
    let replay = letter.replay("job-1", Timestamp(0)).unwrap();
    let broker = t.broker().clone();
    telemetry::publish(&traces.tracer(), &broker, vec![replay]).await.remove(0).unwrap();
    t.settled().await;
}

/// A service without the layer.
async fn untraced(steps: &[Do]) -> TestService {
    TestService::new(Topic::json("orders").on(charge).with_state(script(steps))).await
}

fn with(mut record: NewRecord, name: &str, value: Option<&str>) -> NewRecord {
    let value = value.map(|value| value.to_owned().into());
    record.headers.push_raw(Header { name: name.into(), value });
    record
}

/// What producers may write, in places that a replacement would not keep.
fn foreign() -> Vec<NewRecord> {
    let long = format!("vendor={}", "x".repeat(600));
    let (parent, state) = (names::TRACEPARENT, names::TRACESTATE);
    let between = |record| with(record, "x", Some("1"));
    vec![
        record(&[]),
        between(record(&[FOREIGN])),
        between(record(&["00-nonsense"])),
        between(with(record(&[FOREIGN]), state, Some(&long))),
        between(with(record(&[FOREIGN]), state, Some("no state"))),
        between(with(with(record(&[]), state, Some("a=1")), parent, Some(FOREIGN))),
        with(between(with(record(&[FOREIGN]), state, Some("a=1"))), state, Some("b=2")),
        with(between(record(&[FOREIGN])), parent, Some(LAST)),
        with(between(record(&[FOREIGN])), parent, None),
        between(with(record(&[]), parent, None)),
        between(with(record(&[]), parent, Some(""))),
        between(with(with(record(&[]), state, None), state, Some(""))),
    ]
}

#[tokio::test]
async fn a_replay_that_dies_again_has_the_producers_trace_and_goes_on_from_its_last_letter() {
    let traces = Traces::all();
    let t = traces.service(&script(&[Do::Fail(Class::Permanent); 2])).await;
    traces.order(&t, "o-1").await;
    t.settled().await;
    let first = t.dead_letters().remove(0);
    send(&traces, &t, &first).await;
    let second = t.dead_letters().remove(1);
    assert_eq!(second.headers, first.headers);
    assert_ne!(second.traceparent, first.traceparent);
    let again = second.replay("job-2", Timestamp(0)).unwrap();
    assert_eq!(again.headers.text(names::TRACEPARENT), second.traceparent.as_deref());
    let producers = first.headers.text(names::TRACEPARENT);
    assert_eq!(again.headers.text(names::ORIGIN_TRACEPARENT), producers);
    t.assert_conserved();
}

#[tokio::test]
async fn a_replay_that_dies_again_has_every_trace_header_of_its_producer_in_its_place() {
    for record in foreign() {
        let traces = Traces::all();
        for traced in [true, false] {
            let failing = [Do::Fail(Class::Permanent); 3];
            let t = if traced {
                traces.service(&script(&failing)).await
            } else {
                untraced(&failing).await
            };
            t.publish_record(record.clone()).await;
            t.settled().await;
            for index in 0..2 {
                send(&traces, &t, &t.dead_letters()[index]).await;
            }
            let letters = t.dead_letters();
            assert_eq!(letters.len(), 3);
            for letter in letters {
                assert_eq!(letter.headers, record.headers, "traced: {traced}");
            }
            t.assert_conserved();
        }
    }
}

#[tokio::test]
async fn a_traced_replay_of_an_untraced_letter_links_to_its_producer() {
    let traces = Traces::all();
    let before = untraced(&[Do::Fail(Class::Permanent)]).await;
    before.publish_record(record(&[FOREIGN]).header(names::TRACESTATE, "a=1")).await;
    before.settled().await;
    let letter = before.dead_letters().remove(0);
    assert_eq!(letter.traceparent, None);
    let after = traces.service(&script(&[])).await;
    send(&traces, &after, &letter).await;
    let spans = traces.spans();
    let attempt = spans.iter().find(|span| span.name == "process orders").unwrap();
    let link = &attempt.links[0];
    assert_eq!(link.span_context.span_id().to_string(), FOREIGN[36..52]);
    assert_eq!(link.span_context.trace_state().header(), "a=1");
}
