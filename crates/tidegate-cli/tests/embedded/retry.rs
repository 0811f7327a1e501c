//! `retry`: against what a real service has left.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegate::broker::{Broker, NewTopic};
use tidegate::message::NewRecord;
use tidegate::prelude::*;

use crate::common::topic;
use crate::log::{Log, block_on};

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Job {
    dies: bool,
    n: u32,
}

impl Event for Job {
    const TYPE: &'static str = "job";
    fn key(&self) -> Key<'_> {
        Key::NONE
    }
}

type Seen = Arc<Mutex<Vec<u32>>>;

async fn run(Payload(job): Payload<Job>, State(seen): State<Seen>) -> Result<(), Permanent> {
    seen.lock().unwrap().push(job.n);
    if job.dies { Err(Permanent::new("no such customer")) } else { Ok(()) }
}

fn job(n: u32, key: &str, dies: bool) -> NewRecord {
    let body = serde_json::to_vec(&Job { dies, n }).unwrap();
    let record = NewRecord::new(topic("jobs")).key(key.to_owned()).value(body);
    record.header("event_type", Job::TYPE).header("event_id", format!("e-{n}"))
}

/// Serves until so many records are committed, and so many were handled.
async fn serve(broker: &Broker, seen: &Seen, (upto, handled): (u64, usize)) {
    let routes = Topic::json("jobs").on(run).after_dead_letter(AfterDeadLetter::HoldKey);
    let service = Service::new("billing", broker.clone()).start_from(StartFrom::Earliest);
    let service = service.retry_topics("{topic}.{group}.retry");
    let (watched, heard) = (broker.clone(), seen.clone());
    let through = async move {
        loop {
            let lag = watched.lag("billing".to_owned(), topic("jobs")).await.unwrap();
            let committed = lag[0].committed.as_ref().map_or(0, |committed| committed.offset.0);
            if committed >= upto && heard.lock().unwrap().len() >= handled {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let served = service.route(routes.with_state(seen.clone())).run_until(through);
    tokio::time::timeout(Duration::from_secs(60), served).await.unwrap().unwrap();
}

fn with_service(log: &Log, seen: &Seen, records: Vec<NewRecord>, until: (u64, usize)) {
    block_on(async {
        let broker = Broker::embedded(log.folder()).unwrap();
        broker.create_topics(vec![NewTopic::new(topic("jobs"), 1)]).await;
        for ack in broker.publish(records).await {
            ack.unwrap();
        }
        serve(&broker, seen, until).await;
        broker.close().await;
    });
}

const LIST: [&str; 6] = ["retry", "list", "--topic", "jobs", "--group", "billing"];

fn release(more: &[&'static str]) -> Vec<&'static str> {
    let args = ["retry", "release", "--topic", "jobs", "--group", "billing", "--reason", "seen"];
    [&args, more].concat()
}

#[test]
fn a_key_that_is_held_is_listed_and_let_go_and_goes_on_in_order() {
    let (log, seen) = (Log::empty(), Seen::default());
    let records = vec![
        job(1, "bad", true),
        job(2, "bad", false),
        job(3, "good", false),
        job(4, "bad", false),
    ];
    with_service(&log, &seen, records, (4, 2));
    assert_eq!(*seen.lock().unwrap(), [1, 3]);
    let expected = "\
RECORD    STATE   DUE  KEY  ATTEMPTS  TERM  ERROR
jobs/0/0  held    -    bad         1     1  no such customer
jobs/0/1  behind  -    bad         0     1  -
jobs/0/3  behind  -    bad         0     1  -
";
    assert_eq!(log.run(&LIST).answer(), expected);
    let list = log.run(&[&LIST[..], &["-o", "json"]].concat()).answer();
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!((&list["held"], &list["waiting"][0]["event_id"]), (&1.into(), &"e-1".into()));
    let line = log.run(&release(&["--partition", "0", "--offset", "1"])).refusal(1);
    assert!(line.contains("holds no key"), "{line}");
    let line = log.run(&release(&["--key", "good"])).refusal(1);
    assert!(line.contains("no key of that name is held"), "{line}");
    let released = log.run(&release(&["--key", "bad"])).answer();
    assert!(released.contains("jobs/0/0"), "{released}");
    with_service(&log, &seen, vec![job(5, "bad", false)], (5, 5));
    assert_eq!(log.run(&LIST).answer().lines().count(), 1, "only the header");
    assert_eq!(*seen.lock().unwrap(), [1, 3, 2, 4, 5]);
}

#[test]
fn what_is_not_there_is_missing() {
    let log = Log::filled();
    let line = log.run(&["retry", "list", "--topic", "orders", "--group", "billing"]).refusal(1);
    assert!(line.contains("retry topic orders.billing.retry does not exist"), "{line}");
    let ran = log.run(&["retry", "release", "--topic", "orders", "--group", "g", "--key", "k"]);
    assert_eq!(ran.code, 2, "without a reason: {ran:?}");
}
