//! What was last seen of the dead letters, for `/metrics`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::gauge::ConstGauge;
use tidegate::message::TopicName;
use tidegate::metrics::names;
use tokio::time::Instant;

use super::case::Case;
use crate::metrics::write;

/// What nobody could look at for so long is not shown any more: it may be wrong by now.
const STALE: Duration = Duration::from_secs(60);

/// What one look saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) letters: u64,
    /// `None`: there are none.
    pub(super) oldest: Option<Timestamp>,
    pub(super) by_class: BTreeMap<&'static str, u64>,
}

/// The classes that are counted apart.
const CLASSES: [&str; 4] = ["transient", "permanent", "undecodable", UNKNOWN];
/// What no header says, or says in words of its own: anybody may write there.
const UNKNOWN: &str = "unknown";

/// A letter's class, of a list that ends.
pub(super) fn class(case: &Case) -> &'static str {
    let said = case.letter().and_then(|letter| letter.class.as_deref());
    CLASSES.into_iter().find(|class| Some(*class) == said).unwrap_or(UNKNOWN)
}

/// Clones share the picture.
#[derive(Debug, Clone)]
pub(super) struct Gauges {
    topic: TopicName,
    last: Arc<Mutex<Option<(Picture, Instant)>>>,
}

impl Gauges {
    pub(super) fn new(topic: TopicName) -> Self {
        Self { topic, last: Arc::default() }
    }

    pub(super) fn show(&self, picture: Picture) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((picture, Instant::now()));
    }

    /// The last one, while it can be trusted.
    pub(super) fn picture(&self) -> Option<Picture> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        last.filter(|(_, at)| at.elapsed() < STALE).map(|(picture, _)| picture)
    }
}

impl Collector for Gauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(Picture { letters, oldest, by_class }) = self.picture() else { return Ok(()) };
        let topic = [self.topic.as_str()];
        write(&mut encoder, &names::DEAD_LETTERS, [(topic, ConstGauge::new(letters))])?;
        let age = ConstGauge::new(oldest.map_or(0.0, age));
        write(&mut encoder, &names::DEAD_LETTERS_OLDEST, [(topic, age)])?;
        let counts = CLASSES.map(|class| {
            let count = by_class.get(class).copied().unwrap_or_default();
            ([self.topic.as_str(), class], ConstGauge::new(count))
        });
        write(&mut encoder, &names::DEAD_LETTERS_BY_CLASS, counts)
    }
}

/// In seconds. A letter that says that it comes from the future is new.
fn age(since: Timestamp) -> f64 {
    Timestamp::now().duration_since(since).as_secs_f64().max(0.0)
}
