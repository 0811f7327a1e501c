//! The files of the repository.

use std::path::{Path, PathBuf};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of a file, by its path from the root.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Whether a file or a folder is there.
pub(crate) fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// All files below a folder, by their paths from the root.
pub(crate) fn below(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// The scripts, and what they read.
pub(crate) fn scripts() -> Vec<String> {
    let mut scripts = below("scripts");
    scripts.retain(|path| read(path).starts_with("#!") || path.ends_with(".sh"));
    scripts.push(".ci/run".to_owned());
    scripts
}

/// The pages that tell people what to type.
pub(crate) fn pages() -> Vec<String> {
    let mut pages = below("docs");
    pages.retain(|path| path.ends_with(".md"));
    pages.extend(["README.md", "CONTRIBUTING.md"].map(str::to_owned));
    pages
}
