//! What `POST /api/v1/replay` is asked for.

use serde_json::Value;

use super::filter::Filter;
use super::form::Form;
use crate::http::{FieldError, Fields};

/// The most letters that one request sends.
const MOST: u64 = 10_000;

/// A checked request.
#[derive(Debug, Clone)]
pub(super) struct ReplayRequest {
    pub(super) filter: Filter,
    pub(super) max_messages: usize,
    pub(super) dry_run: bool,
}

impl ReplayRequest {
    /// Reads the body; `max_messages` is `default` when it is not given.
    pub(super) fn read(body: Fields<Value>, default: u64) -> Result<Self, Vec<FieldError>> {
        let mut form = Form::of_object(body);
        let ids = form.list("event_ids", MOST as usize).into_iter().collect();
        let filter = Filter::take(&mut form, "start_time", "end_time");
        let max_messages = form.number("max_messages", 1..=MOST, default) as usize;
        let dry_run = form.flag("dry_run");
        form.finish()?;
        Ok(Self { filter: Filter { ids, ..filter }, max_messages, dry_run })
    }
}
