//! The table of rights in `docs/quickstart-cluster.md` is enough: each process logs in as a user who has them and no other.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};

use test_servers::{LocalKafka, SecureKafka};

use crate::platform::{Place, Platform};

const OPERATIONS: [&str; 6] = ["Create", "Describe", "DescribeConfigs", "Read", "Write", "Delete"];

/// What a cell of the table grants.
fn operations(cell: &str) -> Vec<&str> {
    cell.split([' ', ',']).filter(|word| OPERATIONS.contains(word)).collect()
}

/// The cells for topics and group, by who has them.
fn table() -> BTreeMap<String, (String, String)> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/quickstart-cluster.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.split("| who | topics | group |").nth(1).unwrap().lines().skip(2);
    let cells = rows.take_while(|row| row.starts_with('|')).map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let who = cells[0].trim_matches('`').trim_start_matches("orders ");
        (who.to_owned(), (cells[1].to_owned(), cells[2].to_owned()))
    });
    cells.collect()
}

/// One of Kafka's own tools, with every right.
fn tool(kafka: &SecureKafka, class: &str) -> Command {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/kafka");
    let mut tool = Command::new(script);
    tool.args(["tool", class, "--bootstrap-server", kafka.internal_address()]);
    tool.stdout(Stdio::piped()).stderr(Stdio::piped());
    tool
}

/// Gives the rights of a row: the tools that do, which run side by side.
fn grant(kafka: &SecureKafka, who: &str, (topics, group): &(String, String)) -> Vec<Child> {
    let acl = |resources: &[&str], cell: &str| {
        let mut acl = tool(kafka, "org.apache.kafka.tools.AclCommand");
        acl.args(["--add", "--allow-principal", &format!("User:{who}")]).args(resources);
        for operation in operations(cell) {
            acl.args(["--operation", operation]);
        }
        acl.spawn().unwrap()
    };
    let all =
        ["rights", "rights_retry", "rights_dlq", "orders_audit"].map(|name| ["--topic", name]);
    let own = if topics.ends_with("on `orders`") { &all[..1] } else { &all[..] };
    let mut tools = vec![acl(own.as_flattened(), topics)];
    if !group.is_empty() {
        tools.push(acl(&["--group", "rights-group"], group));
    }
    tools
}

/// The place as a user sees it.
fn seen_by(place: &Place, who: &str) -> Place {
    place
        .clone()
        .variable("KAFKA_SECURITY_PROTOCOL", "sasl_plaintext")
        .variable("KAFKA_SASL_MECHANISM", "PLAIN")
        .variable("KAFKA_SASL_USERNAME", who)
        .variable("KAFKA_SASL_PASSWORD", &format!("{who}-secret"))
}

/// Everything that can be asked, and what is deleted, too.
fn ask(platform: &Platform, script: &str, words: &[&str]) {
    let path = format!("{}/../scripts/{script}", env!("CARGO_MANIFEST_DIR"));
    let port = platform.producer.port.to_string();
    let output = Command::new(path).args(words).env("HTTP_PORT", port).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

fn grant_all(kafka: &SecureKafka) {
    let rows = table();
    assert_eq!(rows.keys().collect::<Vec<_>>(), ["consumer", "producer", "replay", "topics"]);
    let tools: Vec<_> = rows.iter().flat_map(|(who, row)| grant(kafka, who, row)).collect();
    for tool in tools {
        let output = tool.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test]
async fn the_rights_of_the_table_are_enough_for_each_process() {
    let kafka = LocalKafka::secure();
    grant_all(&kafka);
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), kafka.sasl_address(), "rights");
    seen_by(&place, "topics").topics().await;
    let platform = Platform {
        gateway: place.orders("gateway").ready_at(3..4).await,
        producer: seen_by(&place, "producer").orders("producer").ready_at(0..1).await,
        consumer: seen_by(&place, "consumer").orders("consumer").ready_at(1..2).await,
        replay: seen_by(&place, "replay").orders("replay").ready_at(2..3).await,
    };
    ask(&platform, "test-orders.sh", &[]);
    ask(&platform, "test-replay.sh", &["--clear"]);
    for process in [&platform.producer, &platform.consumer, &platform.replay] {
        let said = process.stderr();
        assert!(!said.contains("lacks"), "{said}");
    }
    // What cannot be written down is not done: of the audit topic the producer has no rights.
    let filter = serde_json::json!({"filter": "debug"});
    let refused = platform.producer.producer().put("/api/v1/log-level", &filter).await.expect(503);
    assert!(
        refused.body.to_string().contains("the audit record cannot be written"),
        "{}",
        refused.body
    );
    let read = platform.producer.producer().get("/api/v1/log-level").await.expect(200);
    assert_eq!(read.data()["filter"], "info", "{}", read.body);
    platform.end().await;
}
