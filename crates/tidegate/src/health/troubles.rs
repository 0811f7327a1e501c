//! What is in the way, by check and place, and since when each check is as it is.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Check, CheckName};
use crate::message::{Offset, TopicName, TopicPartition};

/// What a reason is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The service as a whole; a number where it has several reasons.
    Whole(usize),
    Topic(TopicName),
    Partition(TopicPartition),
    Record(TopicPartition, Offset),
}

impl Place {
    fn is_in(&self, partition: &TopicPartition) -> bool {
        match self {
            Self::Partition(at) | Self::Record(at, _) => at == partition,
            Self::Whole(_) | Self::Topic(_) => false,
        }
    }
}

/// The reasons that stand. No check is in it without one.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    standing: BTreeMap<CheckName, BTreeMap<Place, String>>,
    /// When a check became what it is; at the start unless it is in here.
    since: BTreeMap<CheckName, Duration>,
}

impl Troubles {
    pub(super) fn set(&mut self, check: CheckName, place: Place, why: String, now: Duration) {
        let reasons = self.standing.entry(check).or_default();
        if reasons.is_empty() {
            self.since.insert(check, now);
        }
        reasons.insert(place, why);
    }

    /// Whether there was one.
    pub(super) fn clear(&mut self, check: CheckName, place: &Place, now: Duration) -> bool {
        let Some(reasons) = self.standing.get_mut(&check) else { return false };
        let found = reasons.remove(place).is_some();
        self.tidy(check, now);
        found
    }

    /// Forgets what these checks say about a partition.
    pub(super) fn clear_partition(
        &mut self,
        checks: &[CheckName],
        partition: &TopicPartition,
        now: Duration,
    ) {
        for check in checks {
            if let Some(reasons) = self.standing.get_mut(check) {
                reasons.retain(|place, _| !place.is_in(partition));
                self.tidy(*check, now);
            }
        }
    }

    pub(super) fn clear_all(&mut self, check: CheckName, now: Duration) {
        if let Some(reasons) = self.standing.get_mut(&check) {
            reasons.clear();
            self.tidy(check, now);
        }
    }

    /// These reasons, and no others, are what the check says of the service as a whole.
    pub(super) fn replace(&mut self, check: CheckName, reasons: Vec<String>, now: Duration) {
        let count = reasons.len();
        for (number, why) in reasons.into_iter().enumerate() {
            self.set(check, Place::Whole(number), why, now);
        }
        if let Some(standing) = self.standing.get_mut(&check) {
            standing.retain(|place, _| matches!(place, Place::Whole(number) if *number < count));
            self.tidy(check, now);
        }
    }

    fn tidy(&mut self, check: CheckName, now: Duration) {
        if self.standing.get(&check).is_some_and(BTreeMap::is_empty) {
            self.standing.remove(&check);
            self.since.insert(check, now);
        }
    }

    pub(super) fn has(&self, check: CheckName) -> bool {
        self.standing.contains_key(&check)
    }

    /// From now on the check counts as new, whatever it says.
    pub(super) fn begin(&mut self, check: CheckName, now: Duration) {
        self.since.insert(check, now);
    }

    pub(super) fn check(&self, name: CheckName, now: Duration) -> Check {
        let reasons = self.standing.get(&name).into_iter().flat_map(BTreeMap::values);
        let since = self.since.get(&name).copied().unwrap_or_default();
        Check { name, reasons: reasons.cloned().collect(), age: now.saturating_sub(since) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_check_is_as_old_as_its_first_reason_and_as_the_end_of_its_last() {
        let mut troubles = Troubles::default();
        let age = |troubles: &Troubles, now| {
            let check = troubles.check(CheckName::Store, at(now));
            (check.is_ok(), check.age)
        };
        assert_eq!(age(&troubles, 3), (true, at(3)), "as old as the clock");
        troubles.set(CheckName::Store, Place::Whole(0), "a".into(), at(10));
        troubles.set(CheckName::Store, Place::Whole(1), "b".into(), at(12));
        assert_eq!(age(&troubles, 15), (false, at(5)));
        assert!(troubles.clear(CheckName::Store, &Place::Whole(0), at(16)));
        assert_eq!(age(&troubles, 17), (false, at(7)), "one is left");
        troubles.set(CheckName::Store, Place::Whole(1), "c".into(), at(18));
        assert_eq!(age(&troubles, 19), (false, at(9)), "the reason is another, the state the same");
        troubles.clear_all(CheckName::Store, at(20));
        assert_eq!(age(&troubles, 21), (true, at(1)));
        troubles.replace(CheckName::Store, vec!["a".into(), "b".into()], at(21));
        troubles.replace(CheckName::Store, vec!["b".into()], at(22));
        let check = troubles.check(CheckName::Store, at(22));
        assert_eq!((check.reasons, check.age), (vec!["b".to_owned()], at(1)), "a is over");
        troubles.replace(CheckName::Store, Vec::new(), at(20));
        assert!(!troubles.clear(CheckName::Store, &Place::Whole(0), at(22)));
        assert_eq!(age(&troubles, 23), (true, at(3)));
    }
}
