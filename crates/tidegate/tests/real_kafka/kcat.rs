//! kcat beside us: it reads what we write, and what it writes is processed, garbage too (fault F16).

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use bytes::Bytes;
use tidegate::dead_letter::Letter;
use tidegate::headers::{Header, Headers, names};
use tidegate::message::{NewRecord, Record};

use crate::notes::{Notes, Running, numbered};
use crate::support::{all, blocking, caught_up, create, name, place, publish, run, script, shared};

/// Text that is none: as the value of a header, and as a key.
const NOT_UTF_8: &[u8] = b"\xff\xfe\x80 not text";

fn kcat(mode: &str, address: &str, topic: &str) -> Command {
    let mut kcat = script("kcat");
    kcat.args([mode, "-b", address, "-t", topic, "-q"]);
    kcat
}

/// A header as kcat takes it.
fn header(kcat: &mut Command, name: &str, value: &[u8]) {
    let both = [name.as_bytes(), b"=", value].concat();
    kcat.arg("-H").arg(OsStr::from_bytes(&both));
}

/// Hands this to its standard input.
fn feed(mut command: Command, input: &[u8]) {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    assert!(child.wait().unwrap().success(), "{command:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn kcat_reads_our_records_with_key_value_and_headers() {
    let (kafka, broker) = shared();
    create(&broker, "to-kcat", 1).await;
    let record = NewRecord::new(name("to-kcat")).key("a key").value("a välue");
    publish(&broker, vec![record.header("one", "1").header("one", "again").header("zwö", "2")])
        .await;
    publish(&broker, vec![NewRecord::new(name("to-kcat")).value(&b"\0\xff\n\x80"[..])]).await;
    let mut as_json = kcat("-C", kafka.address(), "to-kcat");
    let read = blocking(|| run(as_json.args(["-o", "beginning", "-c", "1", "-J"])));
    let read: serde_json::Value = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!((&read["key"], &read["payload"]), (&"a key".into(), &"a välue".into()));
    assert_eq!(read["headers"], serde_json::json!(["one", "1", "one", "again", "zwö", "2"]));
    let mut raw = kcat("-C", kafka.address(), "to-kcat");
    let read = blocking(|| run(raw.args(["-o", "1", "-c", "1", "-e", "-f", "%K|%S|%s"])));
    assert_eq!(read.stdout, b"-1|4|\0\xff\n\x80", "no key, and four bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_written_by_kcat_are_processed_once() {
    let (kafka, broker) = shared();
    let (notes, topic) = (Notes::new().await, "from-kcat");
    create(&broker, topic, 3).await;
    // Each comes twice: the second is a duplicate.
    for n in (0..3).chain(0..3) {
        let NewRecord { key, value, headers, .. } = numbered(topic, n);
        let mut write = kcat("-P", kafka.address(), topic);
        write.arg("-k").arg(OsStr::from_bytes(&key.unwrap()));
        headers.iter().for_each(|h| header(&mut write, &h.name, h.value.as_ref().unwrap()));
        blocking(|| feed(write, &value.unwrap()));
    }
    let service = Running::start(notes.service(&broker, "from-kcat", topic));
    caught_up(&broker, "from-kcat", topic).await;
    assert_eq!(service.health.snapshot().outcomes.duplicate, 3);
    service.stop().await;
    notes.assert_each_once_in_order(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f16_garbage_written_by_kcat_becomes_a_dead_letter_with_its_bytes() {
    let (kafka, broker) = shared();
    let (notes, topic) = (Notes::new().await, "garbage");
    create(&broker, topic, 1).await;
    let every_byte: Vec<u8> = (0..=255).cycle().take(5_000).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, &every_byte).unwrap();
    let mut garbage = kcat("-P", kafka.address(), topic);
    garbage.arg("-k").arg(OsStr::from_bytes(NOT_UTF_8));
    header(&mut garbage, names::EVENT_TYPE, b"numbered");
    header(&mut garbage, "bytes", NOT_UTF_8);
    header(&mut garbage, names::EVENT_ID, NOT_UTF_8);
    blocking(|| run(garbage.arg(file.path())));
    let mut nothing = kcat("-P", kafka.address(), topic);
    nothing.args(["-K", ":", "-Z"]);
    blocking(|| feed(nothing, b"gone:\n"));
    publish(&broker, vec![numbered(topic, 0)]).await;
    let sizes = |record: Record| (record.key.map(|k| k.len()), record.value.map(|v| v.len()));
    let written: Vec<_> = all(&broker, &place(topic, 0)).await.into_iter().map(sizes).collect();
    assert_eq!(written[..2], [(Some(NOT_UTF_8.len()), Some(5_000)), (Some(4), None)]);

    let service = Running::start(notes.service(&broker, topic, topic));
    notes.reach(1).await;
    caught_up(&broker, topic, topic).await;
    service.stop().await;
    let letters = all(&broker, &place("garbage.garbage.dlq", 0)).await;
    let letters: Vec<_> = letters.iter().map(|record| Letter::parse(record).unwrap()).collect();
    let [first, second] = &letters[..] else { panic!("{} letters", letters.len()) };
    assert_eq!(first.key.as_deref(), Some(NOT_UTF_8));
    assert_eq!(first.value.as_deref(), Some(&every_byte[..]));
    let header = |name: &str, value: &'static [u8]| Header {
        name: name.into(),
        value: Some(Bytes::from_static(value)),
    };
    let headers = [
        header(names::EVENT_TYPE, b"numbered"),
        header("bytes", NOT_UTF_8),
        header(names::EVENT_ID, NOT_UTF_8),
    ];
    assert_eq!(first.headers, headers.into_iter().collect::<Headers>());
    assert_eq!((second.key.as_deref(), &second.value), (Some(&b"gone"[..]), &None));
}
