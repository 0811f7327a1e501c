//! PostgreSQL, Redis and Prometheus answer, keep what they acknowledged when they are killed, and leave nothing behind.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::time::Duration;

use test_servers::{LocalPostgres, LocalPrometheus, LocalRedis};

fn address(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    let after = after.split_once('@').map_or(after, |(_, rest)| rest);
    after.split('/').next().expect("a URL has an address")
}

/// One command and the line that answers it, without a client library.
fn ask_redis(redis: &LocalRedis, command: &str) -> String {
    let mut connection = TcpStream::connect(address(redis.url())).expect("Redis listens");
    connection.write_all(format!("{command}\r\n").as_bytes()).expect("Redis reads");
    let mut lines = BufReader::new(connection).lines().map_while(Result::ok);
    let answer = lines.next().expect("Redis answers");
    // A text comes with its length before it.
    if answer.starts_with('$') { lines.next().expect("the text") } else { answer }
}

#[test]
fn redis_keeps_what_it_acknowledged_when_it_is_killed() {
    let redis = LocalRedis::start();
    assert_eq!(ask_redis(&redis, "SET colour green"), "+OK");
    redis.kill();
    assert!(TcpStream::connect(address(redis.url())).is_err(), "nobody listens");
    redis.start_again();
    assert_eq!(ask_redis(&redis, "GET colour"), "green");
    redis.stop_gently();
    redis.start_again();
    assert_eq!(ask_redis(&redis, "GET colour"), "green");
    let gone = address(redis.url()).to_owned();
    drop(redis);
    assert!(TcpStream::connect(gone).is_err());
}

#[test]
fn postgres_answers_again_after_a_kill_and_each_database_is_another() {
    let postgres = LocalPostgres::start();
    let (one, other) = (postgres.database(), postgres.database());
    assert_ne!(one, other);
    postgres.kill();
    assert!(TcpStream::connect(address(postgres.url())).is_err(), "nobody listens");
    postgres.start_again();
    assert_ne!(postgres.database(), one);
    postgres.stop_gently();
    postgres.start_again();
    let gone = address(postgres.url()).to_owned();
    drop(postgres);
    assert!(TcpStream::connect(gone).is_err());
}

/// Its connections stay open, and new ones wait: that is what tells it from one that is gone.
#[test]
fn a_frozen_server_takes_connections_and_answers_nothing_until_it_goes_on() {
    let redis = LocalRedis::start();
    redis.freeze();
    let mut connection = TcpStream::connect(address(redis.url())).expect("the machine is there");
    connection.write_all(b"PING\r\n").expect("the machine takes it");
    let mut answer = [0; 7];
    connection.set_read_timeout(Some(Duration::from_millis(500))).expect("a limit");
    let silent = connection.read(&mut answer).expect_err("nobody reads");
    assert_eq!(silent.kind(), ErrorKind::WouldBlock);
    redis.thaw();
    connection.set_read_timeout(None).expect("no limit");
    connection.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"+PONG\r\n");
    let gone = address(redis.url()).to_owned();
    redis.freeze();
    drop(redis);
    assert!(TcpStream::connect(gone).is_err(), "one that stands still can be ended too");
}

/// The status and the body of an answer, without a client library.
fn ask_prometheus(prometheus: &LocalPrometheus, path: &str) -> (String, String) {
    let mut connection = TcpStream::connect(address(prometheus.url())).expect("Prometheus listens");
    connection.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).expect("it reads");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head.lines().next().expect("a status").to_owned(), body.to_owned())
}

#[test]
fn prometheus_listens_on_this_machine_only_and_watches_the_rules() {
    let prometheus = LocalPrometheus::start();
    assert!(address(prometheus.url()).starts_with("127.0.0.1:"), "{}", prometheus.url());
    let (status, rules) = ask_prometheus(&prometheus, "/api/v1/rules");
    assert!(
        status.ends_with(" 200 OK") && rules.contains("TidegateLedgerHole"),
        "{status} {rules}"
    );
    let (_, flags) = ask_prometheus(&prometheus, "/api/v1/status/flags");
    assert!(
        flags.contains(&format!("\"web.listen-address\":\"{}\"", address(prometheus.url()))),
        "{flags}"
    );
    prometheus.kill();
    assert!(TcpStream::connect(address(prometheus.url())).is_err(), "nobody listens");
    prometheus.start_again();
    let gone = address(prometheus.url()).to_owned();
    drop(prometheus);
    assert!(TcpStream::connect(gone).is_err());
}

#[test]
fn a_configuration_that_is_none_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("prometheus.yml");
    std::fs::write(&config, "scrape_confgs: []\n").expect("a file");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/prometheus");
    let mut start = Command::new(script);
    start
        .args(["start", "--port", "1", "--config"])
        .arg(&config)
        .arg("--data")
        .arg(folder.path().join("data"));
    let refused = start.output().expect("scripts/prometheus");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains("scrape_confgs") && said.contains("its data could not be made"),
        "{said}"
    );
}

fn redis(words: &[&str], data: &std::path::Path) -> Output {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/redis");
    Command::new(script).args(words).arg("--data").arg(data).output().expect("scripts/redis")
}

// TROUBLESHOOTING: server-port-taken
#[test]
fn a_port_that_is_taken_is_named_and_another_one_can_be_chosen() {
    let folder = tempfile::tempdir().expect("a folder");
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = other.local_addr().expect("its address").port().to_string();
    let refused = redis(&["start", "--port", &port], folder.path());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    let wanted = " is taken by another program: end it, or start this one elsewhere: scripts/";
    assert!(said.contains(&format!("127.0.0.1:{port}{wanted}")), "{said}");
    drop(other);
    // What was refused left nothing behind: the next one may have any port.
    let started = redis(&["start", "--port", &port], folder.path());
    assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
    assert!(redis(&["stop"], folder.path()).status.success());
}
