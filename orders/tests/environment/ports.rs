//! Each port is in `docs/ports.md`, under the service that has it.

use std::collections::BTreeMap;

use crate::program::http_port;
use crate::tree::{below, pages, read, scripts};

/// Port to service.
pub(crate) fn table() -> BTreeMap<u16, String> {
    let text = read("docs/ports.md");
    let rows = text.lines().filter(|line| line.starts_with("| "));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    cells.filter_map(|cells| Some((cells[1].parse().ok()?, cells[2].to_owned()))).collect()
}

/// What stands in front of a colon and a port: `kafka:9092` gives `("kafka", 9092)`.
pub(crate) fn addresses(text: &str) -> Vec<(String, u16)> {
    let end =
        |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']'));
    let words = text.split(end).map(|word| word.trim_matches(['.', '-', ':']));
    let split = words.filter_map(|word| word.rsplit_once(':'));
    let named =
        split.filter(|(host, _)| host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['));
    let ports = named.filter_map(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
    ports.filter(|(_, port)| *port >= 1_000).collect()
}

/// What is wrong with the addresses of a text.
pub(crate) fn wrong(text: &str) -> Vec<String> {
    let table = table();
    let services: Vec<_> = table.values().cloned().collect();
    let mut wrong = Vec::new();
    for (host, port) in addresses(text) {
        let local = matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
        let ours = services.contains(&host);
        match table.get(&port) {
            None if local || ours => wrong.push(format!("{host}:{port} is in no row")),
            Some(service) if ours && *service != host => {
                wrong.push(format!("{host}:{port} belongs to {service}"));
            }
            _ => {}
        }
    }
    wrong
}

#[test]
fn the_services_follow_the_programs_port() {
    let table = table();
    for (service, port) in ["producer", "consumer", "replay", "gateway"].iter().zip(http_port()..) {
        assert_eq!(table[&port], *service);
    }
}

#[test]
fn every_address_has_a_row_of_the_right_service() {
    let mut files = scripts();
    files.extend(pages());
    files.extend(below("deploy"));
    files.extend(["compose.yaml", "Makefile", ".env.example"].map(str::to_owned));
    for path in files {
        assert_eq!(wrong(&read(&path)), [] as [&str; 0], "{path}");
    }
}

#[test]
fn a_wrong_port_is_found() {
    assert_eq!(wrong("curl localhost:8089/x"), ["localhost:8089 is in no row"]);
    assert_eq!(wrong("http://gateway:8091"), ["gateway:8091 belongs to consumer"]);
    assert!(wrong("curl http://127.0.0.1:8090/health at 12:3000").is_empty());
}
