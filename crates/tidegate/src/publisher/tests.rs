//! Against a broker that only remembers, and answers as it was told.

#![cfg(feature = "json")]

use std::sync::{Arc, Mutex};

use serde::{Serialize, Serializer};

use super::{NewEvent, PublishError, Publisher};
use crate::broker::{self, *};
use crate::class::{Class, Classify};
use crate::event::{Event, EventId, Key, Stamp};
use crate::message::{NewRecord, Offset, Partition, Timestamp, TopicName, TopicPartition};

struct Noted {
    id: String,
    stamped: String,
    broken: bool,
}

impl Serialize for Noted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.broken {
            return Err(serde::ser::Error::custom("broken on purpose"));
        }
        serializer.serialize_str(&self.stamped)
    }
}

impl Event for Noted {
    const TYPE: &'static str = "noted";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
    fn stamp(&mut self, stamp: &Stamp) {
        self.stamped = stamp.event_id.to_string();
    }
}

fn noted(id: &str) -> Noted {
    Noted { id: id.into(), stamped: String::new(), broken: id == "broken" }
}

/// Batches as they came in; topic `down` never answers.
#[derive(Debug, Clone, Default)]
struct Memory(Arc<Mutex<Vec<Vec<NewRecord>>>>);

impl Memory {
    fn publisher(&self) -> Publisher {
        Publisher::new(Broker::new(self.clone()))
    }
}

fn no<'a, T: Send + 'a>() -> BoxFuture<'a, Result<T, BrokerError>> {
    Box::pin(async { Err(BrokerError::Closed) })
}

impl BrokerDriver for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }
    fn publish(&self, records: Vec<NewRecord>) -> Acks {
        let answer = |record: &NewRecord| match record.topic.as_str() {
            "down" => Err(broker::PublishError::Unknown("no answer".into())),
            _ => Ok(Placed { partition: Partition(0), offset: Offset(0) }),
        };
        let answers = records.iter().map(answer).collect();
        self.0.lock().unwrap().push(records);
        Box::pin(async { answers })
    }
    fn cluster_id(&self) -> BoxFuture<'_, Result<String, BrokerError>> {
        no()
    }
    fn subscribe(&self, _: Subscription) -> BoxFuture<'_, Result<Box<dyn Consumer>, BrokerError>> {
        no()
    }
    fn fetch(
        &self,
        _: TopicPartition,
        _: Offset,
        _: FetchLimit,
    ) -> BoxFuture<'_, Result<Fetched, BrokerError>> {
        no()
    }
    fn watermarks(&self, _: TopicPartition) -> BoxFuture<'_, Result<Watermarks, BrokerError>> {
        no()
    }
    fn offset_for_time(
        &self,
        _: TopicPartition,
        _: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Offset>, BrokerError>> {
        no()
    }
    fn create_topics(&self, _: Vec<NewTopic>) -> BoxFuture<'_, Vec<Result<(), AdminError>>> {
        Box::pin(async { Vec::new() })
    }
    fn topics(&self) -> BoxFuture<'_, Result<Vec<TopicInfo>, BrokerError>> {
        no()
    }
    fn delete_records(
        &self,
        _: TopicPartition,
        _: Offset,
    ) -> BoxFuture<'_, Result<Offset, AdminError>> {
        Box::pin(async { Err(AdminError::Broker(BrokerError::Closed)) })
    }
    fn groups(&self) -> BoxFuture<'_, Result<Vec<GroupInfo>, BrokerError>> {
        no()
    }
    fn committed(
        &self,
        _: String,
    ) -> BoxFuture<'_, Result<Vec<(TopicPartition, Committed)>, BrokerError>> {
        no()
    }
    fn lag(
        &self,
        _: String,
        _: TopicName,
    ) -> BoxFuture<'_, Result<Vec<PartitionLag>, BrokerError>> {
        no()
    }
    fn health(&self) -> BoxFuture<'_, Result<(), BrokerError>> {
        no()
    }
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// Rule 42.
#[tokio::test]
async fn a_prepared_event_sent_twice_is_the_same_event() {
    let memory = Memory::default();
    let publisher = memory.publisher();
    let prepared = NewEvent::to("down", noted("a")).prepare().unwrap();
    let error = publisher.send(prepared.clone()).await.unwrap_err();
    assert!(error.is_unknown());
    assert_eq!(error.class(), Class::Outage("broker"));
    publisher.send(prepared.clone()).await.unwrap_err();
    let batches = memory.0.lock().unwrap();
    assert_eq!(batches[0], batches[1]);
    assert_eq!(batches[0][0].headers.text("event_id"), Some(prepared.event_id().as_str()));
}

#[tokio::test]
async fn an_event_gets_its_identity_before_it_is_encoded() {
    let memory = Memory::default();
    let published = memory.publisher().publish("notes", noted("a")).await.unwrap();
    let id = published.event_id.to_string();
    assert_eq!(uuid::Uuid::parse_str(&id).unwrap().get_version_num(), 7);
    let record = memory.0.lock().unwrap()[0][0].clone();
    assert_eq!(record.value.unwrap(), format!("{id:?}"));
    assert_eq!(record.key.as_deref(), Some(&b"a"[..]));
    assert_eq!(record.headers.text("event_type"), Some("noted"));
    assert_eq!(record.headers.text("correlation_id"), Some(id.as_str()), "its own id by default");
}

#[tokio::test]
async fn a_batch_is_one_publish_and_one_bad_event_does_not_spoil_the_others() {
    let memory = Memory::default();
    let events = vec![noted("a"), noted("broken"), noted("c")];
    let results = memory.publisher().publish_all("notes", events).await;
    assert!(results[0].is_ok() && results[2].is_ok());
    let error = results[1].as_ref().unwrap_err();
    assert_eq!(error.to_string(), "`noted` cannot be encoded");
    assert_eq!(error.class(), Class::Permanent);
    let batches = memory.0.lock().unwrap();
    let keys: Vec<_> = batches[0].iter().map(|record| record.key.clone().unwrap()).collect();
    assert_eq!((batches.len(), keys), (1, vec!["a".into(), "c".into()]));
}

#[test]
fn what_the_framework_sets_itself_is_refused() {
    for name in
        ["tidegate-origin-topic", "tidegate-anything", "event_id", "ce_type", "correlation_id"]
    {
        let error = NewEvent::to("notes", noted("a")).header(name, "x").prepare().unwrap_err();
        assert_eq!(error, PublishError::ReservedHeader { name: name.into() });
    }
    let own = NewEvent::to("notes", noted("a")).header("tenant", "acme").prepare().unwrap();
    assert_eq!(own.record().headers.text("tenant"), Some("acme"));
}

#[test]
fn ids_that_readers_would_refuse_are_refused() {
    let event = || NewEvent::to("notes", noted("a"));
    for bad in ["", "a\nb", "x".repeat(EventId::MAX_LEN + 1).as_str()] {
        assert!(event().id(EventId::new(bad)).prepare().is_err());
        assert!(event().correlation(bad).prepare().is_err());
        assert!(event().caused_by(EventId::new(bad)).prepare().is_err());
    }
    assert!(NewEvent::to("no topic", noted("a")).prepare().is_err());
    let fixed = event().id(EventId::new("mine")).correlation("request-7").prepare().unwrap();
    assert_eq!(fixed.event_id().as_str(), "mine");
    assert_eq!(fixed.record().headers.text("correlation_id"), Some("request-7"));
}
