//! Killed at its worst moment, and started again: nothing lost, nothing charged twice (I1, I4; fault F1).

use std::path::Path;

use crate::harness::{Program, Setup, eventually};

/// How many orders the long run has: 2,000, or what LOAD_COUNT says (20,000 at night).
fn count() -> u64 {
    match std::env::var("LOAD_COUNT") {
        Ok(count) => count.parse().expect("LOAD_COUNT is a number"),
        Err(_) => 2_000,
    }
}

fn load(folder: &Path, up: &Program, line: &str) -> Setup {
    let words: Vec<_> = std::iter::once("load").chain(line.split_whitespace()).collect();
    Setup::orders(folder, &words).at_port(up.port)
}

async fn performed(up: &Program) -> u64 {
    let http = up.gateway();
    let stats = http.try_send(http.request("GET", "/api/v1/effects/stats")).await;
    stats.and_then(|answer| answer.data()["performed"].as_u64()).unwrap_or(0)
}

#[tokio::test]
async fn orders_survive_a_kill_half_way_none_lost_none_charged_twice() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::up(folder.path());
    let up = setup.ready().await;
    let line = format!(
        "--count {} --failing 2% --duplicates 2% --late 1% --seed 2 --settle 300s",
        count()
    );
    let load = load(folder.path(), &up, &line).start();
    eventually("half of the orders are charged", async || {
        (performed(&up).await >= count() / 2).then_some(())
    })
    .await;
    up.kill().await;

    let again = setup.ready().await;
    let judged = load.ended().await.expect(0);
    assert!(judged.stdout.contains("lost        0\n"), "{}", judged.stdout);
    assert!(judged.stdout.contains("repeated    0\n"), "{}", judged.stdout);
    assert!(judged.stdout.contains("every order is accounted for"), "{}", judged.stdout);
    again.end().await;
}

#[tokio::test]
async fn a_gateway_that_forgets_its_keys_is_caught_and_the_orders_named() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).argument("--forgetful").ready().await;
    let line = "--count 60 --failing 30% --seed 3 --settle 60s";
    let judged = load(folder.path(), &up, line).run().await.expect(1);
    let named: Vec<_> =
        judged.stdout.lines().filter(|line| line.contains("repeated: charged")).collect();
    assert!(!named.is_empty(), "{}", judged.stdout);
    for line in named {
        // Only what was tried more than once can have been charged more than once.
        assert!(line.contains("fail-transient-1") || line.contains("fail-always"), "{line}");
    }
    up.end().await;
}

#[tokio::test]
async fn each_self_test_of_the_load_exits_1() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    for (fault, said) in [("lost", "never charged"), ("repeated", "charged 2 times")] {
        let line = format!("--count 20 --seed 4 --self-test {fault}");
        let judged = load(folder.path(), &up, &line).run().await.expect(1);
        assert!(judged.stdout.contains(said), "{}", judged.stdout);
        assert!(judged.stdout.contains("1 fault:"), "{}", judged.stdout);
    }
    up.end().await;
}

#[tokio::test]
async fn load_says_that_simulation_is_off_and_exits_2() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).variable("ALLOW_SIMULATION", "false").ready().await;
    let judged = load(folder.path(), &up, "--count 20 --late 100%").run().await.expect(2);
    assert!(judged.stderr.contains("ALLOW_SIMULATION=true"), "{}", judged.stderr);
    up.end().await;
}

/// Attempts of the one order that waits for a retry, as they were committed.
async fn committed_attempts(up: &Program) -> Option<u64> {
    let metrics = up.consumer().get("/api/v1/metrics").await;
    let partitions = metrics.data()["lag"].as_array()?;
    let first =
        partitions.iter().find_map(|partition| partition["retrying"][0]["attempts"].as_u64());
    // The second retry waits in the retry topic, whose entry has its count.
    first.or_else(|| metrics.data()["scheduled"].get(0).map(|_| 2))
}

/// Rules 20 and 21. Promised: an attempt whose count was committed is never given again, whatever is killed. Not promised:
/// the count of an attempt that has just failed is in memory until its commit is accepted, which takes one commit in
/// flight and its own; a kill in between repeats that attempt. So `outcomes.retried` proves nothing yet, and the kill waits
/// for `lag[].retrying` or `scheduled`, which is what the log holds.
///
/// The gateway counts every request; after a restart it goes on from the last performed charge, the order's first.
#[tokio::test]
async fn a_kill_while_retrying_does_not_give_an_order_more_attempts() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::up(folder.path())
        .variable("RETRY_MAX_ATTEMPTS", "3")
        .variable("RETRY_INITIAL_INTERVAL", "5s")
        .variable("RETRY_MAX_INTERVAL", "5s");
    let up = setup.ready().await;
    let order = up.order("fail-always").await;
    let before = eventually("an attempt has failed, and its count is committed", async || {
        committed_attempts(&up).await
    })
    .await;
    up.kill().await;

    let again = setup.ready().await;
    let letter = again.dead_letter(&order.event_id).await;
    assert_eq!(letter["attempts"], 3, "{letter}");
    let stats = again.gateway().get("/api/v1/effects/stats").await.expect(200);
    let requested = stats.data()["requested"].as_u64().unwrap();
    assert!(
        requested <= 1 + 3 - before,
        "{before} attempts committed before the kill: {}",
        stats.body
    );
    assert_eq!(again.charges(&order.order_id).await, 1);
    again.end().await;
}
