//! A member of the group, in a process of its own: what it does, it writes down.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use tidegate::broker::kafka::{Assignor, GroupProtocol, KafkaOptions};
use tidegate::class::{Class, Classify};
use tidegate::events::RuntimeEvent;
use tidegate::prelude::*;
use tidegate::service::CreateTopics;

use crate::ledger::{Attempt as Try, Pen, What, now};

/// The variable that tells the process what it is.
pub(crate) const HOW: &str = "FLEET_MEMBER";

/// Records and bytes that a member takes in before they are settled.
pub(crate) const BUFFER: (usize, usize) = (10_000, 32 << 20);

/// Which way partitions are shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Sharing {
    Cooperative,
    Eager,
    Kip848,
}

/// How a member is made: its own settings where a bound depends on them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct How {
    pub(crate) address: String,
    /// Of the topic, and of the group.
    pub(crate) name: String,
    pub(crate) ledger: PathBuf,
    pub(crate) sharing: Sharing,
    /// `Order::Partition`, or else `Order::Key`.
    pub(crate) by_partition: bool,
    pub(crate) concurrency: usize,
    pub(crate) session: Duration,
    pub(crate) max_poll: Duration,
    pub(crate) drain: Duration,
    /// Some of the messages fail at first, and retries wait in the schedule.
    pub(crate) scheduled: bool,
    /// Until then, in microseconds of the clock that all have in common, every message fails.
    pub(crate) storm: u64,
}

/// A message: of its key the so-manyth, and how long it takes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Numbered {
    pub(crate) key: u32,
    pub(crate) number: u32,
    pub(crate) takes: u64,
}

impl Event for Numbered {
    const TYPE: &'static str = "numbered";
    fn key(&self) -> Key<'_> {
        Key::NONE // the parent publishes records: it gives each its key
    }
}

/// What this process writes with.
#[derive(Debug, Clone)]
struct Book {
    pen: Arc<Pen>,
    next: Arc<AtomicU64>,
    fails: bool,
    storm: u64,
}

/// Written when it is dropped: a handler that does not come to its end says so, too.
struct Page<'a> {
    book: &'a Book,
    attempt: Try,
    whole: bool,
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        let what = if self.whole { What::End(self.attempt) } else { What::Cut(self.attempt) };
        self.book.pen.write(std::process::id(), what);
    }
}

#[derive(Debug, thiserror::Error)]
#[error("fails at first")]
struct AtFirst;

impl Classify for AtFirst {
    fn class(&self) -> Class {
        Class::Transient
    }
}

impl Numbered {
    /// Every seventh message of every fourth key fails twice.
    fn fails(self, attempt: u32) -> bool {
        self.key.is_multiple_of(4) && self.number % 7 == 3 && attempt <= 2
    }
}

async fn work(
    Payload(message): Payload<Numbered>,
    meta: Meta,
    Attempt(tried): Attempt,
    State(book): State<Book>,
) -> Result<(), AtFirst> {
    let attempt = Try {
        seq: book.next.fetch_add(1, Ordering::Relaxed),
        partition: meta.partition.0,
        offset: meta.offset.0,
        key: message.key,
        number: message.number,
    };
    if now() < book.storm || book.fails && message.fails(tried) {
        book.pen.write(std::process::id(), What::Failed(attempt));
        return Err(AtFirst);
    }
    book.pen.write(std::process::id(), What::Begin(attempt));
    let mut page = Page { book: &book, attempt, whole: false };
    tokio::time::sleep(Duration::from_millis(message.takes)).await;
    page.whole = true;
    Ok(())
}

/// The process, to its end: SIGTERM, or whatever is done to it.
pub(crate) fn live() {
    let how: How = serde_json::from_str(&std::env::var(HOW).unwrap()).unwrap();
    std::thread::spawn(end_with_the_parent);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(service(&how).run()).unwrap();
}

/// The parent holds the other end of the pipe for as long as it lives.
fn end_with_the_parent() {
    let _nothing = std::io::stdin().read_to_end(&mut Vec::new());
    std::process::exit(1);
}

fn service(how: &How) -> Service<StartFrom> {
    let pen = Arc::new(Pen::open(&how.ledger));
    let book = Book { pen, next: Arc::default(), fails: how.scheduled, storm: how.storm };
    let order = if how.by_partition { Order::Partition } else { Order::Key };
    let pen = book.pen.clone();
    let service = Service::new(&how.name, Broker::kafka(options(how)).unwrap());
    let service = match how.sharing {
        // The group has one of its own, which the service finds out: the default is far longer.
        Sharing::Kip848 => service,
        Sharing::Cooperative | Sharing::Eager => service.session_timeout(how.session),
    };
    let service =
        if how.scheduled { service.retry_topics("{topic}.{group}.retry") } else { service };
    let retry = Retry::exponential(Duration::from_millis(200), Duration::from_secs(1));
    let retry = retry.attempts(1_000).in_place(0);
    service
        .start_from(StartFrom::Earliest)
        .create_topics(CreateTopics::Always { partitions: 1 }) // the source is there
        .concurrency(how.concurrency)
        .buffer(BUFFER.0, BUFFER.1)
        .max_poll_interval(how.max_poll)
        .drain(how.drain)
        .observe(move |event| note(&pen, event))
        .route(Topic::json(&how.name).on(work).order(order).retry(retry).with_state(book))
}

fn options(how: &How) -> KafkaOptions {
    let options = KafkaOptions::new(&how.address);
    match how.sharing {
        Sharing::Cooperative => options,
        Sharing::Eager => options.assignor(Assignor::RoundRobin),
        Sharing::Kip848 => options.group_protocol(GroupProtocol::Consumer),
    }
}

fn note(pen: &Pen, event: &RuntimeEvent) {
    let Some(partition) = event.partition().map(|at| at.partition.0) else { return };
    let what = match event {
        RuntimeEvent::Started { .. } => What::Started { partition },
        RuntimeEvent::Ended { lost, .. } => What::Ended { partition, lost: *lost },
        _ => return,
    };
    pen.write(std::process::id(), what);
}
