//! What stops the start: one clear line, no stack trace, exit code 2 when the settings are at fault.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::harness::{Ended, Setup};

/// One line on stderr that says all of this, and nothing of a stack.
#[track_caller]
fn one_line(ended: &Ended, said: &[&str]) {
    let lines: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "one line was expected:\n{}", ended.stderr);
    for part in said {
        assert!(lines[0].contains(part), "{part:?} is missing: {}", lines[0]);
    }
    for trace in ["panicked", "RUST_BACKTRACE", "stack backtrace", "Error {", "Os {"] {
        assert!(!ended.stderr.contains(trace), "{}", ended.stderr);
    }
}

async fn refused(setup: &Setup, said: &[&str]) {
    let ended = setup.run().await.expect(2);
    one_line(&ended, said);
}

#[tokio::test]
async fn a_bad_value_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let up = || Setup::up(folder.path());
    for (name, value) in [
        ("KAFKA_TOPIC_PARTITIONS", "none"),
        ("RETRY_MAX_ATTEMPTS", "0"),
        ("LOG_LEVEL", "loud"),
        ("RETRY_INITIAL_INTERVAL", "5"),
        ("HTTP_HOST", "everywhere"),
        ("ALLOW_CRASH", "perhaps"),
        ("GATEWAY_URL", "ftp://x"),
    ] {
        refused(&up().variable(name, value), &[name]).await;
    }
}

#[tokio::test]
async fn a_misspelt_variable_is_named_with_the_one_that_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::up(folder.path()).variable("KAFKA_BROKER", "localhost:9092");
    refused(&setup, &["KAFKA_BROKER: did you mean KAFKA_BROKERS?"]).await;
}

#[tokio::test]
async fn a_contradiction_names_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::up(folder.path())
        .variable("RETRY_INITIAL_INTERVAL", "10s")
        .variable("RETRY_MAX_INTERVAL", "1s");
    refused(&setup, &["RETRY_INITIAL_INTERVAL", "RETRY_MAX_INTERVAL"]).await;
}

#[tokio::test]
async fn a_broken_env_file_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".env"), "LOG_LEVEL=info\nthis is no setting\n").unwrap();
    refused(&Setup::up(folder.path()), &[".env", "2"]).await;
}

#[tokio::test]
async fn an_env_file_is_read_and_the_environment_wins() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".env"), "RETRY_MAX_ATTEMPTS=none\n").unwrap();
    refused(&Setup::up(folder.path()), &["RETRY_MAX_ATTEMPTS"]).await;
    let up = Setup::up(folder.path()).variable("RETRY_MAX_ATTEMPTS", "2").ready().await;
    up.end().await;
}

#[tokio::test]
async fn settings_of_a_cluster_that_do_not_fit_together_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let up = || Setup::up(folder.path());
    let kafka = || up().variable("KAFKA_BROKERS", "localhost:9092");
    refused(
        &up().variable("KAFKA_SASL_PASSWORD", "hunter2"),
        &["KAFKA_SASL_PASSWORD", "KAFKA_BROKERS"],
    )
    .await;
    refused(&kafka().variable("KAFKA_SASL_PASSWORD", "hunter2"), &["KAFKA_SECURITY_PROTOCOL"])
        .await;
    refused(&kafka().variable("KAFKA_PROPERTY_ACKS", "1"), &["KAFKA_PROPERTY_ACKS", "in-sync"])
        .await;
    refused(&kafka().variable("KAFKA_PROPERTY_LINGR_MS", "1"), &["KAFKA_PROPERTY_LINGR_MS"]).await;
}

#[tokio::test]
async fn a_service_of_its_own_is_refused_on_the_embedded_log() {
    let folder = tempfile::tempdir().unwrap();
    for service in ["producer", "consumer", "replay"] {
        refused(&Setup::orders(folder.path(), &[service]), &["KAFKA_BROKERS", "orders up"]).await;
    }
}

#[tokio::test]
async fn the_programs_name_chooses_the_service() {
    let folder = tempfile::tempdir().unwrap();
    for service in ["producer", "consumer", "replay"] {
        let line = format!("ln -s \"$1\" {service} && exec ./{service}");
        let setup = Setup::orders(folder.path(), &[]).in_shell(&line);
        refused(&setup, &[&format!("{service} alone needs Kafka"), "KAFKA_BROKERS"]).await;
    }
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for offset in 0..4 {
        let setup = Setup::up(folder.path());
        let port = setup.port + offset;
        let _taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let ended = setup.run().await.expect(2);
        one_line(&ended, &[&port.to_string(), "HTTP_PORT"]);
    }
}

#[tokio::test]
async fn a_second_process_on_the_folder_is_turned_away() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let ended = Setup::up(folder.path()).run().await.expect(2);
    one_line(&ended, &["DATA_DIR"]);
    up.end().await;
}

/// A folder without the right to write. Root has that right everywhere, so root runs the program as nobody.
#[tokio::test]
async fn a_read_only_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, Permissions::from_mode(0o555)).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let setup = match is_root() {
        true => Setup::up(folder.path())
            .in_shell("exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\""),
        false => Setup::up(folder.path()),
    };
    let ended = setup.run().await.expect(2);
    one_line(&ended, &[data.to_str().unwrap()]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let data = file.join("data");
    let setup = Setup::up(folder.path()).variable("DATA_DIR", data.to_str().unwrap());
    let ended = setup.run().await.expect(2);
    one_line(&ended, &[data.to_str().unwrap()]);
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(Path::new("/proc/self")).unwrap().uid() == 0
}

/// No file may grow over the limit, as on a disk without room: it starts with no room at all.
#[tokio::test]
async fn a_full_disk_at_the_start_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::up(folder.path()).in_shell("trap '' XFSZ; ulimit -f 1; exec \"$@\"");
    let ended = setup.run().await.expect(2);
    one_line(&ended, &["DATA_DIR"]);
}
