//! `docs/TROUBLESHOOTING.md`: each entry is provoked by a test, which finds the quoted message.
//!
//! A test says so with the comment `TROUBLESHOOTING: <id>`, and has the quoted words in its file.

use std::collections::BTreeMap;

use crate::tree::{below, read};

struct Entry {
    id: String,
    /// What is the same in every case: the parts between `…`.
    quoted: Vec<String>,
    text: String,
}

fn entries() -> Vec<Entry> {
    let text = read("docs/TROUBLESHOOTING.md");
    let entries = text.split("\n### ").skip(1).map(|entry| {
        let id = entry.lines().next().unwrap().to_owned();
        let block =
            entry.split("```text\n").nth(1).unwrap_or_else(|| panic!("{id} quotes nothing"));
        let message = block.split("\n```").next().unwrap().replace('\n', " ");
        let parts = message.split('…').map(str::trim).filter(|part| part.len() > 3);
        Entry { id, quoted: parts.map(str::to_owned).collect(), text: entry.to_owned() }
    });
    entries.collect()
}

/// The file of the test that provokes an entry.
fn named() -> BTreeMap<String, Vec<String>> {
    let mut named = BTreeMap::<String, Vec<String>>::new();
    for folder in ["orders", "crates"] {
        for path in below(folder).into_iter().filter(|path| path.ends_with(".rs")) {
            for line in read(&path).lines() {
                if let Some(id) = line.trim().strip_prefix("// TROUBLESHOOTING: ") {
                    named.entry(id.to_owned()).or_default().push(path.clone());
                }
            }
        }
    }
    named
}

/// As it stands in a source: quotes are escaped there.
fn has(source: &str, part: &str) -> bool {
    source.contains(part) || source.contains(&part.replace('"', "\\\""))
}

#[test]
fn each_entry_is_provoked_by_a_test_that_finds_its_message() {
    let named = named();
    for Entry { id, quoted, .. } in entries() {
        let files = named.get(&id).unwrap_or_else(|| panic!("no test names {id}"));
        assert!(!quoted.is_empty(), "{id} quotes nothing that stays the same");
        let found = files.iter().any(|file| quoted.iter().all(|part| has(&read(file), part)));
        assert!(found, "{id}: {quoted:?} is not in {files:?}");
    }
}

#[test]
fn each_test_that_names_an_entry_names_one_that_is_there() {
    let ids: Vec<_> = entries().into_iter().map(|entry| entry.id).collect();
    assert!(ids.len() > 15, "only {} entries were found", ids.len());
    for (id, files) in named() {
        assert!(ids.contains(&id), "{files:?}: no entry {id}");
    }
}

#[test]
fn each_entry_says_the_cause_what_to_do_and_its_test() {
    for entry in entries() {
        for part in ["**Cause.** ", "**What to do.** ", "Test: `"] {
            assert!(entry.text.contains(part), "{}: {part}", entry.id);
        }
        let test = entry.text.rsplit("Test: `").next().unwrap().split('`').next().unwrap();
        let files = &named()[&entry.id];
        assert!(
            files.iter().any(|file| file.contains(test)),
            "{}: {test} is not in {files:?}",
            entry.id
        );
    }
}
