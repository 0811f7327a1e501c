//! The form is fixed: what is in topics today is read by every later version.

use super::*;

const GOLDEN: &str = include_str!("../../../../tests/golden/schedule-entry-v1.txt");

/// As the golden file says it.
fn shown(record: &NewRecord) -> Vec<String> {
    let text = |bytes: &Option<Bytes>| String::from_utf8(bytes.clone().unwrap().into()).unwrap();
    let mut lines = vec![format!("{}/{}", record.topic, record.partition.unwrap())];
    lines.push(text(&record.key));
    lines.extend(record.headers.iter().map(|h| format!("{}: {}", h.name, text(&h.value))));
    let value = record.value.as_ref().unwrap();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    lines.extend(value.chunks(60).map(hex));
    lines
}

fn lines() -> impl Iterator<Item = &'static str> {
    GOLDEN.lines().filter(|line| !line.starts_with('#'))
}

#[test]
fn an_entry_is_written_as_the_golden_file_has_it() {
    assert_eq!(shown(&scribe().entry(&entry())), lines().collect::<Vec<_>>());
}

#[test]
fn the_golden_file_is_read() {
    let digits: String = lines().skip(5).collect();
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    let value: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
    let mut record = with_key(lines().nth(1).unwrap());
    record.value = Some(value.into());
    assert_eq!(scribe().read(&record), Ok(Found::Entry(Box::new(entry()))));
}

#[test]
fn a_tombstone_is_the_same_key_in_the_same_place_without_a_value() {
    let (written, tombstone) =
        (scribe().entry(&entry()), scribe().tombstone(Partition(3), entry().id));
    assert_eq!(tombstone.key, written.key);
    assert_eq!((&tombstone.topic, tombstone.partition), (&written.topic, written.partition));
    assert_eq!((&tombstone.value, tombstone.headers.len()), (&None, 0));
    assert_eq!(scribe().read(&stored(tombstone)), Ok(Found::Tombstone(entry().id)));
}

/// Who does not know that a key can be held must not run its record: the version says so.
#[test]
fn an_entry_of_what_is_dead_has_a_version_of_its_own() {
    for (hold, due) in [(Hold::Dead, "2025-11-24T16:00:01.234Z"), (Hold::Key, "held")] {
        let dead = Entry { hold, ..entry() };
        let written = scribe().entry(&dead);
        assert_eq!(written.value.as_ref().map(|value| value[4]), Some(2));
        assert_eq!(written.headers.text(names::RETRY_DUE), Some(due));
        assert_eq!(scribe().read(&stored(written)), Ok(Found::Entry(Box::new(dead))));
    }
}
