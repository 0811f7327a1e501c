//! What a command has found out, before anybody decides how it looks.

use serde::Serialize;

use crate::failure::Failure;

/// An answer: the same data for people and for programs, and what is said beside it.
#[derive(Debug)]
pub(crate) struct Answer {
    /// For programs; `None`: bytes only, whatever format was asked for.
    pub(crate) document: Option<String>,
    /// For people.
    pub(crate) blocks: Vec<Block>,
    /// Lines for stderr.
    pub(crate) talk: Vec<String>,
}

/// A part of what people see; an empty line stands between two.
#[derive(Debug)]
pub(crate) enum Block {
    /// Rows under a header.
    Table(Table),
    /// Lines whose control characters are escaped already.
    Text(String),
    /// Bytes, untouched.
    Raw(Vec<u8>),
}

/// Rows under a header.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    /// Columns of numbers.
    pub(crate) right: &'static [usize],
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(header: &[&str], right: &'static [usize]) -> Self {
        let header = header.iter().map(|&name| name.to_owned()).collect();
        Self { header, rows: Vec::new(), right }
    }

    /// With these rows.
    pub(crate) fn rows(mut self, rows: impl IntoIterator<Item = Vec<String>>) -> Self {
        self.rows.extend(rows);
        self
    }
}

impl Answer {
    /// An answer with its document.
    pub(crate) fn new(document: &impl Serialize, blocks: Vec<Block>) -> Result<Self, Failure> {
        let document = serde_json::to_string_pretty(document)
            .map_err(|error| Failure::Failed(format!("the answer cannot be written: {error}")))?;
        Ok(Self { document: Some(document), blocks, talk: Vec::new() })
    }

    /// Bytes, and nothing else.
    pub(crate) fn raw(bytes: Vec<u8>) -> Self {
        Self { document: None, blocks: vec![Block::Raw(bytes)], talk: Vec::new() }
    }

    /// Says something beside it.
    pub(crate) fn say(mut self, line: impl Into<String>) -> Self {
        self.talk.push(line.into());
        self
    }
}

/// A value, or `-` where there is none.
pub(crate) fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
