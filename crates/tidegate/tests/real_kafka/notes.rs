//! A service that notes each event once, in SQLite, and what publishes numbered events to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{FuturesOrdered, StreamExt};
use serde::{Deserialize, Serialize};
use tidegate::broker::Broker;
use tidegate::headers::names;
use tidegate::health::Health;
use tidegate::message::NewRecord;
use tidegate::prelude::*;
use tidegate::service::CreateTopics;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::{name, until};

/// How many keys the events have.
const KEYS: u32 = 7;

/// So many events may be published and not yet noted: a publisher is not far ahead of its reader.
const AHEAD: u32 = 200;

/// Until a publisher that is far ahead looks again.
const PAUSE: Duration = Duration::from_millis(5);

/// One event of a key: numbered from 0, without a hole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Numbered {
    pub(crate) key: String,
    pub(crate) n: u32,
}

impl Event for Numbered {
    const TYPE: &'static str = "numbered";
    fn key(&self) -> Key<'_> {
        Key::from(&self.key)
    }
}

/// The record of the so-manyth event of a topic.
pub(crate) fn numbered(topic: &str, count: u32) -> NewRecord {
    let event = Numbered { key: format!("k{}", count % KEYS), n: count / KEYS };
    NewRecord::new(name(topic))
        .key(event.key.clone())
        .value(serde_json::to_vec(&event).unwrap())
        .header(names::EVENT_ID, format!("{topic}-{count}"))
        .header(names::EVENT_TYPE, Numbered::TYPE)
}

async fn note(Payload(event): Payload<Numbered>, mut tx: Inbox<Sqlite>) -> Result<(), sqlx::Error> {
    let insert = sqlx::query("insert into notes (key, n) values (?, ?)");
    insert.bind(&event.key).bind(event.n).execute(&mut *tx).await.map(drop)
}

/// Where the events are noted. What is noted twice is there twice.
pub(crate) struct Notes {
    store: SqliteInbox,
    _folder: tempfile::TempDir,
}

impl Notes {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteInbox::open(folder.path().join("notes.db")).await.unwrap();
        let table = sqlx::raw_sql("create table notes (key text not null, n integer not null)");
        table.execute(store.writer()).await.unwrap();
        Self { store, _folder: folder }
    }

    /// A service that notes the events of a topic.
    pub(crate) fn service(&self, broker: &Broker, group: &str, topic: &str) -> Service<StartFrom> {
        let routes = Topic::json(topic).on(note).inbox(Arc::new(self.store.clone()));
        Service::new(group, broker.clone())
            .start_from(StartFrom::Earliest)
            .create_topics(CreateTopics::Always { partitions: 4 })
            .route(routes.with_state(()))
    }

    /// How many were noted.
    pub(crate) async fn count(&self) -> u32 {
        let count = sqlx::query_scalar("select count(*) from notes");
        count.fetch_one(self.store.reader()).await.unwrap()
    }

    /// Waits until so many were noted.
    pub(crate) async fn reach(&self, count: u32) {
        until(&format!("{count} notes"), async || self.count().await >= count).await;
    }

    /// The numbers of each key, in the order in which they were noted.
    pub(crate) async fn by_key(&self) -> BTreeMap<String, Vec<u32>> {
        let rows = sqlx::query_as("select key, n from notes order by rowid");
        let rows: Vec<(String, u32)> = rows.fetch_all(self.store.reader()).await.unwrap();
        let mut keys = BTreeMap::<_, Vec<_>>::new();
        rows.into_iter().for_each(|(key, n)| keys.entry(key).or_default().push(n));
        keys
    }

    /// Nothing lost, no effect repeated.
    pub(crate) async fn assert_each_once(&self, count: u32) {
        let mut noted = self.by_key().await;
        noted.values_mut().for_each(|numbers| numbers.sort_unstable());
        assert_eq!(noted, expected(count));
    }

    /// Nothing lost, no effect repeated, the order of each key kept.
    pub(crate) async fn assert_each_once_in_order(&self, count: u32) {
        let (noted, expected) = (self.by_key().await, expected(count));
        for (key, numbers) in &expected {
            assert_eq!(noted.get(key), Some(numbers), "{key}");
        }
        assert_eq!(noted.len(), expected.len());
    }
}

/// The numbers of each key, each once and in order.
fn expected(count: u32) -> BTreeMap<String, Vec<u32>> {
    let mut expected = BTreeMap::<_, Vec<_>>::new();
    for n in 0..count {
        expected.entry(format!("k{}", n % KEYS)).or_default().push(n / KEYS);
    }
    expected
}

/// A service at work. Dropped without [`stop`](Self::stop) it crashes.
pub(crate) struct Running {
    stop: CancellationToken,
    life: JoinSet<Result<(), tidegate::Error>>,
    pub(crate) health: Health,
}

impl Running {
    pub(crate) fn start(service: Service<StartFrom>) -> Self {
        let (stop, health, mut life) = (CancellationToken::new(), service.health(), JoinSet::new());
        life.spawn(service.run_until(stop.clone().cancelled_owned()));
        Self { stop, life, health }
    }

    pub(crate) fn owned(&self) -> usize {
        self.health.snapshot().assigned.len()
    }

    /// Stops it in order.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.ended().await.unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> Result<(), tidegate::Error> {
        self.life.join_next().await.unwrap().unwrap()
    }

    /// Ends it as a kill of its process would: nothing is finished, nothing is said.
    pub(crate) async fn crash(mut self) {
        self.life.shutdown().await;
    }
}

/// Publishes numbered events until it is told to end, some calls in flight at once; never far ahead of the notes.
pub(crate) struct Feed {
    stop: CancellationToken,
    life: JoinSet<u32>,
}

impl Feed {
    pub(crate) fn start(broker: &Broker, topic: &str, notes: &Arc<Notes>) -> Self {
        let (stop, mut life) = (CancellationToken::new(), JoinSet::new());
        life.spawn(feed(broker.clone(), topic.to_owned(), notes.clone(), stop.clone()));
        Self { stop, life }
    }

    /// Ends when all was acknowledged; how many events there are.
    pub(crate) async fn end(mut self) -> u32 {
        self.stop.cancel();
        self.life.join_next().await.unwrap().unwrap()
    }
}

/// Without a delivery timeout every event is acknowledged, whatever happens to the broker.
async fn feed(broker: Broker, topic: String, notes: Arc<Notes>, stop: CancellationToken) -> u32 {
    let (mut count, mut flying) = (0, FuturesOrdered::new());
    while !stop.is_cancelled() {
        if count >= notes.count().await + AHEAD {
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        flying
            .push_back(broker.publish((count..count + 10).map(|n| numbered(&topic, n)).collect()));
        count += 10;
        if flying.len() > 3 {
            acknowledged(flying.next().await.unwrap());
        }
    }
    while let Some(acks) = flying.next().await {
        acknowledged(acks);
    }
    count
}

fn acknowledged(acks: Vec<Result<tidegate::broker::Placed, tidegate::broker::PublishError>>) {
    assert!(acks.iter().all(Result::is_ok), "{acks:?}");
}
