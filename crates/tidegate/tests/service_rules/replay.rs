//! Replayed dead letters: the owner's marker decides (rule 31).

use tidegate::class::Class;
use tidegate::dead_letter::Letter;
use tidegate::headers::names;
use tidegate::message::{NewRecord, Timestamp};
use tidegate::testing::{Saw, TestService};

use crate::common::{Charged, Do, Script, record, service};
use crate::inbox::Bench;
use crate::stores::{Db, on_each_store};

fn replay(letter: &Letter) -> NewRecord {
    letter.replay("job-1", Timestamp(0)).unwrap()
}

/// One event that died, and its letter.
async fn one_dead(bench: &Bench<impl Db>) -> (TestService, Letter) {
    let t = bench.start().await;
    t.publish_record(record("orders", "e-1", "a")).await;
    t.settled().await;
    let letter = t.dead_letters().remove(0);
    (t, letter)
}

on_each_store!(
    rule_31_exactly_the_letter_that_the_marker_names_runs_again_with_a_new_count,
    rule_31_a_second_replay_of_the_same_letter_is_a_duplicate,
    rule_31_a_replay_of_an_older_letter_is_superseded,
);

async fn rule_31_exactly_the_letter_that_the_marker_names_runs_again_with_a_new_count<D: Db>() {
    let bench = Bench::<D>::new(&[Do::Fail(Class::Permanent), Do::Work]).await;
    let (t, letter) = one_dead(&bench).await;
    t.publish_record(replay(&letter)).await;
    t.settled().await;
    assert_eq!(t.outcomes("e-1"), [Saw::Dead, Saw::Done]);
    assert_eq!(bench.script.attempts(), [1, 1]);
    assert_eq!(bench.rows("notes").await, 1);
    assert_eq!(t.emitted::<Charged>("payments").len(), 1);
    t.assert_conserved();
}

async fn rule_31_a_second_replay_of_the_same_letter_is_a_duplicate<D: Db>() {
    let bench = Bench::<D>::new(&[Do::Fail(Class::Permanent), Do::Work]).await;
    let (t, letter) = one_dead(&bench).await;
    t.publish_records(vec![replay(&letter), replay(&letter)]).await;
    t.settled().await;
    assert_eq!(t.outcomes("e-1"), [Saw::Dead, Saw::Done, Saw::Duplicate]);
    assert_eq!(bench.rows("notes").await, 1);
    t.assert_conserved();
}

async fn rule_31_a_replay_of_an_older_letter_is_superseded<D: Db>() {
    let bench = Bench::<D>::new(&[Do::Fail(Class::Permanent)]).await;
    let (t, first) = one_dead(&bench).await;
    t.publish_records(vec![replay(&first), replay(&first)]).await;
    t.settled().await;
    assert_eq!(t.outcomes("e-1"), [Saw::Dead, Saw::Dead, Saw::Skipped]);
    assert_eq!(t.dead_letters().len(), 2);
    let (second, origin) = (&t.dead_letters()[1], first.origin);
    assert_eq!(second.origin, origin, "rule 32: the first origin is kept");
    assert_eq!(second.history.len(), 2, "the history grows over replays");
    t.assert_conserved();
}

#[tokio::test]
async fn rule_31_a_replay_for_another_group_is_skipped() {
    let script = Script::of(&[]);
    let t = service(&script).await;
    t.publish_record(record("orders", "e-1", "a").header(names::REPLAY_GROUP, "others")).await;
    t.settled().await;
    assert_eq!((t.outcomes("e-1"), script.calls()), (vec![Saw::Skipped], 0));
    t.assert_conserved();
}
