//! What `/ready` says within five seconds of the cause: here while the cluster does not answer, or has lost a topic.

mod member;
mod store;

use std::process::Command;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use test_servers::LocalKafka;

use crate::harness::{Answer, CONTRACT, Http, PATIENCE, eventually, within};
use crate::platform::{Place, Platform};

fn signal(process: u32, name: &str) {
    let kill = format!("kill -s {name} {process}");
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success(), "{kill}");
}

/// All three at once: each has five seconds.
async fn all_fail(services: &[Http; 3], check: &str) {
    for answer in within(CONTRACT, check, services.each_ref(), |answer| answer.fails(check)).await {
        assert_eq!(answer.data()["status"], "not ready", "{}", answer.body);
        let errors = answer.data()["errors"].as_array().unwrap();
        assert!(errors.iter().any(|error| error["field"] == "broker"), "{}", answer.body);
    }
}

async fn all_are_ready_again(services: &[Http; 3]) {
    within(PATIENCE, "ready again", services.each_ref(), Answer::is_ready).await;
}

/// A test that fails tells what the services said last.
struct Tells<'a>(&'a Platform);

impl Drop for Tells<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Platform { gateway, producer, consumer, replay } = self.0;
            for service in [gateway, producer, consumer, replay] {
                let said = service.stderr();
                let last: Vec<_> = said.lines().rev().take(12).collect();
                eprintln!("---\n{}", last.into_iter().rev().collect::<Vec<_>>().join("\n"));
            }
        }
    }
}

/// Rule 17: one that does not answer, and one that is gone. Whoever asks waits for neither.
#[tokio::test]
async fn a_broker_that_stands_still_and_one_that_is_killed_are_seen_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let kafka = LocalKafka::start();
    let place = Place::new(folder.path(), kafka.address(), "frozen");
    place.topics().await;
    let platform = Platform::ready(&place).await;
    let tells = Tells(&platform);
    let up = &platform.producer;
    let services = [up.producer(), up.consumer(), up.replay()];

    let process = kafka.node(1).process_id();
    signal(process, "STOP");
    all_fail(&services, "broker").await;
    signal(process, "CONT");
    all_are_ready_again(&services).await;

    kafka.kill();
    all_fail(&services, "broker").await;
    kafka.start_again();
    all_are_ready_again(&services).await;
    drop(tells);
    platform.end().await;
}

async fn delete(kafka: &LocalKafka, topic: &str) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", kafka.address());
    let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
    let deleted = admin.delete_topics(&[topic], &AdminOptions::new()).await.unwrap();
    assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
}

// TROUBLESHOOTING: topic-gone
/// Rule 17. When it is there again all go on by themselves, and nothing has to be started.
#[tokio::test]
async fn a_deleted_topic_is_seen_by_all_who_use_it_and_they_go_on_with_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let kafka = LocalKafka::shared();
    let place = Place::new(folder.path(), kafka.address(), "erased");
    place.topics().await;
    let platform = Platform::ready(&place).await;
    let tells = Tells(&platform);
    let up = &platform.producer;
    let before = up.order("widget").await;
    up.reaches(&before.order_id, "completed").await;

    delete(kafka, "erased").await;
    let services = [up.producer(), up.consumer(), up.replay()];
    let [producer, consumer, _] = &services;
    let fails = |answer: &Answer| answer.fails("topic");
    for answer in within(CONTRACT, "topic", services.each_ref(), fails).await {
        assert!(answer.body.to_string().contains("topic erased"), "{}", answer.body);
    }
    let told = consumer.get("/ready").await.expect(503);
    let reasons = told.check("topic")["reasons"].to_string();
    assert!(reasons.contains("topic erased"), "{reasons}");
    assert!(reasons.contains(" is not there any more"), "{reasons}");
    assert!(platform.consumer.stderr().contains("a topic is not there any more"));

    eventually("the topic is there again", async || {
        place.topics().await;
        producer.get("/ready").await.is_ready().then_some(())
    })
    .await;
    all_are_ready_again(&services).await;
    let after = up.order("widget").await;
    up.reaches(&after.order_id, "completed").await;
    assert_eq!(up.charges(&after.order_id).await, 1);
    assert_eq!(up.charges(&before.order_id).await, 1);
    assert!(platform.consumer.stderr().contains("a topic was deleted and made anew"));
    drop(tells);
    platform.end().await;
}
