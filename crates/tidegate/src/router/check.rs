//! Start-up checks of routes: all findings at once.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::findings::Finding;
use crate::message::TopicName;
use crate::policy::{AfterDeadLetter, Effects, Order, RoutePolicy};
use crate::router::route::Route;
use crate::router::table::TopicTable;

/// The longest handler's name or event type, in bytes: they travel in headers and markers.
const MAX_NAME: usize = 256;

/// Everything that must be put right, in the order in which it was written down.
pub(super) fn findings<S>(tables: &[TopicTable<S>]) -> Vec<Finding> {
    let mut found = Vec::new();
    if tables.is_empty() {
        found.push(Finding::new(
            "TG0008",
            "the service has no routes".into(),
            "add one with `.route(Topic::json(\"..\").on(handler))`",
        ));
    }
    for table in tables {
        found.extend(topic_name(table));
        for route in &table.routes {
            found.extend(Checked { topic: &table.topic, route }.all());
        }
    }
    found.extend(twice_on_a_topic(tables));
    found.extend(skipped_and_handled(tables));
    found.extend(two_ways_with_unknown(tables));
    found.extend(same_names(tables));
    found
}

fn topic_name<S>(table: &TopicTable<S>) -> Option<Finding> {
    let error = TopicName::new(table.topic.as_str()).err()?;
    Some(Finding::new("TG0003", error.to_string(), "give the topic a name that Kafka accepts"))
}

/// One route with the place where it stands.
struct Checked<'a, S> {
    topic: &'a str,
    route: &'a Route<S>,
}

impl<S> Checked<'_, S> {
    fn all(&self) -> impl Iterator<Item = Finding> {
        [
            self.store(),
            self.one_inbox(),
            self.attempts(),
            self.delays(),
            self.timeout(),
            self.name(),
            self.event_type(),
            self.batch(),
            self.alone(),
            self.no_key_to_hold(),
        ]
        .into_iter()
        .flatten()
    }

    fn finding(&self, code: &'static str, what: &str, remedy: &'static str) -> Finding {
        let message = format!("handler `{}` on topic `{}` {what}", self.route.name, self.topic);
        Finding::new(code, message, remedy)
    }

    fn store(&self) -> Option<Finding> {
        let missing =
            self.route.policy.effects == Effects::Transactional && self.route.store.is_none();
        missing.then(|| {
            self.finding(
                "TG0004",
                "uses an inbox, and has no store",
                "give its router a store with `.inbox(store)`, after the handler",
            )
        })
    }

    fn one_inbox(&self) -> Option<Finding> {
        (self.route.inboxes > 1).then(|| {
            self.finding(
                "TG0013",
                "takes more than one inbox",
                "take one `Inbox`: an attempt has one transaction",
            )
        })
    }

    fn attempts(&self) -> Option<Finding> {
        (self.route.policy.retry.attempts == 0).then(|| {
            self.finding(
                "TG0005",
                "would never be called: its retry allows 0 attempts",
                "allow at least one: `Retry::none()` is one attempt without a retry",
            )
        })
    }

    fn timeout(&self) -> Option<Finding> {
        (self.route.policy.timeout == Duration::ZERO).then(|| {
            self.finding(
                "TG0006",
                "has no time to run: its timeout is 0",
                "set a longer `.timeout(..)`",
            )
        })
    }

    fn batch(&self) -> Option<Finding> {
        (self.route.most == Some(0)).then(|| {
            self.finding(
                "TG0014",
                "takes batches of at most 0 records",
                "give `.on_batch(most, handler)` at least 1: 100 is a good beginning",
            )
        })
    }

    fn alone(&self) -> Option<Finding> {
        let shares = self.route.most.is_some_and(|most| most > 1);
        (shares && self.route.policy.retry.attempts == 1).then(|| {
            self.finding(
                "TG0015",
                "takes batches, and allows one attempt: a call that hangs would give up all of its records",
                "allow two attempts at least: the second runs alone",
            )
        })
    }

    fn no_key_to_hold(&self) -> Option<Finding> {
        let RoutePolicy { order, after_dead_letter, .. } = self.route.policy;
        (after_dead_letter == AfterDeadLetter::HoldKey && order != Order::Key).then(|| {
            self.finding(
                "TG0036",
                "is to hold the keys of dead letters, and does not keep their order",
                "give it `.order(Order::Key)`, or leave `AfterDeadLetter::HoldKey` out",
            )
        })
    }

    fn delays(&self) -> Option<Finding> {
        let retry = &self.route.policy.retry;
        (retry.initial > retry.max).then(|| {
            let what = format!(
                "starts its retry delays at {:?}, above their maximum {:?}",
                retry.initial, retry.max
            );
            self.finding("TG0009", &what, "give `Retry::exponential(initial, max)` in this order")
        })
    }

    fn name(&self) -> Option<Finding> {
        let name = &self.route.name;
        let legal = is_name(name) && !name.ends_with("/dead");
        (!legal).then(|| {
            self.finding(
                "TG0010",
                "has a name that cannot be kept in markers and headers",
                "name it with 1 to 256 bytes without control characters, not ending in `/dead`",
            )
        })
    }

    fn event_type(&self) -> Option<Finding> {
        (!is_name(self.route.event_type)).then(|| {
            self.finding(
                "TG0011",
                "takes an event type that no record can carry",
                "give `Event::TYPE` 1 to 256 bytes without control characters",
            )
        })
    }
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && !name.chars().any(char::is_control)
}

fn routes<S>(tables: &[TopicTable<S>]) -> impl Iterator<Item = (&str, &Route<S>)> {
    tables.iter().flat_map(|table| table.routes.iter().map(|route| (table.topic.as_str(), route)))
}

fn twice_on_a_topic<S>(tables: &[TopicTable<S>]) -> Vec<Finding> {
    let mut seen = HashSet::new();
    let twice = routes(tables).filter(|(topic, route)| !seen.insert((*topic, route.event_type)));
    twice
        .map(|(topic, route)| {
            Finding::new(
                "TG0001",
                format!("topic `{topic}` has two handlers for event type `{}`", route.event_type),
                "keep one; a second reaction belongs to a service with its own group",
            )
        })
        .collect()
}

fn skipped_and_handled<S>(tables: &[TopicTable<S>]) -> Vec<Finding> {
    let handled: HashSet<_> =
        routes(tables).map(|(topic, route)| (topic, route.event_type)).collect();
    let skipped = tables
        .iter()
        .flat_map(|table| table.skip.iter().map(|name| (table.topic.as_str(), name.as_str())));
    skipped
        .filter(|pair| handled.contains(pair))
        .map(|(topic, name)| {
            Finding::new(
                "TG0002",
                format!("event type `{name}` on topic `{topic}` is handled, and skipped by name"),
                "take it out of `.skip([..])`, or take its handler away",
            )
        })
        .collect()
}

fn two_ways_with_unknown<S>(tables: &[TopicTable<S>]) -> Vec<Finding> {
    let mut said = HashMap::new();
    let differs = tables.iter().filter(|table| match table.unknown {
        Some(unknown) => *said.entry(table.topic.as_str()).or_insert(unknown) != unknown,
        None => false,
    });
    differs
        .map(|table| {
            Finding::new(
                "TG0012",
                format!("topic `{}` says two different things about unknown events", table.topic),
                "say `.unknown(..)` once for each topic",
            )
        })
        .collect()
}

fn same_names<S>(tables: &[TopicTable<S>]) -> Vec<Finding> {
    let mut seen = HashMap::new();
    let same = routes(tables).filter(|(topic, route)| {
        let place = (*topic, route.event_type);
        *seen.entry(route.name.as_str()).or_insert(place) != place
    });
    same.map(|(topic, route)| {
        Finding::new(
            "TG0007",
            format!("handler `{}` on topic `{topic}` has the name of another one", route.name),
            "give one of them another name with `.named(..)`: markers and derived ids go by it",
        )
    })
    .collect()
}
