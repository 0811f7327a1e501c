//! The same event twice in flight, under `Order::None`: both are claimed before either is marked.

use std::collections::BTreeSet;

use tidegate::class::Class;
use tidegate::headers::names;
use tidegate::message::Record;
use tidegate::testing::{Saw, TestService};

use crate::common::{Do, record};
use crate::inbox::Bench;
use crate::stores::{Db, on_each_store};

/// Both run, and neither has touched the store yet, when the gate opens.
async fn both<D: Db>(steps: &[Do]) -> (Bench<D>, TestService) {
    let bench = Bench::new(steps).await;
    let t = bench.start_unordered().await;
    t.publish_records(vec![record("orders", "e-1", "a"), record("orders", "e-1", "a")]).await;
    t.until("both run", |_| bench.script.calls() == 2).await;
    bench.script.open();
    bench.script.open();
    t.settled().await;
    (bench, t)
}

/// How often what was seen; which of the twins is through first does not matter.
fn outcomes(t: &TestService) -> Vec<(Saw, usize)> {
    let all = t.outcomes("e-1");
    let of = |saw: Saw| (saw, all.iter().filter(|one| **one == saw).count());
    [Saw::Done, Saw::Dead, Saw::Duplicate].map(of).into_iter().filter(|(_, n)| *n > 0).collect()
}

/// The ids of what was emitted. A twin may find it owed, and send it once more as what it is (rule 42).
fn ids(t: &TestService, topic: &str) -> BTreeSet<String> {
    let id = |r: &Record| r.headers.text(names::EVENT_ID).unwrap().to_owned();
    t.records(topic).iter().map(id).collect()
}

on_each_store!(
    rule_27_twins_have_one_effect,
    rule_31_of_twins_that_are_given_up_one_dead_letter_handler_has_its_effect,
    rule_25_when_one_twin_is_done_the_other_does_not_die,
);

async fn rule_27_twins_have_one_effect<D: Db>() {
    let (bench, t) = both::<D>(&[Do::Wait]).await;
    assert_eq!(outcomes(&t), [(Saw::Done, 1), (Saw::Duplicate, 1)]);
    assert_eq!(bench.rows("notes").await, 1);
    assert_eq!(ids(&t, "payments").len(), 1);
    t.assert_conserved();
}

async fn rule_31_of_twins_that_are_given_up_one_dead_letter_handler_has_its_effect<D: Db>() {
    let (bench, t) = both::<D>(&[Do::WaitThenFail(Class::Permanent)]).await;
    assert_eq!(outcomes(&t), [(Saw::Dead, 1), (Saw::Duplicate, 1)]);
    assert_eq!((bench.rows("notes").await, bench.rows("failures").await), (0, 1));
    assert_eq!(ids(&t, "failures").len(), 1);
    t.assert_conserved();
}

async fn rule_25_when_one_twin_is_done_the_other_does_not_die<D: Db>() {
    let bench = Bench::<D>::new(&[Do::Wait, Do::WaitThenFail(Class::Permanent)]).await;
    let t = bench.start_unordered().await;
    t.publish_records(vec![record("orders", "e-1", "a"), record("orders", "e-1", "a")]).await;
    t.until("both run", |_| bench.script.calls() == 2).await;
    bench.script.open();
    t.until("one is done", |t| t.outcomes("e-1") == [Saw::Done]).await;
    bench.script.open();
    t.settled().await;
    assert_eq!(t.outcomes("e-1"), [Saw::Done, Saw::Duplicate]);
    assert_eq!((bench.rows("notes").await, bench.rows("failures").await), (1, 0));
    t.assert_conserved();
}
