//! `scripts/setup.sh --check` on a machine that has next to nothing: a line for each thing that is missing.

use std::os::unix::fs::symlink;
use std::process::Command;

use crate::tree::root;

/// Runs the check with only these programs to be found.
fn check(programs: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let places = std::env::var("PATH").unwrap();
    for program in programs {
        let mut found = places.split(':').map(|place| format!("{place}/{program}"));
        let found = found.find(|path| std::path::Path::new(path).exists());
        let found = found.unwrap_or_else(|| panic!("{program} is not in {places}"));
        symlink(found, folder.path().join(program)).unwrap();
    }
    let mut script = Command::new("bash");
    script.arg(root().join("scripts/setup.sh")).arg("--check").env("PATH", folder.path());
    let output = script.output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

// TROUBLESHOOTING: tool-missing
#[test]
fn what_is_missing_is_named_line_by_line() {
    // No apt-get: nothing can be installed.
    let (code, said) = check(&["bash", "dirname", "sed", "cut", "sort", "head"]);
    assert_eq!(code, Some(1), "{said}");
    for part in ["Rust ", "a C compiler ", "jq ", "Java 17 or newer ", "Maven "] {
        let line = said.lines().find(|line| line.starts_with(&format!("missing: {part}")));
        let line = line.unwrap_or_else(|| panic!("{part} is not named: {said}"));
        assert!(line.contains("install"), "{line}");
    }
    assert!(!said.contains("command not found"), "{said}");
}
