//! What pages and scripts tell people to type exists: targets of make, scripts, commands of `orders` and their flags.

use std::collections::BTreeSet;

use crate::program::{COMMANDS, help};
use crate::tree::{exists, pages, read, scripts};

/// The lines of the blocks marked `sh`, without comments; a continued line is one.
fn typed(page: &str) -> Vec<String> {
    let text = read(page).replace("\\\n", " ");
    let blocks = text.split("\n```sh\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let lines = blocks.flat_map(str::lines).map(|line| line.split(" #").next().unwrap().trim());
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// The targets of the Makefile that `make help` shows.
fn targets() -> BTreeSet<String> {
    let text = read("Makefile");
    let begins = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
    let shown = text.lines().filter(begins).filter(|line| line.contains(": ## "));
    shown.map(|line| line.split(':').next().unwrap().to_owned()).collect()
}

/// The words behind `make`, up to the first that is no target's name.
fn made(line: &str) -> Vec<String> {
    let mut words = line.split_whitespace().skip_while(|word| *word != "make").skip(1);
    let mut made = Vec::new();
    while let Some(word) = words.next()
        && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
    {
        made.push(word.to_owned());
    }
    made
}

/// The words behind the program, however it is called.
fn orders(line: &str) -> Option<Vec<String>> {
    let words: Vec<_> =
        line.split_whitespace().map(|word| word.trim_matches(['\'', '"'])).collect();
    let is_program = |words: &[&str]| match words {
        [program, ..] if *program == "orders" || program.ends_with("bin/orders") => Some(1),
        ["orders", "--", ..] => Some(2),
        _ => None,
    };
    let cargo = line.contains("cargo run") && line.contains("-p orders -- ");
    let at = if cargo {
        words.iter().position(|word| *word == "--")? + 1
    } else {
        let at = words.iter().position(|word| !word.contains('='))?;
        at + is_program(&words[at..])?
    };
    let stop = |word: &&&str| !matches!(**word, "&" | "|" | "&&" | ">" | ";");
    Some(words[at..].iter().take_while(stop).map(|word| (*word).to_owned()).collect())
}

/// What is wrong with a line.
fn wrong(line: &str) -> Option<String> {
    if let Some(target) = made(line).into_iter().find(|target| !targets().contains(target)) {
        return Some(format!("no target {target}: {line}"));
    }
    if let Some(words) = orders(line) {
        let command = words.iter().find(|word| !word.starts_with('-'))?;
        if !COMMANDS.contains(command) {
            return Some(format!("no command {command}: {line}"));
        }
        let help = help(&[command]);
        let flags = words.iter().filter_map(|word| word.strip_prefix("--")?.split('=').next());
        let unknown = flags.into_iter().find(|flag| {
            !help.contains(&format!("--{flag} ")) && !help.contains(&format!("--{flag}\n"))
        })?;
        return Some(format!("no flag --{unknown}: {line}"));
    }
    None
}

/// Paths of this tree that a text names.
fn paths(text: &str) -> BTreeSet<String> {
    let end =
        |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | '$' | '}'));
    let words =
        text.split(end).map(|word| word.trim_start_matches("./").trim_end_matches(['.', '/']));
    let ours = ["scripts/", "docs/", "deploy/", "examples/", "crates/", "orders/"];
    let path =
        |word: &&str| !word.contains('$') && ours.iter().any(|folder| word.starts_with(folder));
    words.filter(path).map(str::to_owned).collect()
}

#[test]
fn every_command_of_a_page_exists() {
    let mut seen = 0;
    for page in pages() {
        for line in typed(&page) {
            assert_eq!(wrong(&line), None, "{page}");
            seen += usize::from(orders(&line).is_some() || !made(&line).is_empty());
        }
    }
    assert!(seen > 10, "only {seen} commands were found: the pages are not read");
}

#[test]
fn every_path_that_is_named_is_in_the_tree() {
    let mut files = scripts();
    files.extend(
        ["Makefile", "compose.yaml", "Dockerfile", "compose.env.example"].map(str::to_owned),
    );
    for file in files {
        for path in paths(&read(&file)) {
            assert!(exists(&path), "{file} names {path}");
        }
    }
    for page in pages() {
        for path in typed(&page).iter().flat_map(|line| paths(line)) {
            assert!(exists(&path), "{page} names {path}");
        }
    }
}

#[test]
fn every_target_is_phony_and_explained() {
    let text = read("Makefile");
    let phony: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix(".PHONY: "))
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect();
    assert_eq!(phony, targets());
    let wanted = "help build up topics producer consumer replay infra-up infra-down test test-embedded lint docs bench nightly clean features deny";
    for target in wanted.split(' ') {
        assert!(phony.contains(target), "no target {target}");
    }
}

#[test]
fn what_does_not_exist_is_found() {
    for line in [
        "make tset",
        "bin/orders pu",
        "cargo run --release -p orders -- load --cuont 1",
        "HTTP_PORT=1 orders down",
    ] {
        assert!(wrong(line).is_some(), "{line}");
    }
    for line in [
        "make test lint",
        "HTTP_PORT=9100 bin/orders up",
        "cargo run --release -p orders -- load --count 1 --failing=2%",
    ] {
        assert_eq!(wrong(line), None);
    }
}
