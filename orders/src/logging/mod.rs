//! Logs: to stderr, as JSON lines when it is no terminal, for people when it is one.
//!
//! Fields of every JSON line: `timestamp`, `level`, `target`, `service`, `version`, `message`; those of the event; and
//! those of the spans around it, from the outside in: `correlation_id` comes from there. Payloads are not logged.

mod json;

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::JsonFields;

use json::Json;

/// Starts logging, once. `filter` is `LOG_LEVEL`; `service` is the name of lines that belong to no service.
/// A panic becomes one line too, instead of a stack on stderr.
pub fn init(filter: &str, service: &str) {
    let filter = EnvFilter::new(filter);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() {
        lines.with_target(false).try_init()
    } else {
        lines.fmt_fields(JsonFields::new()).event_format(Json::new(service)).try_init()
    };
    if started.is_ok() {
        std::panic::set_hook(Box::new(panicked));
    }
}

fn panicked(panic: &std::panic::PanicHookInfo<'_>) {
    let payload = panic.payload_as_str().unwrap_or("no message");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(payload, place, "a panic");
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Whether this is a filter that [`init`] takes: a level, or directives such as `info,orders=debug`.
///
/// # Errors
/// What is wrong with it.
pub fn check_filter(filter: &str) -> Result<String, String> {
    let wrong = |reason| {
        format!(
            "{filter:?} is no filter for logs ({reason}): use error, warn, info, debug or trace"
        )
    };
    let is_level = LEVELS.iter().any(|level| filter.eq_ignore_ascii_case(level));
    if !is_level && !filter.contains(['=', ',']) {
        return Err(wrong("no level".to_owned()));
    }
    EnvFilter::try_new(filter).map_err(|error| wrong(error.to_string()))?;
    Ok(filter.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_levels_or_directives() {
        for right in ["info", "DEBUG", "warn,orders=debug", "orders::producer=trace"] {
            assert!(check_filter(right).is_ok(), "{right}");
        }
        for wrong in ["", "loud", "orders=loud", "=,="] {
            assert!(check_filter(wrong).is_err(), "{wrong}");
        }
    }
}
