//! The broker that other tests rely on: it answers, survives being killed with its data, and leaves nothing behind.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use test_servers::LocalKafka;

const API_VERSIONS: u16 = 18;
const METADATA: u16 = 3;

/// Asks a broker over a plain connection, without a client library.
fn ask(address: &str, api: u16, version: u16, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut request = [api.to_be_bytes(), version.to_be_bytes()].concat();
    request.extend(7_u32.to_be_bytes()); // comes back before the answer
    request.extend(u16::MAX.to_be_bytes()); // no client id
    request.extend(body);
    let mut connection = TcpStream::connect(address)?;
    connection.write_all(&(request.len() as u32).to_be_bytes())?;
    connection.write_all(&request)?;
    let mut length = [0; 4];
    connection.read_exact(&mut length)?;
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    connection.read_exact(&mut answer)?;
    assert_eq!(answer[..4], 7_u32.to_be_bytes(), "the answer to this request");
    Ok(answer.split_off(4))
}

/// The brokers, the random id that the cluster's data carries, and the controller.
fn metadata(address: &str) -> Vec<u8> {
    ask(address, METADATA, 2, &0_u32.to_be_bytes()).expect("the broker answers")
}

fn runs(process: u32) -> bool {
    // One that has ended, and that nobody has waited for, has no command line.
    fs::read(format!("/proc/{process}/cmdline")).is_ok_and(|line| !line.is_empty())
}

fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "waited a minute for this: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_broker_answers_survives_a_kill_with_its_data_and_leaves_nothing() {
    let kafka = LocalKafka::start();
    let answer = ask(kafka.address(), API_VERSIONS, 0, &[]).unwrap();
    assert_eq!(answer[..2], [0, 0], "no error");
    let before = metadata(kafka.address());

    let killed = kafka.node(1).process_id();
    kafka.kill();
    assert!(!runs(killed));
    assert!(TcpStream::connect(kafka.address()).is_err(), "nobody listens");

    kafka.start_again();
    assert_eq!(metadata(kafka.address()), before, "the same cluster on the same data");

    let (again, folder) = (kafka.node(1).process_id(), kafka.folder().to_owned());
    assert!(runs(again));
    drop(kafka);
    assert!(!runs(again));
    assert!(!folder.exists());
}

#[test]
fn one_node_of_three_goes_and_comes_while_the_others_answer() {
    let kafka = LocalKafka::cluster(3);
    assert_eq!(kafka.address().split(',').count(), 3);
    kafka.node(2).kill();
    metadata(kafka.node(1).address());
    metadata(kafka.node(3).address());
    assert!(TcpStream::connect(kafka.node(2).address()).is_err());
    kafka.node(2).start_again();
    metadata(kafka.node(2).address());
    kafka.node(3).stop_gently();
    metadata(kafka.node(1).address());
}

#[test]
#[should_panic(expected = "node 1 was refused its settings")]
fn settings_that_kafka_refuses_are_reported_with_its_words() {
    LocalKafka::with_properties(1, &[("num.io.threads", "none")]);
}

/// No broker is left when a test is killed, and cannot drop anything.
#[test]
fn a_killed_test_leaves_no_broker() {
    let this = env::current_exe().unwrap();
    let mut test = Command::new(this)
        .args(["--ignored", "--exact", "--nocapture", "the_test_that_is_killed"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(test.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.find(|line| line.starts_with("broker ")).unwrap();
    let (process, folder) = line["broker ".len()..].split_once(' ').unwrap();
    let process = process.parse().unwrap();
    assert!(runs(process));
    test.kill().unwrap();
    test.wait().unwrap();
    wait_until("the broker is gone", || !runs(process));
    wait_until("its data is gone", || !fs::exists(folder).unwrap());
}

#[test]
#[ignore = "a child process: another test starts it, and kills it"]
fn the_test_that_is_killed() {
    let kafka = LocalKafka::shared();
    kafka.kill();
    kafka.start_again();
    println!("broker {} {}", kafka.node(1).process_id(), kafka.folder().display());
    loop {
        thread::park();
    }
}
