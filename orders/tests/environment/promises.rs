//! Pages that name tests: each one is there.

use std::collections::BTreeSet;

use crate::tree::{below, read};

/// Names of tests that a page has in backticks: words with at least two `_`.
fn named(page: &str) -> BTreeSet<String> {
    let text = read(page);
    let quoted = text.split('`').skip(1).step_by(2);
    let is_name = |name: &&str| {
        name.matches('_').count() >= 2
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    quoted.filter(is_name).map(str::to_owned).collect()
}

#[test]
fn every_test_that_a_page_names_is_there() {
    let mut sources = String::new();
    for folder in ["orders", "crates"] {
        for path in below(folder).into_iter().filter(|path| path.ends_with(".rs")) {
            sources.push_str(&read(&path));
        }
    }
    for (page, least) in [("docs/dependencies-down.md", 15), ("README.md", 5)] {
        let named = named(page);
        assert!(named.len() >= least, "{page}: {named:?}");
        for name in named {
            // `<`: written once, and run for several databases.
            let written = ["(", "<"].map(|next| sources.contains(&format!("fn {name}{next}")));
            assert!(written.contains(&true), "{page} names {name}, which is no test");
        }
    }
}
