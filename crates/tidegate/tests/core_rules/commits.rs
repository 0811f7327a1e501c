//! Rules 1, 2, 10, 13, I10: what is committed, and when.

use tidegate::broker::{CommitError, Committed};
use tidegate::consumer::core::metadata::CommitMetadata;
use tidegate::consumer::core::{Command, Event};
use tidegate::events::RuntimeEvent;
use tidegate::message::Offset;

use crate::rig::*;
use crate::world::tp;

#[test]
fn highest_seen_is_not_committable() {
    let mut rig = Rig::new(vec![unordered()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1, 2]);
    let out = rig.finish(&work(0, epoch, 2), DONE);
    assert_eq!(committed(&out), Some(0), "rule 1: 0 is unfinished");
    rig.accept(&out);
    assert_eq!(commit(&rig.revoke(&[0], ms(1_000), 1)), None);
    let out = rig.finish(&work(0, epoch, 0), DONE);
    assert_eq!(committed(&out), Some(1), "rule 1: the lowest unfinished one");
}

#[test]
fn when_all_is_finished_what_follows_the_last_delivered_is_committed() {
    let mut rig = Rig::new(vec![unordered()]);
    let epoch = rig.own(0);
    let out = rig.deliver(0, &[3]);
    assert_eq!(committed(&out), Some(3), "there is nothing below it");
    rig.accept(&out);
    let out = rig.finish(&work(0, epoch, 3), DONE);
    assert_eq!(committed(&out), Some(4));
}

#[test]
fn gaps_of_more_than_one_do_not_stop_the_watermark() {
    let mut rig = Rig::new(vec![ordered()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 5, 90]);
    let out = rig.finish(&work(0, epoch, 0), DONE);
    assert_eq!(committed(&out), Some(5));
    let next = rig.finish(&work(0, epoch, 5), DONE);
    assert_eq!(commit(&next), None, "rule 2: one in flight");
    assert_eq!(committed(&rig.accept(&out)), Some(90), "rule 2: newest value wins");
}

#[test]
fn failed_commit_retry_must_not_lower_offset() {
    let mut rig = Rig::new(vec![ordered()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1, 2]);
    let first = rig.finish(&work(0, epoch, 0), DONE);
    rig.finish(&work(0, epoch, 1), DONE);
    let out = rig.answer(&first, Err(CommitError::Unavailable("no answer".into())));
    assert!(told(&out, |e| matches!(e, RuntimeEvent::CommitFailed { .. })));
    assert_eq!(commit(&out), None, "after a back-off");
    assert_eq!(committed(&rig.wait()), Some(2), "I10: newest value, not the one that failed");
}

#[test]
fn commits_are_coalesced_but_a_retry_is_committed_at_once() {
    let mut config = config(vec![retrying(ordered(), 3)]);
    config.commit_interval = ms(50);
    let mut rig = Rig::with(config);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1]);
    assert_eq!(commit(&rig.finish(&work(0, epoch, 0), DONE)), None);
    let out = rig.finish(&work(0, epoch, 1), failed(tidegate::Class::Transient));
    assert_eq!(committed(&out), Some(1), "rule 20");
}

/// Until then the count is nowhere but in memory: a kill in between repeats the attempt, and nothing waits longer.
#[test]
fn a_retry_waits_for_the_commit_in_flight_and_for_no_interval() {
    let mut config = config(vec![retrying(ordered(), 3)]);
    config.commit_interval = ms(50);
    let mut rig = Rig::with(config);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1]);
    rig.finish(&work(0, epoch, 0), DONE);
    let first = rig.wait();
    assert_eq!(committed(&first), Some(1));
    let out = rig.finish(&work(0, epoch, 1), failed(tidegate::Class::Transient));
    assert!(told(&out, |e| matches!(e, RuntimeEvent::Retrying { .. })));
    assert_eq!(commit(&out), None, "rule 2: one in flight");
    let out = rig.accept(&first);
    let metadata = &commit(&out).expect("rule 20: at once")[0].committed.metadata;
    assert_eq!(CommitMetadata::decode(metadata).unwrap().retries[0].attempts, 1);
}

#[test]
fn stale_completion_after_reassignment_changes_nothing() {
    let mut rig = Rig::new(vec![ordered()]);
    let old = rig.own(0);
    rig.deliver(0, &[0]);
    rig.send(Event::Lost(vec![tp(0)]));
    let new = rig.own(0);
    rig.deliver(0, &[0]);
    assert!(new > old);
    assert_eq!(rig.finish(&work(0, old, 0), DONE), [], "rules 10, 13");
    let counts = rig.core.ledger()[&tp(0)];
    assert_eq!((counts.delivered, counts.cut_off, counts.pending), (2, 1, 1));
    assert_eq!(committed(&rig.finish(&work(0, new, 0), DONE)), Some(1));
}

#[test]
fn stale_resident_at_a_reused_offset_does_not_block_the_fresh_one() {
    let mut rig = Rig::new(vec![ordered()]);
    rig.own(0);
    rig.deliver(0, &[0, 1]);
    rig.send(Event::Lost(vec![tp(0)]));
    rig.own(0);
    assert_eq!(runs(&rig.deliver(0, &[0, 1])), [(0, 1)], "rule 12: cleared at assignment");
}

#[test]
fn a_commit_of_an_earlier_ownership_is_no_proof_for_this_one() {
    let mut rig = Rig::new(vec![ordered()]);
    let first = rig.assign(0, None);
    rig.send(Event::Lost(vec![tp(0)]));
    assert_eq!(rig.assign(0, None), [], "the old commit is still in flight");
    let out = rig.accept(&first);
    assert!(!out.iter().any(|c| matches!(c, Command::Start { .. })), "rule 10");
    assert!(rig.accept(&out).iter().any(|c| matches!(c, Command::Start { .. })));
}

#[test]
fn message_delivered_while_unassigned_is_ignored() {
    let mut rig = Rig::new(vec![ordered()]);
    assert_eq!(rig.deliver(0, &[0]), []);
    let out = rig.assign(0, None);
    assert_eq!(rig.deliver(0, &[0]), [], "rule 10: not before a commit was accepted");
    rig.accept(&out);
    assert_eq!(runs(&rig.deliver(0, &[0])), [(0, 1)]);
    assert_eq!(rig.core.ledger()[&tp(0)].delivered, 1);
}

#[test]
fn a_record_delivered_twice_counts_once_and_is_told() {
    let mut rig = Rig::new(vec![ordered()]);
    rig.own(0);
    rig.deliver(0, &[4]);
    for offset in [4, 3] {
        let out = rig.deliver(0, &[offset]);
        assert!(told(&out, |e| matches!(e, RuntimeEvent::Redelivered { .. })));
    }
    assert_eq!(rig.core.ledger()[&tp(0)].delivered, 1);
}

#[test]
fn a_partition_that_is_not_ours_any_more_stops_and_commits_nothing() {
    let mut rig = Rig::new(vec![unordered()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1]);
    let out = rig.finish(&work(0, epoch, 0), DONE);
    let out = rig.answer(&out, Err(CommitError::NotOwned(tp(0))));
    assert!(out.iter().any(|c| matches!(c, Command::Cancel { .. })));
    assert_eq!(rig.finish(&work(0, epoch, 1), DONE), []);
    assert_eq!(rig.core.deadline(), None, "nothing is committed any more");
}

#[test]
fn metadata_that_is_too_large_is_left_out_and_the_offset_still_counts() {
    let mut rig = Rig::new(vec![unordered()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1]);
    let out = rig.finish(&work(0, epoch, 0), DONE);
    let out = rig.answer(&out, Err(CommitError::MetadataTooLarge { size: 90, limit: 10 }));
    assert!(told(&out, |e| matches!(e, RuntimeEvent::CommitFailed { .. })), "rule 8");
    let bare = Committed { offset: Offset(1), metadata: String::new() };
    assert_eq!(commit(&out).map(|entries| entries[0].committed.clone()), Some(bare));
    rig.accept(&out);
    assert_eq!(committed(&rig.finish(&work(0, epoch, 1), DONE)), Some(2));
}
