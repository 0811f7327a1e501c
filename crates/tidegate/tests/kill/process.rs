//! A child that is killed: this very test program, started again.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{FOLDER, ROUND};

/// How many kills: 100, or what KILL_ROUNDS says (500 at night).
pub(crate) fn rounds() -> u32 {
    match std::env::var("KILL_ROUNDS") {
        Ok(rounds) => rounds.parse().expect("KILL_ROUNDS is a number"),
        Err(_) => 100,
    }
}

/// Draws from the seed of KILL_SEED, or of a new one, and says which.
pub(crate) fn random() -> fastrand::Rng {
    let seed =
        std::env::var("KILL_SEED").map_or_else(|_| fastrand::u64(..), |s| s.parse().unwrap());
    eprintln!("KILL_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}

/// Runs the child of this name and kills it as soon as it has said enough; what the pipe still holds is heard too. A line that
/// was cut by the kill says nothing.
pub(crate) fn run_and_kill(
    child: &str,
    folder: &Path,
    round: u32,
    mut enough: impl FnMut(&str) -> bool,
) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", child, "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    let mut killed = false;
    while pipe.read_line(&mut line).unwrap() > 0 {
        let heard = line.strip_suffix('\n').is_some_and(&mut enough);
        line.clear();
        if heard && !killed {
            child.kill().unwrap();
            killed = true;
        }
    }
    let status = child.wait().unwrap();
    assert!(killed && status.signal() == Some(9), "the child ended by itself: {status}");
}
