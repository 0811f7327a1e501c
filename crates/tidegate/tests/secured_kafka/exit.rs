//! The end of a process whose clients still work: nobody waits for them, and nothing is taken down under them.
#![allow(unsafe_code, reason = "nobody but OpenSSL can say whether it is taken down")]

use std::ffi::c_int;
use std::process::Command;

use rdkafka::ClientConfig;
use rdkafka::consumer::BaseConsumer;
use tidegate::broker::Broker;
use tidegate::broker::kafka::KafkaOptions;

/// Nobody listens there: the clients try again and again.
const NOWHERE: &str = "127.0.0.1:1";

const TAKEN_DOWN: &str = "OpenSSL is taken down";

unsafe extern "C" {
    /// Has this called when OpenSSL is taken down, which is done once.
    safe fn OPENSSL_atexit(handler: extern "C" fn()) -> c_int;
}

extern "C" fn taken_down() {
    eprintln!("{TAKEN_DOWN}");
}

fn watch() {
    assert_eq!(OPENSSL_atexit(taken_down), 1);
}

#[test]
#[ignore = "a child process: the other test hears what it says at its end"]
fn a_broker_of_ours() {
    let options = KafkaOptions::new(NOWHERE).property("security.protocol", "ssl").unwrap();
    let _broker = Broker::kafka(options).unwrap();
    watch();
}

/// To drop it waits for its threads: nothing is taken down under it.
#[test]
#[ignore = "a child process: the other test hears what it says at its end"]
fn a_client_without_us() {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", NOWHERE).set("security.protocol", "ssl");
    let _client: BaseConsumer = config.create().unwrap();
    watch();
}

/// What a child process that does this, and ends as a program does, says meanwhile.
fn said(child: &str) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let ended = command.args(["--exact", child, "--ignored", "--nocapture"]).output().unwrap();
    let [out, err] = [ended.stdout, ended.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(ended.status.success() && out.contains("1 passed"), "{}: {out}\n{err}", ended.status);
    err
}

#[test]
fn openssl_is_not_taken_down_under_clients_that_still_work() {
    let without_us = said("exit::a_client_without_us");
    assert!(without_us.contains(TAKEN_DOWN), "else this test sees nothing: {without_us}");
    let ours = said("exit::a_broker_of_ours");
    assert!(!ours.contains(TAKEN_DOWN), "{ours}");
}
