//! The attempts of a record over all its replays, as a bounded header.

use crate::consumer::core::Attempt;
use crate::headers::{Headers, names};
use crate::text::escaped;

/// At most so many attempts are kept, the last ones.
pub(super) const MAX_ENTRIES: usize = 20;
/// At most so many bytes of JSON.
pub(super) const MAX_BYTES: usize = 8 * 1024;
/// At most so many bytes of one attempt's error.
const MAX_ERROR: usize = 512;

/// What a record's headers say; empty when they say nothing, or nothing that can be read.
pub(super) fn read(headers: &Headers) -> Vec<Attempt> {
    let bytes = headers.get(names::HISTORY);
    bytes.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
}

/// The last of these attempts that fit, as JSON.
pub(crate) fn write(attempts: impl IntoIterator<Item = Attempt>) -> String {
    let mut entries: Vec<String> = attempts.into_iter().filter_map(entry).collect();
    entries.drain(..entries.len().saturating_sub(MAX_ENTRIES));
    while json_len(&entries) > MAX_BYTES {
        entries.remove(0);
    }
    format!("[{}]", entries.join(","))
}

fn entry(attempt: Attempt) -> Option<String> {
    let error = escaped(&attempt.error, MAX_ERROR);
    serde_json::to_string(&Attempt { error, ..attempt }).ok()
}

/// Brackets, entries, and the commas between them.
fn json_len(entries: &[String]) -> usize {
    1 + entries.iter().map(|entry| entry.len() + 1).sum::<usize>().max(1)
}
