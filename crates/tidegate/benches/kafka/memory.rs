//! G18: the memory of a member whose handler is stuck, before a long backlog.

use std::process::Child;
use std::time::{Duration, Instant};

use crate::fill::{Keys, fill};
use crate::lab::{BODY, Lab};
use crate::ours::BUDGET;
use crate::side;
use crate::table::rows::Row;

/// Unless `BACKLOG` says otherwise.
const BACKLOG: u64 = 10_000_000;
/// It is over when the peak has not moved for so long.
const STILL: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(120);
pub(crate) const MIB: f64 = 1_048_576.0;
/// What a process may have beside its budget.
pub(crate) const BESIDES: f64 = 64.0;

/// The most that the process ever had, read from outside, of what it may have.
pub(crate) fn stalled(lab: &Lab) -> Row {
    let said = std::env::var("BACKLOG").ok();
    let backlog = said.map_or(BACKLOG, |said| said.parse().expect("BACKLOG is a number"));
    fill(lab, "stalled", backlog, BODY, Keys::Own);
    let args = [lab.address(), "stalled", &lab.group(), &backlog.to_string()];
    let mut member = side::start("ours-stalled", &args);
    let peak = settled(&mut member);
    member.kill().and_then(|()| member.wait()).expect("it runs until it is killed");
    let allowed = (BUDGET as f64 / MIB).mul_add(1.5, BESIDES);
    Row {
        id: "G18".to_owned(),
        ratio: peak / allowed,
        floor: Some(1.0),
        goal: None,
        lower_is_better: true,
        unit: "ratio",
        resolved: true,
        settings: format!(
            "peak memory, stalled handler, {backlog} records of {BODY} B waiting: {peak:.0} MiB of {allowed:.0} MiB, the budget being {:.0} MiB",
            BUDGET as f64 / MIB
        ),
    }
}

/// The peak, in MiB, once it stays.
fn settled(member: &mut Child) -> f64 {
    let begun = Instant::now();
    let (mut peak, mut since) = (0.0, Instant::now());
    while since.elapsed() < STILL && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(200));
        let now = peak_of(member);
        if now > peak {
            (peak, since) = (now, Instant::now());
        }
    }
    peak
}

/// The most that a process has had so far, in MiB.
pub(crate) fn peak_of(member: &mut Child) -> f64 {
    let ended = member.try_wait().expect("a child");
    assert!(ended.is_none(), "the member has ended: {ended:?}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", member.id()));
    let status = status.expect("it runs, on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
    let kib = line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok());
    kib.expect("a number of KiB") / 1_024.0
}
