//! What people run from a shell against running services.

use std::path::PathBuf;
use std::process::Command;

use crate::harness::{Program, Setup};

fn script(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts")).join(name)
}

/// Runs a script against a platform: its exit code, and what it printed.
fn run(up: &Program, name: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(script(name));
    command.args(arguments).env("HTTP_PORT", up.port.to_string()).env_remove("HTTP_HOST");
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (output.status.code(), said.concat())
}

#[tokio::test]
async fn the_script_for_orders_finds_everything_as_agreed() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let (code, said) = run(&up, "test-orders.sh", &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("ok      it is charged once") && said.contains(" checks passed, 0 failed"),
        "{said}"
    );
    up.end().await;
}

#[tokio::test]
async fn the_script_for_replay_finds_everything_as_agreed() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let (code, said) = run(&up, "test-replay.sh", &["--clear"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("ok      the letter is resolved")
            && said.contains(" checks passed, 0 failed"),
        "{said}"
    );
    up.end().await;
}

/// A gateway that forgets its keys charges an order that is tried again twice: the scripts see it, and say so.
#[tokio::test]
async fn a_script_names_what_is_wrong_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).argument("--forgetful").ready().await;
    let (code, said) = run(&up, "test-orders.sh", &[]);
    assert_eq!(code, Some(1), "{said}");
    let wrong: Vec<_> = said.lines().filter(|line| line.starts_with("FAILED")).collect();
    assert_eq!(wrong, ["FAILED  and charged once all the same: got '2' instead of '1'"], "{said}");
    up.end().await;
}

// TROUBLESHOOTING: nobody-to-ask
#[test]
fn with_nobody_to_ask_a_script_says_so_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let port = Setup::up(folder.path()).port;
    for name in ["test-orders.sh", "test-replay.sh"] {
        let mut command = Command::new(script(name));
        let output = command.env("HTTP_PORT", port.to_string()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("start the services (make up), or set HTTP_HOST and HTTP_PORT"),
            "{said}"
        );
    }
}

/// What the image asks to know whether its service is well.
#[tokio::test]
async fn the_health_check_follows_readiness() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let healthy = |offset: u16| {
        let mut command = Command::new(script("healthy"));
        command.arg((up.port + offset).to_string()).output().unwrap().status.code()
    };
    for offset in 0..4 {
        assert_eq!(healthy(offset), Some(0), "{offset}");
    }
    let down = serde_json::json!({"down": true});
    up.gateway().put("/api/v1/gateway", &down).await.expect(200);
    assert_eq!(healthy(3), Some(1), "the gateway plays dead");
    up.end().await;
}
