//! What has become of a dead letter. The topic is append-only (rule 34): the status lies beside it, in the markers of
//! the group that gave up and in what operators did.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use crate::broker::BoxFuture;
use crate::dead_letter::Origin;
use crate::event::EventId;
use crate::inbox::{Marker, StoreError};

/// What has become of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Nobody has sent it back since it was given up.
    Dead,
    /// It was sent back; the outcome is not known (yet).
    Replayed,
    /// Its event was processed in the end.
    Resolved,
    /// Another letter of the same event stands for it: the newer one is to be looked at.
    Superseded,
}

/// A text that names no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no status: use dead, replayed, resolved or superseded")]
pub struct UnknownStatus;

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Dead, Self::Replayed, Self::Resolved, Self::Superseded];

    /// The name in JSON and queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Replayed => "replayed",
            Self::Resolved => "resolved",
            Self::Superseded => "superseded",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = UnknownStatus;
    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(UnknownStatus)
    }
}

/// Where the markers of the group that gave up can be looked at.
pub trait Markers: Send + Sync + fmt::Debug + 'static {
    /// What the marker of this event says. `None`: there is none.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be looked at now.
    fn marker<'a>(
        &'a self,
        group: &'a str,
        handler: &'a str,
        event: &'a EventId,
    ) -> BoxFuture<'a, Result<Option<Marker>, StoreError>>;
}

/// What is known of a letter besides itself.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Where it stands: `topic/partition/offset`.
    pub letter: &'a str,
    /// Whether no newer letter of the same origin is known ([`Origins::is_newest`]).
    pub newest: bool,
    /// The marker of its event.
    pub marker: Option<&'a Marker>,
    /// Whether it was sent back.
    pub replayed: bool,
}

impl Status {
    /// Several letters of one origin are one case: a kill between a letter and its marker leaves two (rule 4), a
    /// replay that failed leaves another. The marker names the one that counts; without a marker it is the newest.
    #[must_use]
    pub fn of(known: Evidence<'_>) -> Self {
        let counts = match known.marker {
            Some(Marker::Done) => return Self::Resolved,
            Some(Marker::Dead { letter }) => letter == known.letter,
            None => known.newest,
        };
        match (counts, known.replayed) {
            (false, _) => Self::Superseded,
            (true, true) => Self::Replayed,
            (true, false) => Self::Dead,
        }
    }
}

/// The origins of the letters that a scan has met.
#[derive(Debug, Default)]
pub struct Origins(HashSet<String>);

impl Origins {
    /// Whether the next older letter is the newest of its origin. One without an origin stands alone.
    pub fn is_newest(&mut self, origin: Option<&Origin>) -> bool {
        origin.is_none_or(|origin| self.0.insert(origin.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Offset, Partition, Timestamp, TopicName};

    fn at(offset: u64) -> String {
        format!("orders_dlq/0/{offset}")
    }

    fn dead(offset: u64) -> Option<Marker> {
        Some(Marker::Dead { letter: at(offset) })
    }

    /// Letters of one origin, newest first: offset, marker, replayed.
    fn fold(letters: &[(u64, Option<Marker>, bool)]) -> Vec<Status> {
        let origin = Origin {
            topic: TopicName::new("orders").unwrap(),
            partition: Partition(0),
            offset: Offset(3),
            timestamp: Timestamp(0),
        };
        let mut origins = Origins::default();
        let mut next = |(offset, marker, replayed): &(u64, Option<Marker>, bool)| {
            let (letter, marker) = (at(*offset), marker.as_ref());
            let newest = origins.is_newest(Some(&origin));
            Status::of(Evidence { letter: &letter, newest, marker, replayed: *replayed })
        };
        letters.iter().map(&mut next).collect()
    }

    #[test]
    fn one_letter_is_dead_then_replayed_then_resolved() {
        assert_eq!(fold(&[(7, dead(7), false)]), [Status::Dead]);
        assert_eq!(fold(&[(7, dead(7), true)]), [Status::Replayed]);
        assert_eq!(fold(&[(7, Some(Marker::Done), true)]), [Status::Resolved]);
    }

    #[test]
    fn rule_31_the_marker_names_the_letter_that_counts() {
        // Dead again after a replay.
        let again = fold(&[(9, dead(9), false), (7, dead(9), true)]);
        assert_eq!(again, [Status::Dead, Status::Superseded]);
        // A kill between the letter and its marker doubled it, and the older one was marked.
        let doubled = fold(&[(9, dead(7), false), (7, dead(7), false)]);
        assert_eq!(doubled, [Status::Superseded, Status::Dead]);
    }

    #[test]
    fn without_a_marker_the_newest_of_an_origin_counts() {
        let letters = fold(&[(9, None, false), (7, None, true), (5, None, false)]);
        assert_eq!(letters, [Status::Dead, Status::Superseded, Status::Superseded]);
    }

    #[test]
    fn letters_without_an_origin_stand_alone() {
        let mut origins = Origins::default();
        assert!(origins.is_newest(None) && origins.is_newest(None));
    }
}
