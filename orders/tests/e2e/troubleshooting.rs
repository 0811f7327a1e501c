//! The messages that `docs/TROUBLESHOOTING.md` quotes, each provoked as its entry says.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use serde_json::{Value, json};

use crate::harness::{Program, Setup, eventually};

/// The start is refused with one line that says this.
async fn refused(setup: &Setup, quoted: &str) {
    let ended = setup.run().await.expect(2);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains(quoted), "{quoted:?} is missing: {}", ended.stderr);
}

// TROUBLESHOOTING: port-taken
#[tokio::test]
async fn a_port_that_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::up(folder.path());
    let _taken = TcpListener::bind(("127.0.0.1", setup.port)).unwrap();
    refused(&setup, &format!("port {} ", setup.port)).await;
    refused(&setup, "is taken: stop what listens there, or set HTTP_PORT").await;
}

// TROUBLESHOOTING: folder-in-use
#[tokio::test]
async fn a_folder_that_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    for command in ["up", "topics"] {
        let second = Setup::orders(folder.path(), &[command]);
        refused(&second, "is in use: stop the other process, or use another folder").await;
    }
    up.end().await;
}

/// Root may write everywhere, so root runs the program as nobody.
// TROUBLESHOOTING: folder-read-only
#[tokio::test]
async fn a_folder_that_may_only_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, Permissions::from_mode(0o555)).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let nobody = "exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\"";
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let line = if root { nobody } else { "exec \"$@\"" };
    refused(&Setup::up(folder.path()).in_shell(line), "cannot be used: Permission denied").await;
}

// TROUBLESHOOTING: disk-full-start
#[tokio::test]
async fn a_disk_that_is_full_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let full = Setup::up(folder.path()).in_shell("trap '' XFSZ; ulimit -f 1; exec \"$@\"");
    refused(&full, "cannot be opened for reading and writing: ").await;
}

// TROUBLESHOOTING: misspelt-variable
// TROUBLESHOOTING: bad-value
// TROUBLESHOOTING: contradiction
// TROUBLESHOOTING: beyond-loopback
#[tokio::test]
async fn settings_that_cannot_be_meant() {
    let folder = tempfile::tempdir().unwrap();
    let up = || Setup::up(folder.path());
    let misspelt = up().variable("KAFKA_BROKER", "localhost:9092");
    refused(&misspelt, "KAFKA_BROKER: did you mean KAFKA_BROKERS?").await;
    let bad = up().variable("RETRY_INITIAL_INTERVAL", "5");
    refused(&bad, "is not a duration: give it a unit, such as 500ms, 30s or 5m").await;
    let longer = up().variable("RETRY_INITIAL_INTERVAL", "10s");
    refused(&longer, "RETRY_MAX_INTERVAL: must not be shorter than RETRY_INITIAL_INTERVAL").await;
    let beyond = up().variable("HTTP_HOST", "0.0.0.0");
    let quoted = "HTTP_HOST: beyond this machine (127.0.0.1) the read model must not be SQLite";
    refused(&beyond, quoted).await;
}

// TROUBLESHOOTING: broken-env-file
#[tokio::test]
async fn an_env_file_with_a_broken_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".env"), "LOG_LEVEL=info\nthis is no setting\n").unwrap();
    refused(&Setup::up(folder.path()), ".env:2").await;
    refused(&Setup::up(folder.path()), ": expected NAME=value").await;
}

// TROUBLESHOOTING: alone-on-embedded
#[tokio::test]
async fn a_process_of_its_own_without_kafka() {
    let folder = tempfile::tempdir().unwrap();
    for service in ["producer", "consumer", "replay"] {
        let alone = Setup::orders(folder.path(), &[service]);
        refused(&alone, "alone needs Kafka (KAFKA_BROKERS)").await;
    }
}

// TROUBLESHOOTING: nobody-there
#[tokio::test]
async fn nobody_to_send_orders_to() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["sample", "load"] {
        let ended = Setup::orders(folder.path(), &[command]).run().await.expect(1);
        let quoted = "refuses connections: is `orders up` running, with the same HTTP_PORT?";
        assert!(ended.stderr.contains(quoted), "{}", ended.stderr);
    }
}

// TROUBLESHOOTING: simulation-off
// TROUBLESHOOTING: wrong-content-type
#[tokio::test]
async fn requests_that_the_producer_does_not_take() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).variable("ALLOW_SIMULATION", "false").ready().await;
    let load = ["load", "--count", "10", "--late", "100%"];
    let ended = Setup::orders(folder.path(), &load).at_port(up.port).run().await.expect(2);
    let quoted = "X-Simulate is taken only with ALLOW_SIMULATION=true";
    assert!(ended.stderr.contains(quoted), "{}", ended.stderr);

    let request = up.producer().request("POST", "/api/v1/orders");
    let form = request.header("content-type", "application/x-www-form-urlencoded").body("{}");
    let answer = up.producer().send(form).await.expect(415);
    assert_eq!(answer.body["message"], "Content-Type must be application/json");
    up.end().await;
}

/// Waits until the consumer is not ready, and says this.
async fn not_ready(up: &Program, quoted: &str) {
    eventually(quoted, async || {
        let answer = up.consumer().get("/ready").await;
        let said = answer.body["message"].as_str().unwrap_or_default();
        (answer.status == 503 && said.contains(quoted)).then_some(())
    })
    .await;
}

// TROUBLESHOOTING: gateway-unreachable
#[tokio::test]
async fn a_gateway_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let setup = Setup::up(folder.path()).variable("GATEWAY_URL", &format!("http://{nowhere}"));
    let up = setup.ready().await;
    up.order("widget").await;
    not_ready(&up, "is paused: gateway is down: the gateway cannot be reached").await;
    up.end().await;
}

// TROUBLESHOOTING: gateway-plays-dead
#[tokio::test]
async fn a_gateway_that_plays_dead() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    up.gateway().put("/api/v1/gateway", &json!({"down": true})).await.expect(200);
    let order = up.order("widget").await;
    not_ready(&up, "is paused: gateway is down: the gateway is down").await;
    up.gateway().put("/api/v1/gateway", &json!({"down": false})).await.expect(200);
    up.reaches(&order.order_id, "completed").await;
    up.end().await;
}

// TROUBLESHOOTING: disk-full
#[tokio::test]
async fn a_disk_that_fills_up() {
    let folder = tempfile::tempdir().unwrap();
    let small = Setup::up(folder.path()).in_shell("trap '' XFSZ; ulimit -f 6144; exec \"$@\"");
    let up = small.ready().await;
    let order = json!({"customer_id": "c".repeat(128), "product_id": "p".repeat(128), "quantity": 1, "price": 1});
    let batch = Value::from(vec![order; 100]);
    let refused = eventually("the disk is full", async || {
        let answer = up.producer().post("/api/v1/orders/batch", &batch).await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    let quoted = "did not accept the order: the log cannot be written";
    assert!(refused.body["message"].as_str().unwrap().contains(quoted), "{}", refused.body);
    up.kill().await;
}

// TROUBLESHOOTING: no-effect
#[tokio::test]
async fn a_setting_that_has_no_effect() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).variable("REDIS_ADDR", "localhost:6379").ready().await;
    let quoted = "has no effect: this version does not use Redis";
    assert!(up.stderr().contains(quoted), "{}", up.stderr());
    up.end().await;
}
