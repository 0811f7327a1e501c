//! A broker of a few lines, which says that the cluster has no broker.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::*;
use crate::broker::kafka::context::Told;

const API_VERSIONS: i16 = 18;
const METADATA: i16 = 3;
const TOPIC: &str = "t";
/// So many others the client takes in while its connections end: a start that they ask for meanwhile is called off when it is done.
const MANY: i32 = 20_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// Answers two questions in their oldest useful versions: which ones it answers (v0), and about the cluster (v1).
struct Fake {
    address: SocketAddr,
    /// It says that there are no brokers.
    empty: Arc<AtomicBool>,
}

impl Fake {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, empty) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let says = empty.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let says = says.clone();
                // Ends with its connection.
                std::thread::spawn(move || serve(stream, address.port(), &says));
            }
        });
        Self { address, empty }
    }
}

fn serve(mut stream: TcpStream, port: u16, empty: &AtomicBool) -> Option<()> {
    loop {
        let mut size = [0; 4];
        stream.read_exact(&mut size).ok()?;
        let mut request = vec![0; usize::try_from(i32::from_be_bytes(size)).ok()?];
        stream.read_exact(&mut request).ok()?;
        let number = |at: usize| i16::from_be_bytes([request[at], request[at + 1]]);
        let mut answer = request[4..8].to_vec();
        match (number(0), number(2)) {
            (API_VERSIONS, version) => versions(&mut answer, version == 0),
            (METADATA, _) => metadata(&mut answer, port, empty.load(Ordering::Relaxed)),
            _ => return None,
        }
        stream.write_all(&i32::try_from(answer.len()).ok()?.to_be_bytes()).ok()?;
        stream.write_all(&answer).ok()?;
    }
}

/// The code says that a newer question is not understood.
fn versions(out: &mut Vec<u8>, understood: bool) {
    out.extend(if understood { 0_i16 } else { 35 }.to_be_bytes());
    let known = [(API_VERSIONS, 0_i16), (METADATA, 1)];
    out.extend(2_i32.to_be_bytes());
    for (api, version) in known {
        [api, version, version].iter().for_each(|n| out.extend(n.to_be_bytes()));
    }
}

fn metadata(out: &mut Vec<u8>, port: u16, empty: bool) {
    let brokers: i32 = if empty { 0 } else { 1 };
    out.extend(brokers.to_be_bytes());
    if !empty {
        out.extend(1_i32.to_be_bytes());
        text(out, "127.0.0.1");
        out.extend(i32::from(port).to_be_bytes());
        out.extend((-1_i16).to_be_bytes()); // no rack
    }
    out.extend(if empty { -1_i32 } else { 1 }.to_be_bytes());
    // Topics without leaders.
    let others = if empty { MANY } else { 0 };
    out.extend((1 + others).to_be_bytes());
    topic(out, TOPIC);
    (0..others).for_each(|n| topic(out, &format!("other-{n:0>100}")));
}

fn topic(out: &mut Vec<u8>, name: &str) {
    out.extend(5_i16.to_be_bytes());
    text(out, name);
    out.push(0);
    out.extend(0_i32.to_be_bytes());
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend(i16::try_from(text.len()).unwrap().to_be_bytes());
    out.extend(text.as_bytes());
}

/// Each condition waits for an answer itself.
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "not in time: {what}");
    }
}

/// librdkafka#5301.
#[test]
fn f4_a_client_that_was_told_of_no_broker_is_told_the_addresses_again() {
    let fake = Fake::start();
    let options = KafkaOptions::new(fake.address.to_string());
    let client: BaseConsumer<Told> =
        BaseConsumer::from_config_and_context(&options.asking(), Told::default()).unwrap();
    let asks = |seconds| client.fetch_metadata(Some(TOPIC), Duration::from_secs(seconds)).is_ok();
    until("it knows the cluster", || asks(1));
    assert!(ffi::knows_controller(client.client()));

    // Whether it is lost depends on which of its threads is faster.
    until("the client is lost; if it never is any more, rescue.rs can go", || {
        fake.empty.store(true, Ordering::Relaxed);
        asks(1);
        fake.empty.store(false, Ordering::Relaxed);
        !asks(3)
    });
    assert!(!ffi::knows_controller(client.client()));
    let mut rescue = Rescue::new(&options);
    until("it is there again", || {
        rescue.tend(client.client());
        asks(1)
    });
    assert!(ffi::knows_controller(client.client()));
}
