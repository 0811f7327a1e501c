//! The journal of a run: what was asked, and what was answered.
//!
//! One JSON line before a request is sent, one after its answer, each written
//! to the file at once. So the file knows of every request that can have had an
//! effect, and the judgement reads it back instead of trusting memory.
//!
//! ```text
//! {"line":"request","seq":1,"customer_id":"load-..-1","kind":"plain","simulate":null,"at":"..."}
//! {"line":"accepted","seq":1,"order_id":"...","event_id":"...","at":"..."}
//! ```

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::judge::{Answer, Request};
use super::plan::Planned;
use super::reply::Reply;

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Request {
        line: RequestTag,
        #[serde(flatten)]
        order: Planned,
        at: Timestamp,
    },
    Answer {
        seq: u32,
        #[serde(flatten)]
        reply: Reply,
        at: Timestamp,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RequestTag {
    Request,
}

/// A journal that could not be written, or not be read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The file system said no.
    #[error("the journal {path}")]
    Io {
        /// The file or its folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line of the file is none of ours.
    #[error("the journal {path}, line {line}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

/// The open journal of a run. Append only.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: Mutex<File>,
}

impl Journal {
    /// Creates `DATA_DIR/load/<run>`, which must not be there yet.
    pub(crate) fn create(data_dir: &Path, run: &str) -> Result<Self, JournalError> {
        let folder = data_dir.join("load");
        let path = folder.join(run);
        let open = || {
            std::fs::create_dir_all(&folder)?;
            OpenOptions::new().append(true).create_new(true).open(&path)
        };
        match open() {
            Ok(file) => Ok(Self { file: Mutex::new(file), path }),
            Err(source) => Err(JournalError::Io { path, source }),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Notes a request. Returns only when the line is in the file.
    pub(crate) fn request(&self, order: &Planned) -> Result<(), JournalError> {
        self.append(&Line::Request {
            line: RequestTag::Request,
            order: order.clone(),
            at: Timestamp::now(),
        })
    }

    /// Notes what came back.
    pub(crate) fn answer(&self, seq: u32, reply: &Reply) -> Result<(), JournalError> {
        self.append(&Line::Answer { seq, reply: reply.clone(), at: Timestamp::now() })
    }

    fn append(&self, line: &Line) -> Result<(), JournalError> {
        let mut text = serde_json::to_vec(line).expect("a line has only strings and numbers");
        text.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&text).map_err(|source| JournalError::Io { path: self.path.clone(), source })
    }
}

/// Reads a journal back. A request without an answer is unknown.
///
/// # Errors
/// [`JournalError`] when the file cannot be read or a line is broken.
pub(crate) fn read(path: &Path) -> Result<Vec<Request>, JournalError> {
    let io = |source| JournalError::Io { path: path.to_owned(), source };
    let mut requests = BTreeMap::new();
    for (index, text) in BufReader::new(File::open(path).map_err(io)?).lines().enumerate() {
        let line = serde_json::from_str(&text.map_err(io)?);
        let line = line.map_err(|source| JournalError::Line {
            path: path.to_owned(),
            line: index + 1,
            source,
        })?;
        note(&mut requests, line);
    }
    Ok(requests.into_values().collect())
}

fn note(requests: &mut BTreeMap<u32, Request>, line: Line) {
    match line {
        Line::Request { order, .. } => {
            let request = Request {
                seq: order.seq,
                customer_id: order.customer_id,
                kind: order.kind,
                answer: Answer::Unknown,
            };
            requests.insert(order.seq, request);
        }
        Line::Answer { seq, reply, .. } => {
            if let Some(request) = requests.get_mut(&seq) {
                request.answer = reply.into();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::plan::{Kind, Simulate};

    fn planned(seq: u32) -> Planned {
        Planned {
            seq,
            customer_id: "load-r-1".to_owned(),
            kind: Kind::FailTransient1,
            simulate: Some(Simulate::Late),
        }
    }

    #[test]
    fn a_journal_reads_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::create(folder.path(), "r").unwrap();
        for seq in 1..=3 {
            journal.request(&planned(seq)).unwrap();
        }
        let accepted = Reply::Accepted { order_id: "o-1".to_owned(), event_id: "e-1".to_owned() };
        let refused = Reply::Refused { status: 415, message: "not JSON".to_owned() };
        journal.answer(1, &accepted).unwrap();
        journal.answer(3, &refused).unwrap();

        let answers: Vec<_> =
            read(journal.path()).unwrap().into_iter().map(|request| request.answer).collect();
        assert_eq!(
            answers,
            [
                Answer::Accepted("o-1".to_owned()),
                Answer::Unknown,
                Answer::Refused("415 not JSON".to_owned()),
            ]
        );
    }

    #[test]
    fn a_request_is_in_the_file_before_it_is_answered() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::create(folder.path(), "r").unwrap();
        journal.request(&planned(1)).unwrap();
        let text = std::fs::read_to_string(journal.path()).unwrap();
        assert!(text.contains(r#""line":"request""#) && text.ends_with('\n'));
    }

    #[test]
    fn a_run_never_writes_into_another_runs_journal() {
        let folder = tempfile::tempdir().unwrap();
        let _first = Journal::create(folder.path(), "r").unwrap();
        assert!(Journal::create(folder.path(), "r").is_err());
    }

    #[test]
    fn a_broken_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::create(folder.path(), "r").unwrap();
        journal.request(&planned(1)).unwrap();
        std::fs::write(journal.path(), "{\"line\":\n").unwrap();
        let error = read(journal.path()).unwrap_err().to_string();
        assert!(error.ends_with("line 1"), "{error}");
    }
}
