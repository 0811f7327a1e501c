//! Which dead-letter topic belongs to which source topic (rule 33: one for each topic and group by default).

use std::collections::BTreeMap;

use crate::message::{InvalidTopicName, TopicName};

/// The template, and the names that replace it.
#[derive(Debug, Clone)]
pub(crate) struct DeadLetters {
    pub(crate) template: String,
    pub(crate) named: BTreeMap<String, String>,
}

impl Default for DeadLetters {
    fn default() -> Self {
        Self { template: "{topic}.{group}.dlq".to_owned(), named: BTreeMap::new() }
    }
}

impl DeadLetters {
    /// The dead-letter topic of a source topic.
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
        let topic = DeadLetters::default().topic_for(&source(), "billing").unwrap();
        assert_eq!(topic.as_str(), "orders.billing.dlq");
    }

    #[test]
    fn a_name_replaces_the_template() {
        let mut names = DeadLetters::default();
        names.named.insert("orders".into(), "orders_dlq".into());
        assert_eq!(names.topic_for(&source(), "billing").unwrap().as_str(), "orders_dlq");
    }

    #[test]
    fn a_group_that_makes_no_legal_topic_is_an_error() {
        assert!(DeadLetters::default().topic_for(&source(), "a group").is_err());
    }
}
