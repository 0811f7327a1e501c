//! Asks the cluster what the poll thread must not wait for: commits and bounds of new grants, bounds before a start.
//!
//! ```text
//!  asked ─▶ open: new ones in front ─▶ one try ─▶ answered: told
//!             ▲                           └ failed: behind all others, with more time the next time
//!             └───────────────────────────┘
//! ```
//!
//! A partition without a leader cannot be asked about for as long as that lasts. Nothing waits for it but itself.
//!
//! Between the questions it looks, once a second, whether the topics are still there, and still the same; and before it looks up
//! what a grant starts with.

mod answers;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;

use super::topics::Topics;
use super::{ANSWER, Client, Shared};
use crate::broker::kafka::rescue::Rescue;
use crate::broker::{BrokerError, Committed};
use crate::message::{Offset, TopicId, TopicName, TopicPartition};

/// How long it takes until questions that failed are asked again.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// How long the first try may take; each later one may take twice as long, up to [`ANSWER`].
const FIRST_TRY: Duration = Duration::from_secs(1);

/// A partition, and the grant that the question is about.
pub(super) type Grant = (TopicPartition, u64);

/// What is to be found out.
#[derive(Debug)]
pub(super) enum Ask {
    /// What these grants start with.
    Describe(Vec<Grant>),
    /// Whether a start lies within the log.
    Bounds(TopicPartition, u64),
    /// Whether a position still lies within the log, of which the client may have said that it does not.
    Released(Grant),
    /// Which of these the client could not read on: it does not say (rule 7).
    Suspects(Vec<Grant>),
    /// Whether the log of what nothing comes of goes on.
    Silent(Grant),
    /// Whether another client can read there.
    Readable(Grant, Offset),
    /// Nothing more will be asked. The client's context holds a sender as well: the channel does not close by itself.
    End,
}

/// Answers until the end is asked for, each question until it is answered or does not matter any more.
pub(super) fn thread(
    client: Arc<Client>,
    shared: Arc<Shared>,
    topics: &[TopicName],
    asked: Receiver<Ask>,
) -> impl FnOnce() + Send + use<> {
    let topics = Topics::new(topics, Instant::now());
    let rescue = Rescue::new(&client.context().cluster.options);
    move || {
        Asker {
            client,
            shared,
            topics,
            blind: false,
            nameless: false,
            rescue,
            open: VecDeque::new(),
        }
        .run(&asked);
    }
}

/// One question, and how often it has failed.
struct Open {
    question: Question,
    failures: u32,
}

enum Question {
    /// What the group committed for new grants.
    Commits(Vec<Grant>),
    /// The rest of what a new grant starts with.
    Describe(Grant, Box<Found>),
    /// `given_up`: the client may not read there any more.
    Bounds {
        grant: Grant,
        given_up: bool,
    },
    Silent(Grant),
    Readable(Grant, Offset),
    /// `found`: one that lies outside of its log.
    Suspects {
        left: Vec<Grant>,
        found: bool,
    },
}

/// What was found out of a new grant first.
#[derive(Clone)]
struct Found {
    committed: Option<Committed>,
    /// Which topic of that name was there before the commit was looked up.
    topic_id: Option<TopicId>,
}

struct Asker {
    client: Arc<Client>,
    shared: Arc<Shared>,
    topics: Topics,
    /// The cluster does not say which topics it has: nothing waits for that.
    blind: bool,
    /// Something was granted while it was so.
    nameless: bool,
    rescue: Rescue,
    open: VecDeque<Open>,
}

impl Asker {
    fn run(mut self, asked: &Receiver<Ask>) {
        loop {
            self.rescue.tend(self.client.client());
            let look = self.topics.wait(Instant::now());
            let wait = match self.open.front() {
                None => Duration::MAX,
                Some(open) if open.failures == 0 => Duration::ZERO,
                Some(_) => TRY_AGAIN,
            };
            match asked.recv_timeout(wait.min(look)) {
                Ok(Ask::End) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Ask::Describe(grants)) => self.first(Question::Commits(grants)),
                Ok(Ask::Bounds(partition, grant)) => {
                    let grant = (partition, grant);
                    self.first(Question::Bounds { grant, given_up: false });
                }
                Ok(Ask::Released(grant)) => {
                    self.first(Question::Bounds { grant, given_up: true });
                }
                Ok(Ask::Silent(grant)) => self.first(Question::Silent(grant)),
                Ok(Ask::Readable(grant, from)) => self.first(Question::Readable(grant, from)),
                Ok(Ask::Suspects(left)) => self.first(Question::Suspects { left, found: false }),
                // Nobody answers: then nothing can be said, and nothing need be.
                Err(RecvTimeoutError::Timeout) if look <= wait => drop(self.look(FIRST_TRY)),
                Err(RecvTimeoutError::Timeout) => self.round(),
            }
        }
    }

    fn first(&mut self, question: Question) {
        self.open.push_front(Open { question, failures: 0 });
    }

    /// One try for what is new, or for what failed first.
    fn round(&mut self) {
        let Some(Open { question, failures }) = self.open.pop_front() else { return };
        let limit = FIRST_TRY.saturating_mul(1 << failures.min(4)).min(ANSWER);
        let Err((question, error)) = self.answer(question, limit) else { return };
        if failures == 0 {
            tracing::warn!(%error, "a partition cannot be asked about: trying again");
        }
        self.open.push_back(Open { question, failures: failures.saturating_add(1) });
    }

    /// Gives the question back when it is still open.
    fn answer(
        &mut self,
        question: Question,
        limit: Duration,
    ) -> Result<(), (Question, BrokerError)> {
        match question {
            Question::Commits(grants) => self.commits(grants, limit),
            Question::Describe(grant, found) => {
                let described = self.describe(&grant, &found, limit);
                described.map_err(|e| (Question::Describe(grant, found), e))
            }
            Question::Bounds { grant, given_up } => {
                let told = self.bounds(&grant, given_up, limit);
                told.map(drop).map_err(|e| (Question::Bounds { grant, given_up }, e))
            }
            Question::Silent(grant) => {
                self.silent(&grant, limit);
                Ok(())
            }
            Question::Readable(grant, from) => {
                self.readable(&grant, from, limit);
                Ok(())
            }
            Question::Suspects { left, found } => self.find(left, found, limit),
        }
    }
}
