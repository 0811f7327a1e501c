//! One SQLite file, several members on one machine: they wait for each other, and none of them fails.
//!
//! SQLite's locks are between connections, whichever process they belong to: two stores contend as two processes do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use sqlx::Row;
use tempfile::TempDir;
use tidegate::event::EventId;
use tidegate::inbox::sqlite::SqliteInbox;
use tidegate::inbox::{Claim, Claimed, InboxStore, Marker, OutboxRow};
use tidegate::message::{NewRecord, Partition, TopicName, TopicPartition};
use tokio::task::JoinSet;

const MEMBERS: u32 = 3;
const EVENTS: u32 = 150;

async fn opened(folder: &TempDir) -> SqliteInbox {
    let store = SqliteInbox::open(folder.path().join("t.db")).await.unwrap();
    store.prepare().await.unwrap();
    store
}

/// A member's partition, of which it is the owner.
struct Member {
    store: SqliteInbox,
    partition: TopicPartition,
    epoch: i64,
}

impl Member {
    async fn start(store: SqliteInbox, number: u32) -> Self {
        let partition = TopicPartition::new(TopicName::new("orders").unwrap(), Partition(number));
        let epoch = store.own("g", &partition).await.unwrap();
        Self { store, partition, epoch }
    }

    fn claim(&self, event: u32) -> Claim {
        Claim {
            group: "g".into(),
            handler: "h".into(),
            event_id: EventId::new(format!("{}/{event}", self.partition)),
            partition: self.partition.clone(),
            owner_epoch: self.epoch,
        }
    }

    /// One event as a service handles it: its marker, a row of its outbox, and the strike of that row.
    async fn handle(&self, event: u32) {
        let claim = self.claim(event);
        let Claimed::Fresh(session) = self.store.claim(claim.clone()).await.unwrap() else {
            panic!("{claim:?} was handled before");
        };
        let record = NewRecord::new(TopicName::new("out").unwrap()).value("x");
        session.commit(Marker::Done, vec![OutboxRow { ordinal: 0, record }]).await.unwrap();
        self.store.strike(&claim, &[0]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_write_all_the_time_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = JoinSet::new();
    for number in 0..MEMBERS {
        let store = opened(&folder).await;
        let member = Member::start(store, number).await;
        running.spawn(async move {
            for event in 0..EVENTS {
                member.handle(event).await;
            }
        });
    }
    running.join_all().await;

    let store = opened(&folder).await;
    for (table, rows) in [("tidegate_marker", MEMBERS * EVENTS), ("tidegate_outbox", 0)] {
        let count = sqlx::query(sqlx::AssertSqlSafe(format!("select count(*) from {table}")));
        let found: i64 = count.fetch_one(store.reader()).await.unwrap().get(0);
        assert_eq!(found, i64::from(rows), "{table}");
    }
}

/// Each of them finds no file, wants WAL, and makes the tables.
#[tokio::test(flavor = "multi_thread")]
async fn members_that_start_together_make_the_file_together() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let mut starting = JoinSet::new();
        for number in 0..8 {
            let path = path.clone();
            starting.spawn(async move {
                let store = SqliteInbox::open(path).await.unwrap();
                store.prepare().await.unwrap();
                Member::start(store, number).await.handle(0).await;
            });
        }
        starting.join_all().await;
    }
}
