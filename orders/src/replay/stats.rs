//! `GET /api/v1/dlq/stats`: dead letters counted.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use jiff::Timestamp;
use serde::Serialize;

use super::case::Case;
use super::filter::Filter;
use super::letters::{Letters, ReplayError};

/// Names are bounded: headers may hold anything, so types beyond this many are counted together.
const MOST_NAMES: usize = 1_000;
/// Where they are counted.
const OTHERS: &str = "(others)";

/// What there is.
#[derive(Debug, Serialize)]
pub(super) struct Stats {
    total_messages: u64,
    oldest_message: Option<Timestamp>,
    newest_message: Option<Timestamp>,
    event_types: BTreeMap<String, u64>,
    /// By class: `transient`, `permanent`, `undecodable`.
    error_categories: BTreeMap<String, u64>,
    statuses: BTreeMap<&'static str, u64>,
    /// Older letters were not counted.
    truncated: bool,
    timestamp: Timestamp,
}

impl Stats {
    pub(super) async fn of(letters: &Letters) -> Result<Self, ReplayError> {
        let mut stats = Self::empty();
        let all = Filter::default();
        let scan = letters.scan(&all, |case| {
            stats.count(&case);
            ControlFlow::Continue(())
        });
        let truncated = scan.await?.truncated;
        Ok(Self { truncated, ..stats })
    }

    fn empty() -> Self {
        Self {
            total_messages: 0,
            oldest_message: None,
            newest_message: None,
            event_types: BTreeMap::new(),
            error_categories: BTreeMap::new(),
            statuses: BTreeMap::new(),
            truncated: false,
            timestamp: Timestamp::now(),
        }
    }

    fn count(&mut self, case: &Case) {
        let at = case.created_at();
        self.total_messages += 1;
        self.oldest_message = Some(self.oldest_message.map_or(at, |oldest| oldest.min(at)));
        self.newest_message = Some(self.newest_message.map_or(at, |newest| newest.max(at)));
        let class = case.letter().and_then(|letter| letter.class.as_deref());
        add(&mut self.event_types, case.event_type().unwrap_or("unknown"));
        add(&mut self.error_categories, class.unwrap_or("unknown"));
        *self.statuses.entry(case.status.as_str()).or_default() += 1;
    }
}

fn add(counts: &mut BTreeMap<String, u64>, name: &str) {
    let full = counts.len() >= MOST_NAMES && !counts.contains_key(name);
    let name = if full { OTHERS } else { name };
    *counts.entry(name.to_owned()).or_default() += 1;
}
