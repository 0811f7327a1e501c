//! Finding and opening the embedded log: in the folder itself, or in `log` below it, where `orders` keeps its own.

use std::path::{Path, PathBuf};

use tidegate::broker::embedded::{EmbeddedBroker, EmbeddedOptions};
use tidegate::broker::{Broker, BrokerError};

use crate::failure::Failure;

const FILE: &str = "log.redb";
const BELOW: &str = "log";

pub(super) fn open(data_dir: &Path) -> Result<Broker, Failure> {
    let folder = folder_of(data_dir)?;
    let options = EmbeddedOptions::new(folder).create_missing(false);
    EmbeddedBroker::open(options).map(Broker::new).map_err(|error| match error {
        BrokerError::InUse(line) => Failure::Refused(format!(
            "{line}; while services run on it (as with `orders up`), ask them over HTTP"
        )),
        other => other.into(),
    })
}

/// The folder that the log is in.
fn folder_of(data_dir: &Path) -> Result<PathBuf, Failure> {
    let below = data_dir.join(BELOW);
    let at = data_dir.display();
    match (data_dir.join(FILE).exists(), below.join(FILE).exists()) {
        (true, false) => Ok(data_dir.to_owned()),
        (false, true) => Ok(below),
        (true, true) => Err(Failure::Refused(format!(
            "there are two logs, in {at} and in {}: move one of them away",
            below.display()
        ))),
        (false, false) => Err(Failure::Refused(format!(
            "there is no log in {at}: name its folder with --data-dir or DATA_DIR, or a cluster with --brokers or \
             KAFKA_BROKERS"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_log_is_told_and_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let refused = open(folder.path()).unwrap_err();
        assert!(refused.to_string().contains("--data-dir"), "{refused}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_log_is_found_in_the_folder_and_below_it() {
        for below in ["", "log"] {
            let folder = tempfile::tempdir().unwrap();
            drop(Broker::embedded(folder.path().join(below)).unwrap());
            assert!(open(folder.path()).is_ok(), "{below}");
        }
    }

    #[test]
    fn of_two_logs_none_is_guessed() {
        let folder = tempfile::tempdir().unwrap();
        drop(Broker::embedded(folder.path()).unwrap());
        drop(Broker::embedded(folder.path().join("log")).unwrap());
        assert!(open(folder.path()).unwrap_err().to_string().contains("two logs"));
    }

    #[test]
    fn a_log_in_use_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let held = Broker::embedded(folder.path()).unwrap();
        let refused = open(folder.path()).unwrap_err();
        let line = refused.to_string();
        assert!(line.contains("in use") && line.contains("HTTP"), "{line}");
        drop(held);
    }
}
