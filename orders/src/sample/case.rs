//! The cases of `scripts/sample-data.json`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;

/// The cases that the program carries with it.
const SAMPLE: &str = include_str!("../../../scripts/sample-data.json");

/// One order to post, and how it must end.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// How it must end.
    pub ends: Ending,
    /// Whether a replay completes it.
    #[serde(default)]
    pub replay: bool,
    /// The request's body, byte for byte.
    pub order: Box<RawValue>,
}

/// How an order ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// Charged and done.
    Completed,
    /// Dead-lettered.
    Failed,
    /// Ended by somebody else.
    Cancelled,
    /// Never accepted.
    Refused,
    /// None of these, when the time was over.
    Open,
}

/// Cases that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// There is no such file.
    #[error("{path} cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is no list of cases.
    #[error("{path} is no list of cases ({{name, ends, order}})")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
}

/// The cases of a file, or those of `scripts/sample-data.json`.
pub(super) fn cases(file: Option<&Path>) -> Result<Vec<Case>, CaseError> {
    let Some(path) = file else {
        return Ok(serde_json::from_str(SAMPLE).expect("a test reads the file"));
    };
    let path = path.to_owned();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(source) => return Err(CaseError::Read { path, source }),
    };
    serde_json::from_str(&text).map_err(|source| CaseError::Parse { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_has_every_kind_valid_and_not() {
        let cases = cases(None).unwrap();
        let count = |ends| cases.iter().filter(|case| case.ends == ends).count();
        assert!(count(Ending::Completed) >= 3);
        assert!(count(Ending::Failed) >= 3);
        assert!(count(Ending::Refused) >= 8);
        for product in ["fail-transient-1", "fail-always", "fail-permanent", "fail-until-replay"] {
            assert!(cases.iter().any(|case| case.order.get().contains(product)), "{product}");
        }
        assert_eq!(cases.iter().filter(|case| case.replay).count(), 1);
    }

    #[test]
    fn a_broken_file_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), r#"[{"name": "x"}]"#).unwrap();
        let error = cases(Some(file.path())).unwrap_err().to_string();
        assert!(error.contains(file.path().to_str().unwrap()), "{error}");
        assert!(matches!(cases(Some(Path::new("/no/such"))), Err(CaseError::Read { .. })));
    }
}
