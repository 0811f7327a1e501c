//! Which topic of its own belongs to which source topic: for dead letters (rule 33), for retries (rule 22).

use std::collections::BTreeMap;

use crate::message::{InvalidTopicName, TopicName};

/// The template, and the names that replace it.
#[derive(Debug, Clone)]
pub(crate) struct TopicTemplate {
    pub(crate) template: String,
    pub(crate) named: BTreeMap<String, String>,
}

impl Default for TopicTemplate {
    fn default() -> Self {
        Self::new("{topic}.{group}.dlq")
    }
}

impl TopicTemplate {
    /// `{topic}` and `{group}` are filled in.
    pub(crate) fn new(template: impl Into<String>) -> Self {
        Self { template: template.into(), named: BTreeMap::new() }
    }

    /// The topic that belongs to a source topic.
    pub(crate) fn topic_for(
        &self,
        source: &TopicName,
        group: &str,
    ) -> Result<TopicName, InvalidTopicName> {
        match self.named.get(source.as_str()) {
            Some(name) => TopicName::new(name.clone()),
            None => TopicName::new(
                self.template.replace("{topic}", source.as_str()).replace("{group}", group),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> TopicName {
        TopicName::new("orders").unwrap()
    }

    #[test]
    fn rule_33_each_topic_and_group_has_its_own() {
        let topic = TopicTemplate::default().topic_for(&source(), "billing").unwrap();
        assert_eq!(topic.as_str(), "orders.billing.dlq");
    }

    #[test]
    fn a_name_replaces_the_template() {
        let mut names = TopicTemplate::default();
        names.named.insert("orders".into(), "orders_dlq".into());
        assert_eq!(names.topic_for(&source(), "billing").unwrap().as_str(), "orders_dlq");
    }

    #[test]
    fn a_group_that_makes_no_legal_topic_is_an_error() {
        assert!(TopicTemplate::default().topic_for(&source(), "a group").is_err());
    }
}
