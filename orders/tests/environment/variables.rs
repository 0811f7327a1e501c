//! Each variable that something sets or reads is one of the program's, or of the few that a script has for itself.

use std::collections::BTreeSet;

use crate::program::{VARIABLES, is_variable};
use crate::tree::{pages, read, scripts};

/// What scripts and pages use besides: the shell's, cargo's, and options of single scripts, which their heads explain.
const OTHERS: &[&str] = &[
    // bash, and the system
    "BASH_SOURCE",
    "EUID",
    "IFS",
    "HOME",
    "LC_ALL",
    "OPTARG",
    "PATH",
    "PIPESTATUS",
    "PWD",
    "RANDOM",
    "SECONDS",
    "TMPDIR",
    "UID",
    "XDG_CACHE_HOME",
    "DEBIAN_FRONTEND",
    "BASHPID",
    "LANG",
    "LD_LIBRARY_PATH",
    "USER",
    "PGDATA",
    // cargo
    "CARGO_TARGET_DIR",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
    "CARGO_HOME",
    "RUSTC_WRAPPER",
    "CARGO_INCREMENTAL",
    // make
    "MAKEFILE_LIST",
    "ONLY",
    "ORDERS",
    // single scripts
    "KAFKA_ROUNDS",
    "FLEET_MESSAGES",
    "KILL_ROUNDS",
    "LOAD_COUNT",
    "SEED",
    "SEEDS",
    "FROM",
    "PATIENCE",
    "KAFKA_JVM_OPTS",
    "PROPERTIES",
    "BENCH_CLONE_PORT",
    "BACKLOG",
    "INFRA",
    // what a page writes for any name
    "NAME",
    // compose.yaml
    "POSTGRES_PASSWORD",
    "REDIS_PASSWORD",
    "GRAFANA_PASSWORD",
];

/// Names behind `$` and `${`.
pub(crate) fn read_by(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for rest in text.split('$').skip(1) {
        let rest = rest.strip_prefix(['{', '(']).unwrap_or(rest);
        let rest = rest.strip_prefix(['#', '!']).unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        if is_variable(&rest[..end]) {
            names.insert(rest[..end].to_owned());
        }
    }
    names
}

/// Names in front of `=`, where a word begins with them.
pub(crate) fn set_by(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '`' | '(' | '"' | '\''));
    let names = words.filter_map(|word| word.split_once('=')).map(|(name, _)| name);
    names.filter(|name| is_variable(name)).map(str::to_owned).collect()
}

/// Any property of librdkafka is a setting.
fn is_property(name: &str) -> bool {
    name.starts_with("KAFKA_PROPERTY_")
}

/// The names that nobody has.
fn unknown(names: BTreeSet<String>) -> Vec<String> {
    let others: BTreeSet<_> = OTHERS.iter().copied().collect();
    let known = |name: &String| {
        VARIABLES.contains(name) || is_property(name) || others.contains(name.as_str())
    };
    names.into_iter().filter(|name| !known(name)).collect()
}

#[test]
fn every_variable_of_a_script_is_known() {
    for path in scripts().into_iter().chain(["Makefile".to_owned()]) {
        let text = read(&path);
        let names = read_by(&text).into_iter().chain(set_by(&text)).collect();
        assert_eq!(unknown(names), [] as [&str; 0], "{path}");
    }
}

#[test]
fn every_variable_that_a_page_sets_is_known() {
    for path in pages() {
        assert_eq!(unknown(set_by(&read(&path))), [] as [&str; 0], "{path}");
    }
}

#[test]
fn the_example_has_every_setting_and_no_other() {
    let text = read(".env.example");
    let lines = text.lines().map(|line| line.trim_start_matches("# "));
    let mut listed = set_by(&lines.collect::<Vec<_>>().join("\n"));
    listed.retain(|name| !is_property(name));
    assert_eq!(listed, *VARIABLES);
}

#[test]
fn a_mistyped_variable_is_found() {
    assert_eq!(unknown(set_by("HTTP_PROT=1 HTTP_PORT=2")), ["HTTP_PROT"]);
    assert_eq!(unknown(read_by("x ${HTTP_HSOT:-1} $HTTP_HOST ${1}")), ["HTTP_HSOT"]);
}
