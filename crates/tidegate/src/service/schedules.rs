//! The topics that retries wait in: their names, what is wrong with them, and who writes them (rule 22).

use std::collections::BTreeMap;

use crate::broker::TopicInfo;
use crate::companion::entry::Scribe;
use crate::companion::topic::check;
use crate::findings::Finding;
use crate::message::TopicName;
use crate::service::checks::Pairs;
use crate::service::{Routes, Settings};

/// The retry topic of each source, and what is wrong with their names. Nothing where retries wait in memory.
pub(super) fn pairs(settings: &Settings, dead_letters: &Pairs) -> (Pairs, Vec<Finding>) {
    let (mut pairs, mut found) = (Pairs::new(), Vec::new());
    let Some(template) = &settings.retries else { return (pairs, found) };
    for source in dead_letters.keys() {
        match template.topic_for(source, &settings.group) {
            Ok(name) if taken(&name, dead_letters, &pairs) => found.push(shared(source, &name)),
            Ok(name) => drop(pairs.insert(source.clone(), name)),
            Err(error) => found.push(Finding::new(
                "TG0032",
                format!("{source} has no legal retry topic: {error}"),
                "name it with `.retry_topic(topic, name)`, or change `.retry_topics(template)`",
            )),
        }
    }
    (pairs, found)
}

/// A topic holds one thing: the schedule of one source.
fn taken(name: &TopicName, dead_letters: &Pairs, schedules: &Pairs) -> bool {
    let others = dead_letters.iter().flat_map(|(source, dead)| [source, dead]);
    others.chain(schedules.values()).any(|other| other == name)
}

fn shared(source: &TopicName, name: &TopicName) -> Finding {
    let message =
        format!("the retries of {source} would wait in {name}, which holds something else");
    Finding::new("TG0033", message, "give the retries of each topic a topic of their own")
}

/// A key is held by an entry in a retry topic: without one it would run on.
pub(super) fn nowhere_to_hold(settings: &Settings, routes: &Routes) -> Option<Finding> {
    let nowhere = settings.retries.is_none() && !routes.holding.is_empty();
    nowhere.then(|| {
        let handlers = routes.holding.join("`, `");
        let message = format!(
            "`{handlers}` would hold the keys of dead letters, and there is no retry topic"
        );
        Finding::new(
            "TG0036",
            message,
            "name one with `.retry_topics(template)`, or leave `AfterDeadLetter::HoldKey` out",
        )
    })
}

/// What is wrong with the topics as they stand. Missing ones are no finding where they may be created.
pub(super) fn topics(schedules: &Pairs, known: &[TopicInfo], may_create: bool) -> Vec<Finding> {
    let find = |name: &TopicName| known.iter().find(|info| info.name == *name);
    let mut found = Vec::new();
    for (source, companion) in schedules {
        match (find(source), find(companion)) {
            (_, None) if !may_create => found.push(Finding::new(
                "TG0034",
                format!("topic {companion}, for the retries of {source}, does not exist"),
                "create it with `cleanup.policy=compact`, as many partitions as its source, and the source's `max.message.bytes` \
                 plus 65,536",
            )),
            (Some(source), Some(companion)) => {
                let wrong = check(source, companion).err();
                found.extend(wrong.map(|e| Finding::new("TG0035", e.to_string(), e.remedy())));
            }
            _ => {}
        }
    }
    found
}

/// Who writes the schedule of each source topic.
pub(super) fn scribes(group: &str, schedules: Pairs) -> BTreeMap<TopicName, Scribe> {
    let scribe = |source: TopicName, companion| {
        let scribe = Scribe::new(group.to_owned(), source.clone(), companion);
        (source, scribe)
    };
    schedules.into_iter().map(|(source, companion)| scribe(source, companion)).collect()
}
