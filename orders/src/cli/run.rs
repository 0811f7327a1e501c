//! Doing what the command says.

use std::io::Write;

use super::parse::Parsed;
use super::{Command, Failure, Program};
use crate::config::Config;
use crate::log::{Log, Publishers};
use crate::topics::Ensured;
use crate::traces::{self, Exporting};
use crate::up::{Process, UpError};
use crate::{load, logging, sample, topics, up};

pub(super) fn run(parsed: Parsed) -> Result<(), Failure> {
    let Parsed { program, warnings } = parsed;
    let config = &program.config;
    let service = config.http.service_name.as_deref().unwrap_or(program.command.service());
    logging::init(&config.http.log_level, service);
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let traces = traces(&program, service)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("no threads to run on: {error}")))?;
    let result = runtime.block_on(command(&program));
    // Blocking work that nobody waits for must not hold the process back.
    runtime.shutdown_background();
    // On this thread: waiting for an export would hold up an async one.
    if let Some(traces) = traces {
        traces.flush();
    }
    logging::finish();
    result
}

/// Only services are traced: the other commands are clients.
fn traces(program: &Program, service: &str) -> Result<Option<Exporting>, Failure> {
    match program.command {
        Command::Topics | Command::Sample(_) | Command::Load(_) => Ok(None),
        _ => traces::start(&program.config.traces, service).map_err(Failure::Refused),
    }
}

async fn command(program: &Program) -> Result<(), Failure> {
    let config = &program.config;
    match &program.command {
        Command::Up { forgetful } => served(config, Process::Up { forgetful: *forgetful }).await,
        Command::Producer => served(config, Process::Producer).await,
        Command::Consumer => served(config, Process::Consumer).await,
        Command::Replay => served(config, Process::Replay).await,
        Command::Gateway { forgetful } => {
            served(config, Process::Gateway { forgetful: *forgetful }).await
        }
        Command::Topics => create_topics(config).await,
        Command::Sample(args) => posted(sample::run(args, config).await),
        Command::Load(args) => judged(load::run(args, config).await),
    }
}

async fn served(config: &Config, process: Process) -> Result<(), Failure> {
    up::run(config, process).await.map_err(start_or_run)
}

fn start_or_run(error: up::UpError) -> Failure {
    let line = one_line(&error);
    if error.is_start() { Failure::Refused(line) } else { Failure::Failed(line) }
}

async fn create_topics(config: &Config) -> Result<(), Failure> {
    let refused = |error| start_or_run(UpError::log(config, error));
    let log = Log::open(config, "orders-topics", Publishers::Services).map_err(refused)?;
    let ensured = reached(&log, config).await;
    log.close().await;
    for topic in ensured? {
        let state = if topic.created { "created" } else { "exists" };
        let name = topic.name.as_str();
        let partitions = if topic.partitions == 1 { "partition " } else { "partitions" };
        show(format_args!("{name:<24} {:>3} {partitions}  {state}\n", topic.partitions));
    }
    Ok(())
}

async fn reached(log: &Log, config: &Config) -> Result<Vec<Ensured>, Failure> {
    if config.on_kafka() {
        let reached = log.reach().await;
        reached.map_err(|error| start_or_run(UpError::log(config, error)))?;
    }
    let ensured = topics::ensure(log.broker(), config).await;
    ensured.map_err(|error| start_or_run(UpError::topics(config, error)))
}

fn posted(result: Result<sample::Sample, sample::SampleError>) -> Result<(), Failure> {
    let sample = result.map_err(|error| Failure::Failed(one_line(&error)))?;
    show(format_args!("{sample}\n"));
    if sample.is_as_expected() { Ok(()) } else { Err(Failure::Found) }
}

fn judged(result: Result<load::Report, load::LoadError>) -> Result<(), Failure> {
    let report = result.map_err(|error| match error.exit_code() {
        2 => Failure::Refused(one_line(&error)),
        _ => Failure::Failed(one_line(&error)),
    })?;
    show(format_args!("{report}\n"));
    if report.is_clean() { Ok(()) } else { Err(Failure::Found) }
}

/// To stdout. A reader that has gone away is no failure of ours.
fn show(text: std::fmt::Arguments<'_>) {
    let _ = std::io::stdout().write_fmt(text);
}

/// An error and its sources.
fn one_line(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |source| source.source());
    sources.fold(error.to_string(), |line, source| format!("{line}: {source}"))
}
