//! How large a record each topic takes, asked once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::broker::{Broker, BrokerError, NewTopic};
use crate::message::TopicName;

/// The size limits of topics, and what to do about topics that are missing.
#[derive(Debug)]
pub(crate) struct Limits {
    broker: Broker,
    known: Mutex<BTreeMap<TopicName, usize>>,
    /// Partitions of topics that are created when something is emitted to them; `None`: nothing is created.
    create: Option<u32>,
}

impl Limits {
    pub(crate) fn new(broker: Broker, create: Option<u32>) -> Self {
        Self { broker, known: Mutex::default(), create }
    }

    /// The largest record that the topic takes, in bytes; `None` when the topic is missing, or nobody can say now.
    pub(super) async fn of(&self, topic: &TopicName) -> Option<usize> {
        if let Some(limit) = self.lock().get(topic) {
            return Some(*limit);
        }
        self.ask().await.ok()?;
        if !self.lock().contains_key(topic) {
            self.create_missing(topic).await;
        }
        self.lock().get(topic).copied()
    }

    async fn ask(&self) -> Result<(), BrokerError> {
        let topics = self.broker.topics().await?;
        self.lock().extend(topics.into_iter().map(|info| (info.name, info.max_message_bytes)));
        Ok(())
    }

    async fn create_missing(&self, topic: &TopicName) {
        let Some(partitions) = self.create else { return };
        // A failure shows when the record is published; another task may have created it meanwhile.
        let _ = self.broker.create_topics(vec![NewTopic::new(topic.clone(), partitions)]).await;
        let _ = self.ask().await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<TopicName, usize>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
