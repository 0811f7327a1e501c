//! Reads companions for the driver: what waits, as it is restored and while others write; and single records, as they are due.
//!
//! ```text
//!   Restore ─▶ a task for each ownership ─ Tail ─▶ notes ─▶ driver ─▶ Noted        until the ownership ends
//!   Recall ──▶ a task for each record ─── fetch ─▶ entry ─▶ driver ─▶ Recalled
//! ```

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};

use crate::broker::{BrokerError, FetchLimit};
use crate::companion::entry::{Entry, EntryId, Found, Scribe};
use crate::companion::tail::{Chunk, Tail};
use crate::consumer::core::{Delivered, Note, Noted, Stamp};
use crate::consumer::runtime::entries;
use crate::consumer::runtime::intake::hash;
use crate::consumer::runtime::shop::Shop;
use crate::consumer::runtime::tenure::Tenure;
use crate::headers::names;
use crate::message::{Offset, Record, TopicPartition};

/// So many chunks wait for the driver.
const QUEUE: usize = 4;

/// Between two tries to read on.
pub(super) const AGAIN: Duration = Duration::from_secs(1);

/// What a companion's reader brings.
pub(super) enum News {
    /// What the log says.
    Noted { tenure: Arc<Tenure>, notes: Vec<Note>, next: Offset, caught_up: bool },
    /// Entries that count for nobody are gone.
    VoidStruck { tenure: Arc<Tenure>, entries: Vec<(Offset, Stamp)> },
    /// The log cannot be read now.
    Unread { tenure: Arc<Tenure>, message: String },
    /// One entry, or why it cannot be read now.
    Recalled { tenure: Arc<Tenure>, origin: Offset, found: Result<Box<Entry>, String> },
    /// Something stands there that cannot be read: who goes on without it may break the order of a key.
    Broken { reason: String },
}

/// All readers of a driver.
pub(super) struct Companions {
    sender: mpsc::Sender<News>,
    news: mpsc::Receiver<News>,
    tails: JoinSet<()>,
    recalls: JoinSet<()>,
}

impl Companions {
    pub(super) fn new() -> Self {
        let (sender, news) = mpsc::channel(QUEUE);
        Self { sender, news, tails: JoinSet::new(), recalls: JoinSet::new() }
    }

    /// Reads a companion from its start, and on.
    pub(super) fn restore(&mut self, shop: &Arc<Shop>, tenure: &Arc<Tenure>) {
        let Some(scribe) = shop.schedules.get(&tenure.partition.topic) else { return };
        let reader = Reader::new(shop, tenure, scribe, &self.sender);
        let over = tenure.over.clone();
        self.tails.spawn(shop.clock.gated(async move {
            let _ = over.run_until_cancelled(reader.follow()).await;
        }));
    }

    /// Reads one entry.
    pub(super) fn recall(
        &mut self,
        shop: &Arc<Shop>,
        tenure: &Arc<Tenure>,
        origin: Offset,
        at: Offset,
    ) {
        let Some(scribe) = shop.schedules.get(&tenure.partition.topic) else { return };
        let reader = Reader::new(shop, tenure, scribe, &self.sender);
        let over = tenure.over.clone();
        self.recalls.spawn(shop.clock.gated(async move {
            let _ = over.run_until_cancelled(reader.recall(origin, at)).await;
        }));
    }

    /// Strikes what is void.
    pub(super) fn strike_void(
        &mut self,
        shop: &Arc<Shop>,
        tenure: &Arc<Tenure>,
        void: Vec<(Offset, Stamp)>,
    ) {
        let Some(scribe) = shop.schedules.get(&tenure.partition.topic) else { return };
        let reader = Reader::new(shop, tenure, scribe, &self.sender);
        let over = tenure.over.clone();
        self.tails.spawn(shop.clock.gated(async move {
            let _ = over.run_until_cancelled(reader.strike_void(void)).await;
        }));
    }

    /// The next news. Cancel safe.
    pub(super) async fn next(&mut self) -> Result<News, JoinError> {
        loop {
            tokio::select! {
                biased;
                Some(news) = self.news.recv() => return Ok(news),
                Some(ended) = self.recalls.join_next(), if !self.recalls.is_empty() => ended?,
                Some(ended) = self.tails.join_next(), if !self.tails.is_empty() => ended?,
            }
        }
    }

    /// Whether nothing is on its way.
    #[cfg(feature = "testing")]
    pub(super) fn idle(&self) -> bool {
        self.recalls.is_empty() && self.news.is_empty()
    }

    pub(super) async fn shutdown(&mut self) {
        self.tails.shutdown().await;
        self.recalls.shutdown().await;
    }
}

/// Reads one partition of a companion for one ownership of its source.
struct Reader {
    shop: Arc<Shop>,
    tenure: Arc<Tenure>,
    scribe: Scribe,
    companion: TopicPartition,
    news: mpsc::Sender<News>,
}

impl Reader {
    fn new(
        shop: &Arc<Shop>,
        tenure: &Arc<Tenure>,
        scribe: &Scribe,
        news: &mpsc::Sender<News>,
    ) -> Self {
        let companion = TopicPartition::new(scribe.companion.clone(), tenure.partition.partition);
        Self {
            shop: shop.clone(),
            tenure: tenure.clone(),
            scribe: scribe.clone(),
            companion,
            news: news.clone(),
        }
    }

    /// Ends when nobody listens any more, or when there is something that cannot be read.
    async fn follow(self) {
        let mut tail = Tail::new(self.shop.broker.clone(), self.companion.clone());
        loop {
            let told = match tail.next().await {
                Ok(chunk) => self.tell(chunk).await,
                Err(error) if error.is_final() => self.broken(error.to_string()).await,
                Err(error) => self.again(error.to_string()).await,
            };
            if !told {
                return;
            }
        }
    }

    async fn again(&self, message: String) -> bool {
        let told = self.news.send(News::Unread { tenure: self.tenure.clone(), message }).await;
        self.shop.clock.sleep(AGAIN).await;
        told.is_ok()
    }

    async fn tell(&self, chunk: Chunk) -> bool {
        let Chunk { records, next, caught_up } = chunk;
        let mut notes = Vec::with_capacity(records.len());
        for record in &records {
            match self.note(record) {
                Ok(note) => notes.extend(note),
                Err(reason) => return self.broken(reason).await,
            }
        }
        let news = News::Noted { tenure: self.tenure.clone(), notes, next, caught_up };
        self.news.send(news).await.is_ok()
    }

    async fn broken(&self, reason: String) -> bool {
        let _ = self.news.send(News::Broken { reason }).await;
        false
    }

    /// What a record of the companion says; nothing when this ownership has written it, or another group.
    fn note(&self, record: &Record) -> Result<Option<Note>, String> {
        if record.headers.text(names::RETRY_WRITER) == Some(self.tenure.writer()) {
            return Ok(None);
        }
        let at = record.offset;
        match self.scribe.read(record).map_err(|error| error.to_string())? {
            Found::Entry(entry) => Ok(Some(Note::Entry(self.noted(&entry, at)))),
            Found::Tombstone(EntryId { origin, stamp }) => Ok(Some(Note::Struck { origin, stamp })),
            Found::Foreign { group } => {
                tracing::warn!(companion = %self.companion, offset = at.0, %group, "another group writes into this schedule: ignored");
                Ok(None)
            }
        }
    }

    fn noted(&self, entry: &Entry, at: Offset) -> Noted {
        let policy = self.shop.endpoint.route(&entry.record).policy;
        let record = Delivered {
            offset: entry.id.origin,
            size: entry.record.footprint(),
            policy,
            key: entry.record.key.as_deref().map(hash),
        };
        Noted {
            record,
            stamp: entry.id.stamp,
            at,
            due: entry.due,
            delay: entry.delay,
            hold: entry.hold,
        }
    }

    async fn strike_void(self, void: Vec<(Offset, Stamp)>) {
        let strike =
            || entries::strike(&self.shop, &self.tenure, &self.scribe, void.iter().copied());
        while let Err(error) = strike().await {
            self.again(format!("what is void cannot be struck: {error}")).await;
        }
        let _ = self.news.send(News::VoidStruck { tenure: self.tenure, entries: void }).await;
    }

    async fn recall(self, origin: Offset, at: Offset) {
        let found = self.entry(origin, at).await;
        let _ = self.news.send(News::Recalled { tenure: self.tenure, origin, found }).await;
    }

    async fn entry(&self, origin: Offset, at: Offset) -> Result<Box<Entry>, String> {
        let limit = FetchLimit { records: 1, ..FetchLimit::default() };
        let fetched = self.shop.broker.fetch(self.companion.clone(), at, limit).await;
        let fetched = fetched.map_err(|error: BrokerError| error.to_string())?;
        let Some(record) = fetched.records.first().filter(|record| record.offset == at) else {
            return Err(format!("{} has no record at offset {at} any more", self.companion));
        };
        match self.scribe.read(record).map_err(|error| error.to_string())? {
            Found::Entry(entry) if entry.id.origin == origin => Ok(entry),
            _ => Err(format!("{} has another record at offset {at}", self.companion)),
        }
    }
}
