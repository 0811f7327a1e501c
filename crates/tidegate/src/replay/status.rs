//! What has become of a dead letter. The topic is append-only (rule 34): the status lies beside it, in the markers of
//! the group that gave up and in what operators did.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use crate::broker::BoxFuture;
use crate::event::EventId;
use crate::inbox::{Marker, StoreError};
use crate::replay::Coordinates;

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

#[cfg(feature = "sqlite")]
impl Markers for crate::inbox::sqlite::SqliteInbox {
    fn marker<'a>(
        &'a self,
        group: &'a str,
        handler: &'a str,
        event: &'a EventId,
    ) -> BoxFuture<'a, Result<Option<Marker>, StoreError>> {
        Box::pin(self.marker(group, handler, event))
    }
}

/// What is known of a letter besides itself.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Where it stands.
    pub letter: &'a Coordinates,
    /// Where it came from first.
    pub origin: Option<&'a Coordinates>,
    /// The marker of its event.
    pub marker: Option<&'a Marker>,
    /// Whether it was sent back.
    pub replayed: bool,
}

/// Folds letters into their status. Show it the letters newest first.
///
/// Several letters of one origin are one case: a kill between a letter and its marker leaves two (rule 4), a replay
/// that failed leaves another. The marker names the one that counts; without a marker it is the newest.
#[derive(Debug, Default)]
pub struct StatusFold {
    origins: HashSet<Coordinates>,
}

impl StatusFold {
    /// The status of the next older letter.
    pub fn next(&mut self, known: Evidence<'_>) -> Status {
        let newest = known.origin.is_none_or(|origin| self.origins.insert(origin.clone()));
        let counts = match known.marker {
            Some(Marker::Done) => return Status::Resolved,
            Some(Marker::Dead { letter }) => *letter == known.letter.to_string(),
            None => newest,
        };
        match (counts, known.replayed) {
            (false, _) => Status::Superseded,
            (true, true) => Status::Replayed,
            (true, false) => Status::Dead,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: u64) -> Coordinates {
        format!("orders_dlq/0/{offset}").parse().unwrap()
    }

    fn dead(offset: u64) -> Option<Marker> {
        Some(Marker::Dead { letter: at(offset).to_string() })
    }

    /// Letters of one origin, newest first: offset, marker, replayed.
    fn fold(letters: &[(u64, Option<Marker>, bool)]) -> Vec<Status> {
        let origin = "orders/0/3".parse().unwrap();
        let mut fold = StatusFold::default();
        let mut next = |(offset, marker, replayed): &(u64, Option<Marker>, bool)| {
            let (letter, marker) = (at(*offset), marker.as_ref());
            let origin = Some(&origin);
            fold.next(Evidence { letter: &letter, origin, marker, replayed: *replayed })
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
        let mut fold = StatusFold::default();
        for offset in [9, 7] {
            let letter = at(offset);
            let known = Evidence { letter: &letter, origin: None, marker: None, replayed: false };
            assert_eq!(fold.next(known), Status::Dead);
        }
    }
}
