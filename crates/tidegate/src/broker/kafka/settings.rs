//! A topic's own settings: those that it is made with, and what the cluster shows of them.

use rdkafka::admin::{ConfigResource, NewTopic as ClientTopic, OwnedResourceSpecifier};

use super::limits;
use crate::broker::{Cleanup, NewTopic, Retention};
use crate::message::TopicName;

/// Limits a batch.
const MAX_MESSAGE_BYTES: &str = "max.message.bytes";
const CLEANUP_POLICY: &str = "cleanup.policy";
const RETENTION: &str = "retention.ms";

const COMPACT: &str = "compact";
const DELETE: &str = "delete";

/// The size limit of a topic that is to be made.
pub(super) fn limit(topic: &NewTopic) -> usize {
    topic.max_message_bytes.unwrap_or(NewTopic::DEFAULT_MAX_MESSAGE_BYTES)
}

/// What a topic is made with. What is not said here is as the cluster does it.
#[derive(Debug)]
pub(super) struct Wanted(Vec<(&'static str, String)>);

impl Wanted {
    pub(super) fn of(topic: &NewTopic) -> Self {
        let policy = match (topic.cleanup, topic.retention) {
            (Cleanup::Compact, Some(Retention::For(_))) => "compact,delete",
            (Cleanup::Compact, _) => COMPACT,
            // Said, as a cluster may compact what says nothing.
            (Cleanup::Delete, _) => DELETE,
        };
        let limit = limits::to_config(limit(topic)).to_string();
        let mut all = vec![(MAX_MESSAGE_BYTES, limit), (CLEANUP_POLICY, policy.to_owned())];
        all.extend(topic.retention.map(|kept| (RETENTION, kept.to_millis().to_string())));
        Self(all)
    }

    pub(super) fn set<'a>(&'a self, topic: ClientTopic<'a>) -> ClientTopic<'a> {
        self.0.iter().fold(topic, |topic, (name, value)| topic.set(name, value))
    }
}

/// What the cluster shows of a topic.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    /// Bytes of key, value and headers.
    pub(super) limit: usize,
    pub(super) cleanup: Option<Cleanup>,
    pub(super) retention: Option<Retention>,
}

impl Shown {
    pub(super) fn of(resource: &ConfigResource) -> Option<(TopicName, Self)> {
        let OwnedResourceSpecifier::Topic(name) = &resource.specifier else { return None };
        let value = |name| resource.get(name)?.value.as_deref();
        let limit = limits::of_config(value(MAX_MESSAGE_BYTES)?.parse().ok()?);
        let kept = value(CLEANUP_POLICY).and_then(|policy| kept(policy, value(RETENTION)));
        let (cleanup, retention) = kept.unzip();
        Some((TopicName::new(name.as_str()).ok()?, Self { limit, cleanup, retention }))
    }

    pub(super) fn compacts(self) -> bool {
        self.cleanup == Some(Cleanup::Compact)
    }
}

/// A policy in our words; `None` for one that has others than Kafka's two.
fn kept(policy: &str, retention: Option<&str>) -> Option<(Cleanup, Retention)> {
    let words: Vec<_> = policy.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
    if words.iter().any(|word| ![COMPACT, DELETE].contains(word)) {
        return None;
    }
    let cleanup = if words.contains(&COMPACT) { Cleanup::Compact } else { Cleanup::Delete };
    let retention = match words.contains(&DELETE) {
        true => Retention::of_millis(retention?.parse().ok()?),
        // Then its time is not looked at.
        false => Retention::Forever,
    };
    Some((cleanup, retention))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn wanted(topic: NewTopic) -> Vec<(&'static str, String)> {
        let mut all = Wanted::of(&topic).0;
        all.remove(0);
        all
    }

    #[test]
    fn what_is_wanted_is_what_is_shown() {
        let topic = NewTopic::new(TopicName::new("t").unwrap(), 1);
        let hour = Retention::For(Duration::from_secs(3600));
        let both = [Retention::Forever, hour].map(|retention| topic.clone().kept(retention));
        for topic in both.clone().into_iter().chain(both.map(NewTopic::compacted)) {
            let all = wanted(topic.clone());
            let value = |name| all.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str());
            let shown = kept(value(CLEANUP_POLICY).unwrap(), value(RETENTION));
            assert_eq!(shown, Some((topic.cleanup, topic.retention.unwrap())));
        }
        assert_eq!(wanted(topic), [(CLEANUP_POLICY, "delete".to_owned())], "no word on time");
    }

    #[test]
    fn a_policy_is_read_as_the_cluster_says_it() {
        let day = Retention::For(Duration::from_secs(86_400));
        for (policy, retention, expected) in [
            ("delete", Some("86400000"), Some((Cleanup::Delete, day))),
            ("delete", Some("-1"), Some((Cleanup::Delete, Retention::Forever))),
            ("compact", Some("86400000"), Some((Cleanup::Compact, Retention::Forever))),
            ("compact, delete", Some("86400000"), Some((Cleanup::Compact, day))),
            ("", Some("86400000"), Some((Cleanup::Delete, Retention::Forever))),
            ("delete", None, None),
            ("shred", Some("-1"), None),
        ] {
            assert_eq!(kept(policy, retention), expected, "{policy}");
        }
    }
}
