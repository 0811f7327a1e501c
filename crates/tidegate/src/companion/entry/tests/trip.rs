//! Whatever a record is: it comes back as it was, and fits.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::companion::topic::ROOM;

fn bytes() -> impl Strategy<Value = Option<Bytes>> {
    option::of(vec(any::<u8>(), 0..40).prop_map(Bytes::from))
}

fn headers() -> impl Strategy<Value = Headers> {
    // Few names, so that they repeat; known ones among them.
    let name = prop_oneof![Just(names::CORRELATION_ID.to_owned()), Just(String::new()), ".{0,3}"];
    let header = (name, bytes()).prop_map(|(name, value)| Header { name: (&*name).into(), value });
    vec(header, 0..6).prop_map(|all| all.into_iter().collect())
}

fn records() -> impl Strategy<Value = Record> {
    let place = (any::<u32>(), any::<u64>(), any::<i64>());
    (place, bytes(), bytes(), headers()).prop_map(
        |((partition, offset, timestamp), key, value, headers)| Record {
            topic: scribe().source,
            partition: Partition(partition),
            offset: Offset(offset),
            timestamp: Timestamp(timestamp),
            key,
            value,
            headers,
        },
    )
}

/// As the core makes them: on one line, and not without end.
fn histories() -> impl Strategy<Value = Vec<Attempt>> {
    let cause = prop_oneof![Just(Cause::Error), Just(Cause::Panic), Just(Cause::Timeout)];
    let attempt = (any::<u32>(), cause, "[ -~]{0,80}").prop_map(|(number, cause, error)| {
        let told = attempt(1, cause);
        Attempt { number, error, ..told }
    });
    vec(attempt, 0..10)
}

fn entries() -> impl Strategy<Value = Entry> {
    let stamp = (any::<u32>(), any::<u64>(), any::<u32>());
    let numbers = (
        stamp,
        (any::<u32>(), prop_oneof![Just(Hold::No), Just(Hold::Dead), Just(Hold::Key)]),
        any::<Option<u128>>(),
        any::<i64>(),
        any::<u64>(),
        any::<u64>(),
    );
    (numbers, histories(), records()).prop_map(
        |(
            ((attempt, term, write), (unknown, hold), topic, due, delay, active),
            history,
            record,
        )| Entry {
            id: EntryId { origin: record.offset, stamp: Stamp { attempt, term, write } },
            unknown,
            due: Timestamp(due),
            delay: Duration::from_millis(delay),
            active: Duration::from_millis(active),
            history,
            hold,
            topic_id: topic.map(TopicId::new),
            record,
        },
    )
}

proptest! {
    #[test]
    fn every_entry_comes_back_and_fits(entry in entries(), group in ".{1,20}") {
        let scribe = of_group(&group);
        let written = scribe.entry(&entry);
        prop_assert_eq!(written.partition, Some(entry.record.partition));
        prop_assert!(written.size() <= entry.record.size() + ROOM);
        let Entry { id, due, delay, hold, topic_id, .. } = entry;
        let brief = Brief { id, due, delay, hold, topic_id, record: entry.record.clone() };
        prop_assert_eq!(scribe.brief(&stored(written.clone())), Ok(Found::Entry(brief)));
        prop_assert_eq!(scribe.read(&stored(written)), Ok(Found::Entry(Box::new(entry))));
    }
}

#[test]
fn the_value_is_not_copied() {
    let written = stored(scribe().entry(&entry()));
    let all = written.value.as_ref().unwrap().as_ptr_range();
    let Ok(Found::Entry(read)) = scribe().read(&written) else { panic!("no entry") };
    let parts = [&read.record.value, &read.record.key];
    assert!(parts.iter().all(|part| all.contains(&part.as_ref().unwrap().as_ptr())));
}

/// Rule 5: the largest names, and more history than a topic takes.
#[test]
fn the_longest_entry_fits_where_its_record_does() {
    let long = TopicName::new("t".repeat(TopicName::MAX_LEN)).unwrap();
    let scribe = Scribe::new("é".repeat(124), long.clone(), long.clone());
    let mut entry = entry();
    entry.record.topic = long;
    entry.record.key = Some("key\n".repeat(300_000).into());
    entry.record.headers.push(names::CORRELATION_ID, "c".repeat(100_000));
    let told = Attempt { error: "\u{1}".repeat(4_096), ..attempt(1, Cause::Error) };
    entry.history = vec![told; 100];
    let written = scribe.entry(&entry);
    assert!(written.size() <= entry.record.size() + ROOM, "{}", written.size());
    let Ok(Found::Entry(read)) = scribe.read(&stored(written)) else { panic!("no entry") };
    assert_eq!(read.record, entry.record);
    assert!((1..=20).contains(&read.history.len()), "bounded as a dead letter's");
    // What was cut once is not cut again.
    let again = scribe.read(&stored(scribe.entry(&read)));
    assert_eq!(again, Ok(Found::Entry(read)));
}

#[test]
fn operators_see_only_a_key_that_is_text() {
    let mut entry = entry();
    entry.record.key = Some(Bytes::from_static(b"\xff"));
    entry.record.headers = Headers::new();
    let headers = scribe().entry(&entry).headers;
    assert_eq!(headers.iter().map(|h| h.name.as_str()).collect::<Vec<_>>(), [names::RETRY_DUE]);
}
