//! Rule 8: the format of the commit metadata, and what is not taken over.

use proptest::prelude::*;
use tidegate::broker::Committed;
use tidegate::class::Class;
use tidegate::consumer::core::metadata::{CommitMetadata, DoneAbove, MetadataError, RetryState};
use tidegate::consumer::core::{End, Fence};
use tidegate::events::RuntimeEvent;
use tidegate::message::{Offset, Timestamp, TopicId};

use crate::rig::*;
use crate::world::tp;

const GOLDEN: &str = include_str!("../golden/commit-metadata-v4.txt");
const BEFORE: &str = include_str!("../golden/commit-metadata-v3.txt");

fn above(ranges: &[(u64, u64)]) -> DoneAbove {
    let mut done = DoneAbove::default();
    ranges.iter().for_each(|(from, to)| done.push(Offset(*from), Offset(*to)));
    done
}

fn sample() -> CommitMetadata {
    let retry = |offset, attempts, unknown, due, delay, active| RetryState {
        offset: Offset(offset),
        attempts,
        unknown,
        due: Timestamp(due),
        delay: ms(delay),
        active: ms(active),
    };
    CommitMetadata {
        cluster_id: "Mk3 é/=%".into(),
        partition: tp(2),
        topic_id: Some(TopicId::new(0x0123_4567_89ab_cdef_0011_2233_4455_6677)),
        base: Offset(41),
        log_start: Offset(7),
        fence: Fence { term: 4, end: Offset(90) },
        retries: vec![retry(41, 2, 1, 1_764_000_005_000, 5_000, 1_200), retry(44, 1, 0, -1, 0, 0)],
        done: above(&[(42, 44), (45, 1_045)]),
    }
}

#[test]
fn golden_file() {
    assert_eq!(sample().encode(), GOLDEN.trim_end());
    assert_eq!(CommitMetadata::decode(GOLDEN.trim_end()), Ok(sample()));
}

/// A rolling upgrade: what the version before has committed is taken over.
#[test]
fn the_version_before_is_read() {
    let before = CommitMetadata { topic_id: None, ..sample() };
    assert_eq!(CommitMetadata::decode(BEFORE.trim_end()), Ok(before));
}

#[test]
fn every_single_damaged_byte_is_noticed() {
    let text = sample().encode();
    for at in 0..text.len() {
        let mut damaged = text.clone().into_bytes();
        damaged[at] = if damaged[at] == b'1' { b'2' } else { b'1' };
        let damaged = String::from_utf8(damaged).unwrap();
        assert!(CommitMetadata::decode(&damaged).is_err(), "{damaged}");
    }
}

#[test]
fn a_newer_version_is_not_guessed_at() {
    let newer = sample().encode().replace("tidegate/4 ", "tidegate/5 ");
    assert_eq!(CommitMetadata::decode(&newer), Err(MetadataError::Version));
    assert_eq!(CommitMetadata::decode("7 by hand"), Err(MetadataError::Version));
}

#[test]
fn it_is_for_one_cluster_partition_offset_and_log() {
    let ours = |cluster, partition, offset, start| {
        sample().fits(cluster, &tp(partition), Offset(offset), Offset(start)).is_ok()
    };
    assert!(
        ours("Mk3 é/=%", 2, 41, 7) && ours("Mk3 é/=%", 2, 41, 9),
        "retention moves the start up"
    );
    assert!(!ours("other", 2, 41, 7) && !ours("Mk3 é/=%", 1, 41, 7));
    assert!(!ours("Mk3 é/=%", 2, 40, 7), "MirrorMaker copies it beside a translated offset");
    assert!(!ours("Mk3 é/=%", 2, 41, 6), "the topic was created anew");
}

#[test]
fn what_does_not_fit_is_told_ignored_and_replayed() {
    for metadata in [sample().encode(), "garbage".to_owned()] {
        let mut rig = Rig::new(vec![ordered()]);
        let out = rig.assign(0, Some(Committed { offset: Offset(41), metadata }));
        assert!(told(&out, |e| matches!(e, RuntimeEvent::MetadataIgnored { .. })));
        rig.accept(&out);
        assert_eq!(runs(&rig.deliver(0, &[41])), [(41, 1)]);
    }
}

#[test]
fn a_plain_consumers_commit_has_no_metadata_and_that_is_fine() {
    let mut rig = Rig::new(vec![ordered()]);
    let out = rig.assign(0, Some(Committed { offset: Offset(41), metadata: String::new() }));
    assert!(!told(&out, |_| true) && committed(&out) == Some(41));
}

#[test]
fn intake_slows_before_the_retries_do_not_fit() {
    let mut config = config(vec![retrying(unordered(), 9)]);
    config.max_in_flight = 1;
    let mut rig = Rig::with(config);
    let epoch = rig.own(0);
    let all: Vec<_> = (0..200).collect();
    let (mut failing, mut next, mut newest) = (0, 0, Vec::new());
    rig.deliver(0, &all);
    while next < 200 {
        let out = rig.finish(&work(0, epoch, next), failed(Class::Transient));
        (failing, next) = (failing + 1, next + 1);
        let full = runs(&out).is_empty();
        newest = if commit(&out).is_some() { out } else { newest };
        if full {
            break;
        }
    }
    assert!((20..100).contains(&failing), "{failing}");
    let out = rig.accept(&newest);
    let entry = &commit(&out).unwrap()[0];
    let metadata = CommitMetadata::decode(&entry.committed.metadata).unwrap();
    assert_eq!(metadata.retries.len(), failing, "rule 20: none is left out");
    assert!(entry.committed.metadata.len() <= 4096);
}

#[test]
fn the_next_owner_does_not_repeat_what_is_done_above_the_commit() {
    let mut rig = Rig::new(vec![unordered()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1, 2, 5]);
    let out = rig.finish(&work(0, epoch, 1), DONE);
    let out = rig.accept(&out);
    assert_eq!(commit(&out), None);
    let out = rig.finish(&work(0, epoch, 5), DONE);
    let left = commit(&out).expect("what is done above is told")[0].committed.clone();
    assert_eq!(left.offset, Offset(0));

    let mut next = Rig::new(vec![unordered()]);
    next.own_from(0, Some(left));
    let out = next.deliver(0, &[0, 1, 2, 5, 6]);
    assert_eq!(runs(&out), [(0, 1), (2, 1), (6, 1)]);
    assert_eq!(ended(&out), [(1, End::Duplicate), (5, End::Duplicate)]);
}

#[test]
fn a_long_map_of_what_is_done_slows_intake_and_never_stops_it() {
    let mut config = config(vec![unordered()]);
    config.max_in_flight = 100_000;
    config.max_buffered_records = 100_000;
    let mut rig = Rig::with(config);
    let epoch = rig.own(0);
    // Two of three finish, at random distances: the map gets as long as can be.
    let all: Vec<_> = (0..40_000).collect();
    let begun = runs(&rig.deliver(0, &all));
    let odd: Vec<_> = begun.iter().filter(|(o, _)| o * o % 7 % 3 != 0).map(|(o, _)| *o).collect();
    let answers = odd.iter().map(|o| (Offset(*o), DONE)).collect();
    let out = rig.ran(&work(0, epoch, 0), answers);
    let metadata = commit(&out).expect("a commit")[0].committed.metadata.clone();
    assert!(metadata.len() <= 4096, "parallel-consumer#647: {}", metadata.len());
    rig.accept(&out);
    assert_eq!(runs(&rig.deliver(0, &[50_000])), [], "rule 8: near the limit intake slows");
    let rest = begun.iter().map(|(o, _)| *o).filter(|o| o * o % 7 % 3 == 0);
    let answers = rest.map(|o| (Offset(o), DONE)).collect();
    assert_eq!(runs(&rig.ran(&work(0, epoch, 0), answers)), [(50_000, 1)], "and goes on");
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        cluster_id: String, topic_id: Option<u128>, base in 0_u64..1 << 60, log_start: u64, partition: u32,
        retries in prop::collection::vec((0_u64..1 << 40, 1_u32.., 0_u32..4, any::<i64>(), 0_u64..1 << 50), 0..20),
    ) {
        let retry = |(delta, attempts, unknown, due, time)| RetryState {
            offset: Offset(base + delta), attempts, unknown, due: Timestamp(due), delay: ms(time), active: ms(time / 3),
        };
        let retries = retries.into_iter().map(retry).collect();
        let topic_id = topic_id.map(TopicId::new);
        let done = above(&[(base + 1, base + 3), (base + 9, base + 9 + log_start % 1_000)]);
        let metadata = CommitMetadata { cluster_id, partition: tp(partition), topic_id, base: Offset(base), log_start: Offset(log_start), fence: Fence { term: log_start, end: Offset(base) }, retries, done };
        prop_assert_eq!(CommitMetadata::decode(&metadata.encode()), Ok(metadata));
    }

    #[test]
    fn nothing_makes_it_panic(text: String, tail in "[ -~]{0,80}") {
        let _ = CommitMetadata::decode(&text);
        let crc = format!("{:08x}", crc32fast::hash(tail.as_bytes()));
        let _ = CommitMetadata::decode(&format!("tidegate/4 crc={crc} {tail}"));
        let _ = CommitMetadata::decode(&format!("tidegate/3 crc={crc} {tail}"));
    }
}
