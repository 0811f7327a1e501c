//! Which log, and why it cannot be had.

use tidegate::broker::Broker;

use crate::common::{Ran, program, run};
use crate::log::Log;

#[test]
fn the_environment_names_the_folder_and_an_argument_wins() {
    let log = Log::filled();
    let with = |args: &[&str], data_dir: &str| {
        Ran::of(program(args).env("DATA_DIR", data_dir).output().unwrap())
    };
    assert!(with(&["topics", "list"], log.folder()).answer().contains("orders_dlq"));
    let both = with(&["topics", "list", "--data-dir", log.folder()], "/nowhere");
    assert!(both.answer().contains("orders_dlq"));
    assert!(
        with(&["topics", "list"], "/nowhere").refusal(2).contains("there is no log in /nowhere")
    );
}

#[test]
fn a_missing_log_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let line =
        Ran::of(program(&["topics", "list"]).current_dir(&folder).output().unwrap()).refusal(2);
    assert!(line.contains("there is no log in ./data") && line.contains("--brokers"), "{line}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn a_log_in_use_is_told_with_what_to_do() {
    let log = Log::empty();
    let held = Broker::embedded(log.folder()).unwrap();
    let line = log.run(&["topics", "list"]).refusal(2);
    for part in ["is in use", "stop the other process", "over HTTP"] {
        assert!(line.contains(part), "{line}");
    }
    drop(held);
    assert_eq!(log.run(&["topics", "list"]).code, 0);
}

#[test]
fn properties_are_checked_and_never_shown() {
    let line =
        run(&["topics", "list", "--brokers", "x:1", "--property", "acks=hunter2"]).refusal(2);
    assert!(line.contains("property acks cannot be set"), "{line}");
    let command = ["topics", "list", "--brokers=x:1", "--property=sasl.password=hunter2"];
    let line = run(&command).refusal(2);
    assert!(line.contains("KAFKA_PROPERTY_SASL_PASSWORD") && !line.contains("hunter2"), "{line}");
    let mut command = program(&["topics", "list", "--brokers=x:1"]);
    command.env("KAFKA_PROPERTY_SOCKET_TIMEOUT_MS", "hunter2");
    let line = Ran::of(command.output().unwrap()).refusal(2);
    assert!(
        line.contains("KAFKA_PROPERTY_SOCKET_TIMEOUT_MS: ") && !line.contains("hunter2"),
        "{line}"
    );
}

#[test]
fn two_logs_at_once_are_a_matter_of_usage() {
    let ran = run(&["topics", "list", "--brokers", "x:1", "--data-dir", "."]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
}
