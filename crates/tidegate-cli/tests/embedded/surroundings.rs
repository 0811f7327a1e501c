//! Pipes, colours, help.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::common::{program, run};

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for args in [&["explain"][..], &["--help"], &["explain", "TG0001", "-o", "json"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = program(args).stdout(writer).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), stderr.as_ref()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn a_disk_that_is_full_is_a_failure() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = program(&["explain"]).stdout(full).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("the answer cannot be written"), "{stderr}");
}

#[test]
fn a_pipe_gets_no_colours() {
    let mut child =
        program(&["explain"]).stdout(Stdio::piped()).env("TERM", "xterm").spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(first, "CODE    FINDING\n");
    child.wait().unwrap();
}

#[test]
fn help_is_an_answer_and_says_how_runs_end() {
    let help = run(&["--help"]).answer();
    for part in ["Exit codes:", "KAFKA_PROPERTY_", "[env: KAFKA_BROKERS]", "[env: DATA_DIR]"] {
        assert!(help.contains(part), "{part} in {help}");
    }
    assert_eq!(run(&["--version"]).answer(), concat!("tidegate ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_wrong_word_is_a_matter_of_usage() {
    for args in [&["topic", "list"][..], &["topics", "list", "-o", "yaml"], &["groups", "lag"]] {
        let line = run(args).refusal(2);
        assert!(line.starts_with("tidegate: ") && !line.contains("error: "), "{args:?}: {line}");
    }
    for args in [&["topics"][..], &[]] {
        let ran = run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}: {ran:?}");
        assert!(ran.stderr.contains("Usage: tidegate"), "{args:?}: {ran:?}");
    }
}
