//! Arguments and variables to a program that can be started, or one line that says why not.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};

use super::Program;
use crate::config::{Variables, names};

/// A program that can be started, and lines to warn with first.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) program: Program,
    pub(super) warnings: Vec<String>,
}

/// What ends the program before it begins.
#[derive(Debug)]
pub(super) enum Stop {
    /// What was asked for: help, version.
    Shown(String),
    /// No command: the help, as an error.
    Usage(String),
    /// One line.
    Refused(String),
}

pub(super) fn parse(given: Vec<OsString>, variables: &Variables) -> Result<Parsed, Stop> {
    variables.check_names().map_err(Stop::Refused)?;
    // Settings may stand before and behind the command.
    let command = Program::command().mut_args(|argument| argument.global(true));
    let bare = given.len() < 2;
    let arguments = if bare { given } else { variables.as_flags(given) };
    let matches = command.try_get_matches_from(arguments).map_err(stop)?;
    let program = Program::from_arg_matches(&matches).map_err(stop)?;
    let warnings = program.config.check(&set(&matches, variables)).map_err(Stop::Refused)?;
    Ok(Parsed { program, warnings })
}

/// Names of the settings that were given, wherever, and of all other variables that are set.
fn set(matches: &ArgMatches, variables: &Variables) -> BTreeSet<String> {
    let given = |name: &String| {
        matches.value_source(&name.to_lowercase()) == Some(ValueSource::CommandLine)
    };
    let others = variables.names().map(str::to_owned);
    names().into_iter().filter(given).chain(others).collect()
}

fn stop(error: clap::Error) -> Stop {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Stop::Shown(error.to_string()),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Stop::Usage(error.to_string()),
        ErrorKind::ValueValidation if is_of_property(&error) => Stop::Refused(
            "--kafka-property: a property is given as name=value, such as linger.ms=5".to_owned(),
        ),
        _ => Stop::Refused(one_line(&error.to_string())),
    }
}

/// Its value may be a password, and clap repeats what it refuses. All other secrets are taken as they are, and checked later.
fn is_of_property(error: &clap::Error) -> bool {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(name)) => name.starts_with("--kafka-property"),
        _ => false,
    }
}

/// What is wrong, without the usage that clap puts behind it.
fn one_line(text: &str) -> String {
    let told = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let told = told.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let line = told.collect::<Vec<_>>().join(" ").replace(" tip: ", "; ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}

#[cfg(test)]
mod tests;
