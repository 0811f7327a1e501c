//! What is printed when everything is up.

use std::fmt::Write;
use std::net::SocketAddr;

use super::Process;
use crate::config::Config;
use crate::topics::Ensured;

/// Where the services of a process are.
pub(super) fn of(config: &Config, process: Process, topics: &[Ensured]) -> String {
    let http = &config.http;
    let port = match process {
        Process::Up { .. } => return table(config, topics),
        Process::Producer => http.http_port,
        Process::Consumer => http.consumer_port(),
        Process::Replay => http.replay_port(),
        Process::Gateway { .. } => http.gateway_port(),
    };
    format!("{}: {}\n", process.name(), url(config, port))
}

/// Where everything is.
fn table(config: &Config, topics: &[Ensured]) -> String {
    let http = &config.http;
    let rows = [
        ("producer", url(config, http.http_port), "orders in"),
        ("consumer", url(config, http.consumer_port()), "what became of them, counted"),
        ("replay", url(config, http.replay_port()), "dead letters"),
        ("gateway", url(config, http.gateway_port()), "simulated payments, ledger of effects"),
    ];
    let mut text = String::from("orders is up\n\n");
    for (name, url, does) in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<9} {url:<28} {does}");
    }
    let topics: Vec<_> =
        topics.iter().map(|topic| format!("{} ({})", topic.name, topic.partitions)).collect();
    let _ = writeln!(text, "\n  {:<9} {}", "topics", topics.join(", "));
    if let Some(brokers) = &config.kafka.kafka_brokers {
        let _ = writeln!(text, "  {:<9} {brokers}", "kafka");
    }
    let _ = writeln!(text, "  {:<9} {}", "data", config.stores.data_dir.display());
    let _ = writeln!(
        text,
        "\nTry `cargo run --release -p orders -- sample` in another terminal. Ctrl-C ends."
    );
    text
}

/// The address of a service at that port.
fn url(config: &Config, port: u16) -> String {
    format!("http://{}", SocketAddr::new(config.http.http_host, port))
}
