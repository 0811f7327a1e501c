//! The end, as who sends requests sees it.

use serde_json::json;

use crate::harness::{Setup, within_contract};

/// A port that is gone is an error to whoever sends requests there: before that, each says that it is about to go.
#[tokio::test]
async fn every_service_says_that_it_drains_before_its_port_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let services = [up.producer(), up.consumer(), up.replay(), up.gateway()];
    for service in &services {
        let answer = within_contract("ready", service, |answer| answer.status == 200).await;
        assert_eq!(answer.data()["status"], "ready");
    }
    up.signal("TERM");
    let drains = services.each_ref().map(|service| {
        within_contract("draining", service, |answer| answer.data()["status"] == "draining")
    });
    let [producer, consumer, replay, gateway] = drains;
    let (producer, consumer, replay, gateway) = tokio::join!(producer, consumer, replay, gateway);
    for answer in [producer, consumer, replay, gateway] {
        assert!(answer.fails("lifecycle"), "{}", answer.body);
        assert_eq!(answer.header("retry-after"), Some("1"));
        let errors = answer.data()["errors"].as_array().unwrap();
        // A consumer with nothing to finish has stopped already, and its port still answers.
        let said = ["the service is draining", "the service has stopped"];
        assert!(
            errors.iter().any(|error| said.iter().any(|why| error["reason"] == *why)),
            "{errors:?}"
        );
    }
    up.ended_within(crate::harness::CONTRACT).await.expect(0);
}

/// What was taken is finished meanwhile, and what comes is still answered.
#[tokio::test]
async fn a_consumer_that_drains_answers_until_it_has_drained() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).variable("ALLOW_SIMULATION", "true").ready().await;
    let order = up.order("slow-2000").await;
    up.is_handling().await;
    up.signal("TERM");
    let consumer = up.consumer();
    within_contract("draining", &consumer, |answer| answer.data()["status"] == "draining").await;
    consumer.get("/health").await.expect(200);
    up.ended_within(crate::harness::CONTRACT).await.expect(0);
    let again = Setup::up(folder.path()).ready().await;
    assert_eq!(again.view(&order.order_id).await.data()["status"], json!("completed"));
    assert_eq!(again.charges(&order.order_id).await, 1);
    again.end().await;
}
