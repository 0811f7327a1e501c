//! Rule 8: format v1 of the commit metadata, and what is not taken over.

use proptest::prelude::*;
use tidegate::broker::Committed;
use tidegate::class::Class;
use tidegate::consumer::core::metadata::{CommitMetadata, MetadataError, RetryState};
use tidegate::events::RuntimeEvent;
use tidegate::message::{Offset, Timestamp};

use crate::rig::*;
use crate::world::tp;

const GOLDEN: &str = include_str!("../golden/commit-metadata-v1.txt");

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
        base: Offset(41),
        log_start: Offset(7),
        retries: vec![retry(41, 2, 1, 1_764_000_005_000, 5_000, 1_200), retry(44, 1, 0, -1, 0, 0)],
    }
}

#[test]
fn golden_file() {
    assert_eq!(sample().encode(), GOLDEN.trim_end());
    assert_eq!(CommitMetadata::decode(GOLDEN.trim_end()), Ok(sample()));
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
    let newer = sample().encode().replace("tidegate/1 ", "tidegate/2 ");
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
    config.max_in_flight = 1_000;
    let mut rig = Rig::with(config);
    let epoch = rig.own(0);
    let all: Vec<_> = (0..200).collect();
    let running = runs(&rig.deliver(0, &all));
    assert!((30..200).contains(&running.len()), "{}", running.len());
    let mut newest = Vec::new();
    for (offset, _) in &running {
        let out = rig.finish(&work(0, epoch, *offset), failed(Class::Transient));
        assert_eq!(runs(&out), [], "no further one starts, they all hold their place");
        newest = if commit(&out).is_some() { out } else { newest };
    }
    let out = rig.accept(&newest);
    let entry = &commit(&out).unwrap()[0];
    let metadata = CommitMetadata::decode(&entry.committed.metadata).unwrap();
    assert_eq!(metadata.retries.len(), running.len(), "rule 20: none is left out");
    assert!(entry.committed.metadata.len() <= 4096);
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        cluster_id: String, base in 0_u64..1 << 60, log_start: u64, partition: u32,
        retries in prop::collection::vec((0_u64..1 << 40, 1_u32.., 0_u32..4, any::<i64>(), 0_u64..1 << 50), 0..20),
    ) {
        let retry = |(delta, attempts, unknown, due, time)| RetryState {
            offset: Offset(base + delta), attempts, unknown, due: Timestamp(due), delay: ms(time), active: ms(time / 3),
        };
        let retries = retries.into_iter().map(retry).collect();
        let metadata = CommitMetadata { cluster_id, partition: tp(partition), base: Offset(base), log_start: Offset(log_start), retries };
        prop_assert_eq!(CommitMetadata::decode(&metadata.encode()), Ok(metadata));
    }

    #[test]
    fn nothing_makes_it_panic(text: String, tail in "[ -~]{0,80}") {
        let _ = CommitMetadata::decode(&text);
        let crc = format!("{:08x}", crc32fast::hash(tail.as_bytes()));
        let _ = CommitMetadata::decode(&format!("tidegate/1 crc={crc} {tail}"));
    }
}
