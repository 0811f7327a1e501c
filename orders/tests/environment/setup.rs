//! `scripts/setup.sh --check` on a machine that has next to nothing: a line for each thing that is missing. And what the
//! scripts install where they may.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::tree::root;

/// An `apt-get` that does this instead.
fn apt_get(folder: &Path, does: &str) {
    let path = folder.join("apt-get");
    std::fs::write(&path, format!("#!/bin/sh\n{does}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs the check with only these programs to be found.
fn check(folder: &tempfile::TempDir, programs: &[&str]) -> (Option<i32>, String) {
    let places = std::env::var("PATH").unwrap();
    for program in programs {
        let mut found = places.split(':').map(|place| format!("{place}/{program}"));
        let found = found.find(|path| Path::new(path).exists());
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
    let folder = tempfile::tempdir().unwrap();
    // A check installs nothing, whoever asks.
    apt_get(folder.path(), "echo called >&2");
    let (code, said) = check(&folder, &["bash", "dirname", "sed", "cut", "sort", "head"]);
    assert_eq!(code, Some(1), "{said}");
    for part in ["Rust ", "a C compiler ", "jq ", "ps ", "Java 17 or newer ", "Maven "] {
        let line = said.lines().find(|line| line.starts_with(&format!("missing: {part}")));
        let line = line.unwrap_or_else(|| panic!("{part} is not named: {said}"));
        assert!(line.contains("install"), "{line}");
    }
    assert!(!said.contains("command not found") && !said.contains("called"), "{said}");
}

/// Runs `need` of the scripts as if this were root on Debian, with the tool there when `FOLDER/tool` is.
fn need(folder: &Path) -> (Option<i32>, String) {
    let mut script = Command::new("bash");
    script.arg("-c").arg(
        "set -euo pipefail; server=x; . scripts/lib/servers.sh; may_install() { true; }; policy=$FOLDER/policy
        need 'a tool' some-package test -e \"$FOLDER/tool\"",
    );
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    script.current_dir(root()).env("PATH", path).env("FOLDER", folder);
    script.env("TMPDIR", folder);
    let output = script.output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// A server that a package starts would take the port that is meant for the scripts' own.
#[test]
fn while_a_package_is_installed_it_may_not_start_its_service() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy");
    apt_get(
        folder.path(),
        "[ -x \"$FOLDER/policy\" ] && ! \"$FOLDER/policy\" && touch \"$FOLDER/tool\"",
    );
    assert_eq!(need(folder.path()), (Some(0), "installing a tool (some-package)\n".to_owned()));
    assert!(!policy.exists(), "it is as it was");
}

#[test]
fn what_cannot_be_installed_is_named_with_what_apt_get_said() {
    let folder = tempfile::tempdir().unwrap();
    apt_get(folder.path(), "echo no network >&2; exit 1");
    let (code, said) = need(folder.path());
    assert_eq!(code, Some(1));
    let wanted =
        "no network\nscripts/x: a tool is missing, and could not be installed: apt-get said why\n";
    assert!(said.ends_with(wanted), "{said}");
    assert!(!folder.path().join("policy").exists(), "it is as it was");
}
