//! Chaos over routes that are not ours: what it lets through, what it refuses by name, and how it tells of a failure.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tidegate::prelude::*;
use tidegate::testing::chaos::{Model, Rng, Rows, chaos};

#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Order {
    pub(crate) id: String,
}

impl Event for Order {
    const TYPE: &'static str = "order.created";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
}

pub(crate) fn order(rng: &mut Rng) -> Order {
    Order { id: rng.id() }
}

/// What chaos said when it failed.
pub(crate) fn failure(run: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let panic = catch_unwind(run).expect_err("this must be refused");
    panic.downcast_ref::<String>().cloned().expect("a panic with a text")
}

pub(crate) async fn waits(Payload(order): Payload<Order>) {
    tokio::time::sleep(Duration::from_millis(order.id.len() as u64)).await;
}

/// One bad record in a batch, one outcome for each; then one for all.
async fn batched(batch: Batch<Order>) -> Vec<Result<(), Permanent>> {
    tokio::time::sleep(Duration::from_millis(batch.len() as u64)).await;
    let bad = |order: &Order| order.id.ends_with('7');
    let each = |order: &Order| if bad(order) { Err(Permanent::new("bad")) } else { Ok(()) };
    batch.iter().map(|record| each(&record.payload)).collect()
}

async fn batched_as_a_whole(batch: Batch<Order>) -> Result<(), Permanent> {
    tokio::time::sleep(Duration::from_millis(3)).await;
    let bad = batch.iter().any(|record| record.payload.id.ends_with('7'));
    if bad { Err(Permanent::new("one of them is bad")) } else { Ok(()) }
}

#[test]
fn batches_get_through() {
    chaos(0..300, || Topic::json("orders").on_batch(10, batched), order);
    chaos(0..300, || Topic::json("orders").on_batch(10, batched_as_a_whole), order);
}

/// Few keys, so that each holds up others; those of one are bad.
fn of_few_keys(rng: &mut Rng) -> Order {
    Order { id: rng.id().pop().map(String::from).unwrap_or_default() }
}

/// An operator lets keys go, also where others hold them.
#[test]
fn routes_that_hold_their_keys_get_through() {
    let holding = || {
        let routes = Topic::json("orders").on_batch(10, batched);
        routes.after_dead_letter(AfterDeadLetter::HoldKey)
    };
    chaos(0..300, holding, of_few_keys);
}

async fn stores(Payload(order): Payload<Order>, mut tx: Inbox<Model>) {
    let rows: &mut Rows = &mut tx;
    rows.put(&order.id, "accepted");
}

#[test]
fn handlers_that_wait_or_store_get_through() {
    chaos(0..30, || Topic::json("orders").on(waits), order);
    chaos(0..30, || Topic::json("orders").on(stores), order);
}

async fn asks_another_thread(Payload(_): Payload<Order>) {
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(1));
        let _: Result<(), ()> = tell.send(());
    });
    told.await.expect("an answer");
}

pub(crate) async fn opens_a_socket(Payload(_): Payload<Order>) {
    let _: std::io::Result<_> = tokio::net::TcpStream::connect("127.0.0.1:9").await;
}

async fn never_ends(Payload(_): Payload<Order>) {
    std::future::pending::<()>().await;
}

#[test]
fn other_io_is_refused_with_the_handlers_name() {
    let said = failure(|| {
        chaos(0..5, || Topic::json("orders").on(asks_another_thread).named("asks"), order);
    });
    // Whichever is noticed first: this world's time does not wait for another thread.
    let noticed = said.contains("woken by another") || said.contains("did not end within");
    assert!(said.contains("handler `asks`") && noticed, "{said}");
    let said =
        failure(|| chaos(0..5, || Topic::json("orders").on(opens_a_socket).named("opens"), order));
    assert!(said.contains("handler `opens` opens a socket or a file"), "{said}");
    let said =
        failure(|| chaos(0..5, || Topic::json("orders").on(never_ends).named("never"), order));
    assert!(said.contains("handler `never` did not end within 30s"), "{said}");
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Other;

impl Event for Other {
    const TYPE: &'static str = "other";
    fn key(&self) -> Key<'_> {
        Key::from("k")
    }
}

#[test]
fn an_event_that_nobody_handles_is_refused() {
    let said = failure(|| chaos(0..1, || Topic::json("orders").on(waits), |_| Other));
    assert!(said.contains("the routes handle no `other`"), "{said}");
}

/// What a failure says: the seed, what did not hold, the steps, and the command that tells them.
#[test]
fn a_failure_names_its_seed_and_the_command_that_tells_it() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    async fn ends_no_more(Payload(_): Payload<Order>) {
        if CALLS.fetch_add(1, Ordering::Relaxed) > 100 {
            std::future::pending::<()>().await;
        }
    }
    let said =
        failure(|| chaos(7..8, || Topic::json("orders").on(ends_no_more).named("ends"), order));
    assert!(said.contains("TIDEGATE_SEED=7 cargo test"), "{said}");
    assert!(said.contains("handler `ends`"), "{said}");
}

async fn emits_for_ever(Payload(order): Payload<Order>) -> Emit<Order> {
    Emit::to("orders", order)
}

#[test]
fn routes_without_an_end_are_refused() {
    let said = failure(|| chaos(0..1, || Topic::json("orders").on(emits_for_ever), order));
    assert!(said.contains("refused") && said.contains("emit to `orders`"), "{said}");
}
