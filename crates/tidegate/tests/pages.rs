//! What the pages say is there: a page for each finding, and a file behind each link.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tidegate::health::CheckName;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

/// The codes that the sources name: `TG` and four digits, in quotes.
fn codes() -> BTreeSet<String> {
    let mut sources = Vec::new();
    files(&root().join("crates/tidegate/src"), ".rs", &mut sources);
    let mut codes = BTreeSet::new();
    for source in sources {
        let text = std::fs::read_to_string(source).unwrap();
        let quoted = text.split('"').filter(|part| part.len() == 6 && part.starts_with("TG"));
        codes.extend(quoted.map(str::to_owned));
    }
    codes
}

#[test]
fn every_finding_has_a_page_and_every_page_a_finding() {
    let folder = root().join("docs/errors");
    let index = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let mut pages = Vec::new();
    files(&folder, ".md", &mut pages);
    let named = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    let pages: BTreeSet<String> = pages.iter().map(named).filter(|name| name != "README").collect();
    assert_eq!(pages, codes());
    for code in pages {
        let page = std::fs::read_to_string(folder.join(format!("{code}.md"))).unwrap();
        assert!(page.starts_with(&format!("# {code}: ")), "{code}");
        assert!(page.contains("**What to do.**"), "{code}");
        assert!(index.contains(&format!("[{code}]({code}.md)")), "{code}");
    }
}

/// `docs/health.md` explains each check: those of the enum, in its order, and no other.
#[test]
fn every_check_of_readiness_is_explained_and_none_that_is_not_there() {
    let page = std::fs::read_to_string(root().join("docs/health.md")).unwrap();
    let table =
        page.split("## The framework's checks").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<_> = table.lines().filter_map(|line| line.strip_prefix("| `")).collect();
    let names: Vec<_> = rows.iter().map(|row| row.split('`').next().unwrap()).collect();
    assert_eq!(names, CheckName::ALL.iter().map(|check| check.as_str()).collect::<Vec<_>>());
    for row in rows {
        let cells = row.split(" | ").filter(|cell| cell.trim_matches([' ', '|']).len() > 3);
        assert_eq!(cells.count(), 4, "what it means, its cause, what to do: {row}");
    }
}

#[test]
fn every_link_of_a_page_leads_to_a_file() {
    let mut pages = Vec::new();
    files(&root().join("docs"), ".md", &mut pages);
    pages.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|page| root().join(page)));
    let mut seen = 0;
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            seen += 1;
            assert!(page.parent().unwrap().join(target).exists(), "{}: {link}", page.display());
        }
    }
    assert!(seen > 10, "links are found at all: {seen}");
}
