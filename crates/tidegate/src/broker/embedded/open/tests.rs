use redb::{Database, ReadableDatabase, TableDefinition};

use super::super::EmbeddedBroker;
use super::*;
use crate::broker::{Broker, BrokerDriver, FetchLimit, NewTopic};
use crate::message::{NewRecord, Offset, Partition, TopicPartition};

/// One line that names the place.
fn one_line(error: &BrokerError, folder: &Path) -> String {
    let line = error.to_string();
    assert!(!line.contains('\n'), "{line}");
    assert!(line.contains(&folder.display().to_string()), "{line}");
    line
}

fn refused(folder: &Path) -> BrokerError {
    Broker::embedded(folder).unwrap_err()
}

#[test]
fn a_folder_in_use_is_said_and_free_after_the_last_clone() {
    let folder = tempfile::tempdir().unwrap();
    let first = Broker::embedded(folder.path()).unwrap();
    let clone = first.clone();
    drop(first);
    let error = refused(folder.path());
    assert!(matches!(error, BrokerError::InUse(_)), "{error:?}");
    assert!(one_line(&error, folder.path()).contains("stop the other process"));
    drop(clone);
    Broker::embedded(folder.path()).unwrap();
}

#[test]
fn a_missing_folder_is_created_unless_it_must_be_there() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a/b");
    let strict = EmbeddedOptions::new(&folder).create_missing(false);
    let error = EmbeddedBroker::open(strict.clone()).unwrap_err();
    assert!(one_line(&error, &folder).contains("create it first"));
    drop(Broker::embedded(&folder).unwrap());
    EmbeddedBroker::open(strict).unwrap();
}

#[test]
fn a_missing_log_is_not_created_when_it_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let strict = EmbeddedOptions::new(folder.path()).create_missing(false);
    let error = EmbeddedBroker::open(strict).unwrap_err();
    assert!(one_line(&error, folder.path()).contains("no log"));
    assert!(!folder.path().join(FILE).exists());
}

#[test]
fn a_file_in_the_folders_place_is_said() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(one_line(&refused(file.path()), file.path()).contains("not a folder"));
    let below = file.path().join("below");
    assert!(one_line(&refused(&below), &below).contains("not a folder"));
}

#[test]
fn a_file_that_is_no_log_is_said() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE), vec![b'x'; 8192]).unwrap();
    let error = refused(folder.path());
    assert!(matches!(error, BrokerError::Storage(_)));
    assert!(one_line(&error, folder.path()).contains("not a log, or is damaged"));
}

#[test]
fn a_database_of_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::create(folder.path().join(FILE)).unwrap();
    let write = database.begin_write().unwrap();
    write.open_table(TableDefinition::<u32, u32>::new("other")).unwrap();
    write.commit().unwrap();
    drop(database);
    let error = refused(folder.path());
    assert!(matches!(error, BrokerError::Storage(_)));
    one_line(&error, folder.path());
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(Broker::embedded(folder.path()).unwrap());
    let database = Database::open(folder.path().join(FILE)).unwrap();
    let write = database.begin_write().unwrap();
    write.open_table(META).unwrap().insert("format", 3_u32.to_le_bytes().as_slice()).unwrap();
    write.commit().unwrap();
    drop(database);
    assert!(one_line(&refused(folder.path()), folder.path()).contains("has format 3"));
}

#[test]
fn a_cut_file_is_said_without_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    drop(Broker::embedded(folder.path()).unwrap());
    let path = folder.path().join(FILE);
    let length = std::fs::metadata(&path).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length / 2).unwrap();
    one_line(&refused(folder.path()), folder.path());
}

#[test]
fn each_failure_of_the_system_has_its_line() {
    let at = Path::new("/data/log.redb");
    let full = file_line(at, &ErrorKind::StorageFull.into());
    assert!(full.contains("disk is full"), "{full}");
    let denied = file_line(at, &ErrorKind::PermissionDenied.into());
    assert!(denied.contains("reading and writing"), "{denied}");
    let read_only = folder_line(at, &ErrorKind::ReadOnlyFilesystem.into());
    assert!(read_only.contains("cannot be used"), "{read_only}");
}

/// A file as format 1 had it: without the tables that came later.
async fn write_format_1(folder: &Path) {
    let log = EmbeddedBroker::open(EmbeddedOptions::new(folder)).unwrap();
    let topic = TopicName::new("orders").unwrap();
    log.create_topics(vec![NewTopic::new(topic.clone(), 1)]).await.remove(0).unwrap();
    log.publish(vec![NewRecord::new(topic).value("old")]).await.remove(0).unwrap();
    log.close().await;
    let database = Database::open(folder.join(FILE)).unwrap();
    let write = database.begin_write().unwrap();
    write.open_table(META).unwrap().insert("format", 1_u32.to_le_bytes().as_slice()).unwrap();
    assert!(write.delete_table(KEEPING).unwrap() && write.delete_table(CLEAN).unwrap());
    write.commit().unwrap();
}

#[tokio::test]
async fn a_file_of_the_format_before_is_read_and_becomes_one_of_this() {
    let folder = tempfile::tempdir().unwrap();
    write_format_1(folder.path()).await;
    for round in 0..2 {
        let log = EmbeddedBroker::open(EmbeddedOptions::new(folder.path())).unwrap();
        let topic = log.topics().await.unwrap().remove(0);
        let kept = (topic.cleanup, topic.retention);
        assert_eq!(kept, (Some(Cleanup::Delete), Some(Retention::Forever)), "round {round}");
        let place = TopicPartition::new(topic.name, Partition(0));
        let read = log.fetch(place, Offset(0), FetchLimit::default()).await.unwrap();
        assert_eq!(read.records[0].value.as_deref(), Some(b"old".as_slice()));
        log.close().await;
    }
    let database = Database::open(folder.path().join(FILE)).unwrap();
    let meta = database.begin_read().unwrap().open_table(META).unwrap();
    assert_eq!(meta.get("format").unwrap().unwrap().value(), FORMAT.to_le_bytes());
}
