//! What promtool says of the files, and what they are made from.

use std::process::Command;

use test_servers::promtool;

use crate::boards::rules;
use crate::tree::{below, root};

/// Runs it in the root; what it says when it agrees.
#[track_caller]
fn agrees(words: &[&str], paths: &[String]) -> String {
    let paths = paths.iter().map(|path| root().join(path).to_str().unwrap().to_owned());
    let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).chain(paths).collect();
    let output = promtool(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "promtool {}:\n{said}", words.join(" "));
    said
}

#[test]
fn the_rules_are_rules() {
    agrees(&["check", "rules", "--lint=all", "--lint-fatal"], &below("deploy/prometheus/rules"));
}

/// The path of the rules in it leads to all of them.
#[test]
fn the_configuration_is_one_and_loads_the_rules() {
    let said = agrees(&["check", "config"], &["deploy/prometheus.yml".to_owned()]);
    let found = said.split_whitespace().collect::<Vec<_>>();
    let counts = found.windows(3).filter(|words| words[1..] == ["rules", "found"]);
    let rules: usize = counts.map(|words| words[0].parse::<usize>().unwrap()).sum();
    assert_eq!(rules, rules::alerts().len(), "{said}");
}

#[test]
fn every_alert_fires_when_it_must_and_not_when_it_must_not() {
    agrees(&["test", "rules"], &rules::tests());
}

#[test]
fn the_dashboards_are_what_their_description_makes() {
    let check = Command::new(root().join("scripts/dashboards")).arg("--check").output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}
