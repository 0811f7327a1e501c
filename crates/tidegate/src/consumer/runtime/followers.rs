//! Follows the owned partitions of one companion: all of them with one question at a time, so that a cluster is asked by one client.
//!
//! ```text
//!   ask ─▶ answer ─▶ ask ─▶ answer ─▶ ask ...       where each partition is, is known before what it says is read
//!                └▶ read, told ──┘└▶ read, told ──┘
//! ```
//!
//! Reading what was answered and waiting for the next answer go on side by side: one answer is ahead at most.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::broker::{BrokerError, FetchLimit, Fetched};
use crate::companion::tail::{Chunk, Tail, TailError};
use crate::consumer::runtime::companions::Reader;
use crate::consumer::runtime::shop::Shop;
use crate::message::{Offset, Partition, TopicName};

/// Between two tries to read on.
pub(super) const AGAIN: Duration = Duration::from_secs(1);

/// The partitions, the one that was answered last behind all others.
pub(super) struct Followers {
    shop: Arc<Shop>,
    companion: TopicName,
    more: mpsc::UnboundedReceiver<Reader>,
    followed: Vec<Followed>,
}

/// One of them.
struct Followed {
    reader: Arc<Reader>,
    tail: Tail,
    /// It could not be read: not before then.
    again: Option<Duration>,
}

/// What is to be told.
enum Telling {
    Chunk(Arc<Reader>, Chunk),
    Unread(Arc<Reader>, TailError),
    Broken(Arc<Reader>, TailError),
}

/// What became of a question.
enum Heard {
    More(Option<Reader>),
    /// Of the partition at this place: it has begun, or it has not.
    Begun(usize, Result<Option<Chunk>, TailError>),
    Answers(Vec<(Partition, Result<Fetched, BrokerError>)>),
    Awake,
}

impl Followers {
    pub(super) fn new(
        shop: Arc<Shop>,
        companion: TopicName,
        more: mpsc::UnboundedReceiver<Reader>,
    ) -> Self {
        Self { shop, companion, more, followed: Vec::new() }
    }

    /// Ends when nobody listens any more, or when there is something that cannot be read.
    pub(super) async fn follow(mut self) {
        let mut telling = Vec::new();
        loop {
            self.followed.retain(|followed| !followed.reader.is_over());
            // The question is on its way before the last answer is read.
            let (heard, told) = tokio::join!(biased; self.hear(), tell(telling));
            if !told {
                return;
            }
            telling = match heard {
                Heard::More(Some(reader)) => self.add(reader),
                Heard::More(None) => return,
                Heard::Begun(at, begun) => self.note(at, begun).into_iter().collect(),
                Heard::Answers(answers) => self.take(answers),
                Heard::Awake => Vec::new(),
            };
        }
    }

    fn add(&mut self, reader: Reader) -> Vec<Telling> {
        // An older ownership of the same partition has ended, or is about to.
        self.followed.retain(|followed| followed.reader.place() != reader.place());
        let tail = Tail::new(self.shop.broker.clone(), reader.place().clone());
        self.followed.push(Followed { reader: Arc::new(reader), tail, again: None });
        Vec::new()
    }

    /// The next that happens. What is dropped of it is asked again.
    async fn hear(&mut self) -> Heard {
        let now = self.shop.clock.elapsed();
        for followed in &mut self.followed {
            followed.again = followed.again.filter(|again| *again > now);
        }
        let again = self.followed.iter().filter_map(|followed| followed.again).min();
        let (from, limit) = self.question();
        let new = |followed: &Followed| followed.again.is_none() && followed.tail.wants().is_none();
        let begins = self.followed.iter().position(new);
        let (shop, companion, followed) = (&self.shop, &self.companion, &mut self.followed);
        let begin = async {
            match begins {
                Some(at) => Heard::Begun(at, followed[at].tail.begin().await),
                None if from.is_empty() => std::future::pending().await,
                None => Heard::Answers(shop.broker.fetch_any(companion.clone(), from, limit).await),
            }
        };
        tokio::select! {
            biased;
            more = self.more.recv() => Heard::More(more),
            () = shop.clock.sleep_until(again.unwrap_or_default()), if again.is_some() => Heard::Awake,
            heard = begin => heard,
        }
    }

    /// Who is asked for, and how much. As long as one has more to read at once, nobody waits at an end.
    fn question(&self) -> (Vec<(Partition, Offset)>, FetchLimit) {
        let awake = self.followed.iter().filter(|followed| followed.again.is_none());
        let wants: Vec<_> = awake.filter_map(|followed| followed.tail.wants()).collect();
        let limit = wants.iter().map(|(_, _, limit)| *limit).min_by_key(|limit| limit.wait);
        let from = wants.into_iter().map(|(number, from, _)| (number, from)).collect();
        (from, limit.unwrap_or_default())
    }

    fn take(&mut self, answers: Vec<(Partition, Result<Fetched, BrokerError>)>) -> Vec<Telling> {
        let mut telling = Vec::with_capacity(answers.len());
        for (number, answer) in answers {
            let of = |followed: &Followed| followed.reader.place().partition == number;
            let Some(at) = self.followed.iter().position(of) else { continue };
            // Whoever has much to say does not keep the others from being heard.
            let followed = self.followed.remove(at);
            self.followed.push(followed);
            let last = self.followed.len() - 1;
            let heard = self.followed[last].tail.heard(answer);
            telling.extend(self.note(last, heard));
        }
        telling
    }

    fn note(&mut self, at: usize, heard: Result<Option<Chunk>, TailError>) -> Option<Telling> {
        let followed = &mut self.followed[at];
        let reader = followed.reader.clone();
        match heard {
            Ok(chunk) => chunk.map(|chunk| Telling::Chunk(reader, chunk)),
            Err(error) if error.is_final() => Some(Telling::Broken(reader, error)),
            Err(error) => {
                followed.again = Some(self.shop.clock.elapsed().saturating_add(AGAIN));
                Some(Telling::Unread(reader, error))
            }
        }
    }
}

/// Whether to go on.
async fn tell(telling: Vec<Telling>) -> bool {
    for what in telling {
        let told = match what {
            Telling::Chunk(reader, chunk) => reader.tell(chunk).await,
            Telling::Unread(reader, error) => reader.unread(error.to_string()).await,
            Telling::Broken(reader, error) => reader.broken(error.to_string()).await,
        };
        if !told {
            return false;
        }
    }
    true
}
