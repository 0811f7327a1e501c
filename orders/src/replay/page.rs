//! `GET /api/v1/dlq/messages`: one page of letters.

use std::ops::ControlFlow;

use serde::Serialize;

use super::case::Case;
use super::filter::Filter;
use super::form::Form;
use super::letters::{Letters, ReplayError};
use super::view::Message;
use crate::http::FieldError;

/// The most letters on a page.
const MOST: u64 = 1_000;
/// Bytes of letters on a page; it ends early rather than growing without bound. The first letter always fits.
const MOST_BYTES: usize = 16 << 20;

/// Which page is wanted.
#[derive(Debug)]
pub(super) struct PageRequest {
    filter: Filter,
    limit: u64,
    offset: u64,
}

/// A page of letters, newest first.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    messages: Vec<Message>,
    limit: u64,
    offset: u64,
    /// Letters on this page. Less than `limit`: there are no more, or they are large; `offset` + `count` goes on.
    count: usize,
    /// Older letters were not looked at.
    truncated: bool,
    #[serde(skip)]
    passed: u64,
    #[serde(skip)]
    bytes: usize,
}

impl PageRequest {
    /// Reads the query.
    pub(super) fn read(query: Vec<(String, String)>) -> Result<Self, Vec<FieldError>> {
        let mut form = Form::of_query(query);
        let limit = form.number("limit", 1..=MOST, 10);
        let offset = form.number("offset", 0..=u64::MAX, 0);
        let filter = Filter::take(&mut form, "from", "to");
        form.finish()?;
        Ok(Self { filter, limit, offset })
    }
}

impl Page {
    pub(super) async fn of(letters: &Letters, request: &PageRequest) -> Result<Self, ReplayError> {
        let PageRequest { filter, limit, offset } = request;
        let mut page = Self {
            messages: Vec::new(),
            limit: *limit,
            offset: *offset,
            count: 0,
            truncated: false,
            passed: 0,
            bytes: 0,
        };
        let scanned = letters.scan(filter, |case| page.take(&case)).await?;
        Ok(Self { truncated: scanned.truncated, count: page.messages.len(), ..page })
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    fn take(&mut self, case: &Case) -> ControlFlow<()> {
        if self.passed < self.offset {
            self.passed += 1;
            return ControlFlow::Continue(());
        }
        self.bytes += case.record().size();
        if self.bytes > MOST_BYTES && !self.messages.is_empty() {
            return ControlFlow::Break(());
        }
        self.messages.push(Message::of(case));
        match (self.messages.len() as u64) < self.limit {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    }
}
