//! `tidegate`: the operator's tool for services on Tidegate.
//!
//! ```text
//!  arguments ─▶ connection ─▶ topics · groups · dlq · retry ─▶ answer ─▶ output ─▶ stdout: a table, or JSON
//!              (which log)    explain ───────────────────────▶                     stderr: everything else
//! ```
//!
//! It reads; only `topics create` and `retry release` write. Data goes to stdout, talk to stderr. What others wrote into the log reaches a
//! terminal only with its control characters escaped (`dlq show --raw` is the exception, and writes nothing else).
//!
//! # JSON
//!
//! `-o json` prints one document. Fields are added, never renamed or taken away; `tests/golden/*.json` pin them. Times are
//! RFC 3339 in UTC. What is not known is `null`.
//!
//! | command | document |
//! |---|---|
//! | `topics list` | `{topics: [{name, partitions, records, max_message_bytes}]}` |
//! | `topics describe` | `{name, records, max_message_bytes, partitions: [{partition, start, end, records}], groups: [{group, lag, partitions: [{partition, committed, lag}]}]}` |
//! | `topics create` | `{name, partitions, replication, max_message_bytes}` |
//! | `groups list` | `{groups: [{name, state, members: [{id, partitions: [{topic, partition}]}], topics: [{topic, partitions, lag}]}]}` |
//! | `groups lag` | `{group, lag, partitions: [{topic, partition, committed, start, end, lag, member, metadata}]}` |
//! | `dlq list` | `{letters: [{letter, event_id, event_type, key, group, handler, class, reason, attempts, dead_at, origin, pointer, foreign}], more}` |
//! | `dlq show` | a letter as in `dlq list`, and `{version, service, correlation_id, timestamp, history, headers: [{name, value}], value}` |
//! | `retry list` | `{waiting: [{record, state, due, key, event_id, event_type, attempts, error, term}], held}` |
//! | `retry release` | `{record, key, reason}` |
//! | `explain` | `{pages: [{code, title}]}` |
//! | `explain CODE` | `{code, title, text}` |
//!
//! - `records` is the distance from `start` to `end`: compaction and the markers of transactions make it an upper bound.
//! - `state` of a group is `active` (it has members) or `empty`. A topic's `lag` is `null` where the topic is gone.
//! - `metadata` is what came with the commit: `null` (none), `{kind: "tidegate", log_start, retries: [{offset, attempts,
//!   unknown, due}]}`, `{kind: "unusable", reason}` (ours, but damaged or for another log) or `{kind: "other", text}`.
//! - Bytes (`key`, `value`, a header's `value`) are `null`, `{encoding: "text", text, bytes}` or `{encoding: "hex", hex,
//!   bytes}`; `bytes` counts.
//! - `origin` is `{topic, partition, offset, timestamp}`. `foreign` says that the record is no dead letter of Tidegate.
//! - `state` of what waits is `due` (at `due`), `behind` (another one of its key), `held` (dead-lettered: for an operator) or
//!   `settling` (dead-lettered, and its owner is not through with it).
//! - `more` says that `--limit` left letters out.

mod answer;
mod args;
mod connection;
mod dlq;
mod explain;
mod failure;
mod groups;
mod near;
mod output;
mod retry;
mod topics;

use std::process::ExitCode;

use clap::Parser;

use crate::answer::Answer;
use crate::args::{Command, Program};
use crate::failure::Failure;

fn main() -> ExitCode {
    let program = match Program::try_parse() {
        Ok(program) => program,
        Err(error) => return usage(&error),
    };
    match run(&program).and_then(|answer| output::show(answer, program.output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::say(&failure.to_string());
            failure.exit_code()
        }
    }
}

/// Help as it is; of a wrong argument one line, as of every other failure.
fn usage(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind::{
        DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion,
    };

    if matches!(
        error.kind(),
        DisplayHelp | DisplayVersion | DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        // Nobody reads any more: nothing is left to do.
        let _ = error.print();
    } else {
        output::say(&one_line(&error.to_string()));
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

/// What is wrong, without the usage that clap puts behind it.
fn one_line(text: &str) -> String {
    let told = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let told = told.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let line = told.collect::<Vec<_>>().join(" ").replace(" tip: ", "; ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}

fn run(program: &Program) -> Result<Answer, Failure> {
    if let Command::Explain(args) = &program.command {
        return explain::run(args);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("no threads to run on: {error}")))?;
    let answer = runtime.block_on(ask(program));
    // Blocking work that nobody waits for must not hold the process back.
    runtime.shutdown_background();
    answer
}

async fn ask(program: &Program) -> Result<Answer, Failure> {
    let log = connection::open(&program.log)?;
    let answer = match &program.command {
        Command::Topics(command) => topics::run(&log, command).await,
        Command::Groups(command) => groups::run(&log, command).await,
        Command::Dlq(command) => dlq::run(&log, command).await,
        Command::Retry(command) => retry::run(&log, command).await,
        Command::Explain(args) => explain::run(args),
    };
    log.broker.close().await;
    answer
}
