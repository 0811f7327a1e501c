//! A batch that is damaged on the broker's disk (rule 6): nothing behind it is delivered or committed before it can be read.

mod stage;

use tidegate::broker::{BrokerError, FetchLimit};
use tidegate::events::RuntimeEvent;
use tidegate::health::CheckName;
use tidegate::message::Offset;

use self::stage::{
    CHECKSUM, COMPRESSION, COUNT, Harm, NO_FORMAT, OLD_FORMAT, Stage, expected, other, write,
};
use crate::cluster::{leader, three_nodes};
use crate::damage::Batch;
use crate::java::reset;
use crate::notes::{Notes, Running};
use crate::support::{
    assert_one_line, blocking, caught_up, connect, create_copied, name, place, publish, run,
    script, until,
};

const ENDED: fn(&RuntimeEvent) -> bool = |event| matches!(event, RuntimeEvent::Ended { .. });

/// Beside it another partition flows, and nobody is asked to join anew for it. When it is mended it goes on by itself.
async fn is_not_passed_over(topic: &'static str, codec: &str, harm: Harm) {
    let (stage, notes) = (Stage::new(topic, codec).await, Notes::new().await);
    harm(&stage.batch);
    let running = stage.start(&notes);
    stage.stands(&running, &notes).await;
    publish(&stage.broker, (0..20).map(|n| other(topic, n)).collect()).await;
    notes.reach(stage.position().0 as u32 + 20).await;
    assert_eq!(running.1.count(ENDED), 0, "{topic}: the group rebalances");
    stage.batch.mend();
    stage.is_whole(running.0, &notes, 20).await;
}

/// The client takes what stands in the middle of the batch for the head of another one, and gives the partition up.
#[tokio::test(flavor = "multi_thread")]
async fn rule_6_a_batch_with_a_wrong_checksum_is_not_passed_over() {
    is_not_passed_over("corrupt-checksum", "none", CHECKSUM).await;
}

/// The client reports it, and gives out the next batch.
#[tokio::test(flavor = "multi_thread")]
async fn rule_6_a_batch_of_a_damaged_format_is_not_passed_over() {
    is_not_passed_over("corrupt-old", "none", OLD_FORMAT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_6_a_batch_of_a_format_that_is_not_known_is_not_passed_over() {
    is_not_passed_over("corrupt-format", "none", NO_FORMAT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_6_a_batch_that_cannot_be_decompressed_is_not_passed_over() {
    is_not_passed_over("corrupt-gzip", "gzip", COMPRESSION).await;
}

/// What lies before it is given out; from there on it is an error, which says where.
async fn is_read_up_to(topic: &'static str, codec: &str, harm: Harm) {
    let stage = Stage::new(topic, codec).await;
    harm(&stage.batch);
    let read = async |from| {
        let read = stage.broker.fetch(stage.damaged.clone(), from, FetchLimit::default());
        read.await.map(|fetched| (fetched.records.len() as u64, fetched.next))
    };
    let (position, mut next) = (stage.position(), Offset(0));
    while next < position {
        let (count, to) = read(next).await.unwrap();
        assert_eq!(to.0, next.0 + count, "{topic}: no gap");
        next = to;
    }
    assert_eq!(next, position, "{topic}");
    let place = |refused: &BrokerError| match refused {
        BrokerError::Corrupt { partition, offset, .. } => {
            *partition == stage.damaged && *offset == position
        }
        // A broker that is asked for what it takes for the old format fails, and does not say why.
        other => topic == "read-old" && matches!(other, BrokerError::Unavailable(_)),
    };
    let refused = read(position).await.unwrap_err();
    assert!(place(&refused), "{topic}: {refused:?}");
    stage.batch.mend();
    assert_eq!(read(position).await.unwrap().1, Offset(COUNT.into()), "{topic}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_6_a_direct_read_does_not_pass_over_a_corrupt_batch() {
    tokio::join!(
        is_read_up_to("read-checksum", "none", CHECKSUM),
        is_read_up_to("read-old", "none", OLD_FORMAT),
        is_read_up_to("read-format", "none", NO_FORMAT),
        is_read_up_to("read-gzip", "gzip", COMPRESSION),
    );
}

/// What an operator can do where nothing mends it: find where it ends, stop the group, and commit behind it. What it held is lost,
/// and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn who_commits_behind_a_corrupt_batch_goes_on_there() {
    let (stage, notes) = (Stage::new("corrupt-commit", "none").await, Notes::new().await);
    CHECKSUM(&stage.batch);
    let running = stage.start(&notes);
    stage.stands(&running, &notes).await;
    let behind = stage.broker.lag(stage.topic.to_owned(), name(stage.topic)).await.unwrap();
    assert_eq!(behind[0].lag, u64::from(COUNT) - stage.position().0, "it is answered all the same");
    running.0.stop().await;
    let end = blocking(|| end_in_dump(&stage.batch));
    assert_eq!(end + 1, stage.batch.offsets().end);
    until("the group is empty", async || {
        let groups = stage.broker.groups().await.unwrap();
        groups.iter().any(|group| group.name == stage.topic && group.members.is_empty())
    })
    .await;
    blocking(|| reset_partition(&stage, end + 1));
    let (service, told) = stage.start(&notes);
    caught_up(&stage.broker, stage.topic, stage.topic).await;
    until("ready", async || service.health.readiness().is_ready()).await;
    assert_eq!(told.positions(), []);
    service.stop().await;
    let lost = stage.batch.offsets();
    let all = (0..COUNT).filter(|n| !lost.contains(&u64::from(*n)));
    assert_eq!(notes.by_key().await, expected(all));
}

/// The last offset of the batch that Kafka's tool finds not valid.
fn end_in_dump(batch: &Batch) -> u64 {
    let mut dump = script("kafka");
    dump.args(["tool", "org.apache.kafka.tools.DumpLogSegments", "--files"]).arg(batch.file());
    let output = run(&mut dump).stdout;
    let text = String::from_utf8(output).unwrap();
    let line = text.lines().find(|line| line.contains("isvalid: false")).expect(&text);
    let (_, rest) = line.split_once("lastOffset: ").unwrap();
    rest.split(' ').next().unwrap().parse().unwrap()
}

fn reset_partition(stage: &Stage, offset: u64) {
    reset(stage.kafka, stage.topic, &format!("{}:0", stage.topic), offset);
}

/// The other way: the records are deleted up to behind it. Then the service ends (rule 7), as it would jump else.
#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_batch_that_is_deleted_ends_the_service_which_says_where() {
    let (stage, notes) = (Stage::new("corrupt-deleted", "none").await, Notes::new().await);
    CHECKSUM(&stage.batch);
    let running = stage.start(&notes);
    stage.stands(&running, &notes).await;
    let end = Offset(stage.batch.offsets().end);
    stage.broker.delete_records(stage.damaged.clone(), end).await.unwrap();
    let ended = running.0.ended().await.unwrap_err().to_string();
    // As where it reads, or, where the client had to be assigned anew before, as what was committed.
    let place = format!("{} of group", stage.position());
    let ways = ["the position", "the committed offset"].map(|what| format!("{what} {place}"));
    assert!(ways.iter().any(|way| ended.contains(way)), "{ended}");
    assert_one_line(&ended, &["is outside of the log", &format!("{end}")]);
    assert_eq!(stage.committed().await, Some(stage.position()));
}

/// A copy on another broker is whole: it goes on when that one leads.
#[tokio::test(flavor = "multi_thread")]
async fn another_leader_has_a_whole_copy_of_a_corrupt_batch() {
    let (kafka, topic) = (three_nodes().await, "corrupt-copy");
    let (broker, notes) = (connect(kafka.address()), Notes::new().await);
    create_copied(&broker, topic, 1, 3).await;
    write(&broker, topic).await;
    let node = blocking(|| leader(&kafka, topic));
    CHECKSUM(&Batch::on(node, &kafka, &place(topic, 0), 35));
    let service = Running::start(notes.service(&broker, topic, topic));
    let corrupt = async || service.health.readiness().failing().any(|c| c == CheckName::Corruption);
    until("it cannot be read", corrupt).await;
    blocking(|| kafka.node(node).stop_gently());
    notes.reach(COUNT).await;
    until("ready again", async || service.health.readiness().is_ready()).await;
    blocking(|| kafka.node(node).start_again());
    service.stop().await;
    notes.assert_each_once_in_order(COUNT).await;
}
