//! What is owned, given back, lost, and may be committed.

use std::sync::Arc;
use std::time::Duration;

use super::{Bench, place};
use crate::broker::kafka::member::state::State;
use crate::broker::kafka::member::topics::News;
use crate::broker::kafka::member::{Shared, named};
use crate::broker::{BrokerError, CommitError, GroupEvent, RevokeTicket, Subscription};
use crate::message::TopicName;

const WITHIN: Duration = Duration::from_secs(1);

#[test]
fn a_grant_is_told_when_it_is_described_and_once() {
    let (mut bench, p) = (Bench::new(), place(0));
    let grant = bench.state.granted(vec![p.clone()])[0].1;
    assert!(bench.state.next().is_none());
    bench.described(&p, grant);
    assert!(matches!(bench.state.next(), Some(GroupEvent::Assigned(a)) if a.len() == 1));
    assert!(bench.state.next().is_none());
}

/// regression: deferred unassign superseded; stale ack after reassignment
#[test]
fn what_was_found_out_for_an_earlier_grant_says_nothing() {
    let (mut bench, p) = (Bench::new(), place(0));
    let first = bench.state.granted(vec![p.clone()])[0].1;
    assert_eq!(bench.state.revoking(std::slice::from_ref(&p), WITHIN), None, "nobody was told");
    bench.state.granted(vec![p.clone()]);
    bench.described(&p, first);
    assert!(bench.state.next().is_none());
}

/// rule 12
#[test]
fn nothing_of_an_earlier_grant_is_left() {
    let (mut bench, p) = (Bench::new(), place(0));
    bench.told(&p);
    bench.running(&p, 0);
    bench.keep(&p, 0..2);
    bench.state.set_paused(std::slice::from_ref(&p), true);
    bench.state.lost(std::slice::from_ref(&p));
    assert!(matches!(bench.state.next(), Some(GroupEvent::Lost(_))));
    bench.told(&p);
    bench.running(&p, 1);
    bench.keep(&p, 1..2);
    assert_eq!(bench.records(), [1], "neither the old buffer nor the old pause");
}

/// rule 11: what is being given back delivers nothing, and may be committed until the answer.
#[test]
fn a_revoke_stops_delivery_and_allows_commits() {
    let (mut bench, p, q) = (Bench::new(), place(0), place(1));
    for partition in [&p, &q] {
        bench.told(partition);
        bench.running(partition, 0);
        bench.keep(partition, 0..1);
    }
    let ticket = bench.state.revoking(std::slice::from_ref(&p), WITHIN).unwrap();
    assert!(matches!(bench.state.next(), Some(GroupEvent::Revoking { .. })));
    let event = bench.state.next();
    assert!(matches!(event, Some(GroupEvent::Records { partition, .. }) if partition == q));
    assert!(bench.state.next().is_none(), "nothing of what is given back");
    assert!(bench.state.check_commit(&p).is_ok());
    bench.state.answer(RevokeTicket(ticket.0 + 1));
    assert!(!bench.state.is_answered(ticket), "another revoke's ticket");
    bench.state.answer(ticket);
    assert!(bench.state.is_answered(ticket));
    bench.state.given_back(std::slice::from_ref(&p));
    assert_eq!(bench.state.check_commit(&p), Err(CommitError::NotOwned(p)));
    assert!(bench.state.next().is_none(), "given back in order: nobody is told of a loss");
}

/// rules 2 and 13: a commit that waited behind another one while its partition went to somebody else is not sent.
#[test]
fn a_commit_that_waited_for_too_long_is_not_owned_any_more() {
    let (mut bench, p) = (Bench::new(), place(0));
    let first = bench.told(&p);
    let (grant, _) = bench.state.check_commit(&p).unwrap();
    assert_eq!((grant, bench.state.check_grant(&p, grant)), (first, Ok(())));
    bench.state.revoking(std::slice::from_ref(&p), WITHIN).unwrap();
    assert!(bench.state.check_grant(&p, grant).is_ok(), "commits count until the answer");
    bench.state.given_back(std::slice::from_ref(&p));
    assert_eq!(bench.state.check_grant(&p, grant), Err(CommitError::NotOwned(p.clone())));
    assert!(matches!(bench.state.next(), Some(GroupEvent::Revoking { .. })));
    bench.told(&p);
    assert_eq!(bench.state.check_grant(&p, grant), Err(CommitError::NotOwned(p)));
}

/// rules 15 and 17
#[test]
fn a_thread_that_panics_ends_the_membership() {
    let shared = Arc::new(Shared::new(&Subscription::new("g", vec![place(0).topic])));
    let thread = named("test", &shared, || panic!("on purpose")).unwrap();
    assert!(thread.join().is_err());
    let told = shared.state().next();
    let Some(GroupEvent::Fatal(error)) = told else { panic!("{told:?}") };
    assert!(error.to_string().contains("the thread test has panicked"), "{error}");
}

#[test]
fn an_end_is_told_for_ever_and_after_what_was_lost() {
    let (mut bench, p) = (Bench::new(), place(0));
    bench.told(&p);
    bench.state.fail(BrokerError::Closed);
    bench.state.fail(BrokerError::Config("later".into()));
    assert!(matches!(bench.state.next(), Some(GroupEvent::Lost(_))));
    for _ in 0..2 {
        assert!(matches!(bench.state.next(), Some(GroupEvent::Fatal(BrokerError::Closed))));
    }
    assert_eq!(bench.state.check_commit(&p), Err(CommitError::Closed));
}

/// Rule 11: while a revoke is open, its partitions are being drained. What becomes of another topic does not answer it.
#[test]
fn rule_11_a_topic_that_is_back_answers_no_revoke() {
    let mut bench = Bench::new();
    let (mine, other) = (place(0), TopicName::new("other").unwrap());
    bench.told(&mine);
    let ticket = bench.state.revoking(std::slice::from_ref(&mine), WITHIN).unwrap();
    bench.state.note_topic(News::Back { topic: other.clone(), anew: true });
    assert!(!bench.state.is_answered(ticket) && bench.state.owns(&mine));
    bench.state.answer(ticket);
    assert_eq!(bench.state.take_topics(), [News::Back { topic: other, anew: true }]);
    assert_eq!(bench.state.take_topics(), [], "once");
}

/// Rule 7: while its topic is not there nothing of a partition is committed. A commit that came after a new topic of that name
/// was made would count there.
#[test]
fn rule_7_nothing_is_committed_for_a_topic_that_is_gone() {
    let mut bench = Bench::new();
    let mine = place(0);
    let grant = bench.told(&mine);
    assert!(bench.state.check_commit(&mine).is_ok());
    bench.state.note_topic(News::Gone(mine.topic.clone()));
    let refused = |state: &State| {
        let (one, last) = (state.check_commit(&mine).map(drop), state.check_grant(&mine, grant));
        [one, last].iter().all(|checked| matches!(checked, Err(CommitError::Unavailable(_))))
    };
    assert!(refused(&bench.state));
    bench.state.note_topic(News::Back { topic: mine.topic.clone(), anew: true });
    assert!(refused(&bench.state), "until what was owned of the old one is given up");
    let news = bench.state.take_topics();
    news.into_iter().for_each(|news| bench.state.hear_of_topic(news));
    assert!(matches!(bench.state.check_grant(&mine, grant), Err(CommitError::NotOwned(_))));
}

/// Rule 7: what was found out of a grant may be of two topics, the old one and the one that was made anew. The grant is over in a moment.
#[test]
fn rule_7_a_grant_of_a_topic_that_was_made_anew_is_not_told() {
    let (mut bench, mine) = (Bench::new(), place(0));
    let grant = bench.state.granted(vec![mine.clone()])[0].1;
    bench.state.note_topic(News::Back { topic: mine.topic.clone(), anew: true });
    bench.described(&mine, grant);
    assert!(bench.state.next().is_none());
}
