//! Finding the cluster: addresses that are dead, and a cluster that comes late.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use test_servers::LocalKafka;
use tidegate::broker::{FetchLimit, Subscription};
use tidegate::message::{NewRecord, Offset};

use crate::support::{
    all, assert_one_line, blocking, caught_up, connect, create, member, name, place, publish, read,
    shared, subscription, until,
};
use crate::{notes::Notes, notes::Running, notes::numbered};

/// Nobody listens there: it lies outside of the ports that tests are given.
const DEAD: &str = "127.0.0.1:1";

/// A question that cannot be answered is answered in this time, with one line.
const ANSWER: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_address_and_a_silent_one_before_the_living_do_no_harm() {
    let (kafka, _) = shared();
    // It takes connections, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let list = format!("{DEAD},{},{}", silent.local_addr().unwrap(), kafka.address());
    let broker = connect(&list);
    broker.health().await.unwrap();
    create(&broker, "found", 1).await;
    publish(&broker, (0..10).map(|n| numbered("found", n)).collect()).await;
    assert_eq!(all(&broker, &place("found", 0)).await.len(), 10);
    let mut member = member(&broker, subscription("found", "found"), 1).await;
    assert_eq!(read(member.as_mut(), 10).await.len(), 10);
    member.close().await;
}

/// Asks; the refusal comes in time, and is one line that names the address and the cause.
async fn refused<T>(
    address: &str,
    what: &str,
    call: impl Future<Output = Result<T, impl std::fmt::Display>>,
) {
    let began = Instant::now();
    let error = call.await.map(drop).expect_err(what).to_string();
    assert!(began.elapsed() < ANSWER, "{what}: {:?}", began.elapsed());
    assert_one_line(&error, &[address, "Connection refused"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_all_are_dead_each_call_answers_with_one_line_and_later_all_heals() {
    let kafka = blocking(LocalKafka::start);
    let address = kafka.address();
    blocking(|| kafka.kill());
    let broker = connect(address);
    let (notes, place) = (Notes::new().await, place("late", 0));
    let publishing = async { broker.publish(vec![numbered("late", 0)]).await.remove(0) };
    let service = async {
        let ended = Running::start(notes.service(&broker, "late", "late")).ended().await;
        ended.map_err(|error| format!("{error:?}"))
    };
    tokio::join!(
        refused(address, "health", broker.health()),
        refused(address, "topics", broker.topics()),
        refused(address, "cluster_id", broker.cluster_id()),
        refused(address, "groups", broker.groups()),
        refused(address, "committed", broker.committed("late".into())),
        refused(address, "lag", broker.lag("late".into(), name("late"))),
        refused(address, "watermarks", broker.watermarks(place.clone())),
        refused(address, "fetch", broker.fetch(place, Offset(0), FetchLimit::default())),
        refused(address, "subscribe", broker.subscribe(subscription("late", "late"))),
        refused(address, "publish", publishing),
        refused(address, "service", service),
    );

    blocking(|| kafka.start_again());
    until("it answers", async || broker.health().await.is_ok()).await;
    create(&broker, "late", 1).await;
    publish(&broker, vec![numbered("late", 0)]).await;
    let service = Running::start(notes.service(&broker, "late", "late"));
    notes.reach(1).await;
    caught_up(&broker, "late", "late").await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_while_a_known_cluster_is_down_is_acknowledged_when_it_is_back() {
    let kafka = blocking(LocalKafka::start);
    let broker = connect(kafka.address());
    create(&broker, "down", 1).await;
    // Its session is longer than the break: it stays a member.
    let how = Subscription::new("down", vec![name("down")]);
    let mut member = member(&broker, how, 1).await;
    blocking(|| kafka.kill());
    let record = |n: u32| NewRecord::new(name("down")).value(n.to_string());
    let waiting: Vec<_> = (0..5).map(|n| broker.publish(vec![record(n)])).collect();
    let error = broker.health().await.unwrap_err().to_string();
    assert_one_line(&error, &[kafka.address(), "Connection refused"]);
    blocking(|| kafka.start_again());
    for (n, acks) in (0..).zip(waiting) {
        assert_eq!(acks.await.remove(0).unwrap().offset, Offset(n), "in order");
    }
    let values: Vec<_> = read(member.as_mut(), 5).await.into_iter().map(|r| r.value).collect();
    assert_eq!(values, ["0", "1", "2", "3", "4"].map(|n| Some(n.into())));
    member.close().await;
}
