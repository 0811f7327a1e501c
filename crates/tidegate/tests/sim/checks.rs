//! Checks of those whose routes run in worlds, and what is said when something goes on without an end.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tidegate::prelude::*;
use tidegate::testing::chaos::{Fate, Model, chaos, worlds, worlds_over};

use crate::strangers::{Order, failure, opens_a_socket, order, waits};

/// What a test says and how it ends that cannot go on in this process: run once more, in one of its own.
fn in_a_process_of_its_own(test: &str) -> Option<(bool, String)> {
    const INSIDE: &str = "TIDEGATE_INSIDE";
    if std::env::var(INSIDE).is_ok() {
        return None;
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let child = child.args(["--exact", test]).env(INSIDE, "1").env("RUST_BACKTRACE", "0");
    let output = child.output().unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    Some((output.status.success(), said))
}

async fn spins(Payload(order): Payload<Order>) {
    while std::hint::black_box(!order.id.is_empty()) {}
}

#[test]
fn a_handler_that_keeps_the_thread_is_named_and_not_waited_for() {
    let test = "checks::a_handler_that_keeps_the_thread_is_named_and_not_waited_for";
    let Some((well, said)) = in_a_process_of_its_own(test) else {
        let routes = || Topic::json("orders").on(spins).named("spins");
        return worlds(3..4, routes, order).limit(Duration::from_secs(1)).run();
    };
    assert!(!well, "{said}");
    assert!(said.contains("seed 3: this world has not ended within 1s of real time"), "{said}");
    assert!(said.contains("handler `spins` has had the thread"), "{said}");
    assert!(said.contains(&format!("TIDEGATE_SEED=3 cargo test {test}")), "{said}");
}

async fn waits_for_what_is_there(Payload(_): Payload<Order>) {
    loop {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_handler_that_never_lets_time_go_by_is_named_too() {
    let test = "checks::a_handler_that_never_lets_time_go_by_is_named_too";
    let Some((well, said)) = in_a_process_of_its_own(test) else {
        let routes = || Topic::json("orders").on(waits_for_what_is_there).named("yields");
        return worlds(3..4, routes, order).limit(Duration::from_secs(1)).run();
    };
    assert!(!well && said.contains("handler `yields`"), "{said}");
}

/// What panics so that a world finds it out is in the verdict, and only there.
#[test]
fn only_the_verdict_is_printed() {
    let test = "checks::only_the_verdict_is_printed";
    let Some((well, said)) = in_a_process_of_its_own(test) else {
        let refused = || chaos(0..5, || Topic::json("orders").on(opens_a_socket), order);
        assert!(failure(refused).contains("opens a socket"));
        return worlds(0..5, || Topic::json("orders").on(waits), order)
            .check(|_| panic!("the check's own words"))
            .run();
    };
    assert!(!well, "{said}");
    assert_eq!(said.matches("the check's own words").count(), 1, "{said}");
    assert_eq!(said.matches("panicked at").count(), 2, "one for each verdict: {said}");
}

async fn accepts_but_few(
    Payload(order): Payload<Order>,
    mut tx: Inbox<Model>,
) -> Result<(), Permanent> {
    match order.id.as_bytes()[0] {
        b'0' => return Err(Permanent::new("not this one")),
        b'1' => {}
        _ => tx.put(&order.id, "accepted"),
    }
    Ok(())
}

/// What was done has its row, what was refused is a dead letter: by the check's own account.
#[test]
fn a_check_sees_what_has_become_of_each_event() {
    let refused = AtomicU32::new(0);
    worlds(0..10, || Topic::json("orders").on(accepts_but_few), order)
        .check(|world| {
            for ended in world.events() {
                let first = ended.event.id.as_bytes()[0];
                let row = world.rows().contains_key(&ended.event.id);
                let right = match ended.fate {
                    Fate::Done => first != b'0' && row == (first != b'1'),
                    Fate::DeadLettered => first == b'0' && !row,
                    _ => false,
                };
                refused.fetch_add(u32::from(ended.fate == Fate::DeadLettered), Ordering::Relaxed);
                if !right {
                    return Err(format!("{ended:?}, and its row is there: {row}"));
                }
            }
            if world.events().len() < 200 { Err("too few".to_owned()) } else { Ok(()) }
        })
        .run();
    assert!(refused.into_inner() > 0);
}

#[test]
fn a_world_fails_when_its_check_does() {
    let said = failure(|| {
        let routes = || Topic::json("orders").on(accepts_but_few);
        worlds(0..3, routes, order)
            .check(|world| {
                let without = world.done().find(|order| !world.rows().contains_key(&order.id));
                without.map_or(Ok(()), |order| Err(format!("{} has no row", order.id)))
            })
            .run();
    });
    assert!(said.contains("your check does not hold: 1"), "{said}");
    assert!(said.contains("has no row") && said.contains("TIDEGATE_SEED="), "{said}");
    let said = failure(|| {
        worlds(0..3, || Topic::json("orders").on(waits), order)
            .check(|world| {
                assert_eq!(world.seed(), 1_000, "a comparison of its own");
                Ok(())
            })
            .run();
    });
    assert!(said.contains("it panicked: assertion `left == right` failed"), "{said}");
    assert!(said.contains("a comparison of its own"), "{said}");
}

/// All processes of a world share its model, and no other world does.
#[test]
fn a_world_has_its_model_for_itself() {
    type Sent = std::sync::Arc<std::sync::Mutex<Vec<String>>>;
    async fn sends(Payload(order): Payload<Order>, State(sent): State<Sent>) {
        sent.lock().unwrap().push(order.id);
    }
    let routes = |sent: &Sent| Topic::json("orders").on(sends).with_state(sent.clone());
    worlds_over(0..20, Sent::default, routes, order)
        .check(|world| {
            let mut sent = world.model().lock().unwrap().clone();
            let mut done: Vec<_> = world.done().map(|order| order.id.clone()).collect();
            sent.sort();
            done.sort();
            sent.dedup();
            if sent == done { Ok(()) } else { Err(format!("{sent:?} and {done:?}")) }
        })
        .run();
}
