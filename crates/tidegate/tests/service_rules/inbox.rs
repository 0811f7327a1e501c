//! Marker, effect and emitted events in one transaction: one effect, whatever happens between the steps.

use std::sync::Arc;

use tidegate::class::Class;
use tidegate::inbox::{InboxStore, SqlInbox};
use tidegate::message::{Partition, TopicPartition};
use tidegate::prelude::*;
use tidegate::testing::{Saw, TestService};

use crate::common::{Charged, Do, Ordered, Script, Scripted, committed, record};
use crate::flaky::Flaky;
use crate::stores::{Db, on_each_store};

/// A service that notes each order in a table, and emits.
pub(crate) struct Bench<D: Db> {
    pub(crate) store: SqlInbox<D>,
    pub(crate) flaky: Flaky,
    pub(crate) script: Arc<Script>,
    _place: D::Place,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum NoteError {
    #[error(transparent)]
    Scripted(#[from] Scripted),
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
}

impl Classify for NoteError {
    fn class(&self) -> Class {
        match self {
            Self::Scripted(scripted) => scripted.class(),
            Self::Database(_) => Class::Outage("database"),
        }
    }
}

pub(crate) async fn note<D: Db>(
    Payload(order): Payload<Ordered>,
    State(script): State<Arc<Script>>,
    attempt: Attempt,
    mut tx: Inbox<D>,
) -> Result<Emit<Charged>, NoteError> {
    D::insert(&mut tx, "notes", &order.id).await?;
    script.play(&order.id, attempt.0).await?;
    Ok(Emit::to("payments", Charged { id: order.id }))
}

async fn note_late<D: Db>(
    Payload(order): Payload<Ordered>,
    State(script): State<Arc<Script>>,
    attempt: Attempt,
    mut tx: Inbox<D>,
) -> Result<Emit<Charged>, NoteError> {
    script.play(&order.id, attempt.0).await?;
    D::insert(&mut tx, "notes", &order.id).await?;
    Ok(Emit::to("payments", Charged { id: order.id }))
}

async fn note_failed<D: Db>(
    dead: DeadLetter<Ordered>,
    mut tx: Inbox<D>,
) -> Result<Emit<Charged>, NoteError> {
    D::insert(&mut tx, "failures", dead.key()).await?;
    Ok(Emit::to("failures", Charged { id: dead.key().to_owned() }))
}

pub(crate) type Routes = tidegate::router::TopicRouter<tidegate::codec::Json, Arc<Script>, Ordered>;

impl<D: Db> Bench<D> {
    pub(crate) async fn new(steps: &[Do]) -> Self {
        let (store, place) = D::open().await;
        store.prepare().await.unwrap();
        D::execute(&store, "create table notes (id text); create table failures (id text)").await;
        Self { store, flaky: Flaky::new(), script: Script::of(steps), _place: place }
    }

    pub(crate) async fn start(&self) -> TestService {
        self.start_with(Topic::json("orders").on(note::<D>).on_dead_letter(note_failed::<D>)).await
    }

    /// Its handler waits before its first statement, as no other could run meanwhile.
    pub(crate) async fn start_unordered(&self) -> TestService {
        let routes = Topic::json("orders").on(note_late::<D>).on_dead_letter(note_failed::<D>);
        self.start_with(routes.order(Order::None)).await
    }

    pub(crate) async fn start_with(&self, routes: Routes) -> TestService {
        let routes = routes.inbox(Arc::new(self.store.clone())).with_state(self.script.clone());
        TestService::builder(routes).broker(self.flaky.broker()).start().await
    }

    /// How many rows a table has.
    pub(crate) async fn rows(&self, table: &str) -> i64 {
        D::count(&self.store, table).await
    }
}

on_each_store!(
    effect_marker_and_emitted_event_come_together,
    rule_28_the_same_event_again_is_a_duplicate_without_an_effect,
    a_failed_attempt_leaves_no_effect,
    rule_28_killed_between_marker_and_dispatch_a_duplicate_sends_what_is_owed,
    rule_28_killed_between_the_marker_dead_and_dispatch_what_its_handler_emitted_is_sent,
    rule_4_killed_while_the_handler_runs_the_effect_happens_once,
    rule_10_a_fenced_owner_writes_nothing_and_commits_nothing,
    an_effect_of_a_dead_letter_handler_comes_with_the_marker,
);

async fn effect_marker_and_emitted_event_come_together<D: Db>() {
    let bench = Bench::<D>::new(&[]).await;
    let t = bench.start().await;
    t.publish_record(record("orders", "e-1", "a")).await;
    t.settled().await;
    assert_eq!(t.outcomes("e-1"), [Saw::Done]);
    assert_eq!(bench.rows("notes").await, 1);
    assert_eq!(t.emitted::<Charged>("payments").len(), 1);
    t.assert_conserved();
}

async fn rule_28_the_same_event_again_is_a_duplicate_without_an_effect<D: Db>() {
    let bench = Bench::<D>::new(&[]).await;
    let t = bench.start().await;
    t.publish_records(vec![record("orders", "e-1", "a"), record("orders", "e-1", "a")]).await;
    t.settled().await;
    assert_eq!(t.outcomes("e-1"), [Saw::Done, Saw::Duplicate]);
    assert_eq!((bench.rows("notes").await, bench.script.calls()), (1, 1));
    assert_eq!(t.emitted::<Charged>("payments").len(), 1);
    t.assert_conserved();
}

async fn a_failed_attempt_leaves_no_effect<D: Db>() {
    let bench = Bench::<D>::new(&[Do::Fail(Class::Transient), Do::Panic, Do::Work]).await;
    let t = bench.start().await;
    t.publish_record(record("orders", "e-1", "a")).await;
    t.settled().await;
    assert_eq!(t.outcomes("e-1"), [Saw::Retried, Saw::Retried, Saw::Done]);
    assert_eq!(bench.rows("notes").await, 1);
    t.assert_conserved();
}

async fn rule_28_killed_between_marker_and_dispatch_a_duplicate_sends_what_is_owed<D: Db>() {
    let bench = Bench::<D>::new(&[]).await;
    let mut t = bench.start().await;
    bench.flaky.break_topic("payments");
    t.publish_record(record("orders", "e-1", "a")).await;
    t.until("marked, not dispatched", |_| bench.flaky.refused() > 0).await;
    assert_eq!((bench.rows("notes").await, committed(&t).await.0), (1, 0));
    t.crash().await;
    bench.flaky.heal();
    t.settled().await;
    assert_eq!(t.outcomes("e-1"), [Saw::Duplicate]);
    assert_eq!((bench.rows("notes").await, bench.script.calls()), (1, 1));
    assert_eq!(t.emitted::<Charged>("payments").len(), 1);
    t.assert_conserved();
}

async fn rule_28_killed_between_the_marker_dead_and_dispatch_what_its_handler_emitted_is_sent<
    D: Db,
>() {
    let bench = Bench::<D>::new(&[Do::Fail(Class::Permanent)]).await;
    let mut t = bench.start().await;
    bench.flaky.break_topic("failures");
    t.publish_record(record("orders", "e-1", "a")).await;
    t.until("marked, not dispatched", |_| bench.flaky.refused() > 0).await;
    assert_eq!((bench.rows("failures").await, committed(&t).await.0), (1, 0));
    // Healed first: the next owner begins at once. This one waits for virtual time, which stands still.
    bench.flaky.heal();
    t.crash().await;
    t.settled().await;
    assert_eq!(t.outcomes("e-1"), [Saw::Skipped]);
    assert_eq!((bench.rows("failures").await, t.dead_letters().len()), (1, 1));
    assert_eq!(t.emitted::<Charged>("failures").len(), 1);
    t.assert_conserved();
}

async fn rule_4_killed_while_the_handler_runs_the_effect_happens_once<D: Db>() {
    let bench = Bench::<D>::new(&[Do::Hang, Do::Work]).await;
    let mut t = bench.start().await;
    t.publish_record(record("orders", "e-1", "a")).await;
    t.until("running", |_| bench.script.calls() == 1).await;
    t.crash().await;
    t.settled().await;
    assert_eq!(bench.rows("notes").await, 1);
    assert_eq!(t.emitted::<Charged>("payments").len(), 1);
    t.assert_conserved();
}

/// Somebody else takes the partition over in the store, while this service believes to own it.
async fn take_over(bench: &Bench<impl Db>) {
    let partition = TopicPartition::new("orders".try_into().unwrap(), Partition(0));
    bench.store.own("test", &partition).await.unwrap();
}

async fn rule_10_a_fenced_owner_writes_nothing_and_commits_nothing<D: Db>() {
    let bench = Bench::<D>::new(&[]).await;
    let mut t = bench.start().await;
    t.until("owned", |t| t.health().snapshot().assigned.len() == 3).await;
    take_over(&bench).await;
    t.publish_record(record("orders", "e-1", "a")).await;
    t.until("fenced", |t| t.health().snapshot().assigned.len() == 2).await;
    assert_eq!((bench.rows("notes").await, committed(&t).await.0), (0, 0));
    assert_eq!(t.records("payments"), []);
    t.restart().await;
    t.settled().await;
    assert_eq!(bench.rows("notes").await, 1, "the next owner does it");
    t.assert_conserved();
}

async fn an_effect_of_a_dead_letter_handler_comes_with_the_marker<D: Db>() {
    let bench = Bench::<D>::new(&[Do::Fail(Class::Permanent)]).await;
    let t = bench.start().await;
    t.publish_records(vec![record("orders", "e-1", "a"), record("orders", "e-1", "a")]).await;
    t.settled().await;
    assert_eq!(t.outcomes("e-1"), [Saw::Dead, Saw::Skipped], "rule 31");
    assert_eq!((bench.rows("notes").await, bench.rows("failures").await), (0, 1));
    assert_eq!((t.dead_letters().len(), t.emitted::<Charged>("failures").len()), (1, 1));
    t.assert_conserved();
}
