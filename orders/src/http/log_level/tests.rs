//! The log's level over HTTP.

use std::sync::Mutex;

use tidegate::broker::{Broker, FetchLimit, NewTopic};
use tidegate::message::{Offset, Partition, TopicPartition};

use super::*;
use crate::http::testing::{Answer, call, get, put};
use crate::topics;

struct Bench {
    routes: Router,
    broker: Broker,
    applied: Arc<Mutex<Vec<String>>>,
}

impl Bench {
    async fn new() -> Self {
        let (broker, applied) = (Broker::in_memory(), Arc::new(Mutex::new(Vec::new())));
        assert_eq!(broker.create_topics(vec![NewTopic::new(topics::audit(), 1)]).await, [Ok(())]);
        let list = applied.clone();
        let levels = Levels::that_tell(move |filter| list.lock().unwrap().push(filter.to_owned()));
        let audit = Audit::of("producer", Some(broker.clone()));
        let state = LogLevel { levels, audit, services: vec!["producer", "gateway"] };
        Self { routes: crate::http::service(routes(state), 4096), broker, applied }
    }

    async fn set(&self, body: &str) -> Answer {
        call(&self.routes, put("/api/v1/log-level", body.to_owned())).await
    }

    async fn phases(&self) -> Vec<Value> {
        let partition = TopicPartition::new(topics::audit(), Partition(0));
        let fetched = self.broker.fetch(partition, Offset(0), FetchLimit::default()).await.unwrap();
        let phase = |record: &tidegate::message::Record| {
            let record: Value = serde_json::from_slice(record.value.as_deref().unwrap()).unwrap();
            assert_eq!(record["action"], "log_level");
            record["phase"].clone()
        };
        fetched.records.iter().map(phase).collect()
    }
}

#[tokio::test]
async fn it_is_read_set_and_set_for_a_while_and_says_whom_it_is_for() {
    let bench = Bench::new().await;
    let read = call(&bench.routes, get("/api/v1/log-level")).await;
    let data = json!({"filter": "info", "at_start": "info", "applies_to": ["producer", "gateway"]});
    assert_eq!((read.status, &read.body["data"]), (200, &data));
    bench.set(r#"{"filter":"warn"}"#).await;
    let set = bench.set(r#"{"filter":"info,tidegate=debug","for":"10m"}"#).await;
    assert_eq!(set.status, 200, "{}", set.text);
    assert_eq!(set.body["data"]["filter"], "info,tidegate=debug");
    assert_eq!(set.body["data"]["goes_back"], json!({"to": "warn", "in_seconds": 600}));
    assert_eq!(*bench.applied.lock().unwrap(), ["warn", "info,tidegate=debug"]);
    assert_eq!(bench.phases().await, ["begun", "ended", "begun", "ended"]);
}

#[tokio::test]
async fn what_is_no_filter_is_refused_written_down_and_not_repeated() {
    let bench = Bench::new().await;
    for (body, field) in [
        (r#"{"filter":"hunter2"}"#, "filter"),
        (r#"{"filter":"info,tidegate=hunter2"}"#, "filter"),
        (r#"{"filter":"[{a=(x|y)*hunter2(x|y)(x|y)}]=info"}"#, "filter"),
        (r#"{"filter":7}"#, "body"),
        (r#"{"level":"info"}"#, "body"),
        ("{", "body"),
        (r#"{"filter":"info","for":"hunter2"}"#, "for"),
        (r#"{"filter":"info","for":"10"}"#, "for"),
        (r#"{"filter":"info","for":"25h"}"#, "for"),
    ] {
        let answer = bench.set(body).await;
        answer.refused(400, field);
        assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    }
    let long = format!(r#"{{"filter":"info,{}=debug"}}"#, "x".repeat(2_000));
    bench.set(&long).await.refused(400, "filter");
    assert!(bench.applied.lock().unwrap().is_empty());
    assert_eq!(bench.phases().await, vec!["refused"; 10]);
}
