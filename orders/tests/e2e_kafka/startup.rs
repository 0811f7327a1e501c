//! What stops the start on a cluster: one clear line, exit code 2.

use std::time::Duration;

use test_servers::LocalKafka;

use crate::harness::Ended;
use crate::platform::Place;

/// The program's own line on stderr, the last one, which says all of this.
#[track_caller]
fn told(ended: Ended, said: &[&str]) {
    let ended = ended.expect(2);
    let own: Vec<_> = ended.stderr.lines().filter(|line| line.starts_with("orders: ")).collect();
    assert_eq!(own.len(), 1, "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().last(), Some(own[0]), "{}", ended.stderr);
    for part in said {
        assert!(own[0].contains(part), "{part:?} is missing: {}", own[0]);
    }
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

#[tokio::test]
async fn missing_topics_are_named_with_the_command_that_makes_them() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), LocalKafka::shared().address(), "nowhere");
    for service in ["producer", "consumer", "replay"] {
        let ended = place.orders(service).run().await;
        told(ended, &["nowhere", "cannot be found", "KAFKA_BROKERS", "orders topics"]);
    }
    place.topics().await;
    place.orders("producer").ready_at(0..1).await.stop("TERM").await;
}

#[tokio::test]
async fn a_cluster_that_does_not_answer_is_one_line_within_half_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let address = "127.0.0.1:1";
    let place = Place::new(folder.path(), address, "unreachable");
    let starts = ["producer", "consumer", "replay", "up", "topics"];
    // Side by side, each on ports of its own.
    let running = starts.map(|command| {
        let port = place.second_consumer().port;
        place.orders(command).at_port(port).start()
    });
    for program in running {
        let ended = program.ended_within(Duration::from_secs(30)).await;
        told(
            ended,
            &[
                "the log cannot be used",
                &format!("KAFKA_BROKERS is {address}"),
                "cannot be reached",
            ],
        );
    }
}

#[tokio::test]
async fn a_signal_ends_the_wait_for_a_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), "127.0.0.1:1", "impatient");
    let waiting = place.orders("consumer").start();
    crate::harness::eventually("it waits", async || {
        waiting.stderr().contains("waiting for the log").then_some(())
    })
    .await;
    waiting.stop("TERM").await;
}
