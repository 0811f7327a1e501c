//! The command line: settings from everywhere, one command, one line when it cannot be done.
//!
//! Exit codes: as `--help` says (`EXIT_CODES`).

mod parse;
mod run;

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Variables};
use crate::load::LoadArgs;
use crate::sample::SampleArgs;
use parse::Stop;

/// The end of `--help`.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  it ran and failed, or found something wrong
  2  it could not start as it is set: a setting, a taken port, a folder that cannot be used or is in use, a cluster
     that does not answer, a missing topic";

/// The order platform: the reference system on Tidegate.
///
/// Every setting is a flag, a variable of the environment (its name is in angle brackets), or a line of .env in the
/// current folder; the first of these that is set wins. An empty variable counts as not set.
#[derive(Debug, Parser)]
#[command(name = "orders", version, propagate_version = true, arg_required_else_help = true, args_override_self = true, after_help = EXIT_CODES)]
pub struct Program {
    /// The settings.
    #[command(flatten)]
    pub config: Config,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Runs all services in this process, on KAFKA_BROKERS, or without it on the embedded log in DATA_DIR.
    Up {
        /// The gateway ignores idempotency keys.
        #[arg(long)]
        forgetful: bool,
    },
    /// Runs the producer alone, on Kafka. The same program under the name `producer` does this too.
    Producer,
    /// Runs the consumer alone, on Kafka. The same program under the name `consumer` does this too.
    Consumer,
    /// Runs the replay service alone, on Kafka. The same program under the name `replay` does this too.
    Replay,
    /// Runs the simulated payment provider alone.
    Gateway {
        /// Ignores idempotency keys.
        #[arg(long)]
        forgetful: bool,
    },
    /// Creates the topics, and lists them.
    Topics,
    /// Posts sample orders, and prints how each one ended.
    Sample(SampleArgs),
    /// Generates orders, waits for them, and judges what became of each one.
    Load(LoadArgs),
}

impl Command {
    /// The service of its log lines that belong to no other.
    const fn service(&self) -> &'static str {
        match self {
            Self::Producer => "producer",
            Self::Consumer => "consumer",
            Self::Replay => "replay",
            Self::Gateway { .. } => "gateway",
            _ => "orders",
        }
    }
}

/// Why a command ended without success.
#[derive(Debug)]
pub enum Failure {
    /// It could not start as it is set: one line.
    Refused(String),
    /// It ran, and failed: one line.
    Failed(String),
    /// It ran, and said itself what is wrong.
    Found,
}

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    let parsed = Variables::read(Path::new("."))
        .map_err(Stop::Refused)
        .and_then(|variables| parse::parse(by_name(std::env::args_os().collect()), &variables));
    match parsed {
        Ok(parsed) => finish(run::run(parsed)),
        Err(Stop::Shown(text)) => {
            // Nobody reads any more: nothing is left to do.
            let _ = write!(std::io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Err(Stop::Usage(text)) => {
            let _ = write!(std::io::stderr(), "{text}");
            ExitCode::from(2)
        }
        Err(Stop::Refused(line)) => finish(Err(Failure::Refused(line))),
    }
}

/// Commands that are also names of the program: `bin/producer --http-port 9000` is `orders producer --http-port 9000`.
const NAMES: [&str; 3] = ["producer", "consumer", "replay"];

/// The arguments with the command that the program's own name stands for.
fn by_name(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let called = arguments.first().map(PathBuf::from);
    let called = called.as_deref().and_then(Path::file_stem).and_then(OsStr::to_str);
    if let Some(command) = NAMES.iter().find(|name| called == Some(**name)) {
        arguments.insert(1, command.into());
    }
    arguments
}

fn finish(result: Result<(), Failure>) -> ExitCode {
    let (code, line) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Refused(line)) => (2, line),
        Err(Failure::Failed(line)) => (1, line),
        Err(Failure::Found) => return ExitCode::FAILURE,
    };
    let line: Vec<_> = line.split_whitespace().collect();
    let _ = writeln!(std::io::stderr(), "orders: {}", line.join(" "));
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(given: &[&str]) -> Vec<OsString> {
        by_name(given.iter().map(OsString::from).collect())
    }

    #[test]
    fn the_programs_name_chooses_the_command() {
        let of = |given: &[&str]| {
            let program = Program::parse_from(arguments(given));
            (program.command, program.config.http.http_port)
        };
        assert!(matches!(of(&["bin/producer"]), (Command::Producer, 8090)));
        assert!(matches!(of(&["/x/consumer.exe"]), (Command::Consumer, _)));
        assert!(matches!(of(&["replay"]), (Command::Replay, _)));
        assert_eq!(
            arguments(&["bin/replay", "--http-port", "1"])[1..],
            ["replay", "--http-port", "1"]
        );
        assert_eq!(arguments(&["bin/orders", "up"]), ["bin/orders", "up"]);
        assert_eq!(arguments(&["orders-producer-x", "up"]), ["orders-producer-x", "up"]);
    }
}
