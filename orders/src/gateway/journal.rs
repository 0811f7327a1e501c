//! The ledger's file: lines of JSON, only ever appended, flushed before anyone is told.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::effect::Line;

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Another process writes it.
    #[error("the gateway's ledger {} is in use by another process: stop it, or set DATA_DIR", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A line that is not the last one cannot be read: this was no crash of ours.
    #[error("the gateway's ledger {} is damaged in line {line}: {reason}; restore it, or move it away", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        reason: serde_json::Error,
    },
    /// The system refuses.
    #[error("the gateway's ledger {} cannot be used: {reason}", path.display())]
    Io {
        /// The file or its folder.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
}

/// About as many bytes as a charge has.
const TRIED: usize = 512;

/// The open file. Locked against other processes as long as it is open.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    /// Where the last whole, flushed line ends, in bytes.
    end: u64,
    /// Bytes behind `end` could not be removed: nothing more may be appended.
    broken: bool,
}

impl Journal {
    const NAME: &'static str = "ledger.jsonl";

    /// Opens or creates the file, and reads it. A last line without an end was never flushed, nobody was told of it:
    /// it is cut off.
    pub(super) fn open(folder: &Path) -> Result<(Self, Vec<Line>), JournalError> {
        let path = folder.join(Self::NAME);
        let failed = |reason| JournalError::Io { path: path.clone(), reason };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let options = OpenOptions::new().read(true).append(true).create(true).clone();
        let mut file = options.open(&path).map_err(failed)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => JournalError::InUse { path: path.clone() },
            TryLockError::Error(reason) => failed(reason),
        })?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let lines = parse(&text[..whole], &path)?;
        let mut journal = Self { file, end: whole as u64, broken: false };
        journal.cut().map_err(failed)?;
        // The file's name must be on the disk as well.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok((journal, lines))
    }

    /// Appends whole lines, and returns when they are on the disk. After an error none of them is in the file.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other(
                "an earlier write failed half-way and could not be undone",
            ));
        }
        if let Err(error) = self.file.write_all(lines).and_then(|()| self.file.sync_data()) {
            self.broken = self.cut().is_err();
            return Err(error);
        }
        self.end += lines.len() as u64;
        Ok(())
    }

    /// Whether a charge could be written. What was written for it is removed again; without an end of line it would be no
    /// charge after a crash either.
    pub(super) fn try_write(&mut self) -> io::Result<()> {
        let whole = self.end;
        let written = self.append(&[b' '; TRIED]);
        self.end = whole;
        let removed = self.cut();
        self.broken |= removed.is_err();
        written.and(removed)
    }

    /// Removes what stands behind the last whole line.
    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.end)?;
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.sync_all()
    }
}

fn parse(text: &[u8], path: &Path) -> Result<Vec<Line>, JournalError> {
    let lines = text.split_inclusive(|byte| *byte == b'\n').enumerate();
    let read = |(index, line)| {
        serde_json::from_slice(line).map_err(|reason| JournalError::Damaged {
            path: path.to_owned(),
            line: index + 1,
            reason,
        })
    };
    lines.map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"requested":1,"effect":{"effect_id":"01890000-0000-7000-8000-000000000000","order_id":"o","event_id":null,"attempt":1,"at":"2026-01-01T00:00:00Z","amount":0.10}}"#;

    fn write(folder: &Path, text: &str) {
        std::fs::write(folder.join(Journal::NAME), text).unwrap();
    }

    #[test]
    fn a_torn_last_line_is_cut_off_and_writing_goes_on_behind_the_whole_ones() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &format!("{LINE}\n{}", &LINE[..30]));
        let (mut journal, lines) = Journal::open(folder.path()).unwrap();
        assert_eq!(lines.len(), 1);
        journal.append(format!("{LINE}\n").as_bytes()).unwrap();
        drop(journal);
        assert_eq!(Journal::open(folder.path()).unwrap().1.len(), 2);
    }

    #[test]
    fn a_write_that_is_tried_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &format!("{LINE}\n"));
        let (mut journal, _) = Journal::open(folder.path()).unwrap();
        journal.try_write().unwrap();
        journal.append(format!("{LINE}\n").as_bytes()).unwrap();
        let text = std::fs::read_to_string(folder.path().join(Journal::NAME)).unwrap();
        assert_eq!(text, format!("{LINE}\n{LINE}\n"));
    }

    #[test]
    fn a_damaged_line_is_told_with_its_number() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &format!("{LINE}\nnonsense\n{LINE}\n"));
        let error = Journal::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("line 2") && !error.contains('\n'), "{error}");
    }

    #[test]
    fn a_second_process_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let _first = Journal::open(folder.path()).unwrap();
        assert!(matches!(Journal::open(folder.path()), Err(JournalError::InUse { .. })));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = Journal::open(&file.join("gateway")).unwrap_err().to_string();
        assert!(error.contains("file") && !error.contains('\n'), "{error}");
    }
}
