//! Every example runs as a user would run it, and prints what its `expected.txt` says.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// Cargo builds the examples before the tests, beside the folder that this test runs from.
fn binary(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let profile = here.parent().and_then(Path::parent).unwrap();
    let path = profile.join("examples").join(name);
    assert!(path.exists(), "run `cargo test` without `--test`, or build the examples first");
    path
}

fn expected(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    std::fs::read_to_string(folder.join(name).join("expected.txt")).unwrap()
}

fn example(name: &str, data: &TempDir) -> Command {
    let mut command = Command::new(binary(name));
    command.current_dir(data.path()).env_remove("KAFKA_BROKERS").env_remove("DATA_DIR");
    command
}

fn printed(name: &str) -> String {
    let data = tempfile::tempdir().unwrap();
    let output = example(name, &data).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} failed: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// Of two keys: whose handler runs first is nobody's promise.
fn in_any_order(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

fn prints_what_it_should(name: &str) {
    assert_eq!(printed(name), expected(name));
}

/// Ends the process it stands for, however the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn hello_greets_everyone_and_ends_on_sigterm() {
    let data = tempfile::tempdir().unwrap();
    let sent = example("01-hello-send", &data).args(["Ada", "Grace"]).output().unwrap();
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));

    let mut hello = Running(example("01-hello", &data).stdout(Stdio::piped()).spawn().unwrap());
    let stdout = BufReader::new(hello.0.stdout.take().unwrap());
    let lines: Vec<String> = stdout.lines().take(2).map(Result::unwrap).collect();
    assert_eq!(in_any_order(&lines.join("\n")), in_any_order(&expected("01-hello")));

    // The shell's own word: small images have no program of that name.
    let kill = format!("kill -TERM {}", hello.0.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    assert!(hello.0.wait().unwrap().success(), "drained, committed, left");
}

#[test]
fn retry_tries_again_and_gives_up() {
    prints_what_it_should("02-retry");
}

#[test]
fn inbox_has_one_effect_per_event() {
    assert_eq!(in_any_order(&printed("03-inbox")), in_any_order(&expected("03-inbox")));
}

#[test]
fn order_is_declared_per_handler() {
    prints_what_it_should("04-order");
}

#[test]
fn layers_go_round_the_handler() {
    prints_what_it_should("05-layer");
}

#[test]
fn a_service_is_tested_on_virtual_time() {
    prints_what_it_should("06-testing");
}

#[test]
fn batches_and_groups_share_a_process() {
    prints_what_it_should("07-batch");
}

/// An example that is not listed here would be claimed, and not run.
#[test]
fn every_example_is_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    let run =
        ["01-hello", "02-retry", "03-inbox", "04-order", "05-layer", "06-testing", "07-batch"];
    assert_eq!(found, run);
}
