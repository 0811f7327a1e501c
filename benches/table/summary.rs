//! The table on the screen, and `target/bench/summary.json` for programs.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::rows::Row;

#[derive(Debug, Default)]
pub(crate) struct Summary {
    headed: bool,
}

impl Summary {
    /// Prints and writes the row at once: the next one may take minutes, or fail.
    #[allow(clippy::print_stdout, reason = "the table is what a benchmark is for")]
    pub(crate) fn add(&mut self, row: Row) {
        if !self.headed {
            println!(
                "{:<15} {:>10} {:<9} {:>7} {:>7}  {:<15}  settings",
                "id", "value", "unit", "floor", "goal", "reaches"
            );
        }
        let bound = |bound: Option<f64>| bound.map_or_else(|| "-".to_owned(), |b| b.to_string());
        println!(
            "{:<15} {:>10.2} {:<9} {:>7} {:>7}  {:<15}  {}",
            row.id,
            row.ratio,
            row.unit,
            bound(row.floor),
            bound(row.goal),
            row.verdict(),
            row.settings
        );
        write(&row);
        self.headed = true;
    }
}

/// Replaces this row in the file, and leaves the others, also what other runs wrote.
fn write(row: &Row) {
    let path = file();
    let mut all = read(&path);
    all.insert(row.id.clone(), serde_json::to_value(row).expect("numbers and text"));
    let folder = path.parent().expect("target/bench");
    std::fs::create_dir_all(folder).expect("target can be written");
    let text = serde_json::to_string_pretty(&all).expect("numbers and text");
    std::fs::write(&path, text + "\n").expect("target can be written");
}

fn read(path: &Path) -> Map<String, Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Beside the folder that cargo gives to tests and benchmarks: `target/bench/summary.json`.
fn file() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target/tmp");
    target.join("bench").join("summary.json")
}
