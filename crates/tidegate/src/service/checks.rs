//! Start-up checks: everything that is wrong, at once, before the group is joined. They change nothing.

use std::collections::BTreeMap;

use crate::broker::TopicInfo;
use crate::findings::Finding;
use crate::message::TopicName;
use crate::service::Settings;

/// Dead-letter topics take so much more than their source: headers and history come on top (rule 5).
pub(super) const DEAD_LETTER_ROOM: usize = 64 * 1024;

/// The topics of a service: source and dead-letter topic.
pub(super) type Pairs = BTreeMap<TopicName, TopicName>;

/// What can be said of the settings alone.
pub(super) fn settings(settings: &Settings) -> Vec<Finding> {
    [group(settings), drain(settings), concurrency(settings)].into_iter().flatten().collect()
}

fn group(settings: &Settings) -> Option<Finding> {
    let group = &settings.group;
    let legal = (1..=249).contains(&group.len()) && !group.chars().any(char::is_control);
    (!legal).then(|| {
        let message = format!("consumer group {group:?} is not a name");
        Finding::new("TG0020", message, "name it with 1 to 249 bytes, without control characters")
    })
}

fn drain(settings: &Settings) -> Option<Finding> {
    let (drain, interval) = (settings.drain, settings.max_poll_interval);
    (drain >= interval / 2).then(|| {
        let message = format!(
            "the drain deadline of {drain:?} is not less than half of the poll interval of {interval:?}"
        );
        Finding::new("TG0021", message, "shorten `.drain(..)`, or lengthen `.max_poll_interval(..)`")
    })
}

fn concurrency(settings: &Settings) -> Option<Finding> {
    let nothings = [
        ("concurrency", settings.concurrency == 0, "give `.concurrency(..)` at least 1"),
        ("lanes", settings.lanes == 0, "give `.lanes(..)` at least 1"),
        (
            "buffer",
            settings.buffer_records == 0 || settings.buffer_bytes == 0,
            "give `.buffer(..)` records and bytes",
        ),
        (
            "session_timeout",
            settings.session_timeout.is_zero(),
            "give `.session_timeout(..)` some seconds",
        ),
    ];
    let (name, _, remedy) = nothings.into_iter().find(|(_, nothing, _)| *nothing)?;
    Some(Finding::new("TG0022", format!("nothing could ever run: {name} is 0"), remedy))
}

/// The dead-letter topic of each source, and what is wrong with their names.
pub(super) fn pairs(settings: &Settings, sources: &[TopicName]) -> (Pairs, Vec<Finding>) {
    let mut pairs = Pairs::new();
    let mut found = Vec::new();
    for source in sources {
        match settings.dead_letters.topic_for(source, &settings.group) {
            Ok(topic) if sources.contains(&topic) => found.push(dead_letters_to_a_source(source, &topic)),
            Ok(topic) => drop(pairs.insert(source.clone(), topic)),
            Err(error) => found.push(Finding::new(
                "TG0023",
                format!("{source} has no legal dead-letter topic: {error}"),
                "name it with `.dead_letter_topic(topic, name)`, or change `.dead_letters(template)`",
            )),
        }
    }
    found.extend(named_for_nothing(settings, sources));
    (pairs, found)
}

/// Rule 34: what cannot be handled would come back for ever.
fn dead_letters_to_a_source(source: &TopicName, topic: &TopicName) -> Finding {
    let message =
        format!("the dead letters of {source} would go to {topic}, which this service reads");
    Finding::new("TG0024", message, "give the dead letters a topic of their own")
}

fn named_for_nothing(settings: &Settings, sources: &[TopicName]) -> Vec<Finding> {
    let named = settings.dead_letters.named.keys();
    let unread =
        named.filter(|name| !sources.iter().any(|source| source.as_str() == name.as_str()));
    unread
        .map(|name| {
            Finding::new(
                "TG0025",
                format!(
                    "a dead-letter topic is named for {name}, which this service does not read"
                ),
                "correct the topic in `.dead_letter_topic(topic, name)`, or take it away",
            )
        })
        .collect()
}

/// What is wrong with the topics as they stand. Missing ones are no finding where they may be created.
pub(super) fn topics(pairs: &Pairs, known: &[TopicInfo], may_create: bool) -> Vec<Finding> {
    let find = |name: &TopicName| known.iter().find(|info| info.name == *name);
    let mut found = Vec::new();
    for (source, dead) in pairs {
        if !may_create && find(source).is_none() {
            let message = format!("topic {source} does not exist");
            found.push(Finding::new("TG0026", message, "create it, or correct its name"));
        }
        match (find(source), find(dead)) {
            (_, None) if !may_create => {
                let message =
                    format!("topic {dead}, for the dead letters of {source}, does not exist");
                found.push(Finding::new(
                    "TG0027",
                    message,
                    "create it with the `max.message.bytes` of its source plus 65,536",
                ));
            }
            (source, Some(dead)) => found.extend(too_small(source, dead)),
            (_, None) => {}
        }
    }
    found
}

/// Rule 5.
fn too_small(source: Option<&TopicInfo>, dead: &TopicInfo) -> Option<Finding> {
    let default = crate::broker::NewTopic::DEFAULT_MAX_MESSAGE_BYTES;
    let source_limit = source.map_or(default, |info| info.max_message_bytes);
    let needed = source_limit.saturating_add(DEAD_LETTER_ROOM);
    (dead.max_message_bytes < needed).then(|| {
        let message = format!(
            "dead-letter topic {} takes records of {} bytes: its source's records need {needed}",
            dead.name, dead.max_message_bytes
        );
        Finding::new(
            "TG0028",
            message,
            "raise its `max.message.bytes` to the source's plus 65,536; if it is so already, let this user see it (on Kafka: \
             the right DescribeConfigs)",
        )
    })
}

/// A store that cannot be prepared.
pub(super) fn store(name: &str, error: &crate::inbox::StoreError) -> Finding {
    let message = format!("store {name} cannot be used: {error}");
    Finding::new("TG0029", message, "make it reachable and writable, with the expected schema")
}

/// A topic that cannot be created.
pub(super) fn not_created(topic: &TopicName, error: &crate::broker::AdminError) -> Finding {
    let message = format!("topic {topic} could not be created: {error}");
    Finding::new("TG0030", message, "create it by hand, or put right what the message names")
}
