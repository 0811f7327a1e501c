//! Which letters a replay sends: a frozen set (rule 36), oldest origin first (rule 38).

use std::collections::HashSet;
use std::ops::ControlFlow;

use bytes::Bytes;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tidegate::message::{Offset, Timestamp, TopicPartition};
use tidegate::replay::Status;

use super::case::Case;
use super::filter::Filter;
use super::letters::{Letters, ReplayError};
use crate::audit::LetterSet;

/// A letter that is to be sent. The bytes are read again when it is its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) partition: TopicPartition,
    pub(super) offset: Offset,
    pub(super) event_id: String,
    /// `None`: without a key there is no order to keep.
    pub(super) unit: Option<Unit>,
}

/// A unit of order: the origin's partition, and the key.
pub(super) type Unit = (TopicPartition, Bytes);

/// A letter that is not sent, or was not, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Left {
    pub(super) event_id: String,
    /// `topic/partition/offset`; `None`: there is no such letter.
    pub(super) letter: Option<String>,
    pub(super) reason: String,
}

/// What a replay is about to do.
#[derive(Debug, Default)]
pub(super) struct Selection {
    pub(super) chosen: Vec<Chosen>,
    pub(super) skipped: Vec<Left>,
    /// Not all letters were looked at.
    pub(super) truncated: bool,
}

impl Selection {
    /// The letters that are meant, at most `most` of them to be sent: the oldest of each origin's partition, so that
    /// no letter of a key is sent before an older one of it.
    pub(super) async fn of(
        letters: &Letters,
        filter: &Filter,
        most: usize,
    ) -> Result<Self, ReplayError> {
        let mut met = Vec::new();
        let scanned = letters.scan(filter, |case| {
            met.push(Met::of(&case));
            ControlFlow::Continue(())
        });
        let truncated = scanned.await?.truncated;
        met.sort_by(|a, b| a.place.cmp(&b.place));
        let mut selection = Self { truncated, ..Self::default() };
        selection.skipped = not_found(filter, &met);
        for met in met {
            if selection.chosen.len() == most {
                break;
            }
            match met.verdict {
                Ok(chosen) => selection.chosen.push(chosen),
                Err(left) => selection.skipped.push(left),
            }
        }
        Ok(selection)
    }

    pub(super) fn letters(&self) -> LetterSet {
        let mut set = LetterSet::default();
        self.chosen.iter().for_each(|chosen| set.add(&chosen.partition, chosen.offset));
        set
    }

    /// SHA-256 over the letters, in their order.
    pub(super) fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for chosen in &self.chosen {
            hash.update(format!("{}/{}\n", chosen.partition, chosen.offset));
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Chosen {
    pub(super) fn letter(&self) -> String {
        format!("{}/{}", self.partition, self.offset)
    }

    pub(super) fn left(&self, reason: impl Into<String>) -> Left {
        let (event_id, letter) = (self.event_id.clone(), Some(self.letter()));
        Left { event_id, letter, reason: reason.into() }
    }
}

/// A letter of the scan: what is kept of it, so that 100,000 of them fit into memory.
struct Met {
    /// Origin's topic, partition, offset; then the letter's own offset, for letters of one origin.
    place: (Option<(TopicPartition, Offset)>, Offset),
    id: String,
    verdict: Result<Chosen, Left>,
}

impl Met {
    fn of(case: &Case) -> Self {
        let record = case.record();
        let origin = case.letter().and_then(|letter| letter.origin.as_ref());
        let origin = origin.map(|o| (TopicPartition::new(o.topic.clone(), o.partition), o.offset));
        // A copy: a slice would keep the whole letter in memory.
        let key = record.key.as_deref().map(Bytes::copy_from_slice);
        let chosen = Chosen {
            partition: record.topic_partition(),
            offset: record.offset,
            event_id: case.event_id().to_owned(),
            unit: origin.as_ref().map(|(partition, _)| partition.clone()).zip(key),
        };
        let verdict = match refusal(case) {
            None => Ok(chosen),
            Some(reason) => Err(chosen.left(reason)),
        };
        Self { place: (origin, record.offset), id: case.id().to_owned(), verdict }
    }

    fn event_id(&self) -> &str {
        match &self.verdict {
            Ok(chosen) => &chosen.event_id,
            Err(left) => &left.event_id,
        }
    }
}

/// Why a letter is not sent back.
fn refusal(case: &Case) -> Option<String> {
    match case.status {
        Status::Resolved => return Some("its event was processed".to_owned()),
        Status::Superseded => {
            return Some("another dead letter of its event stands for it".to_owned());
        }
        Status::Replayed => {
            let sent = case.sent_back.as_ref();
            let by = sent.map(|s| format!(" by job {} at {}", s.job, s.at)).unwrap_or_default();
            return Some(format!("it was replayed{by}, and is not dead again"));
        }
        Status::Dead => {}
    }
    match case.letter() {
        None => Some(
            "it is no dead letter of this framework: its headers do not say where it came from"
                .to_owned(),
        ),
        Some(letter) => letter.replay("", Timestamp(0)).err().map(|error| error.to_string()),
    }
}

/// Ids that were asked for, and that no letter has.
fn not_found(filter: &Filter, met: &[Met]) -> Vec<Left> {
    let known: HashSet<_> = met.iter().flat_map(|met| [met.id.as_str(), met.event_id()]).collect();
    let unknown = filter.ids.iter().filter(|id| !known.contains(id.as_str()));
    let left = |id: &String| Left {
        event_id: id.clone(),
        letter: None,
        reason: "no dead letter that is meant has this id".to_owned(),
    };
    unknown.map(left).collect()
}
