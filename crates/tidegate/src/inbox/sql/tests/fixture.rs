//! A store with a table for effects, on either database.

use crate::delivery::{Delivery, Identified, InboxSlot};
use crate::event::EventId;
use crate::extract::FromDelivery;
use crate::headers::Headers;
use crate::inbox::sql::{SqlDatabase, SqlInbox, SqlSession, SqlTx, Statement};
use crate::inbox::{
    Claim, Claimed, Inbox, InboxDatabase, InboxSession, InboxStore, Marker, OutboxRow,
};
use crate::message::{NewRecord, Offset, Partition, Record, Timestamp, TopicName, TopicPartition};
use crate::policy::PolicyId;
use crate::router::endpoint::Routed;

/// The same tests on each database. A test that is not listed is unused code, which the compiler reports.
macro_rules! on_each_database {
    ($($test:ident),* $(,)?) => {
        #[cfg(feature = "sqlite")]
        mod sqlite {
            $(#[tokio::test] async fn $test() {
                super::$test(super::Fixture::<sqlx::Sqlite>::new().await).await;
            })*
        }

        #[cfg(feature = "postgres")]
        mod postgres {
            $(#[tokio::test] async fn $test() {
                super::$test(super::Fixture::<sqlx::Postgres>::new().await).await;
            })*
        }
    };
}
pub(super) use on_each_database;

/// A database that can be opened for a test.
pub(super) trait TestDatabase:
    SqlDatabase + InboxDatabase<Session = SqlSession<Self>, Tx = SqlTx<Self>>
{
    /// What must live as long as the store.
    type Place;

    /// A store in a new database.
    async fn open() -> (SqlInbox<Self>, Self::Place);
}

#[cfg(feature = "sqlite")]
impl TestDatabase for sqlx::Sqlite {
    type Place = tempfile::TempDir;

    async fn open() -> (SqlInbox<Self>, Self::Place) {
        let folder = tempfile::tempdir().unwrap();
        (SqlInbox::<Self>::open(folder.path().join("t.db")).await.unwrap(), folder)
    }
}

#[cfg(feature = "postgres")]
impl TestDatabase for sqlx::Postgres {
    /// Its URL.
    type Place = String;

    async fn open() -> (SqlInbox<Self>, Self::Place) {
        let url = test_servers::LocalPostgres::shared().database();
        (SqlInbox::<Self>::open(&url).await.unwrap(), url)
    }
}

pub(super) struct Fixture<D: TestDatabase> {
    pub(super) store: SqlInbox<D>,
    pub(super) epoch: i64,
    pub(super) _place: D::Place,
}

pub(super) fn partition() -> TopicPartition {
    TopicPartition::new(TopicName::new("orders").unwrap(), Partition(1))
}

impl<D: TestDatabase> Fixture<D> {
    pub(super) async fn new() -> Self {
        let (store, place) = D::open().await;
        store.prepare().await.unwrap();
        let epoch = store.own("g", &partition()).await.unwrap();
        let fixture = Self { store, epoch, _place: place };
        fixture.execute("create table effect (id text)").await;
        fixture
    }

    pub(super) async fn execute(&self, sql: &'static str) {
        let mut connection = self.store.writer().acquire().await.unwrap();
        Statement::<D>::new(sql).run(&mut connection).await.unwrap();
    }

    pub(super) fn claim(&self, id: &str) -> Claim {
        Claim {
            group: "g".into(),
            handler: "h".into(),
            event_id: EventId::new(id),
            partition: partition(),
            owner_epoch: self.epoch,
        }
    }

    pub(super) async fn fresh(&self, id: &str) -> Box<dyn InboxSession> {
        match self.store.claim(self.claim(id)).await.unwrap() {
            Claimed::Fresh(session) => session,
            other => panic!("not fresh: {other:?}"),
        }
    }

    pub(super) async fn marker(&self, id: &str) -> Option<Marker> {
        self.store.marker("g", "h", &EventId::new(id)).await.unwrap()
    }

    pub(super) async fn effects(&self) -> usize {
        let mut connection = self.store.reader().acquire().await.unwrap();
        Statement::<D>::new("select id from effect").rows(&mut connection).await.unwrap().len()
    }
}

pub(super) fn delivery(session: Box<dyn InboxSession>) -> Delivery {
    let record = Record {
        topic: partition().topic,
        partition: partition().partition,
        offset: Offset(0),
        timestamp: Timestamp(0),
        key: None,
        value: None,
        headers: Headers::new(),
    };
    let routed = Routed {
        policy: PolicyId::default(),
        handler: "h".into(),
        event_type: "t".into(),
        event_id: EventId::new("e"),
        correlation_id: "c".into(),
    };
    Delivery {
        identified: Identified::new(record, routed, "g".into()).into(),
        attempt: 1,
        inbox: InboxSlot::new(Some(session)),
        dead: None,
        ours: crate::delivery::Ours::default(),
    }
}

/// What a handler does: takes its inbox, writes its effect, and lets go.
pub(super) async fn effect<D: TestDatabase>(
    session: Box<dyn InboxSession>,
    id: &str,
) -> Box<dyn InboxSession> {
    let delivery = delivery(session);
    {
        let mut tx = Inbox::<D>::from_delivery(&delivery, &()).await.unwrap();
        let insert = Statement::<D>::new("insert into effect values ($1)").text(id);
        insert.run(tx.connection().await.unwrap()).await.unwrap();
    }
    delivery.inbox.take().unwrap()
}

pub(super) fn row(ordinal: u32, value: &'static str) -> OutboxRow {
    let record = NewRecord::new(TopicName::new("out").unwrap()).value(value).header("a", "1");
    OutboxRow { ordinal, record }
}
