//! Reads companions for the driver: what waits, as it is restored and while others write; and single records, as they are due.
//!
//! ```text
//!   Restore ─▶ a task for each companion ─ followers ─▶ notes ─▶ driver ─▶ Noted        until the ownership ends
//!   Recall ──▶ a task for each partition ── batch of ─▶ entries ─▶ driver ─▶ Recalled
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};

use crate::companion::entry::{Brief, Entry, EntryId, Found, Scribe};
use crate::companion::tail::Chunk;
use crate::consumer::core::{Delivered, Note, Noted, Stamp};
use crate::consumer::runtime::entries;
use crate::consumer::runtime::followers::{AGAIN, Followers};
use crate::consumer::runtime::intake::hash;
use crate::consumer::runtime::recaller::Recalls;
use crate::consumer::runtime::shop::Shop;
use crate::consumer::runtime::tenure::Tenure;
use crate::headers::names;
use crate::message::{Offset, Record, TopicName, TopicPartition};

/// So many chunks wait for the driver.
const QUEUE: usize = 4;

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
    /// Who is told what else to follow, by companion.
    followers: BTreeMap<TopicName, mpsc::UnboundedSender<Reader>>,
    tails: JoinSet<()>,
    recalls: Recalls,
}

impl Companions {
    pub(super) fn new() -> Self {
        let (sender, news) = mpsc::channel(QUEUE);
        let (tails, recalls) = (JoinSet::new(), Recalls::default());
        Self { sender, news, followers: BTreeMap::new(), tails, recalls }
    }

    /// Reads a companion from its start, and on.
    pub(super) fn restore(&mut self, shop: &Arc<Shop>, tenure: &Arc<Tenure>) {
        let Some(scribe) = shop.schedules.get(&tenure.partition.topic) else { return };
        let reader = Reader::new(shop, tenure, scribe, &self.sender);
        let tails = &mut self.tails;
        let follow = self.followers.entry(scribe.companion.clone()).or_insert_with(|| {
            let (sender, more) = mpsc::unbounded_channel();
            let followers = Followers::new(shop.clone(), scribe.companion.clone(), more);
            tails.spawn(shop.clock.gated(followers.follow()));
            sender
        });
        // It ends when the service does, and when something cannot be read, which ends the service.
        let _ = follow.send(reader);
    }

    /// Reads one entry, with the others that are asked for meanwhile.
    pub(super) fn recall(
        &mut self,
        shop: &Arc<Shop>,
        tenure: &Arc<Tenure>,
        origin: Offset,
        at: Offset,
    ) {
        let Some(scribe) = shop.schedules.get(&tenure.partition.topic) else { return };
        self.recalls.ask(Reader::new(shop, tenure, scribe, &self.sender), at, origin);
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
            self.recalls.begin();
            tokio::select! {
                biased;
                Some(news) = self.news.recv() => return Ok(news),
                Some(ended) = self.recalls.ended() => ended?,
                Some(ended) = self.tails.join_next(), if !self.tails.is_empty() => ended?,
            }
        }
    }

    /// Whether nothing is on its way.
    #[cfg(feature = "testing")]
    pub(super) fn idle(&self) -> bool {
        self.recalls.is_idle() && self.news.is_empty()
    }

    pub(super) async fn shutdown(&mut self) {
        self.tails.shutdown().await;
        self.recalls.shutdown().await;
    }
}

/// What one partition of a companion says to one ownership of its source.
#[derive(Clone)]
pub(super) struct Reader {
    pub(super) shop: Arc<Shop>,
    pub(super) tenure: Arc<Tenure>,
    pub(super) scribe: Scribe,
    pub(super) companion: TopicPartition,
    pub(super) news: mpsc::Sender<News>,
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

    /// Where it reads.
    pub(super) fn place(&self) -> &TopicPartition {
        &self.companion
    }

    /// Whether its ownership has ended.
    pub(super) fn is_over(&self) -> bool {
        self.tenure.over.is_cancelled()
    }

    /// The log cannot be read now. Whether anybody listens.
    pub(super) async fn unread(&self, message: String) -> bool {
        self.news.send(News::Unread { tenure: self.tenure.clone(), message }).await.is_ok()
    }

    /// Tells what the log says. Whether to go on.
    pub(super) async fn tell(&self, chunk: Chunk) -> bool {
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

    /// Nobody can go on.
    pub(super) async fn broken(&self, reason: String) -> bool {
        let _ = self.news.send(News::Broken { reason }).await;
        false
    }

    /// What a record of the companion says; nothing when this ownership has written it, or another group.
    fn note(&self, record: &Record) -> Result<Option<Note>, String> {
        if record.headers.text(names::RETRY_WRITER) == Some(self.tenure.writer()) {
            return Ok(None);
        }
        let at = record.offset;
        match self.scribe.brief(record).map_err(|error| error.to_string())? {
            Found::Entry(entry) => Ok(Some(Note::Entry(self.noted(&entry, at)))),
            Found::Tombstone(EntryId { origin, stamp }) => Ok(Some(Note::Struck { origin, stamp })),
            Found::Foreign { group } => {
                tracing::warn!(companion = %self.companion, offset = at.0, %group, "another group writes into this schedule: ignored");
                Ok(None)
            }
        }
    }

    fn noted(&self, entry: &Brief, at: Offset) -> Noted {
        let policy = self.shop.endpoint.policy(&entry.record);
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
            topic_id: entry.topic_id,
        }
    }

    async fn strike_void(self, void: Vec<(Offset, Stamp)>) {
        let strike =
            || entries::strike(&self.shop, &self.tenure, &self.scribe, void.iter().copied());
        while let Err(error) = strike().await {
            self.unread(format!("what is void cannot be struck: {error}")).await;
            self.shop.clock.sleep(AGAIN).await;
        }
        let _ = self.news.send(News::VoidStruck { tenure: self.tenure, entries: void }).await;
    }
}
