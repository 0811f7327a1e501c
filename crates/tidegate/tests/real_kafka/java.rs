//! Java's console tools beside us.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use test_servers::LocalKafka;
use tidegate::headers::names;
use tidegate::message::NewRecord;

use crate::codecs::{CODECS, codec_in_log};
use crate::notes::{Notes, Running, numbered};
use crate::support::{
    all, blocking, caught_up, committed, create, name, place, publish, run, script, shared, until,
};

pub(crate) fn tool(class: &str, kafka: &LocalKafka) -> Command {
    let mut tool = script("kafka");
    tool.args(["tool", &format!("org.apache.kafka.tools.{class}")]);
    tool.args(["--bootstrap-server", kafka.address()]);
    tool
}

/// Writes records as lines of headers, key and value.
fn write(kafka: &LocalKafka, topic: &str, codec: &str, records: &[NewRecord]) {
    let mut producer = tool("ConsoleProducer", kafka);
    producer.args(["--topic", topic, "--compression-codec", codec]);
    producer.args(["--reader-property", "parse.key=true"]);
    producer.args(["--reader-property", "parse.headers=true"]);
    let mut child = producer.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    for record in records {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let header = |name| record.headers.text(name).unwrap();
        let (id, kind) = (header(names::EVENT_ID), header(names::EVENT_TYPE));
        let (key, value) = (text(record.key.as_ref().unwrap()), record.value.as_ref().unwrap());
        let (event_id, event_type, value) = (names::EVENT_ID, names::EVENT_TYPE, text(value));
        writeln!(input, "{event_id}:{id},{event_type}:{kind}\t{key}\t{value}").unwrap();
    }
    drop(input);
    assert!(child.wait().unwrap().success(), "{producer:?}");
}

pub(crate) fn reset(kafka: &LocalKafka, group: &str, topic: &str, offset: u64) -> Output {
    let mut groups = tool("consumer.group.ConsumerGroupCommand", kafka);
    groups.args(["--group", group, "--topic", topic, "--reset-offsets", "--execute"]);
    // Its own deadline is shorter than a busy machine may need.
    groups.args(["--timeout", "60000"]);
    run(groups.args(["--to-offset", &offset.to_string()]))
}

#[tokio::test(flavor = "multi_thread")]
async fn javas_console_consumer_reads_our_records_with_key_value_and_headers() {
    let (kafka, broker) = shared();
    create(&broker, "to-java", 1).await;
    let record = NewRecord::new(name("to-java")).key("a key").value("a välue");
    publish(&broker, vec![record.header("one", "1").header("zwö", "2")]).await;
    let mut consumer = tool("consumer.ConsoleConsumer", kafka);
    consumer.args(["--topic", "to-java", "--from-beginning", "--max-messages", "1"]);
    consumer.args(["--formatter-property", "print.key=true"]);
    consumer.args(["--formatter-property", "print.headers=true"]);
    let read = blocking(|| run(&mut consumer));
    assert_eq!(String::from_utf8(read.stdout).unwrap(), "one:1,zwö:2\ta key\ta välue\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_written_by_javas_console_producer_with_each_codec_are_processed_once() {
    let (kafka, broker) = shared();
    let notes = Notes::new().await;
    for (codec, number) in CODECS {
        let topic = format!("java-{codec}");
        create(&broker, &topic, 1).await;
        let records: Vec<_> = (0..50).map(|n| numbered(&topic, n)).collect();
        blocking(|| write(kafka, &topic, codec, &records));
        assert_eq!(codec_in_log(kafka, &topic), number, "{codec}: the log holds another codec");
        let read = all(&broker, &place(&topic, 0)).await;
        let of = |record: &NewRecord| (record.key.clone(), record.value.clone());
        let read: Vec<_> = read.into_iter().map(|record| (record.key, record.value)).collect();
        assert_eq!(read, records.iter().map(of).collect::<Vec<_>>());
    }
    let service = Running::start(notes.service(&broker, "java", "java-snappy"));
    notes.reach(50).await;
    caught_up(&broker, "java", "java-snappy").await;
    service.stop().await;
    notes.assert_each_once_in_order(50).await;
}

/// An operator sends a group back by hand: what comes again is a duplicate.
#[tokio::test(flavor = "multi_thread")]
async fn offsets_that_javas_tool_has_reset_are_where_the_service_goes_on() {
    let (kafka, broker) = shared();
    let (notes, topic) = (Notes::new().await, "reset");
    create(&broker, topic, 1).await;
    publish(&broker, (0..20).map(|n| numbered(topic, n)).collect()).await;
    let first = Running::start(notes.service(&broker, topic, topic));
    notes.reach(20).await;
    first.stop().await;
    // It refuses while the group has a member.
    until("the group is empty", async || {
        let groups = broker.groups().await.unwrap();
        groups.iter().any(|group| group.name == topic && group.members.is_empty())
    })
    .await;
    blocking(|| reset(kafka, topic, topic, 5));
    assert_eq!(committed(&broker, topic, &place(topic, 0)).await.unwrap().offset.0, 5);
    let second = Running::start(notes.service(&broker, topic, topic));
    caught_up(&broker, topic, topic).await;
    assert_eq!(second.health.snapshot().outcomes.duplicate, 15);
    second.stop().await;
    notes.assert_each_once_in_order(20).await;
}
