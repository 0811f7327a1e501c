//! Rules 7, 10, 12: taking a partition over.

use tidegate::broker::{Assignment, CommitError, Committed, Watermarks};
use tidegate::consumer::core::metadata::{CommitMetadata, DoneAbove};
use tidegate::consumer::core::{Command, Event, Fence, OwnFailure, Stopped};
use tidegate::events::RuntimeEvent;
use tidegate::message::{Offset, TopicId};
use tidegate::policy::{Effects, RoutePolicy, StartFrom};

use crate::rig::*;
use crate::world::tp;

#[test]
fn the_stores_know_the_owner_and_a_commit_is_accepted_before_anything_is_delivered() {
    let route = RoutePolicy { effects: Effects::Transactional, ..ordered() };
    let mut rig = Rig::new(vec![route]);
    let out = rig.assign(0, None);
    let epoch = owning(&out).expect("rule 10: first the stores");
    let down = Err(OwnFailure { message: "down".into() });
    let out = rig.send(Event::Owned { partition: tp(0), epoch, result: down });
    assert!(told(&out, |e| matches!(e, RuntimeEvent::OwnFailed { .. })) && commit(&out).is_none());
    assert_eq!(owning(&rig.wait()), Some(epoch), "tried again");
    let out = rig.send(Event::Owned { partition: tp(0), epoch, result: Ok(()) });
    assert_eq!((committed(&out), started(&out)), (Some(0), None));
    let out = rig.answer(&out, Err(CommitError::StaleGeneration));
    assert_eq!(started(&out), None);
    let out = rig.wait();
    assert_eq!(started(&rig.accept(&out)), Some(0));
}

#[test]
fn the_commit_decides_where_to_begin_and_without_one_the_user_does() {
    let begin = |start_from, committed: Option<u64>| {
        let mut config = config(vec![ordered()]);
        config.start_from = start_from;
        let mut rig = Rig::with(config);
        let committed =
            committed.map(|at| Committed { offset: Offset(at), metadata: String::new() });
        let out = rig.assign(0, committed);
        started(&rig.accept(&out))
    };
    assert_eq!(begin(StartFrom::Earliest, None), Some(0));
    assert_eq!(begin(StartFrom::Latest, None), Some(END));
    assert_eq!(begin(StartFrom::At(Offset(7)), None), Some(7));
    assert_eq!(begin(StartFrom::Latest, Some(3)), Some(3));
    assert_eq!(begin(StartFrom::Earliest, Some(END)), Some(END));
}

/// What the group committed for this topic among those of its name.
fn committed_for(topic_id: Option<TopicId>, cluster_id: &str) -> Option<Committed> {
    let mut done = DoneAbove::default();
    done.push(Offset(5), Offset(6));
    let metadata = CommitMetadata {
        cluster_id: cluster_id.into(),
        partition: tp(0),
        topic_id,
        base: Offset(3),
        log_start: Offset(0),
        fence: Fence::default(),
        retries: Vec::new(),
        done,
    };
    Some(Committed { offset: Offset(3), metadata: metadata.encode() })
}

/// Rule 7: offsets of a topic that was deleted mean nothing in one that was made anew under its name, also where Kafka has taken a
/// commit for it that came late.
#[test]
fn rule_7_a_commit_for_another_topic_of_the_name_is_none() {
    let (old, new) = (Some(TopicId::new(1)), Some(TopicId::new(2)));
    let begin = |committed, ours| {
        let mut rig = Rig::new(vec![ordered()]);
        let out = rig.assign_of(ours, 0, committed);
        let void =
            told(&out, |e| *e == RuntimeEvent::CommitVoid { partition: tp(0), offset: Offset(3) });
        let first = commit(&out).expect("the first commit");
        let written = CommitMetadata::decode(&first[0].committed.metadata).unwrap();
        assert_eq!(written.topic_id, ours, "what the next owner compares");
        (started(&rig.accept(&out)), void, written.done == DoneAbove::default())
    };
    assert_eq!(begin(committed_for(old, "c"), new), (Some(0), true, true));
    assert_eq!(begin(committed_for(new, "c"), new), (Some(3), false, false));
    assert_eq!(begin(committed_for(None, "c"), new), (Some(3), false, false), "nobody knows");
    assert_eq!(begin(committed_for(old, "c"), None), (Some(3), false, false), "nobody knows");
    let copied = begin(committed_for(old, "other"), new);
    assert_eq!(copied, (Some(3), false, true), "a mirror translates offsets, not metadata");
}

#[test]
fn a_start_outside_of_the_log_is_refused_and_never_jumps() {
    for (at, start) in [(4, 5), (11, 5)] {
        let mut rig = Rig::new(vec![ordered()]);
        let committed = Some(Committed { offset: Offset(at), metadata: String::new() });
        let watermarks = Watermarks { start: Offset(start), end: Offset(10) };
        let assigned = Assignment { partition: tp(0), committed, watermarks, topic_id: None };
        let out = rig.send(Event::Assigned(vec![assigned]));
        assert!(told(&out, |e| matches!(e, RuntimeEvent::OutOfRange { .. })), "rule 7");
        let Some(Stopped::Failed { reason }) = stopped(&out) else { panic!("{out:?}") };
        assert!(reason.contains("orders/0") && reason.contains(&at.to_string()), "{reason}");
        assert_eq!(commit(&out), None);
    }
}

#[test]
fn records_deleted_under_the_reader_stop_the_service() {
    let mut rig = Rig::new(vec![ordered()]);
    rig.own(0);
    let watermarks = Watermarks { start: Offset(50), end: Offset(90) };
    let event = Event::OutOfRange { partition: tp(0), position: Offset(7), watermarks };
    assert!(matches!(stopped(&rig.send(event)), Some(Stopped::Failed { .. })), "rule 7");
}

#[test]
fn assigned_again_without_a_word_is_a_new_ownership() {
    let mut rig = Rig::new(vec![ordered()]);
    let old = rig.own(0);
    rig.deliver(0, &[0]);
    let out = rig.assign(0, None);
    assert!(out.contains(&Command::Cancel { partition: tp(0), epoch: old }), "rule 12");
    assert_eq!(started(&rig.accept(&out)), Some(0));
}
