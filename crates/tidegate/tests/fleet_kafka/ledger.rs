//! The ledger: one file, to which every process of a scenario appends a line for whatever it does.
//!
//! A line is one write to a file that was opened for appending: the system puts them into one order, over all processes, and
//! a process that is killed leaves whole lines. What the parent does to the members stands between their own lines.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// One call of a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// The so-manyth of its process.
    pub(crate) seq: u64,
    pub(crate) partition: u32,
    pub(crate) offset: u64,
    pub(crate) key: u32,
    /// Of the messages of its key, from 0.
    pub(crate) number: u32,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum What {
    /// A handler was called.
    Begin(Attempt),
    /// It came to its end.
    End(Attempt),
    /// It was dropped before its end.
    Cut(Attempt),
    /// It failed, and the message is to be tried again.
    Failed(Attempt),
    /// The member took a partition over.
    Started { partition: u32 },
    /// The member let it go: given back, or lost.
    Ended { partition: u32, lost: bool },
    /// The member's process was started.
    Came,
    /// It was told to leave (SIGTERM).
    Leaving,
    /// It left in order, and is gone.
    Left,
    /// It is gone by SIGKILL.
    Killed,
    /// It stands still (SIGSTOP).
    Stopped,
    /// It may go on (SIGCONT).
    Continued,
    /// The broker is gone; the process is the parent's.
    Down,
    /// It answers again.
    Up,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// Microseconds of the clock that all processes have in common.
    pub(crate) at: u64,
    pub(crate) pid: u32,
    pub(crate) what: What,
}

/// Microseconds of the clock that all processes have in common.
pub(crate) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_micros()).unwrap()
}

/// Where a process writes.
#[derive(Debug)]
pub(crate) struct Pen(File);

impl Pen {
    pub(crate) fn open(path: &Path) -> Self {
        Self(OpenOptions::new().append(true).create(true).open(path).unwrap())
    }

    pub(crate) fn write(&self, pid: u32, what: What) {
        let mut line = serde_json::to_vec(&Line { at: now(), pid, what }).unwrap();
        line.push(b'\n');
        let written = (&self.0).write(&line).unwrap();
        assert_eq!(written, line.len(), "one write is one line");
    }
}

/// What was written so far, read on as it grows.
#[derive(Debug)]
pub(crate) struct Ledger {
    path: PathBuf,
    file: File,
    pen: Pen,
    rest: Vec<u8>,
    pub(crate) lines: Vec<Line>,
    /// Key and number of what has ended at least once.
    ended: HashSet<(u32, u32)>,
}

impl Ledger {
    pub(crate) fn create(folder: &Path) -> Self {
        let path = folder.join("ledger");
        let pen = Pen::open(&path);
        let file = File::open(&path).unwrap();
        Self { path, file, pen, rest: Vec::new(), lines: Vec::new(), ended: HashSet::new() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn write(&self, pid: u32, what: What) {
        self.pen.write(pid, what);
    }

    /// Reads what is new.
    pub(crate) fn read(&mut self) {
        self.file.read_to_end(&mut self.rest).unwrap();
        let whole = self.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        for text in self.rest[..whole].split_inclusive(|byte| *byte == b'\n') {
            let line: Line = serde_json::from_slice(text).unwrap();
            if let What::End(attempt) = line.what {
                self.ended.insert((attempt.key, attempt.number));
            }
            self.lines.push(line);
        }
        self.rest.drain(..whole);
    }

    /// How many messages have ended at least once.
    pub(crate) fn ended(&self) -> usize {
        self.ended.len()
    }

    /// Keys of which a message has failed and not ended, and the next one waits behind it: others of its partition that were written
    /// after that one have ended.
    pub(crate) fn parked(&self) -> usize {
        let mut failed = BTreeMap::new();
        let mut latest = BTreeMap::new();
        for line in &self.lines {
            match line.what {
                What::Failed(a) => drop(failed.insert((a.key, a.number), a.partition)),
                What::End(a) => {
                    let latest = latest.entry(a.partition).or_default();
                    *latest = (a.number, a.key).max(*latest);
                }
                _ => {}
            }
        }
        failed.retain(|message, _| !self.ended.contains(message));
        let passed = |((key, number), partition): (&(u32, u32), &u32)| {
            latest.get(partition).is_some_and(|latest| *latest > (number + 1, *key))
        };
        let keys = failed.iter().filter(|message| passed(*message)).map(|((key, _), _)| *key);
        keys.collect::<BTreeSet<_>>().len()
    }

    /// In each partition, how many messages up to the highest that has ended.
    pub(crate) fn reached(&self) -> BTreeMap<u32, u64> {
        let mut reached = BTreeMap::new();
        for line in &self.lines {
            if let What::End(attempt) = line.what {
                let end = reached.entry(attempt.partition).or_insert(0);
                *end = (attempt.offset + 1).max(*end);
            }
        }
        reached
    }

    /// Who took each partition over last, and has not let it go, as far as is written.
    pub(crate) fn owners(&self) -> BTreeMap<u32, u32> {
        let mut owners = BTreeMap::new();
        for line in &self.lines {
            match line.what {
                What::Started { partition } => drop(owners.insert(partition, line.pid)),
                What::Ended { partition, .. } if owners.get(&partition) == Some(&line.pid) => {
                    owners.remove(&partition);
                }
                What::Killed | What::Left => owners.retain(|_, pid| *pid != line.pid),
                _ => {}
            }
        }
        owners
    }
}
