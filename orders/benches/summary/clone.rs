//! G22: from nothing to the first processed order.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::table::rows::Row;

/// Runs `scripts/bench-clone.sh`, which prints the seconds that it took.
pub(crate) fn measured() -> Row {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/bench-clone.sh");
    let run = Command::new(&script).stderr(Stdio::inherit()).output();
    let run = run.expect("scripts/bench-clone.sh can be started");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "scripts/bench-clone.sh failed: {said}");
    let seconds: f64 = said.trim().parse().expect("it prints seconds");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    Row {
        id: "G22".to_owned(),
        ratio: seconds / 60.0,
        floor: Some(6.0),
        goal: None,
        lower_is_better: true,
        unit: "min",
        resolved: true,
        settings: format!(
            "git clone, release build from nothing, up, first order processed; {cores} cores, crates downloaded before"
        ),
    }
}
